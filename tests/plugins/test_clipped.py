"""Clipped density and coverage: their definitions, their calibration, what outliers do to them."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from gan_bench import Samples
from gan_bench_plugins.clipped import clipped_coverage, clipped_density, expected_coverage
from gan_bench_plugins.prdc import density

K = 5


def draw(rng: np.random.Generator, n: int, F: int = 8) -> np.ndarray:
    return rng.normal(size=(n, F)).astype(np.float32)


def test_clipped_density_is_its_definition() -> None:
    rng = np.random.default_rng(0)
    real, fake = draw(rng, 120), draw(rng, 120) * 1.3
    reach = np.sort(cdist(real, real))[:, K]
    reach = np.minimum(reach, np.median(reach))
    of_fake = np.minimum((cdist(fake, real) <= reach).sum(1) / K, 1).mean()
    of_real = np.minimum(((cdist(real, real) <= reach).sum(1) - 1) / K, 1).mean()
    found = clipped_density(Samples(real=real, fake=fake))
    assert found == pytest.approx(of_fake / of_real, rel=1e-9)
    assert found < 1


@pytest.mark.parametrize(("N", "M"), [(40, 40), (60, 25)])
def test_expected_coverage_is_what_equal_distributions_have(N: int, M: int) -> None:
    rng = np.random.default_rng(1)
    means = []
    for _ in range(300):
        real, fake = draw(rng, N), draw(rng, M)
        reach = np.sort(cdist(real, real))[:, K]
        means.append(np.minimum((cdist(real, fake) < reach[:, None]).sum(1) / K, 1).mean())
    error = np.std(means) / math.sqrt(300)
    expected = expected_coverage(N, M)
    assert len(expected) == M + 1
    assert expected[0] == pytest.approx(0)
    assert (np.diff(expected) > 0).all()
    assert expected[-1] == pytest.approx(np.mean(means), abs=4 * error)
    assert error < 0.01


@pytest.mark.parametrize("good", [1.0, 0.7, 0.3, 0.0])
def test_both_fall_with_the_share_of_good_images(good: int) -> None:
    """The others are far away: in no ball."""
    rng = np.random.default_rng(2)
    scores = []
    for _ in range(8):
        real, fake = draw(rng, 600), draw(rng, 600)
        fake[round(good * 600) :] += 100
        samples = Samples(real=real, fake=fake)
        scores.append([clipped_density(samples), clipped_coverage(samples)])
    assert np.mean(scores, 0) == pytest.approx([good, good], abs=0.04)


def test_a_real_outlier_makes_no_bad_image_dense() -> None:
    """The wide ball of one outlier holds all bad images between it and the real ones."""
    rng = np.random.default_rng(3)
    real, fake = draw(rng, 300), draw(rng, 300) / 10 + 10
    real[0] = 20
    samples = Samples(real=real, fake=fake)
    assert density(samples) > 0.15
    assert clipped_density(samples) == 0
