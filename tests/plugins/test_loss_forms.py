"""The losses that are functions of logits alone, against their closed forms and optima."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

from gan_bench import Loss
from gan_bench_plugins import hinge, least_squares, r3gan_loss, relativistic, wasserstein

MODULES = (hinge, least_squares, wasserstein, relativistic, r3gan_loss)
LOSSES: dict[str, Loss] = {
    loss.name: loss for module in MODULES for loss in module.gan_bench_losses()
}
X = np.array([-2.0, 0.5, 3.0])
FAKE = np.array([-1.5, 0.25, 2.0])


def log_s(logits: np.ndarray) -> np.ndarray:
    return -np.log1p(np.exp(-logits))


def averaged(x: np.ndarray, fake: np.ndarray) -> float:
    """-log s(x - mean fake) - log(1 - s(fake - mean x))."""
    return float(-log_s(x - fake.mean()).mean() - log_s(-(fake - x.mean())).mean())


def paired(x: np.ndarray, fake: np.ndarray) -> float:
    return float(-log_s(x - fake).mean())


FORMS: dict[str, tuple[float, float]] = {  # of D and of G
    "hinge": ((3 + 0.5) / 3 + (1.25 + 3) / 3, -0.25),
    "least-squares": (
        (9 + 0.25 + 4) / 6 + (2.25 + 0.0625 + 4) / 6,
        (6.25 + 0.5625 + 1) / 6,
    ),
    "wasserstein": (0.25 - 0.5, -0.25),
    "wasserstein-gp": (0.25 - 0.5, -0.25),
    "relativistic-average": (averaged(X, FAKE), averaged(FAKE, X)),
    "r3gan": (paired(X, FAKE), paired(FAKE, X)),
}


@pytest.mark.parametrize("name", LOSSES)
def test_each_loss_equals_its_closed_form(name: str) -> None:
    loss, x, fake = LOSSES[name], torch.tensor(X), torch.tensor(FAKE)
    values = loss.d_loss(x, fake), loss.g_loss(x if loss.reads_real else None, fake)
    assert [float(value) for value in values] == pytest.approx(FORMS[name])


@pytest.mark.parametrize("name", LOSSES)
def test_the_loss_of_patches_is_the_mean_of_their_losses_for_batches_of_any_size(name: str) -> None:
    x, fake = torch.randn(2, 6, 2, 3, dtype=torch.float64)
    for function in (LOSSES[name].d_loss, LOSSES[name].g_loss):
        value = function(x, fake)
        each = [function(x[:, i, j], fake[:, i, j]) for i in range(2) for j in range(3)]
        assert value.shape == ()
        assert torch.allclose(value, torch.stack(each).mean())
        assert torch.allclose(value, function(x.repeat(2, 1, 1), fake.repeat(2, 1, 1)))


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("size", [100.0, 1e4, -1e4])
def test_large_logits_stay_finite_and_so_do_their_gradients(name: str, size: float) -> None:
    real, fake = (torch.full((4,), value, requires_grad=True) for value in (size, -size))
    value = LOSSES[name].d_loss(real, fake) + LOSSES[name].g_loss(real, fake)
    assert value.isfinite()
    for slope in torch.autograd.grad(value, [real, fake]):
        assert slope.isfinite().all()


def slopes(
    function: Callable[[Tensor, Tensor], Tensor], x: float, fake: float
) -> tuple[float, ...]:
    given = [torch.tensor([value], dtype=torch.float64, requires_grad=True) for value in (x, fake)]
    return tuple(float(slope) for slope in torch.autograd.grad(function(*given), given))


def test_hinge_teaches_nothing_beyond_its_margin() -> None:
    assert slopes(hinge.d_loss, 1.1, -1.1) == (0, 0)
    assert slopes(hinge.d_loss, 0.9, -0.9) == (-1, 1)


def test_least_squares_is_least_at_its_targets() -> None:
    assert slopes(least_squares.d_loss, 1, 0) == (0, 0)
    assert float(least_squares.d_loss(torch.ones(3), torch.zeros(3))) == 0
    assert float(least_squares.g_loss(None, torch.ones(3))) == 0
    assert slopes(least_squares.d_loss, 3, 2) == (2, 2)


@pytest.mark.parametrize("name", ["relativistic-average", "r3gan"])
def test_a_relativistic_loss_sees_differences_only_and_g_exchanges_real_and_fake(name: str) -> None:
    loss = LOSSES[name]
    assert loss.reads_real
    x, fake = torch.randn(2, 5, dtype=torch.float64)
    assert float(loss.d_loss(x + 7, fake + 7)) == pytest.approx(float(loss.d_loss(x, fake)))
    assert float(loss.g_loss(x, fake)) == float(loss.d_loss(fake, x))
    assert float(loss.d_loss(x, x.clone())) == pytest.approx(float(loss.g_loss(x, x.clone())))


def test_the_average_is_that_of_the_other_kind_and_is_trained_too() -> None:
    x = torch.zeros(2, dtype=torch.float64, requires_grad=True)
    fake = torch.zeros(2, dtype=torch.float64, requires_grad=True)
    value = relativistic.d_loss(x, fake)
    assert value.item() == pytest.approx(2 * math.log(2))
    # half of each from the logit itself, half from the mean that the other kind is compared with
    of_x, of_fake = torch.autograd.grad(value, [x, fake])
    assert of_x.tolist() == pytest.approx([-0.25 - 0.25] * 2)
    assert of_fake.tolist() == pytest.approx([0.25 + 0.25] * 2)


def test_r3gan_pairs_each_real_image_with_one_fake_and_does_not_average() -> None:
    x, fake = torch.tensor([5.0, -5.0]), torch.tensor([5.0, -5.0])
    assert float(r3gan_loss.d_loss(x, fake)) == pytest.approx(math.log(2))
    assert float(r3gan_loss.d_loss(x, fake.flip(0))) == pytest.approx(5, abs=1e-3)


@pytest.mark.parametrize("name", LOSSES)
def test_each_loss_says_where_it_is_from_and_how_it_departs(name: str) -> None:
    assert "arXiv" in LOSSES[name].source
    assert "Departures: " in LOSSES[name].source
