"""The Fréchet distance between two sets of features: `fid`, `fd-<features>`, `fd-infinity-...`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gan_bench import Fault, Influence, Metric, Samples, hookimpl
from gan_bench_plugins.claims import claims, sharpness
from gan_bench_plugins.preconditions import require_at_least, require_finite

FID_FEATURES = "inception"


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


def influence(samples: Samples) -> Influence:
    """The derivative of the distance by the weight of each generated image, times M.

    With B = (b_1 ... b_M)^T and C = R B^T as above, the weight of image j scales b_j by its root.
    So it moves tr S_y by |b_j|^2, and tr (S_x S_y)^(1/2), the sum of the singular values of C, by
    half of the j-th diagonal element of (C^T C)^(1/2).
    """
    x = samples.keep("frechet.gaussian", lambda: gaussian(samples.real))
    mean, B = _centred(samples.fake)
    moved = np.square(B).sum(axis=1) - _root_diagonal(x["root"] @ B.T)
    away = samples.fake.astype(np.float64) - mean
    terms = len(B) * moved - 2 * away @ (x["mean"] - mean)
    return Influence(fake=terms - terms.mean())


def _root_diagonal(C: np.ndarray) -> np.ndarray:
    """(n, M) -> (M,): the diagonal of (C^T C)^(1/2), by the smaller of C C^T and C^T C."""
    if len(C) > C.shape[1]:
        values, V = np.linalg.eigh(C.T @ C)
        return np.asarray(np.square(V) @ np.sqrt(values.clip(min=0)))
    values, U = np.linalg.eigh(C @ C.T)
    kept = values > values[-1] * len(C) * np.finfo(float).eps  # the others are rounded zeros
    return np.asarray((1 / np.sqrt(values[kept])) @ np.square(U.T[kept] @ C))


def at_infinity(samples: Samples) -> float:
    """The distance that unlimited generated images would have, against the same real ones.

    d(M) = a + b / M + c / M^2 goes through the distances of all M images, the mean of the halves'
    and that of the quarters', and a = (8 d(M) - 6 d(M / 2) + d(M / 4)) / 3 is returned. It may be
    below 0. Departure from Chong & Forsyth 2020: they fit a line to 15 random subsets of
    thousands of images; of hundreds, a line leaves a tenth of the bias and more.
    """
    require_finite(samples.real, samples.fake)
    require_at_least(samples.real, samples.fake, 8)  # quarters of two images
    reference = samples.keep("frechet.gaussian", lambda: gaussian(samples.real))
    # drawn by a fixed seed: where images are sorted, parts in their order would differ
    fake = samples.fake[np.random.default_rng(0).permutation(len(samples.fake))]

    def mean_distance(parts: int) -> float:
        size = len(fake) // parts
        subsets = (fake[k * size : (k + 1) * size] for k in range(parts))
        return sum(frechet_distance(samples.real, part, reference) for part in subsets) / parts

    return (8 * mean_distance(1) - 6 * mean_distance(2) + mean_distance(4)) / 3


def _sees(features: str) -> tuple[Fault, ...]:
    return claims(features, "lost modes", "repeats", *sharpness(features))


def _at_infinity(features: str) -> Metric:
    return Metric(
        name=f"fd-infinity-{features}",
        source="Chong & Forsyth 2020, arXiv 1911.07023: the Fréchet distance extrapolated to "
        "unlimited generated images; a parabola in 1/M through M, M/2 and M/4 of them",
        higher_is_better=False,
        compute=at_infinity,
        features=features,
        sees=_sees(features),
    )


def _metric(features: str) -> Metric:
    is_fid = features == FID_FEATURES
    return Metric(
        name="fid" if is_fid else f"fd-{features}",
        source="Heusel et al. 2017, arXiv 1706.08500, equation 6"
        + ("." if is_fid else f", on the features {features}: not FID, and not comparable to it."),
        higher_is_better=False,
        compute=compute,
        features=features,
        sees=_sees(features),
        influence=influence,
    )


@hookimpl
def gan_bench_metrics(features: Sequence[str]) -> list[Metric]:
    """`fid` on `inception`, `fd-<name>` on every other net; `fd-infinity-<name>` on all."""
    return [offer(name) for name in features for offer in (_metric, _at_infinity)]
