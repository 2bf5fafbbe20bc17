"""`ndb`: the share of K bins whose counts of generated and of training images differ."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gan_bench import Evidence, Metric, Samples, Unscorable, hookimpl
from gan_bench_plugins import pixels
from gan_bench_plugins.preconditions import require_finite, require_variation

PER_BIN = 20  # generated images expected in a bin: the z-test is an approximation
FEWEST = 5  # fitted images in a bin: a bin of fewer would expect too few
FITTED = 5_000  # training images that the bins are fitted to, at most: K-means takes seconds
LEAST, MOST = 10, 100  # bins: with fewer than ten, one that fails by chance alone is over 0.1
COUNTED = 4  # training images for each generated one, at least: see `ndb`
LEVEL = 0.05  # of the test of one bin: the share of bins that a perfect generator fails
SHOWN = 8  # lost bins that are shown, at most
OF_A_BIN = 6  # training images that are shown of each
BLOCK = 4_096  # rows at a time: all of 60,000 images in float64 would take half a gigabyte


def ndb(train: np.ndarray, fake: np.ndarray) -> float:
    """NDB / K of Richardson & Weiss 2018: about 0.05 for other real images, 1 the worst.

    train is (T, F), fake (M, F). Bins are fitted to one part of the training images, drawn by a
    fixed seed, and counted on the rest, because bins follow the images that they are fitted to:
    counted on those, too few bins failed. All rows of a table are compared with the same counts,
    and chance in these would count against all: so at least four training images are counted
    for each generated one, and only that many of the generated images are read. Departure: images
    are averaged to at most 16 x 16 pixels. Unscorable for images of either kind that are too few
    for LEAST bins, for constant features and for features that are not finite.
    """
    return compute(Samples(real=train, fake=fake, train=train))


def compute(samples: Samples) -> float:
    """The share of bins whose counts differ; lower is better, about 0.05 the least."""
    bins, fake = _bins(samples), _compared(samples)
    return float(differ(bins["counts"], fill(bins["bins"], fake)).mean())


def lost_bins(samples: Samples) -> Evidence:
    """Training images of the bins that the generator misses most.

    A bin is lost if significantly fewer generated images fall into it than training images. The
    bin with the smallest share of what it should have comes first, and of several empty ones the
    largest. Unscorable where `ndb` is, and if no bin is lost.
    """
    bins, fake = _bins(samples), _compared(samples)
    real, made = bins["counts"], fill(bins["bins"], fake)  # (K,) each
    p, q = real / real.sum(), made / made.sum()
    lost = np.flatnonzero(differ(real, made) & (q < p))
    if not len(lost):
        raise Unscorable("No bin is lost.")
    worst = lost[np.lexsort((-p[lost], q[lost] / p[lost]))][:SHOWN]
    count, verb = len(real), "is" if len(lost) == 1 else "are"
    return Evidence(
        says=f"{len(lost)} of {count} bins {verb} lost: the generator makes such images "
        "significantly less often than they occur among the training images. ndb counts bins with "
        f"too many images, too, by {len(fake):,} generated images: one bin is {1 / count:.2g} of "
        "it, and other real images fail one bin in twenty by chance. In each row: real images of "
        "one of the lost bins, from the one that is missed most down.",
        train=np.stack([_nearest(bins["bins"][k], _train(samples)) for k in worst]),
    )


def _nearest(centre: np.ndarray, points: np.ndarray) -> np.ndarray:
    """(F,), (T, F) -> (OF_A_BIN,): the rows of the points that are nearest to the centre."""
    at = centre.astype(points.dtype)
    squares = [np.square(points[rows] - at).sum(1) for rows in _blocks(np.arange(len(points)))]
    return np.argsort(np.concatenate(squares), kind="stable")[:OF_A_BIN]


def _train(samples: Samples) -> np.ndarray:
    return samples.train if samples.train is not None else samples.real


def _compared(samples: Samples) -> np.ndarray:
    """The generated images that are counted (m, F): one for COUNTED training images."""
    return samples.fake[: counted(len(_train(samples))) // COUNTED]


def _bins(samples: Samples) -> dict[str, np.ndarray]:
    """The bins (K, F), and the counts (K,) of training images in them."""
    train, fake = _train(samples), _compared(samples)
    require_finite(train, samples.fake)
    require_variation(train, "training")
    if bin_count(len(fake)) < LEAST:
        needed = LEAST * PER_BIN
        raise Unscorable(
            f"There are {len(samples.fake):,} generated images and {len(train):,} real ones to "
            f"make bins of; ndb needs {needed:,} and {2 * COUNTED * needed:,} for {LEAST} bins."
        )
    most = bin_count(len(fake))
    return samples.keep(f"ndb.bins.{most}", lambda: reference_bins(train, most))


def counted(count: int) -> int:
    """How many of the training images are counted, not fitted to: half of them or more."""
    return count - min(count // 2, FITTED)


def bin_count(fakes: int) -> int:
    """K: as many bins as can expect PER_BIN of the generated images each, at most MOST."""
    return min(MOST, fakes // PER_BIN)


def reference_bins(train: np.ndarray, most: int) -> dict[str, np.ndarray]:
    """(T, F) -> bins (K, F) fitted to one part, and the counts (K,) of the other part in them."""
    rng = np.random.default_rng(0)
    rows = rng.permutation(len(train))
    rest, fitted = np.split(rows, [counted(len(train))])
    bins = fit_bins(train[fitted], most, rng)
    return {"bins": bins, "counts": fill(bins, train, rest)}


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


def fill(bins: np.ndarray, points: np.ndarray, rows: np.ndarray | None = None) -> np.ndarray:
    """(K, F), (n, F) -> (K,): how many points are nearest to each centre, of all or of `rows`."""
    from scipy.cluster.vq import vq

    counts = np.zeros(len(bins), np.intp)
    for block in _blocks(np.arange(len(points)) if rows is None else rows):
        nearest, _ = vq(points[block].astype(np.float64), bins)
        counts += np.bincount(nearest, minlength=len(bins))
    return counts


def _blocks(rows: np.ndarray) -> list[np.ndarray]:
    """The rows in their order, BLOCK at a time."""
    return np.split(rows, range(BLOCK, len(rows), BLOCK))


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


@hookimpl
def gan_bench_metrics(features: Sequence[str]) -> list[Metric]:
    """`ndb`, on the features `pixels`."""
    return [
        Metric(
            name="ndb",
            source="Richardson & Weiss 2018, arXiv 1805.12462: NDB/K at level 0.05, on pixels; "
            f"{LEAST} to {MOST} bins of {PER_BIN} expected images, fitted to a part of the "
            "training images and counted on the others",
            higher_is_better=False,
            compute=compute,
            features=pixels.NAME,
            reads_train=True,
            sees=("lost modes", "repeats"),
            real=(0.0, 0.2),
            evidence=lost_bins,
        )
    ]
