"""The Fréchet distance between two sets of features: `fid`, and `fd-<features>` for other nets."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gan_bench import Metric, Samples, hookimpl
from gan_bench_plugins.refusals import refuse_broken, refuse_fewer

FID_FEATURES = "inception"


def frechet_distance(real: np.ndarray, fake: np.ndarray) -> float:
    """|m_x - m_y|^2 + tr(S_x + S_y - 2 (S_x S_y)^(1/2)), equation 6 of Heusel et al. 2017.

    real is (N, F), fake (M, F); m are the means and S the covariances, in float64. Unscorable
    if either set has no covariance: fewer than two images, or features that are not finite.
    """
    from torch_fidelity.metric_fid import KEY_METRIC_FID, fid_statistics_to_metric

    refuse_broken(real, fake)
    refuse_fewer(real, fake, 2)
    x, y = joint_span(real, fake)
    found = fid_statistics_to_metric(_statistics(x), _statistics(y), False)
    return max(0.0, float(found[KEY_METRIC_FID]))  # equal sets end a rounding error below zero


def joint_span(real: np.ndarray, fake: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both sets in float64, in no more than N + M coordinates, with the same distance.

    No rotation and no shift of both changes it. N + M points lie in a space of N + M dimensions;
    if these are the columns of A = Q R, Q is a basis of that space and the columns of R are the
    points in it. Eigenvalues cost F^3, which for few images and wide nets is nearly all the time.
    """
    both = np.concatenate([real, fake]).astype(np.float64)  # (N + M, F)
    if len(both) < both.shape[1]:
        both = np.asarray(np.linalg.qr((both - both.mean(axis=0)).T, mode="r")).T  # (N+M, N+M)
    return both[: len(real)], both[len(real) :]


def _statistics(features: np.ndarray) -> dict[str, np.ndarray]:
    """Mean (F,) and covariance (F, F), in the type that the features have."""
    import torch
    from torch_fidelity.metric_fid import fid_features_to_statistics

    found: dict[str, np.ndarray] = fid_features_to_statistics(torch.from_numpy(features))
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
        sees=("lost modes", "repeats", "blur", "noise"),
    )


@hookimpl
def gan_bench_metrics(features: Sequence[str]) -> list[Metric]:
    """`fid` on `inception`, `fd-<name>` on every other features net that is installed."""
    return [_metric(name) for name in features]
