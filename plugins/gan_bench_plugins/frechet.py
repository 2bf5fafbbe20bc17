"""The Fréchet distance between two sets of features: `fid`, and `fd-<features>` for other nets."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gan_bench import Metric, Samples, hookimpl
from gan_bench_plugins.preconditions import require_at_least, require_finite

FID_FEATURES = "inception"
PHOTOS = (FID_FEATURES, "efficientnet-lite0")  # nets of photographs, which see slight noise


def frechet_distance(
    real: np.ndarray, fake: np.ndarray, reference: dict[str, np.ndarray] | None = None
) -> float:
    """|m_x - m_y|^2 + tr(S_x + S_y - 2 (S_x S_y)^(1/2)), equation 6 of Heusel et al. 2017.

    real is (N, F), fake (M, F); m are the means and S the covariances, in float64;
    `reference` is gaussian(real), if it was computed before. Unscorable for fewer than two
    images of either kind, or features that are not finite.

    With S_x = R^T R and S_y = B^T B, the eigenvalues of S_x S_y other than zero are those of the
    symmetric (R B^T) (R B^T)^T or (R B^T)^T (R B^T); the smaller is taken, at most min(N, M, F).
    """
    require_finite(real, fake)
    require_at_least(real, fake, 2)
    x = reference or gaussian(real)
    mean, B = _centred(fake)
    C = x["root"] @ B.T  # (min(N, F), M)
    eigenvalues = np.linalg.eigvalsh(C @ C.T if len(C) < len(B) else C.T @ C)
    trace = np.square(x["root"]).sum() + np.square(B).sum()
    distance = np.square(x["mean"] - mean).sum() + trace
    distance -= 2 * np.sqrt(eigenvalues.clip(min=0)).sum()
    return max(0.0, float(distance))  # rounding may take equal sets below 0


def gaussian(features: np.ndarray) -> dict[str, np.ndarray]:
    """(n, F) -> the mean (F,) and a root R (min(n, F), F) of the covariance: S = R^T R."""
    mean, centred = _centred(features)
    if len(centred) > centred.shape[1]:
        centred = np.asarray(np.linalg.qr(centred, mode="r"))
    return {"mean": mean, "root": centred}


def _centred(features: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The mean (F,), and A (n, F) with A^T A = S."""
    exact = features.astype(np.float64)
    mean = exact.mean(axis=0)
    return mean, (exact - mean) / np.sqrt(len(exact) - 1)


def compute(samples: Samples) -> float:
    """The distance of the generated images from the real ones; lower is better, 0 the least."""
    require_finite(samples.real, samples.fake)
    require_at_least(samples.real, samples.fake, 2)
    reference = samples.keep("frechet.gaussian", lambda: gaussian(samples.real))
    return frechet_distance(samples.real, samples.fake, reference)


def _metric(features: str) -> Metric:
    is_fid = features == FID_FEATURES
    return Metric(
        name="fid" if is_fid else f"fd-{features}",
        source="Heusel et al. 2017, arXiv 1706.08500, equation 6"
        + ("." if is_fid else f", on the features {features}: not FID, and not comparable to it."),
        higher_is_better=False,
        compute=compute,
        features=features,
        sees=("lost modes", "repeats", "blur", *(("noise",) if features in PHOTOS else ())),
    )


@hookimpl
def gan_bench_metrics(features: Sequence[str]) -> list[Metric]:
    """`fid` on `inception`, `fd-<name>` on every other features net that is installed."""
    return [_metric(name) for name in features]
