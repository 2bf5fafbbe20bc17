"""What every convolutional pair promises, whatever its idea: see test_architectures.py for DCGAN
and the dense pair, and the tests of each family for its idea."""

from __future__ import annotations

import pytest
import torch
from pairs import SMALL, STEPS, go_on, logits_of, pair, start
from torch import Tensor, nn

from gan_bench import Architecture, Shape
from gan_bench.train import state
from gan_bench.train.cost import macs, parameters
from gan_bench_plugins import (
    dcgan_variants,
    fastgan,
    r3gan,
    sagan,
    sngan,
    stylegan2_small,
    wgan_gp_resnet,
)

pytestmark = pytest.mark.usefixtures("one_thread")

FAMILIES = (dcgan_variants, sngan, wgan_gp_resnet, sagan, r3gan, stylegan2_small, fastgan)
OFFERS = [offer for family in FAMILIES for offer in family.gan_bench_architectures()]
SHAPES: list[Shape] = [(1, 28, 28), (4, 16, 24), (2, 28, 20)]
# thousands of parameters of G and D at 32 px
SIZES = {
    "dcgan-sn": (1180, 660),
    "dcgan-dropout": (1180, 660),
    "dcgan-upsample": (900, 660),
    "sngan": (730, 590),
    "wgan-gp-resnet": (730, 590),
    "sagan": (730, 590),
    "r3gan": (550, 540),
    "stylegan2-small": (865, 1275),
    "fastgan": (1171, 415),
}
each_offer = pytest.mark.parametrize("arch", OFFERS, ids=lambda arch: arch.name)


def images_like(shape: Shape, count: int = 4) -> Tensor:
    return torch.rand(count, *shape, generator=torch.Generator().manual_seed(1)) * 2 - 1


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@each_offer
def test_a_pair_makes_images_of_its_shape_and_logits_and_all_weights_have_gradients(
    arch: Architecture, shape: Shape
) -> None:
    assert arch.unsuited(shape) is None
    G, D = pair(arch, shape)
    images = G(torch.randn(2, arch.z_dim))
    logits = logits_of(D(images))
    assert images.shape == (2, *shape)
    assert images.abs().max() <= 1
    assert logits.shape == (2,)
    assert images.dtype == logits.dtype == torch.float32
    logits.square().sum().backward()
    for name, parameter in (*G.named_parameters(), *D.named_parameters()):
        assert parameter.grad is not None, name
        assert parameter.grad.isfinite().all(), name


@each_offer
def test_a_larger_square_too(arch: Architecture) -> None:
    G, D = pair(arch, (3, 64, 64))
    with torch.no_grad():
        images = G(torch.randn(2, arch.z_dim))
        assert images.shape == (2, 3, 64, 64)
        assert logits_of(D(images)).shape == (2,)
    assert all(arch.unsuited((3, side, side)) is None for side in (16, 32, 64, 128, 256))


@pytest.mark.parametrize(
    ("shape", "sizes"),
    [((3, 30, 30), "--size 28 or --size 32"), ((3, 512, 512), "--size 256")],
)
@each_offer
def test_an_unsuited_shape_is_answered_with_sizes_that_work(
    arch: Architecture, shape: Shape, sizes: str
) -> None:
    why = str(arch.unsuited(shape))
    assert why.startswith(f"{arch.name} makes no images of {shape[2]} px")
    assert why.endswith(f"try {sizes}")


@each_offer
def test_a_gradient_penalty_reaches_every_weight_of_d_that_makes_the_slope(
    arch: Architecture,
) -> None:
    _, D = pair(arch)
    for parameter in D.parameters():  # so that none of them begins at 0
        parameter.data.add_(0.05 * torch.randn_like(parameter))
    x = images_like(SMALL).requires_grad_()
    (slope,) = torch.autograd.grad(logits_of(D(x)).sum(), x, create_graph=True)
    slope.square().sum((1, 2, 3)).mean().backward()
    for name, parameter in D.named_parameters():
        if parameter.ndim > 1:  # a bias may have no influence on the slope
            assert parameter.grad is not None, name
            assert parameter.grad.isfinite().all(), name
            assert parameter.grad.abs().max() > 0, name


