"""The losses against their closed forms: s(a) = 1 / (1 + exp(-a)), and their gradients."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from gan_bench_plugins.losses import gan_bench_losses

LOSSES = {loss.name: loss for loss in gan_bench_losses()}
LOGITS = st.lists(st.floats(-30, 30), min_size=1, max_size=8)


def s(logits: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-logits))


def logit(probability: float) -> float:
    return math.log(probability / (1 - probability))


def slope(function: Callable[[Tensor], Tensor], at: float) -> float:
    logits = torch.tensor([at], dtype=torch.float64, requires_grad=True)
    function(logits).backward()
    assert logits.grad is not None
    return logits.grad.item()


def g_slope(name: str, fake_score: float) -> float:
    """d g_loss / d logit of a fake, where D says this probability."""
    return slope(lambda fake: LOSSES[name].g_loss(None, fake), logit(fake_score))


def d_slope(name: str, real_score: float) -> float:
    """d d_loss / d logit of a real image, where D says this probability."""
    fake = torch.zeros(1, dtype=torch.float64)
    return slope(lambda real: LOSSES[name].d_loss(real, fake), logit(real_score))


def fake_slope(name: str, fake_score: float) -> float:
    """d d_loss / d logit of a fake, where D says this probability."""
    real = torch.zeros(1, dtype=torch.float64)
    return slope(lambda fake: LOSSES[name].d_loss(real, fake), logit(fake_score))


def test_there_are_four_losses_and_each_has_a_source() -> None:
    assert list(LOSSES) == ["minimax", "non-saturating", "label-smoothing", "two-sided-smoothing"]
    assert all("arXiv" in loss.source for loss in LOSSES.values())
    assert not any(loss.reads_real or loss.penalty for loss in LOSSES.values())


# Closed forms, in float64, at many points

D_FORMS = {
    "minimax": lambda x, g: -np.log(s(x)).mean() - np.log(1 - s(g)).mean(),
    "non-saturating": lambda x, g: -np.log(s(x)).mean() - np.log(1 - s(g)).mean(),
    "label-smoothing": lambda x, g: (
        -(0.9 * np.log(s(x)) + 0.1 * np.log(1 - s(x))).mean() - np.log(1 - s(g)).mean()
    ),
    "two-sided-smoothing": lambda x, g: (
        -(0.9 * np.log(s(x)) + 0.1 * np.log(1 - s(x))).mean()
        - (0.1 * np.log(s(g)) + 0.9 * np.log(1 - s(g))).mean()
    ),
}
G_FORMS = {
    "minimax": lambda g: np.log(1 - s(g)).mean(),
    "non-saturating": lambda g: -np.log(s(g)).mean(),
    "label-smoothing": lambda g: -np.log(s(g)).mean(),
    "two-sided-smoothing": lambda g: -np.log(s(g)).mean(),
}


@pytest.mark.parametrize("name", LOSSES)
@given(real=LOGITS, fake=LOGITS)
def test_each_loss_equals_its_closed_form(name: str, real: list[float], fake: list[float]) -> None:
    x, g = np.array(real), np.array(fake)
    d = LOSSES[name].d_loss(torch.tensor(x), torch.tensor(g))
    assert d.shape == ()
    assert d.item() == pytest.approx(D_FORMS[name](x, g), rel=1e-3, abs=1e-9)
    value = LOSSES[name].g_loss(None, torch.tensor(g))
    assert value.shape == ()
    assert value.item() == pytest.approx(G_FORMS[name](g), rel=1e-3, abs=1e-9)


@pytest.mark.parametrize("p", [0.001, 0.018, 0.38, 0.5, 0.73, 0.9, 0.993])
def test_gradients_equal_their_closed_forms(p: float) -> None:
    """A minimax G learns little where D is sure of its fakes; smoothing wants 0.9 of real ones."""
    assert g_slope("minimax", p) == pytest.approx(-p, abs=1e-12)
    assert g_slope("non-saturating", p) == pytest.approx(-(1 - p), abs=1e-12)
    assert g_slope("label-smoothing", p) == pytest.approx(-(1 - p), abs=1e-12)
    assert d_slope("minimax", p) == pytest.approx(-(1 - p), abs=1e-12)
    assert d_slope("non-saturating", p) == pytest.approx(-(1 - p), abs=1e-12)
    for name in ("label-smoothing", "two-sided-smoothing"):
        assert d_slope(name, p) == pytest.approx(p - 0.9, abs=1e-12)
    for name in LOSSES:
        target = 0.1 if name == "two-sided-smoothing" else 0
        assert fake_slope(name, p) == pytest.approx(p - target, abs=1e-12)


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("size", [100.0, 1e4, 1e30, -100.0, -1e4, -1e30])
def test_large_logits_stay_finite_and_so_do_their_gradients(name: str, size: float) -> None:
    real, fake = (torch.full((4,), x, requires_grad=True) for x in (size, -size))
    loss = LOSSES[name].d_loss(real, fake) + LOSSES[name].g_loss(None, fake)
    assert loss.isfinite()
    for gradient in torch.autograd.grad(loss, [real, fake]):
        assert gradient.isfinite().all()


@pytest.mark.parametrize("name", LOSSES)
def test_a_loss_is_a_mean_so_the_batch_size_does_not_scale_it(name: str) -> None:
    real, fake = torch.randn(2, 6, dtype=torch.float64)
    d_loss, g_loss = LOSSES[name].d_loss, LOSSES[name].g_loss
    assert torch.allclose(d_loss(real, fake), d_loss(real.repeat(2), fake.repeat(2)))
    assert torch.allclose(g_loss(None, fake), g_loss(None, fake.repeat(2)))
