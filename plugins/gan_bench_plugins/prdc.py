"""`precision`, `recall`, `density`, `coverage`: which images lie near which others."""

from __future__ import annotations

from collections.abc import Sequence

from gan_bench import Fault, Metric, Samples, hookimpl
from gan_bench_plugins.neighbours import NEAREST_DC, NEAREST_PR, neighbours_of

KYNKAANNIEMI = "Kynkäänniemi et al. 2019, arXiv 1904.06991, k = 3: "
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


@hookimpl
def gan_bench_metrics(features: Sequence[str]) -> list[Metric]:
    """The four on the evaluation's own features, and `<name>-<features>` on every installed net."""
    return [metric for net in (None, *features) for metric in _on(net)]


def _on(net: str | None) -> list[Metric]:
    end = "" if net is None else f"-{net}"
    # the judge, on which they were audited, takes images with a little noise as it takes others
    sharpness: tuple[Fault, ...] = ("blur", "noise") if net is None else ("blur",)
    return [
        Metric(
            name=f"precision{end}",
            source=KYNKAANNIEMI + "the share of generated images in the ball of some real one.",
            higher_is_better=True,
            compute=precision,
            equal_counts=True,
            features=net,
            sees=sharpness,
            partner=f"recall{end}",
        ),
        Metric(
            name=f"recall{end}",
            source=KYNKAANNIEMI + "the share of real images in the ball of some generated one.",
            higher_is_better=True,
            compute=recall,
            equal_counts=True,
            features=net,
            sees=("lost modes", *sharpness),
        ),
        Metric(
            name=f"density{end}",
            source=NAEEM + "how many real balls a generated image is in, over k.",
            higher_is_better=True,
            compute=density,
            equal_counts=True,
            features=net,
            sees=sharpness,
            real=(0.8, 1.2),
            partner=f"coverage{end}",
        ),
        Metric(
            name=f"coverage{end}",
            source=NAEEM + "the share of real balls that hold a generated image.",
            higher_is_better=True,
            compute=coverage,
            equal_counts=True,
            features=net,
            sees=("lost modes", "repeats", *sharpness),
            real=(0.93, 1.0),
        ),
    ]
