"""The kernel distance between two sets of features: `kid`, and `kd-<features>` for other nets."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from gan_bench import Influence, Metric, Samples, hookimpl
from gan_bench_plugins.claims import claims, sharpness
from gan_bench_plugins.preconditions import require_at_least, require_finite

KID_FEATURES = "inception"
BLOCK = 1_000  # images: a kernel matrix of all 50,000 would need 20 GB
UNIT = 1_000  # the factor that papers print


def kernel_distance(real: np.ndarray, fake: np.ndarray) -> float:
    """1,000 times the unbiased squared MMD, Bińkowski et al. 2018, section 4.

    real is (N, F), fake (M, F). The mean over disjoint blocks of 1,000 to 1,999 images of each
    kind, or one block if there are fewer. Departure: the usual 100 random subsets overlap, so that
    the value depends on the draw and their spread is no standard error. Unscorable for fewer
    than two images of either kind, or features that are not finite.
    """
    require_finite(real, fake)
    require_at_least(real, fake, 2)
    blocks = [squared_mmd(x, y) for x, y in disjoint_blocks(real, fake)]
    return UNIT * math.fsum(blocks) / len(blocks)


def squared_mmd(x: np.ndarray, y: np.ndarray) -> float:
    """mean k(x, x') + mean k(y, y') - 2 mean k(x, y) over x != x', k = (a.b / F + 1)^3.

    x and y are (n, F). Computed by torch-fidelity on one subset of all n, so without randomness.
    """
    import torch
    from torch_fidelity.metric_kid import KEY_METRIC_KID_MEAN, kid_features_to_metric

    sets = [torch.from_numpy(rows.astype(np.float64)) for rows in (x, y)]
    scores = kid_features_to_metric(*sets, kid_subsets=1, kid_subset_size=len(x), verbose=False)
    return float(scores[KEY_METRIC_KID_MEAN])


def disjoint_blocks(real: np.ndarray, fake: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Pairs of as many real as generated images; no image is in two pairs.

    Drawn by a fixed seed: folders are read in order of names, and a block of one class alone
    would be far from everything.
    """
    rng = np.random.default_rng(0)
    x, y = rng.permutation(len(real)), rng.permutation(len(fake))
    n = min(len(real), len(fake))
    count = max(1, n // BLOCK)
    size = n // count
    for start in range(0, count * size, size):
        yield real[x[start : start + size]], fake[y[start : start + size]]


def influence(samples: Samples) -> Influence:
    """The first-order terms of the estimate, from the same blocks.

    The score is a U-statistic. The term of a generated image y is 2 (mean k(y, y') - mean k(x, y)),
    that of a real image x is 2 (mean k(x, x') - mean k(x, y)), less the mean over the images of its
    kind (Bounliphone et al. 2016, arXiv 1511.04581, section 3, before they are summed over the
    images). An image in no block has the term 0.
    """
    real, fake = np.zeros(len(samples.real)), np.zeros(len(samples.fake))
    blocks = list(disjoint_blocks(np.arange(len(real)), np.arange(len(fake))))
    for rows_x, rows_y in blocks:
        x, y = samples.real[rows_x], samples.fake[rows_y]
        between = kernel(x, y)
        real[rows_x] = 2 * (mean_to_others(x) - between.mean(axis=1))
        fake[rows_y] = 2 * (mean_to_others(y) - between.mean(axis=0))
        for terms, rows in ((real, rows_x), (fake, rows_y)):
            terms[rows] -= terms[rows].mean()
    used = sum(len(rows) for rows, _ in blocks)
    return Influence(real=UNIT * len(real) / used * real, fake=UNIT * len(fake) / used * fake)


def kernel(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """(n, F), (m, F) -> (n, m): (a.b / F + 1)^3."""
    base = a.astype(np.float64) @ b.astype(np.float64).T / a.shape[1] + 1
    return np.asarray(base * base * base)  # ** 3 takes five times as long


def mean_to_others(points: np.ndarray) -> np.ndarray:
    """(n, F) -> (n,): the mean of the kernel of each point with all others."""
    within = kernel(points, points)
    return np.asarray((within.sum(axis=1) - within.diagonal()) / (len(points) - 1))


def compute(samples: Samples) -> float:
    """The distance of the generated images from the real ones; lower is better, 0 on average."""
    return kernel_distance(samples.real, samples.fake)


def _metric(features: str) -> Metric:
    is_kid = features == KID_FEATURES
    return Metric(
        name="kid" if is_kid else f"kd-{features}",
        source="Bińkowski et al. 2018, arXiv 1801.01401, section 4, by torch-fidelity: unbiased "
        f"squared MMD x {UNIT:,}, mean over disjoint blocks; real images score 0 on average, and "
        "so below 0 about half of the times"
        + ("." if is_kid else f", on the features {features}: not KID, and not comparable to it."),
        higher_is_better=False,
        compute=compute,
        features=features,
        sees=claims(features, "lost modes", "repeats", *sharpness(features)),
        influence=influence,
    )


@hookimpl
def gan_bench_metrics(features: Sequence[str]) -> list[Metric]:
    """`kid` on `inception`, `kd-<name>` on every other features net that is installed."""
    return [_metric(name) for name in features]
