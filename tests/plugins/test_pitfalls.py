"""What all metrics promise of any features, and published pitfalls.

That a metric sees the faults that it claims to see is tested in test_corruptions_seen.py.
"""

from __future__ import annotations

import numpy as np
import pytest

from gan_bench import Samples, Unscorable
from gan_bench_plugins import (
    clipped,
    copies,
    diversity,
    frechet,
    kernel,
    modes,
    ndb,
    prdc,
    spread,
    wavelet,
)
from gan_bench_plugins.diversity import vendi_score

NET = "efficientnet-lite0"
PLUGINS = (frechet, kernel, prdc, clipped, diversity, ndb, modes, copies, spread, wavelet)
METRICS = {m.name: m for plugin in PLUGINS for m in plugin.gan_bench_metrics([NET])}
ON_FEATURES = [name for name, m in METRICS.items() if not m.reads_modes]


def gaussians(n: int, F: int = 16) -> tuple[np.ndarray, np.ndarray]:
    real, fake = np.random.default_rng(0).normal(size=(2, n, F)).astype(np.float32)
    return real, fake


def samples(real: np.ndarray, fake: np.ndarray) -> Samples:
    return Samples(real=real, fake=fake, train=real, held_out=fake + 1)


# -- promises of every offer --------------------------------------------------------------------


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("whose", ["real", "generated"])
@pytest.mark.parametrize("name", [n for n in ON_FEATURES if not METRICS[n].reads_train])
def test_features_that_are_not_finite_are_refused(name: str, whose: str, bad: float) -> None:
    real, fake = gaussians(90)
    (real if whose == "real" else fake)[4, 1] = bad
    with pytest.raises(Unscorable, match=f"{whose} images are not finite"):
        METRICS[name].compute(samples(real, fake))


@pytest.mark.parametrize("name", [n for n in ON_FEATURES if not METRICS[n].reads_train])
def test_a_metric_that_refuses_other_numbers_of_images_says_so(name: str) -> None:
    real, fake = gaussians(90, 256)
    try:
        METRICS[name].compute(samples(real, fake[:60]))
    except Unscorable:
        assert METRICS[name].equal_counts


@pytest.mark.parametrize("name", ON_FEATURES)
def test_scores_are_finite_repeat_themselves_and_do_not_change_their_input(name: str) -> None:
    n = 1_600 if name == "ndb" else 400  # which needs so many
    for F in (256, 512):  # fewer images than features are no obstacle
        real, fake = gaussians(n, F)
        first = METRICS[name].compute(samples(real, fake))
        assert np.isfinite(first)
        assert METRICS[name].compute(samples(*gaussians(n, F))) == first
        assert np.array_equal([real, fake], gaussians(n, F))


def test_only_distances_of_inception_features_have_their_famous_names() -> None:
    offers = {}
    for plugin in (frechet, kernel):
        offers |= {m.name: m for m in plugin.gan_bench_metrics(["inception", NET])}
    features = {name: metric.features for name, metric in offers.items() if "infinity" not in name}
    assert features == {"fid": "inception", f"fd-{NET}": NET, "kid": "inception", f"kd-{NET}": NET}
    assert not any(metric.higher_is_better for metric in offers.values())
    assert all("x 1,000" in offers[name].source for name in ("kid", f"kd-{NET}"))
    assert METRICS["diversity"].higher_is_better


# -- pitfalls -----------------------------------------------------------------------------------


def test_ten_repeated_points_are_precise_and_dense_and_hardly_cover_anything() -> None:
    real, fake = gaussians(1_000)
    repeated = samples(real, np.tile(fake[:10], (100, 1)))
    assert prdc.precision(repeated) >= 0.5
    assert prdc.density(repeated) > 0.5
    assert prdc.recall(repeated) == 0
    assert prdc.coverage(repeated) < 0.08
    assert diversity.compute(repeated) < 0.7
    assert ndb.ndb(gaussians(8_000)[0], repeated.fake) > 0.9


@pytest.mark.parametrize("name", ["precision", "recall", "density", "coverage"])
@pytest.mark.parametrize("whose", ["real", "generated"])
def test_constant_features_are_no_perfect_precision(name: str, whose: str) -> None:
    real, fake = gaussians(90)
    (real if whose == "real" else fake)[:] = 0.3
    with pytest.raises(Unscorable, match=f"{whose} images are all the same"):
        METRICS[name].compute(samples(real, fake))


def test_centring_undoes_what_rectification_does_to_the_vendi_score() -> None:
    """64 independent features: 63.5 signed, 8.4 of their absolute values, 30.6 after a ReLU."""
    signed = np.random.default_rng(1).normal(size=(4_000, 64))

    def score(rows: np.ndarray) -> float:
        return vendi_score(rows / np.linalg.norm(rows, axis=1, keepdims=True))

    assert score(signed) == pytest.approx(63.5, abs=0.1)
    assert score(abs(signed)) == pytest.approx(8.4, abs=0.2)
    assert score(signed.clip(0)) == pytest.approx(30.6, abs=0.5)
    for rectified in (abs(signed), signed.clip(0)):
        assert score(rectified - rectified.mean(0)) == pytest.approx(63.5, abs=0.3)


def test_frechet_distance_grows_as_fewer_images_are_compared_and_the_kernel_distance_does_not() -> (
    None
):
    real, fake = gaussians(1_000)
    few, many = samples(real[:50], fake[:50]), samples(real, fake)
    fd, kd = METRICS[f"fd-{NET}"].compute, METRICS[f"kd-{NET}"].compute
    assert fd(few) > 10 * fd(many)
    assert abs(kd(few)) < 100
    assert abs(kd(many)) < 10
