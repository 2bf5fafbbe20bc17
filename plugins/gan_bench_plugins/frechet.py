"""The Fréchet distance between two sets of features: `fid`, and `fd-<features>` for other nets."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from gan_bench import Metric, Samples, hookimpl

FID_FEATURES = "inception"


def frechet_distance(real: np.ndarray, fake: np.ndarray) -> float:
    """|m_x - m_y|^2 + tr(S_x + S_y - 2 (S_x S_y)^(1/2)), equation 6 of Heusel et al. 2017.

    real is (N, F), fake (M, F); m are the means and S the covariances, in float64. ValueError
    if either set has no covariance: fewer than two images, or features that are not finite.
    """
    from torch_fidelity.metric_fid import KEY_METRIC_FID, fid_statistics_to_metric

    found = fid_statistics_to_metric(_statistics(real, "real"), _statistics(fake, "fake"), False)
    distance = float(found[KEY_METRIC_FID])
    if not math.isfinite(distance):
        raise ValueError("The Fréchet distance overflowed: some features are far too large.")
    return max(0.0, distance)  # equal sets end a rounding error below zero


def _statistics(features: np.ndarray, whose: str) -> dict[str, np.ndarray]:
    """Mean (F,) and covariance (F, F); torch-fidelity takes the mean in the type it is given."""
    import torch
    from torch_fidelity.metric_fid import fid_features_to_statistics

    if len(features) < 2:
        raise ValueError(f"A covariance needs two images; there are {len(features)} {whose} ones.")
    if not np.isfinite(features).all():
        raise ValueError(f"Features of {whose} images are not finite; no distance can be trusted.")
    found: dict[str, np.ndarray] = fid_features_to_statistics(torch.from_numpy(features).double())
    return found


def compute(samples: Samples) -> float:
    """The distance of the generated images from the real ones; lower is better, 0 the least."""
    return frechet_distance(samples.real, samples.fake)


def _metric(features: str) -> Metric:
    is_fid = features == FID_FEATURES
    return Metric(
        name="fid" if is_fid else f"fd-{features}",
        source="Heusel et al. 2017, arXiv 1706.08500, equation 6, by torch-fidelity"
        + ("." if is_fid else f", on the features {features}: not FID, and not comparable to it."),
        higher_is_better=False,
        compute=compute,
        features=features,
    )


@hookimpl
def gan_bench_metrics(features: Sequence[str]) -> list[Metric]:
    """`fid` on `inception`, `fd-<name>` on every other features net that is installed."""
    return [_metric(name) for name in features]
