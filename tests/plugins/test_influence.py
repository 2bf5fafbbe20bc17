"""First-order terms of the built-in metrics: against differences, and the errors they lead to."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from gan_bench import Influence, Metric, Samples
from gan_bench.measure.errors import influence_error, influence_of
from gan_bench_plugins import diversity, frechet, kernel

METRICS = {
    "fd": frechet.gan_bench_metrics(["eye"])[0],
    "kd": kernel.gan_bench_metrics(["eye"])[0],
    "diversity": diversity.gan_bench_metrics([])[0],
}
Draw = Callable[[np.random.Generator, int], np.ndarray]


def terms(metric: Metric, real: np.ndarray, fake: np.ndarray) -> Influence:
    assert metric.influence is not None
    return metric.influence(Samples(real=real, fake=fake))


@pytest.mark.parametrize("name", ["fd", "diversity"])
def test_a_term_is_how_far_more_weight_for_an_image_moves_the_score(name: str) -> None:
    """Of images that are there 20 times each, one takes the place of a copy of another."""
    rng = np.random.default_rng(0)
    real, fake = rng.normal(size=(2_000, 5)), rng.normal(0.3, 1.5, (80, 5))
    metric, often = METRICS[name], np.repeat(fake, 20, axis=0)
    expected = terms(metric, real, often).fake[::20]
    base, changes = metric.compute(Samples(real=real, fake=often)), []
    for image in fake[:10]:
        changed = often.copy()
        changed[-1] = image
        changes.append(metric.compute(Samples(real=real, fake=changed)) - base)
    assert len(often) * np.array(changes) == pytest.approx(
        expected[:10] - expected[-1], rel=0.1, abs=0.05 * np.abs(expected).max()
    )


@pytest.mark.parametrize("name", ["fd", "diversity"])
def test_terms_are_the_same_with_more_features_than_images(name: str) -> None:
    """Features that are always 0 change the matrices that are taken, but nothing else."""
    real, fake = np.random.default_rng(4).normal(0.3, size=(2, 60, 5))
    wide = (np.pad(rows, ((0, 0), (0, 95))) for rows in (real, fake))
    found = terms(METRICS[name], *wide).fake
    assert found == pytest.approx(terms(METRICS[name], real, fake).fake, abs=1e-6)


def test_the_terms_of_the_kernel_distance_are_those_of_its_definition() -> None:
    rng = np.random.default_rng(1)
    real, fake = rng.normal(size=(20, 3)), rng.exponential(size=(20, 3))

    def k(a: np.ndarray, b: np.ndarray) -> float:
        return float((a @ b / 3 + 1) ** 3)

    def to_others(own: np.ndarray, other: np.ndarray) -> np.ndarray:
        means = [
            np.mean([k(a, b) for j, b in enumerate(own) if j != i])
            - np.mean([k(a, b) for b in other])
            for i, a in enumerate(own)
        ]
        return 2 * kernel.UNIT * (np.array(means) - np.mean(means))

    found = terms(METRICS["kd"], real, fake)
    assert found.fake == pytest.approx(to_others(fake, real))
    assert found.real == pytest.approx(to_others(real, fake))


@pytest.mark.parametrize("name", METRICS)
def test_there_is_a_term_for_every_image_and_their_mean_is_0(name: str) -> None:
    rng = np.random.default_rng(2)
    real, fake = rng.normal(size=(2_100, 2)), rng.normal(0.2, size=(2_301, 2))
    found = terms(METRICS[name], real, fake)
    assert found.fake.shape == (2_301,)
    assert found.fake.mean() == pytest.approx(0, abs=1e-6 * np.abs(found.fake).max())
    if found.real is not None:
        assert found.real.shape == (2_100,)


NETWORKS: dict[str, Draw] = {
    "as good as real": lambda rng, n: rng.normal(size=(n, 6)),
    "poor": lambda rng, n: rng.normal(0.8, 0.7, (n, 6)),
}


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("name", METRICS)
def test_the_stated_error_is_that_of_drawing_again_within_a_fifth(name: str, network: str) -> None:
    rng, n, metric = np.random.default_rng(3), 200, METRICS[name]
    real = rng.normal(size=(n, 6))
    drawn = [Samples(real=real, fake=NETWORKS[network](rng, n)) for _ in range(200)]
    seen = np.std([metric.compute(samples) for samples in drawn], ddof=1)
    stated = []
    for samples in drawn[:60]:
        whole = influence_of(metric, samples)
        assert whole is not None
        stated.append(influence_error(metric, samples, whole))
    assert np.sqrt(np.mean(np.square(stated))) == pytest.approx(seen, rel=0.2)
