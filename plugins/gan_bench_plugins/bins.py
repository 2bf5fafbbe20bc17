"""`ndb`: the share of K bins that generated images fill otherwise than real ones do."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.cluster.vq import kmeans2, vq
from scipy.stats import norm

from gan_bench import Metric, Samples, hookimpl
from gan_bench_plugins.refusals import refuse_broken, refuse_constant, refuse_fewer

PER_BIN = 20  # real images expected in a bin: the z-test is an approximation for large counts
FEWEST = 5  # of the fitted images in a bin: with fewer expected, hardly any count could fail
MOST = 100  # bins, however many the images
LEVEL = 0.05  # of the test of one bin, and so the share that a perfect generator fails


def ndb(real: np.ndarray, fake: np.ndarray) -> float:
    """NDB / K of Richardson & Weiss 2018: about 0.05 for other real images, 1 the worst.

    real is (N, F), fake (M, F). Departures: features are binned, not pixels, and the bins are
    fitted to one half of the real images, drawn by a fixed seed, and counted on the other. Only
    then are the counts of a perfect generator and of real images two draws from the same shares,
    as the test has it: bins follow the images that they are fitted to, and of bins counted on
    those too few failed, 3.7 % in 16 Gaussian dimensions. Unscorable for fewer than 80 real
    images, for constant features and for such as are not finite.
    """
    return compute(Samples(real=real, fake=fake))


def filled(real: np.ndarray) -> dict[str, np.ndarray]:
    """(N, F) -> the bins (K, F) fitted to one half, and how many of the other half fill each."""
    rng = np.random.default_rng(0)
    fitted, counted = np.array_split(real[rng.permutation(len(real))], 2)
    bins = fit_bins(fitted, bin_count(len(counted)), rng)
    return {"bins": bins, "counts": fill(bins, counted)}


def bin_count(counted: int) -> int:
    """K: as many bins as may expect PER_BIN of so many images each, at most MOST."""
    return min(MOST, counted // PER_BIN)


def fit_bins(points: np.ndarray, most: int, rng: np.random.Generator) -> np.ndarray:
    """(n, F) -> (K, F) centres by K-means, begun as K-means++; K is the bins that hold enough.

    What lay in a bin of less than FEWEST points then belongs to the next nearest.
    """
    different = len(np.unique(points, axis=0))  # K-means++ cannot choose more
    centres, nearest = kmeans2(
        points.astype(np.float64), min(most, different), minit="++", seed=rng
    )
    return np.asarray(centres[np.bincount(nearest, minlength=len(centres)) >= FEWEST])


def fill(bins: np.ndarray, points: np.ndarray) -> np.ndarray:
    """(K, F), (n, F) -> (K,): how many points are nearest to every centre."""
    return np.bincount(vq(points.astype(np.float64), bins)[0], minlength=len(bins))


def differ(some: np.ndarray, others: np.ndarray) -> np.ndarray:
    """(K,), (K,) counts -> (K,) bool, by the two-proportion z-test with pooled variance.

    z = (p - q) / sqrt(r (1 - r) (1/n + 1/m)), r the share of both together.
    """
    n, m = some.sum(), others.sum()
    r = (some + others) / (n + m)
    error = np.sqrt(r * (1 - r) * (1 / n + 1 / m))
    z = abs(some / n - others / m) / np.where(error > 0, error, 1)  # a bin with none, or with all
    return np.asarray(z > norm.isf(LEVEL / 2))


def compute(samples: Samples) -> float:
    """The share of bins whose filling differs; lower is better, about 0.05 the least."""
    real, fake = samples.real, samples.fake
    refuse_broken(real, fake)
    refuse_fewer(real, fake, 4 * PER_BIN)
    refuse_constant(real, "real")
    known = samples.keep("bins.filled", lambda: filled(real))
    return float(differ(known["counts"], fill(known["bins"], fake)).mean())


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
            sees=("lost modes", "repeats"),
            real=(0.0, 0.3),
        )
    ]
