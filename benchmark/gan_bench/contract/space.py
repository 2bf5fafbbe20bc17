"""The settings that equal tuning tries: for some fields of the schedule, a range or a choice."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from pydantic import field_validator, model_validator

from gan_bench.contract.schedule import Frozen, Schedule

# What a study may vary, in the order in which points are drawn. Work, data and measuring are not
# among it, because they must be equal for all trials. beta1 and beta2 are the parts of betas.
TUNABLE = (
    "lr_g",
    "lr_d",
    "betas",
    "beta1",
    "beta2",
    "batch",
    "d_steps",
    "optimizer",
    "lr_decay",
    "ema_kimg",
)
WHOLE = ("batch", "d_steps")  # numbers without a fraction
PARTS = ("beta1", "beta2")
DIGITS = 3  # of a number that is drawn: more would only be harder to read
Value = int | float | str | tuple[float, float]


class Axis(Frozen):
    """One field: a range of numbers, by their logarithm or not, or a few values."""

    log: tuple[float, float] | None = None
    linear: tuple[float, float] | None = None
    choices: tuple[Value, ...] | None = None

    @model_validator(mode="after")
    def _one_kind(self) -> Axis:
        if sum(given is not None for given in (self.log, self.linear, self.choices)) != 1:
            raise ValueError("one of log, linear and choices must be given, and no other")
        low, high = self.ends
        if self.choices is None and not low < high:
            raise ValueError("the first number of a range must be below the second one")
        if self.log and low <= 0:
            raise ValueError("a range by the logarithm must begin above 0")
        return self

    @field_validator("choices")
    @classmethod
    def _some(cls, given: tuple[Value, ...] | None) -> tuple[Value, ...] | None:
        if given is not None and len(set(given)) < max(1, len(given)):
            raise ValueError("choices must be one value or more, each once")
        return given

    @property
    def ends(self) -> tuple[float, float]:
        """The two ends of a range; (0, 0) for choices."""
        return self.log or self.linear or (0.0, 0.0)

    @property
    def extremes(self) -> tuple[Value, ...]:
        """The values that must be possible for all others to be."""
        return self.ends if self.choices is None else self.choices

    def at(self, share: float, whole: bool = False) -> Value:
        """The value at this share of the axis, from 0 to below 1."""
        if self.choices is not None:
            return self.choices[int(share * len(self.choices))]
        low, high = self.ends
        if self.log:
            drawn = math.exp(math.log(low) + share * (math.log(high) - math.log(low)))
        else:
            drawn = low + share * (high - low)
        if whole:
            return round(drawn)
        return min(high, max(low, float(f"{drawn:.{DIGITS}g}")))


class Space(Frozen):
    """The axes by their fields; all rows of a study are tried at the same points of it."""

    axes: dict[str, Axis]

    @field_validator("axes")
    @classmethod
    def _in_order(cls, given: dict[str, Axis]) -> dict[str, Axis]:
        if unknown := [name for name in given if name not in TUNABLE]:
            raise ValueError(f"{unknown[0]} is not tuned")
        return {name: given[name] for name in TUNABLE if name in given}

    def settings(self, shares: Sequence[float], default: Schedule) -> dict[str, Any]:
        """Fields of the schedule with their values at a point (axes,) of the unit cube."""
        drawn = {
            name: axis.at(share, name in WHOLE)
            for (name, axis), share in zip(self.axes.items(), shares, strict=True)
        }
        return whole_fields(drawn, default)


def whole_fields(values: dict[str, Any], default: Schedule) -> dict[str, Any]:
    """The same with betas where there are parts of them; the other part is the schedule's."""
    if not set(PARTS) & values.keys():
        return values
    betas = tuple(values.get(part, there) for part, there in zip(PARTS, default.betas, strict=True))
    return {name: value for name, value in values.items() if name not in PARTS} | {"betas": betas}


DEFAULT = Space(
    axes={
        "lr_g": Axis(log=(2e-5, 2e-3)),
        "lr_d": Axis(log=(2e-5, 2e-3)),
        "betas": Axis(choices=((0.0, 0.9), (0.0, 0.99), (0.5, 0.9), (0.5, 0.999))),
        "batch": Axis(choices=(16, 32, 64)),
        "d_steps": Axis(choices=(1, 2)),
    }
)
