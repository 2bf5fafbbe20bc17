"""`precision`, `recall`, `density`, `coverage`: which images lie near which others."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np

from gan_bench import Fault, Influence, Metric, Samples, hookimpl
from gan_bench_plugins.claims import NOT_TRAINED, claims, sharpness
from gan_bench_plugins.neighbours import (
    NEAREST_DC,
    NEAREST_PR,
    balls_of,
    neighbours_of,
    sum_over_balls,
)

KYNKAANNIEMI = "Kynkäänniemi et al. 2019, arXiv 1904.06991, k = 3: "
SMOOTHED = 0.25  # by measurement: docs/metrics.md has the errors that come of it
NAEEM = "Naeem et al. 2020, arXiv 2002.09797, k = 5: "


def precision(samples: Samples) -> float:
    """The share of generated images inside the ball of some real image, k = 3."""
    return float(neighbours_of(samples, NEAREST_PR)["fake_inside"].mean())


def recall(samples: Samples) -> float:
    """The share of real images inside the ball of some generated image, k = 3."""
    return float(neighbours_of(samples, NEAREST_PR)["real_inside"].mean())


def density(samples: Samples) -> float:
    """sum_i #{y in B(x_i)} / (k M), k = 5: how many real balls hold a generated image, over k."""
    held = neighbours_of(samples, NEAREST_DC)["held"]
    return float(held.sum() / (NEAREST_DC * len(samples.fake)))


def coverage(samples: Samples) -> float:
    """The share of real balls B(x_i) that hold at least one generated image, k = 5."""
    return float((neighbours_of(samples, NEAREST_DC)["held"] > 0).mean())


def precision_influence(samples: Samples) -> Influence:
    """The score is a mean over generated images, whose terms are all there is to it."""
    return _centred(balls_of(samples, NEAREST_PR)["fake_inside"])


def density_influence(samples: Samples) -> Influence:
    """As of precision."""
    return _centred(balls_of(samples, NEAREST_DC)["holding"] / NEAREST_DC)


def coverage_influence(samples: Samples) -> Influence:
    """What each generated image adds, times M - 1: the real balls that it is alone in.

    Where nearly all balls are held, who is alone in one is chance, and the variance of these counts
    is too large. So a part of each count is what is expected of it; see SMOOTHED.
    """
    held = balls_of(samples, NEAREST_DC)["held"]
    alone = (1 - SMOOTHED) * (held == 1) + SMOOTHED * chance_alone(held)
    M, N = len(samples.fake), len(samples.real)
    return _centred((M - 1) * sum_over_balls(samples, alone) / N)


def chance_alone(held: np.ndarray) -> np.ndarray:
    """(N,) images in each ball -> the chance that one of them, drawn anew, is alone in it.

    The counts are fitted by a negative binomial distribution: Poisson, with means from a gamma
    distribution of shape r and rate s. If a ball has j other images, the posterior of its mean is
    Gamma(r + j, s + 1), so that the chance of no other image is ((s + 1) / (s + 2))^(r + j).
    """
    mean, variance = held.mean(), held.var(ddof=1)
    s = mean / max(variance - mean, 1e-9)
    others = np.maximum(held - 1, 0)
    return np.asarray(np.exp(-(mean * s + others) * np.log1p(1 / (s + 1))))


def _centred(terms: np.ndarray) -> Influence:
    return Influence(fake=terms - terms.mean())


@hookimpl
def gan_bench_metrics(features: Sequence[str]) -> list[Metric]:
    """The four on the evaluation's own features, and `<name>-<features>` on every installed net."""
    return [metric for net in (None, *features) for metric in _on(net)]


def _seen(metric: str, net: str) -> tuple[Fault, ...]:
    """What one of the four sees on a net."""
    sharp = sharpness(net)
    # on nets that nobody trained, blurred images lie as near to real ones as others do
    near = () if net in NOT_TRAINED else sharp
    faults: dict[str, tuple[Fault, ...]] = {
        "precision": near,
        "recall": ("lost modes", *sharp),
        "density": near,
        "coverage": ("lost modes", "repeats", *near),
    }
    return claims(net, *faults[metric])


def _on(net: str | None) -> list[Metric]:
    end = "" if net is None else f"-{net}"
    return [
        Metric(
            name=f"precision{end}",
            source=KYNKAANNIEMI + "the share of generated images in the ball of some real one.",
            higher_is_better=True,
            compute=precision,
            influence=precision_influence,
            equal_counts=True,
            features=net,
            sees=partial(_seen, "precision"),
            partner=f"recall{end}",
        ),
        Metric(
            name=f"recall{end}",
            source=KYNKAANNIEMI + "the share of real images in the ball of some generated one.",
            higher_is_better=True,
            compute=recall,
            equal_counts=True,
            features=net,
            sees=partial(_seen, "recall"),
        ),
        Metric(
            name=f"density{end}",
            source=NAEEM + "how many real balls a generated image is in, over k.",
            higher_is_better=True,
            compute=density,
            influence=density_influence,
            equal_counts=True,
            features=net,
            sees=partial(_seen, "density"),
            real=(0.8, 1.2),
            partner=f"coverage{end}",
        ),
        Metric(
            name=f"coverage{end}",
            source=NAEEM + "the share of real balls that hold a generated image.",
            higher_is_better=True,
            compute=coverage,
            influence=coverage_influence,
            equal_counts=True,
            features=net,
            sees=partial(_seen, "coverage"),
            real=(0.93, 1.0),
        ),
    ]
