"""The Fréchet distance, diversity and modes against closed forms, vendi-score, corruptions."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
import torch
from torch_fidelity.metric_fid import fid_features_to_statistics, fid_statistics_to_metric
from vendi_score import vendi  # type: ignore[import-untyped]

from gan_bench import Dataset, Samples, Unscorable
from gan_bench_plugins import diversity as diversity_plugin
from gan_bench_plugins import modes as modes_plugin
from gan_bench_plugins.diversity import diversity, vendi_score
from gan_bench_plugins.frechet import at_infinity, frechet_distance, gaussian
from gan_bench_plugins.modes import PRIOR, counts_of_modes, mode_kl, modes_hit, no_mode_share

KEPT = [f"{k:,} modes" for k in (1_000, 500, 200, 50, 10, 1)]
PERFECT = "other real images"
Seen = Callable[[str], Samples]


def _samples(real_modes: object, fake_modes: object, modes: int) -> Samples:
    real, fake = np.asarray(real_modes), np.asarray(fake_modes)
    none = np.zeros((0, 0), np.float32)
    return Samples(real=none, fake=none, real_modes=real, fake_modes=fake, modes=modes)


# -- the Fréchet distance -----------------------------------------------------------------------


def _gaussian(
    rng: np.random.Generator, mean: np.ndarray, covariance: np.ndarray, n: int
) -> np.ndarray:
    """n rows with exactly this mean and covariance, so that no sampling error is left."""
    rows = rng.normal(size=(n, len(mean)))
    rows -= rows.mean(0)
    rows = rows @ np.linalg.inv(np.linalg.cholesky(np.cov(rows.T))).T
    return np.asarray(rows @ np.linalg.cholesky(covariance).T + mean)


def test_frechet_distance_of_gaussians_is_the_closed_form() -> None:
    rng = np.random.default_rng(0)
    s, t = rng.uniform(0.5, 3, 16), rng.uniform(0.5, 3, 16)  # variances along a common basis
    basis = np.linalg.qr(rng.normal(size=(16, 16)))[0]
    shift = rng.normal(size=16)
    real = _gaussian(rng, np.zeros(16), basis * s @ basis.T, 200)
    fake = _gaussian(rng, shift, basis * t @ basis.T, 300)
    expected = shift @ shift + ((np.sqrt(s) - np.sqrt(t)) ** 2).sum()
    assert frechet_distance(real, fake) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(
    ("n", "m"), [(30, 40), (2, 98), (50, 51), (100, 100), (300, 250), (300, 20), (20, 300)]
)
def test_frechet_distance_is_torch_fidelitys_however_many_images(n: int, m: int) -> None:
    rng = np.random.default_rng(5)
    real, fake = rng.normal(3, 1, (n, 100)), rng.exponential(size=(m, 100))
    direct = [fid_features_to_statistics(torch.from_numpy(rows)) for rows in (real, fake)]
    expected = fid_statistics_to_metric(*direct, False)["frechet_inception_distance"]
    assert frechet_distance(real, fake) == pytest.approx(expected, rel=1e-6)
    known = gaussian(real)
    assert known["root"].shape == (min(n, 100), 100)
    assert known["root"].T @ known["root"] == pytest.approx(direct[0]["sigma"], abs=1e-12)
    assert frechet_distance(real, fake, known) == frechet_distance(real, fake)


def test_frechet_distance_of_a_set_to_itself_is_zero_and_of_one_image_refused(seen: Seen) -> None:
    real = seen(PERFECT).real
    assert frechet_distance(real, real) == pytest.approx(0, abs=1e-3)
    with pytest.raises(Unscorable, match=r"needs 2 images .* 5 real and 1 generated ones"):
        frechet_distance(np.ones((5, 3)), np.ones((1, 3)))


@pytest.mark.parametrize("shift", [0.0, 0.5])
def test_the_distance_at_infinity_has_hardly_any_of_the_bias(shift: float) -> None:
    """That of Gaussians with unit covariance is F / M + F (F + 1) / (4 M) to first order."""
    rng, F, M = np.random.default_rng(6), 32, 256
    real = _gaussian(rng, np.zeros(F), np.eye(F), 4_000)
    drawn = [Samples(real=real, fake=rng.normal(size=(M, F)) + shift) for _ in range(12)]
    removed = [frechet_distance(each.real, each.fake) - at_infinity(each) for each in drawn]
    assert np.mean(removed) == pytest.approx(F / M + F * (F + 1) / (4 * M), rel=0.1)


def test_the_distance_at_infinity_needs_quarters_and_repeats_itself() -> None:
    real, fake = np.random.default_rng(7).normal(size=(2, 60, 5))
    samples = Samples(real=real, fake=fake)
    assert at_infinity(samples) == at_infinity(samples)
    with pytest.raises(Unscorable, match="needs 8 images"):
        at_infinity(Samples(real=real, fake=fake[:7]))


# -- diversity ----------------------------------------------------------------------------------


def test_vendi_score_counts_what_differs_as_its_authors_package_does() -> None:
    assert vendi_score(np.tile([[0.6, 0.8]], (7, 1))) == pytest.approx(1)
    assert vendi_score(np.eye(12)) == pytest.approx(12)
    rows = np.random.default_rng(2).normal(size=(80, 24)) * np.linspace(0.1, 3, 24)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    for some in (rows, rows[:20]):
        assert vendi_score(some) == pytest.approx(vendi.score_dual(some), abs=1e-5)


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [
        (PERFECT, 0.95, 1.05),
        ("1,000 modes", 0.95, 1.05),
        ("10 repeated", 0.05, 0.2),
        ("1 repeated", -1e-6, 1e-6),
        ("only noise", 0, 0.05),
    ],
)
def test_diversity_is_1_of_other_real_images_and_counts_neither_repeats_nor_noise(
    name: str, low: float, high: float, seen: Seen
) -> None:
    assert low <= diversity_plugin.compute(seen(name)) <= high


def test_diversity_is_defined_where_fakes_are_constant_and_refused_where_real_images_are() -> None:
    real = np.random.default_rng(3).normal(size=(50, 8))
    for one in (np.zeros(8), real.mean(0), np.random.default_rng(4).normal(size=8)):
        assert diversity(real, np.tile(one, (50, 1))) == 0
    with pytest.raises(Unscorable, match="no variety to compare with"):
        diversity(np.full((50, 8), 0.1), np.random.rand(50, 8))


def test_diversity_compares_as_many_real_images_as_fake_ones() -> None:
    real = np.random.default_rng(4).normal(size=(90, 8))
    assert diversity(real, real[:40]) == diversity(real[:40], real) == 1


# -- known modes --------------------------------------------------------------------------------


def test_modes_counts_those_that_are_hit() -> None:
    assert modes_hit(_samples([0, 1, 2], [2, 2, -1, 0], 3)) == 2
    assert modes_hit(_samples([0, 1, 2], [-1, -1], 3)) == 0


def test_mode_kl_is_its_closed_form_and_finite_for_a_mode_that_no_real_image_shows() -> None:
    real = np.arange(4_000_000) % 10
    assert mode_kl(_samples(real, np.zeros(100, int), 10)) == pytest.approx(math.log(10), abs=1e-5)
    real = np.repeat([0, 1], [6_000_000, 2_000_000])
    expected = 0.5 * math.log(0.5 / 0.75) + 0.5 * math.log(0.5 / 0.25)
    assert mode_kl(_samples(real, [0, 1], 2)) == pytest.approx(expected, abs=1e-5)
    expected = math.log((10 + PRIOR * 4) / PRIOR)
    assert mode_kl(_samples([0] * 10, [2] * 5, 3)) == pytest.approx(expected)
    with pytest.raises(Unscorable, match="knows none of the real images"):
        mode_kl(_samples([-1, -1], [0, 1], 2))


@pytest.mark.parametrize("rejected", [0.0, 0.3, 0.9])
def test_noise_is_no_better_than_any_collapse(rejected: float) -> None:
    known = round(10_000 * (1 - rejected))
    real = np.where(np.arange(10_000) < known, np.arange(10_000) % 10, -1)
    noise = mode_kl(_samples(real, np.full(500, -1), 10))
    assert noise >= max(mode_kl(_samples(real, np.full(500, k), 10)) for k in range(10))


def test_fakes_that_are_rejected_as_often_as_real_images_are_not_blamed() -> None:
    real, fake = np.array([0] * 8 + [-1] * 2), np.array([0] * 80 + [-1] * 20)
    assert no_mode_share(real, fake) == 0
    assert no_mode_share(real, np.array([0] * 4 + [-1] * 6)) == pytest.approx(0.5)


def test_the_counts_of_modes_are_shown() -> None:
    shown = counts_of_modes(_samples([0, 1, 2, 2], [2, 2, -1, 0], 4))
    assert shown.real_modes is not None
    assert shown.fake_modes is not None
    assert shown.real_modes.tolist() == [1, 1, 2, 0]
    assert shown.fake_modes.tolist() == [1, 0, 2, 0]
    assert "2 of 4 modes" in shown.says
    assert "no mode in 1 of them" in shown.says


def test_modes_need_a_judge() -> None:
    def source(judge: str | None) -> Dataset:
        return Dataset(name="mine", source="", version="1", load=lambda *_: None, judge=judge)

    for offer in modes_plugin.gan_bench_metrics([]):
        assert offer.unsuited(source(None)) == "the modes of mine are not known: it has no judge"
        assert offer.unsuited(source("some-judge")) is None
        with pytest.raises(Unscorable, match="No judge"):
            offer.compute(Samples(real=np.zeros((1, 1)), fake=np.zeros((1, 1))))


def test_both_measures_of_modes_see_them_disappear_and_noise_as_none(judged: Seen) -> None:
    hits, divergences = (
        [measure(judged(name)) for name in KEPT] for measure in (modes_hit, mode_kl)
    )
    assert all(more > fewer for more, fewer in pairwise(hits))
    assert hits[0] > 600  # of 1,000 modes, 1,024 images show 641 on average
    assert modes_hit(judged("only noise")) <= 10
    assert all(better < worse for better, worse in pairwise(divergences))
    # as bad as one mode; equal where, as here, no real image shows that mode by chance
    assert mode_kl(judged("only noise")) > mode_kl(judged("1 modes")) - 0.05
