"""A pair is built from its seed, and one that breaks the contract is refused before training."""

from __future__ import annotations

from collections.abc import Callable
from math import inf, nan

import pytest
import torch
from networks import SHAPE, Module, make_loss, pair, weights
from torch import Tensor, nn
from torch.nn.functional import hardsigmoid, hardtanh

from gan_bench.train.pair import BadPair, build_pair, check_loss

pytestmark = pytest.mark.usefixtures("one_thread")


def begun(seed: int) -> bytes:
    built = build_pair(pair(), SHAPE, seed)
    return weights(built.G, built.D)


def test_a_pair_begins_as_its_seed_says_and_leaves_the_global_state_alone() -> None:
    before = torch.get_rng_state()
    first = begun(3)
    assert torch.equal(torch.get_rng_state(), before)
    assert begun(3) == first
    assert begun(4) != first


def test_the_trial_of_a_pair_leaves_no_trace_in_it() -> None:
    built = build_pair(pair(), SHAPE)
    G, D = built.G, built.D
    assert all(layer.training for network in (G, D) for layer in network.modules())
    for layer in (G[2], D[1]):
        assert layer.num_batches_tracked == 0
        assert torch.all(layer.running_mean == 0)


def test_a_pair_that_seeds_torch_itself_is_refused() -> None:
    def generator(_: object) -> nn.Module:
        torch.manual_seed(0)
        return pair().generator(SHAPE)

    with pytest.raises(BadPair, match="tiny seeds torch itself"):
        build_pair(pair(generator=generator), SHAPE)


G, D = "generator", "discriminator"


@pytest.mark.parametrize("part", [G, D])
def test_a_network_without_parameters_is_refused(part: str) -> None:
    built = getattr(pair(), part)(SHAPE)
    bare = nn.Module()
    bare.forward = lambda given: built(given)  # as a list of layers would hide them
    arch = pair(**{part: lambda _: bare})
    with pytest.raises(BadPair, match=f"the {part} of tiny has no parameters to train: give its"):
        build_pair(arch, SHAPE)


IMAGES = "the generator of tiny must give (2, 3, 8, 8) float32, it gave "
LOGITS = "the discriminator of tiny must give (2, ...) float32, it gave "
NOT_FINITE = " with values that are not finite"


@pytest.mark.parametrize(
    ("part", "answer", "said"),
    [
        (G, lambda n: torch.zeros(n, 3, 4, 4), f"{IMAGES}(2, 3, 4, 4) float32"),
        (G, lambda n: torch.zeros(n, *SHAPE, dtype=torch.float64), f"{IMAGES}(2, 3, 8, 8) float64"),
        (G, lambda n: torch.full((n, *SHAPE), nan), f"{IMAGES}(2, 3, 8, 8) float32{NOT_FINITE}"),
        (
            G,
            lambda n: torch.full((n, *SHAPE), 1.01),
            "the generator of tiny must give values in [-1, 1]: end in tanh",
        ),
        (D, lambda n: torch.zeros(2 * n), f"{LOGITS}(4,) float32"),
        (D, lambda n: torch.full((n,), inf), f"{LOGITS}(2,) float32{NOT_FINITE}"),
        (D, lambda n: (torch.zeros(n), 1), f"{LOGITS}a tuple"),
    ],
)
def test_a_pair_that_breaks_the_contract_is_refused_in_a_sentence(
    part: str, answer: Callable[[int], object], said: str
) -> None:
    arch = pair(**{part: lambda _: Module(lambda given: answer(len(given)))})
    with pytest.raises(BadPair) as error:
        build_pair(arch, SHAPE)
    assert str(error.value) == said


def ending_in(end: Callable[[Tensor], Tensor], bias: float = 0.0, width: float = 1.0) -> nn.Module:
    """A G of one matrix, whose last function is given."""
    layer = nn.Linear(5, 3 * 8 * 8)
    nn.init.normal_(layer.weight, std=width)
    nn.init.constant_(layer.bias, bias)
    return nn.Sequential(layer, nn.Unflatten(1, SHAPE), Module(end))


@pytest.mark.parametrize(
    "end", [torch.sigmoid, lambda x: x.relu().clamp(max=1), lambda x: x.softmax(1), hardsigmoid]
)
def test_a_g_whose_pixels_are_never_negative_is_refused(end: Callable[[Tensor], Tensor]) -> None:
    with pytest.raises(
        BadPair, match=r"tiny gives no value below 0, .*: end in tanh, not in a sig"
    ):
        build_pair(pair(generator=lambda _: ending_in(end)), SHAPE)


@pytest.mark.parametrize(
    ("end", "bias", "width"),
    [
        (torch.tanh, 4.0, 0.1),  # white at first
        (torch.tanh, 0.0, 0.0),  # grey at first
        (lambda x: 2 * x.sigmoid() - 1, 0.0, 1.0),
        (torch.sin, 0.0, 1.0),
        (hardtanh, 1.0, 0.1),
    ],
)
def test_a_g_that_begins_bright_or_grey_is_not(
    end: Callable[[Tensor], Tensor], bias: float, width: float
) -> None:
    build_pair(pair(generator=lambda _: ending_in(end, bias, width)), SHAPE)


@pytest.mark.parametrize(
    ("part", "function", "given"),
    [
        ("d_loss", lambda real, fake: real + fake, "(2,)"),
        ("d_loss", lambda real, fake: torch.zeros(()), "()"),
        ("g_loss", lambda real, fake: 1.0, "float"),
    ],
)
def test_a_loss_that_breaks_the_contract_is_refused_in_a_sentence(
    part: str, function: Callable[[Tensor, Tensor], object], given: str
) -> None:
    with pytest.raises(BadPair) as error:
        check_loss(make_loss(**{part: function}))
    assert str(error.value) == (
        f"{part} of plain must give one number () that depends on the logits, it gave {given}"
    )


@pytest.mark.parametrize("relativistic", [False, True])
def test_g_loss_is_tried_with_real_logits_only_if_it_is_relativistic(relativistic: bool) -> None:
    given = []

    def g_loss(real: Tensor | None, fake: Tensor) -> Tensor:
        given.append(real is not None)
        return fake.mean()

    check_loss(make_loss(g_loss=g_loss, reads_real=relativistic))
    assert given == [relativistic]