@each_offer
def test_the_second_derivative_of_d_is_that_of_its_slope(arch: Architecture) -> None:
    """The gradient of |dD/dx|^2 against finite differences, in double precision."""
    _, D = pair(arch)
    D.double().eval()
    x = images_like(SMALL).double().requires_grad_()
    direction = torch.randn(x.shape, generator=torch.Generator().manual_seed(2)).double()

    def penalty(at: Tensor) -> Tensor:
        (slope,) = torch.autograd.grad(logits_of(D(at)).sum(), at, create_graph=True)
        return slope.square().sum()

    (gradient,) = torch.autograd.grad(penalty(x), x)
    along = (gradient * direction).sum().item()
    step = 1e-6
    two_sided = penalty(x + step * direction) - penalty(x - step * direction)
    assert along == pytest.approx(two_sided.item() / (2 * step), rel=1e-2, abs=1e-6)


@each_offer
def test_an_evaluation_is_decided_by_the_seed_and_leaves_no_trace(arch: Architecture) -> None:
    for network, given in zip(
        pair(arch), (torch.randn(4, arch.z_dim), images_like(SMALL)), strict=True
    ):
        network.eval()
        before = {name: value.clone() for name, value in network.state_dict().items()}
        with torch.no_grad():
            torch.manual_seed(3)
            first = logits_of(network(given))
            torch.manual_seed(3)
            assert logits_of(network(given)).equal(first)
        after = network.state_dict()
        assert all(after[name].equal(value) for name, value in before.items())


@each_offer
def test_random_numbers_are_drawn_alike_under_autocast(arch: Architecture) -> None:
    G, _ = pair(arch)
    z = torch.randn(2, arch.z_dim)
    torch.manual_seed(4)
    G(z)
    after = torch.get_rng_state()
    torch.manual_seed(4)
    with torch.autocast("cpu", torch.bfloat16):
        G(z)
    assert torch.get_rng_state().equal(after)


def plain_values(network: nn.Module) -> list[dict[str, object]]:
    kinds = (int, float, bool, str, tuple, type(None))
    return [
        {name: value for name, value in vars(layer).items() if isinstance(value, kinds)}
        for layer in network.modules()
    ]


@each_offer
def test_a_few_steps_in_bf16_move_every_weight_stay_finite_and_leave_no_state_in_python(
    arch: Architecture,
) -> None:
    training = start(arch, "bf16")
    networks = (training.G, training.D)
    before = [{name: p.clone() for name, p in each.named_parameters()} for each in networks]
    plain = [plain_values(each) for each in networks]
    go_on(training, precision="bf16")
    assert training.step == STEPS
    assert state.finite(training)
    assert [plain_values(each) for each in networks] == plain
    for network, kept in zip(networks, before, strict=True):
        for name, parameter in network.named_parameters():
            assert parameter.isfinite().all(), name
            assert not parameter.equal(kept[name]), name


@each_offer
def test_an_interrupted_training_ends_in_the_same_bytes(arch: Architecture) -> None:
    whole = go_on(start(arch))
    half = go_on(start(arch), until=1)
    resumed = start(arch)
    state.resume(resumed, state.full_state(half))
    go_on(resumed)
    for part in ("G", "D", "ema"):
        one, other = (getattr(training, part).state_dict() for training in (whole, resumed))
        assert all(one[name].equal(other[name]) for name in one)


@each_offer
def test_the_cost_is_that_of_a_small_pair(arch: Architecture) -> None:
    G, D = pair(arch, (3, 32, 32))
    assert [parameters(G) / 1000, parameters(D) / 1000] == pytest.approx(SIZES[arch.name], rel=0.02)
    assert 10e6 < macs(G, (1, arch.z_dim)) < 100e6
    assert 10e6 < macs(D, (1, 3, 32, 32)) < 50e6


@each_offer
def test_an_offer_cites_its_source_and_its_departures(arch: Architecture) -> None:
    assert "arXiv" in arch.source
    assert "Departures: " in arch.source
