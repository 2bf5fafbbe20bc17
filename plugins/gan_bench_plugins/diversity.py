"""`diversity`: how varied generated images are, relative to real ones; detects mode collapse."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gan_bench import Fault, Influence, Metric, Samples, Unscorable, hookimpl
from gan_bench_plugins.claims import claims, sharpness
from gan_bench_plugins.preconditions import require_finite

ROUNDING = 1e-9  # a Vendi score that is nearer to 1 is that of equal images


def vendi_score(directions: np.ndarray) -> float:
    """exp(-sum l log l), l the eigenvalues of K/n, K = cosines: definition 3.1 of Friedman & Dieng.

    directions is (n, F) with rows of length 1. The effective number of different images: 1 if
    all are equal, n if all are orthogonal. K = U U^T is n x n; U^T U is F x F and has the same
    eigenvalues other than zero, so the smaller one is taken.
    """
    from scipy.special import entr

    n, F = directions.shape
    U = directions if n < F else directions.T
    eigenvalues = np.linalg.eigvalsh(U @ U.T / n)
    return float(np.exp(entr(eigenvalues.clip(min=0)).sum()))  # entr(l) = -l log l, 0 at 0


def diversity(real: np.ndarray, fake: np.ndarray) -> float:
    """(VS(fake) - 1) / (VS(real) - 1): 0 for one image repeated, about 1 for other real images.

    real is (N, F), fake (M, F); the first min(N, M) rows of each are read, since a Vendi score
    grows with n. Departures from Friedman & Dieng 2022, explained in docs/metrics.md: features
    are centred on the mean of the real ones, since rectified features would all point the same
    way; the score of the real images is the unit; and 1, the score without any variety, is
    subtracted from both, so that a collapse is 0 on every data set. Unscorable unless all
    features are finite and the real ones vary.
    """
    return compute(Samples(real=real, fake=fake))


def _check(real: np.ndarray, fake: np.ndarray) -> None:
    require_finite(real, fake)
    n = min(len(real), len(fake))
    if n < 2 or not np.ptp(real[:n], axis=0).any():
        raise Unscorable("Real features are all the same, so there is no variety to compare with.")


def _directions(features: np.ndarray, centre: np.ndarray) -> np.ndarray:
    """(n, F) -> float64 directions from the centre, of length 1; 0 for a row at the centre."""
    away = features.astype(np.float64) - centre
    length = np.linalg.norm(away, axis=1, keepdims=True)
    return np.asarray(away / np.where(length > 0, length, 1))


def compute(samples: Samples) -> float:
    """The diversity of the generated images in units of that of as many real ones."""
    _check(samples.real, samples.fake)
    n = min(len(samples.real), len(samples.fake))
    kept = samples.keep(f"diversity.{n}", lambda: _unit(samples.real[:n]))
    varied = vendi_score(_directions(samples.fake[:n], kept["centre"])) - 1
    return varied / float(kept["unit"]) if varied > ROUNDING else 0.0


def influence(samples: Samples) -> Influence:
    """The derivative of the diversity by the weight of each generated image, times M.

    More weight for the direction u_j of n moves the entropy H = -tr S log S, S = U^T U / n, by
    -u_j^T log(S) u_j - H, and the Vendi score exp(H) by exp(H) times as much.
    """
    n = min(len(samples.real), len(samples.fake))
    kept = samples.keep(f"diversity.{n}", lambda: _unit(samples.real[:n]))
    surprise = _surprise(_directions(samples.fake[:n], kept["centre"]))
    entropy = surprise.mean()
    terms = np.zeros(len(samples.fake))
    terms[:n] = np.exp(entropy) * (surprise - entropy) / float(kept["unit"]) * len(terms) / n
    return Influence(fake=terms)


def _surprise(directions: np.ndarray) -> np.ndarray:
    """(n, F) -> (n,): -u^T log(S) u for each row u. Their mean is the entropy of S = U^T U / n."""
    from scipy.special import entr

    n, F = directions.shape
    if n < F:
        values, V = np.linalg.eigh(directions @ directions.T / n)
        return np.asarray(n * np.square(V) @ entr(values.clip(min=0)))
    values, V = np.linalg.eigh(directions.T @ directions / n)
    return np.asarray(np.square(directions @ V) @ -np.log(values.clip(min=np.finfo(float).tiny)))


def _unit(real: np.ndarray) -> dict[str, np.ndarray]:
    """(n, F) -> the mean (F,), and the score of the real images about it."""
    centre = real.mean(axis=0, dtype=np.float64)
    return {"centre": centre, "unit": np.array(vendi_score(_directions(real, centre)) - 1)}


@hookimpl
def gan_bench_metrics(features: Sequence[str]) -> list[Metric]:
    """`diversity` on the evaluation's own features, `diversity-<features>` on every net."""
    return [_on(net) for net in (None, *features)]


def _seen(net: str) -> tuple[Fault, ...]:
    return claims(net, "lost modes", "repeats", *sharpness(net))


def _on(net: str | None) -> Metric:
    return Metric(
        name="diversity" if net is None else f"diversity-{net}",
        source="Friedman & Dieng 2022, arXiv 2210.02410, definition 3.1: Vendi score of "
        "cosines about the real mean, minus 1, in units of the real images' own.",
        higher_is_better=True,
        compute=compute,
        equal_counts=True,
        features=net,
        sees=_seen,
        real=(0.9, 1.1),
        floor=0.05 if net is None else None,  # measured on the features of large networks only
        influence=influence,
    )
