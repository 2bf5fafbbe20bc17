"""`clipped-density` and `clipped-coverage`: shares of good images, which outliers do not bend."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gan_bench import Fault, Metric, Samples, hookimpl
from gan_bench_plugins.claims import NOT_TRAINED, claims, sharpness
from gan_bench_plugins.neighbours import NEAREST_DC, neighbours_of

SALVY = "Salvy et al. 2025, arXiv 2507.01761, k = 5: "


def clipped_density(samples: Samples) -> float:
    """min(1, d(y) / d(x)), d = mean_j min(1, #{i: y_j in B(x_i)} / k), k = 5.

    Radii are at most the median radius, so that the wide balls of outliers hold nothing more.
    d(x) is that of real images, each without its own ball: 1 for other real images.
    """
    near = neighbours_of(samples, NEAREST_DC)
    fake, real = (_clipped_mean(near[name]) for name in ("clipped", "real_clipped"))
    return min(1.0, fake / real)


def clipped_coverage(samples: Samples) -> float:
    """f^-1(c), c = mean_i min(1, #{j: y_j in B(x_i)} / k), k = 5: 1 for other real images.

    f(s) is the c that is expected if a share s of the generated images are as real ones, and all
    others in no ball.
    """
    near = neighbours_of(samples, NEAREST_DC)
    expected = expected_coverage(len(samples.real), len(samples.fake))
    share = np.interp(_clipped_mean(near["held"]), expected, np.linspace(0, 1, len(expected)))
    return float(share)


def _clipped_mean(counts: np.ndarray) -> float:
    return float(np.minimum(counts / NEAREST_DC, 1).mean())


def expected_coverage(N: int, M: int, k: int = NEAREST_DC) -> np.ndarray:
    """(M + 1,): E min(1, J / k), J of m = 0 ... M good images in the ball of a real one.

    The probability of a ball that reaches to the k-th of N - 1 others is Beta(k, N - k), so J is
    beta-binomial; E min(J, k) = k - sum_{j < k} (k - j) P(J = j).
    """
    from scipy.stats import betabinom

    m = np.arange(M + 1)
    missing = sum((k - j) * betabinom.pmf(j, m, k, N - k) for j in range(k))
    return np.asarray(1 - missing / k)


@hookimpl
def gan_bench_metrics(features: Sequence[str]) -> list[Metric]:
    """The two on the evaluation's own features, and `<name>-<features>` on every installed net."""
    return [metric for net in (None, *features) for metric in _on(net)]


def _near(net: str) -> tuple[Fault, ...]:
    """On nets that nobody trained, blurred images lie as near to real ones as others do."""
    return () if net in NOT_TRAINED else claims(net, *sharpness(net))


def _covered(net: str) -> tuple[Fault, ...]:
    return *claims(net, "lost modes", "repeats"), *_near(net)


def _on(net: str | None) -> list[Metric]:
    end = "" if net is None else f"-{net}"
    return [
        Metric(
            name=f"clipped-density{end}",
            source=SALVY + "the share of generated images that are where real ones are.",
            higher_is_better=True,
            compute=clipped_density,
            equal_counts=True,
            features=net,
            sees=_near,
            real=(0.9, 1.0),
            partner=f"clipped-coverage{end}",
        ),
        Metric(
            name=f"clipped-coverage{end}",
            source=SALVY + "the share of generated images that would cover as much as these do.",
            higher_is_better=True,
            compute=clipped_coverage,
            equal_counts=True,
            features=net,
            sees=_covered,
            real=(0.85, 1.0),
        ),
    ]
