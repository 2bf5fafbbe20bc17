"""`ndb`: the share of K bins whose counts of generated and of real images differ."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gan_bench import Metric, Samples, hookimpl
from gan_bench_plugins.preconditions import require_at_least, require_finite, require_variation

PER_BIN = 20  # real images expected in a bin: the z-test is an approximation for large counts
FEWEST = 5  # fitted images in a bin: with fewer expected, hardly any count would differ
MOST = 100  # bins
LEVEL = 0.05  # of the test of one bin: the share of bins that a perfect generator fails


def ndb(real: np.ndarray, fake: np.ndarray) -> float:
    """NDB / K of Richardson & Weiss 2018: about 0.05 for other real images, 1 the worst.

    real is (N, F), fake (M, F). Departures: features are binned, not pixels, and the bins are
    fitted to one half of the real images, drawn by a fixed seed, and counted on the other half.
    Only then are the counts of real images and of a perfect generator two draws from the same
    shares, as the test assumes. Bins follow the images that they are fitted to: counted on those,
    too few bins failed, 3.7 % in 16 Gaussian dimensions. Unscorable for fewer than 80 real
    images, for constant features and for features that are not finite.
    """
    return compute(Samples(real=real, fake=fake))


def reference_bins(real: np.ndarray) -> dict[str, np.ndarray]:
    """(N, F) -> bins (K, F) fitted to one half, and the counts (K,) of the other half in them."""
    rng = np.random.default_rng(0)
    fitted, counted = np.array_split(real[rng.permutation(len(real))], 2)
    bins = fit_bins(fitted, bin_count(len(counted)), rng)
    return {"bins": bins, "counts": fill(bins, counted)}


def bin_count(counted: int) -> int:
    """K: as many bins as can expect PER_BIN of the counted images each, at most MOST."""
    return min(MOST, counted // PER_BIN)


def fit_bins(points: np.ndarray, most: int, rng: np.random.Generator) -> np.ndarray:
    """(n, F) -> (K, F) centres by K-means, started by K-means++.

    Bins with fewer than FEWEST points are removed; their points then fall into the next nearest.
    """
    from scipy.cluster.vq import kmeans2

    different = len(np.unique(points, axis=0))  # K-means++ cannot choose more centres
    centres, nearest = kmeans2(
        points.astype(np.float64), min(most, different), minit="++", seed=rng
    )
    return np.asarray(centres[np.bincount(nearest, minlength=len(centres)) >= FEWEST])


def fill(bins: np.ndarray, points: np.ndarray) -> np.ndarray:
    """(K, F), (n, F) -> (K,): how many points are nearest to each centre."""
    from scipy.cluster.vq import vq

    return np.bincount(vq(points.astype(np.float64), bins)[0], minlength=len(bins))


def differ(some: np.ndarray, others: np.ndarray) -> np.ndarray:
    """(K,), (K,) counts -> (K,) bool, by the two-proportion z-test with pooled variance.

    z = (p - q) / sqrt(r (1 - r) (1/n + 1/m)), r the share of both together.
    """
    from scipy.stats import norm

    n, m = some.sum(), others.sum()
    r = (some + others) / (n + m)
    error = np.sqrt(r * (1 - r) * (1 / n + 1 / m))
    z = abs(some / n - others / m) / np.where(error > 0, error, 1)  # 0: an empty bin, or the only
    return np.asarray(z > norm.isf(LEVEL / 2))


def compute(samples: Samples) -> float:
    """The share of bins whose counts differ; lower is better, about 0.05 the least."""
    real, fake = samples.real, samples.fake
    require_finite(real, fake)
    require_at_least(real, fake, 4 * PER_BIN)
    require_variation(real, "real")
    reference = samples.keep("ndb.bins", lambda: reference_bins(real))
    return float(differ(reference["counts"], fill(reference["bins"], fake)).mean())


@hookimpl
def gan_bench_metrics(features: Sequence[str]) -> list[Metric]:
    """`ndb`, on the evaluation's own features."""
    return [
        Metric(
            name="ndb",
            source="Richardson & Weiss 2018, arXiv 1805.12462: NDB/K at level 0.05, on features; "
            "bins fitted to one half of the real images and counted on the other.",
            higher_is_better=False,
            compute=compute,
            real=(0.0, 0.3),
        )
    ]
