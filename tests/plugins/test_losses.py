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


def test_there_are_three_losses_and_each_has_a_source() -> None:
    assert list(LOSSES) == ["minimax", "non-saturating", "label-smoothing"]
    assert all("arXiv" in loss.source for loss in LOSSES.values())
    assert not any(loss.relativistic or loss.penalty for loss in LOSSES.values())


# Closed forms, in float64, at many points

D_FORMS = {
    "minimax": lambda x, g: -np.log(s(x)).mean() - np.log(1 - s(g)).mean(),
    "non-saturating": lambda x, g: -np.log(s(x)).mean() - np.log(1 - s(g)).mean(),
    "label-smoothing": lambda x, g: (
        -(0.9 * np.log(s(x)) + 0.1 * np.log(1 - s(x))).mean() - np.log(1 - s(g)).mean()
    ),
}
G_FORMS = {
    "minimax": lambda g: np.log(1 - s(g)).mean(),
    "non-saturating": lambda g: -np.log(s(g)).mean(),
    "label-smoothing": lambda g: -np.log(s(g)).mean(),
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


@pytest.mark.parametrize("logit_", [-4.0, -0.5, 0.0, 1.0, 5.0])
def test_gradients_equal_their_closed_forms(logit_: float) -> None:
    p = float(s(np.array(logit_)))
    assert g_slope("minimax", p) == pytest.approx(-p, abs=1e-12)
    assert g_slope("non-saturating", p) == pytest.approx(-(1 - p), abs=1e-12)
    assert g_slope("label-smoothing", p) == pytest.approx(-(1 - p), abs=1e-12)
    assert d_slope("minimax", p) == pytest.approx(-(1 - p), abs=1e-12)
    assert d_slope("label-smoothing", p) == pytest.approx(p - 0.9, abs=1e-12)


# What sets them apart


def test_where_d_is_sure_of_a_fake_minimax_pulls_99_times_less() -> None:
    weak, strong = g_slope("minimax", 0.01), g_slope("non-saturating", 0.01)
    assert strong / weak == pytest.approx(99, rel=1e-9)
    assert weak == pytest.approx(-0.01)


def test_where_d_is_torn_both_pull_equally() -> None:
    assert g_slope("minimax", 0.5) == pytest.approx(g_slope("non-saturating", 0.5))


@pytest.mark.parametrize("name", LOSSES)
def test_every_g_loss_wants_d_to_take_fakes_for_real(name: str) -> None:
    assert all(g_slope(name, p) < 0 for p in (0.001, 0.1, 0.5, 0.9, 0.999))


@pytest.mark.parametrize(("name", "best"), [("label-smoothing", 0.9), ("minimax", 1.0)])
def test_smoothing_is_one_sided_and_wants_09_for_real_images(name: str, best: float) -> None:
    below, above = d_slope(name, 0.9 - 1e-4), d_slope(name, 0.9 + 1e-4)
    assert below < 0
    assert (above > 0) == (best < 1)
    if best < 1:
        assert d_slope(name, best) == pytest.approx(0, abs=1e-9)
    real = torch.zeros(1, dtype=torch.float64)
    for p in (0.001, 0.5, 0.999):  # a fake has no such optimum: less is always better
        pull = slope(lambda fake: LOSSES[name].d_loss(real, fake), logit(p))
        assert pull == pytest.approx(p, abs=1e-12)


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("size", [100.0, 1e4, 1e30])
def test_large_logits_stay_finite_and_so_do_their_gradients(name: str, size: float) -> None:
    for sign in (1, -1):
        real = torch.full((4,), sign * size, requires_grad=True)
        fake = torch.full((4,), -sign * size, requires_grad=True)
        loss = LOSSES[name].d_loss(real, fake) + LOSSES[name].g_loss(None, fake)
        loss.backward()
        assert loss.isfinite()
        assert real.grad is not None
        assert fake.grad is not None
        assert real.grad.isfinite().all()
        assert fake.grad.isfinite().all()


@pytest.mark.parametrize("name", LOSSES)
def test_a_loss_is_a_mean_so_the_batch_size_does_not_scale_it(name: str) -> None:
    real, fake = torch.randn(6, dtype=torch.float64), torch.randn(6, dtype=torch.float64)
    once = LOSSES[name].d_loss(real, fake), LOSSES[name].g_loss(None, fake)
    twice = (
        LOSSES[name].d_loss(real.repeat(2), fake.repeat(2)),
        LOSSES[name].g_loss(None, fake.repeat(2)),
    )
    assert torch.allclose(torch.stack(once), torch.stack(twice))
