"""What practitioners try when a training collapses, each as one change, for `gan-bench autopsy`."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from gan_bench import Remedy, Schedule, hookimpl

SLOWER = 4  # times
Changes = Callable[[Schedule, str], dict[str, Any]]


def slower_d(schedule: Schedule, _: str) -> dict[str, Any]:
    """A quarter of D's rate."""
    return {"lr_d": schedule.lr_d / SLOWER}


def slower_both(schedule: Schedule, _: str) -> dict[str, Any]:
    """A quarter of both rates."""
    return {"lr_g": schedule.lr_g / SLOWER, "lr_d": schedule.lr_d / SLOWER}


def augmented(name: str, schedule: Schedule, _: str) -> dict[str, Any]:
    """One augmentation more."""
    return {"augment": [*schedule.augment, name]}


def augmented_so(name: str, schedule: Schedule, _: str) -> str | None:
    """A reason if it is augmented so already."""
    return f"it is augmented by {name} already" if name in schedule.augment else None


def with_loss(name: str, _: Schedule, __: str) -> dict[str, Any]:
    """Another loss."""
    return {"loss": name}


def has_loss(name: str, _: Schedule, loss: str) -> str | None:
    """A reason if it is trained with this loss already."""
    return f"its loss is {name} already" if loss == name else None


def _of_loss(name: str, source: str) -> Remedy:
    return Remedy(
        name=name,
        source=source,
        changes=partial(with_loss, name),
        unsuited=partial(has_loss, name),
    )


def _of_augmentation(name: str, source: str) -> Remedy:
    return Remedy(
        name=name,
        source=source,
        changes=partial(augmented, name),
        unsuited=partial(augmented_so, name),
    )


@hookimpl
def gan_bench_remedies() -> list[Remedy]:
    """Slower rates, other losses, and augmentations."""
    non_saturating = "G's loss is the non-saturating one then, also where it was another before."
    return [
        Remedy(
            name="slower-d",
            source="Heusel et al. 2017, arXiv 1706.08500: two rates, so that neither network runs "
            "away. Here D's is a quarter of what it was; the paper tunes both.",
            changes=slower_d,
        ),
        Remedy(
            name="slower-both",
            source="The first thing that practitioners try: both rates are a quarter of what they "
            "were.",
            changes=slower_both,
        ),
        _of_loss(
            "non-saturating",
            "Goodfellow et al. 2014, arXiv 1406.2661, section 3: G's gradient does not vanish "
            "where D is sure.",
        ),
        _of_loss(
            "label-smoothing",
            "Salimans et al. 2016, arXiv 1606.03498, section 3.4: D is less sure. "
            f"{non_saturating}",
        ),
        _of_loss(
            "two-sided-smoothing",
            f"As many practitioners train: targets 0.9 and 0.1. {non_saturating}",
        ),
        _of_loss(
            "r1",
            "Mescheder et al. 2018, arXiv 1801.04406: a penalty on D's gradient at real images. "
            f"{non_saturating}",
        ),
        _of_augmentation(
            "flip", "More images: half of them are mirrored. For sets of which that could be one."
        ),
        _of_augmentation(
            "diffaugment",
            "Zhao et al. 2020, arXiv 2006.10738: D sees real and generated images changed alike, "
            "and cannot learn the real ones by heart.",
        ),
    ]
