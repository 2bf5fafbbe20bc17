"""A schedule, or a recipe that changes it, as people read it: in one line."""

from __future__ import annotations

from collections.abc import Mapping

from gan_bench.base.text import number, percent, plural
from gan_bench.contract.schedule import Recipe, Schedule

NEAR = 0.01  # of the images asked for: a smaller difference goes without saying


def schedule_text(schedule: Schedule) -> str:
    """Every field but the ticks, with the updates that follow from them."""
    return (
        f"{number(schedule.kimg, 6)} kimg = {plural(schedule.updates, 'update')} of G, "
        f"batch {schedule.batch}, {schedule.d_steps} D per G, "
        f"{schedule.optimizer} {number(schedule.lr_g)}/{number(schedule.lr_d)}{_decay(schedule)} "
        f"betas {number(schedule.betas[0])} {number(schedule.betas[1], 6)}, "
        f"{schedule.precision}, {_ema(schedule)}{_augment(schedule)}; "
        f"on collapse: {schedule.on_collapse}"
        + ("; each cell by its own recipe" if schedule.recipes == "own" else "")
    )


def recipe_text(recipe: Recipe) -> str:
    """The fields of a recipe with their values, equal rates as one; nothing for an empty one."""
    given = recipe.given
    if recipe.lr_g is not None and recipe.lr_g == recipe.lr_d:
        del given["lr_g"], given["lr_d"]
        given = {"lr": recipe.lr_g} | given
    return ", ".join(f"{name} {_value(value)}" for name, value in given.items())


def length_note(schedule: Schedule) -> str | None:
    """How many images are shown, where whole updates make it another number than was asked for."""
    asked, shown = 1000 * schedule.kimg, schedule.shown(schedule.updates)
    if abs(shown - asked) <= NEAR * asked:
        return None
    return (
        f"{number(shown / 1000, 6)} kimg are shown instead of {number(schedule.kimg, 6)}: "
        f"an update of G takes {plural(schedule.shown(1), 'image')}, and one is the least"
    )


def settings_text(settings: Mapping[str, object]) -> str:
    """What a trial changes of the default schedule, in one line."""
    if not settings:
        return "the default schedule"
    return ", ".join(f"{name} {_value(value)}" for name, value in settings.items())


def _value(value: object) -> str:
    if isinstance(value, tuple):
        return " ".join(map(_value, value))
    return number(value, 6) if isinstance(value, int | float) else str(value)


def _decay(schedule: Schedule) -> str:
    return "" if schedule.lr_decay == "constant" else f" with {schedule.lr_decay} decay"


def _augment(schedule: Schedule) -> str:
    return f", augmented by {' and '.join(schedule.augment)}" if schedule.augment else ""


def _ema(schedule: Schedule) -> str:
    if not schedule.ema_kimg:
        return "no EMA"
    limit = f", at most {percent(schedule.ema_rampup)} of the kimg shown"
    half_life = f"EMA of G with half-life {number(schedule.ema_kimg, 6)} kimg"
    return half_life + (limit if schedule.ema_rampup else "")
