"""How a cell is trained: the schedule that all cells share, and the recipe that changes it."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeVar

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PositiveFloat,
    PositiveInt,
    SerializerFunctionWrapHandler,
    model_serializer,
)

NonNegative = Annotated[float, Field(ge=0)]
Beta = Annotated[float, Field(ge=0, lt=1)]
Decay = Literal["constant", "linear", "cosine"]
MOST_KIMG = 1e9
DEEPEST = 8  # values within each other
MOST_BITS = 4096  # of a whole number; Python prints 14,000
Model = TypeVar("Model", bound=BaseModel)


class Frozen(BaseModel):
    """A default means "as before this field existed", and never changes: see `Protocol.slug`."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Schedule(Frozen):
    """How a cell is trained. kimg is thousands of real images shown to D."""

    kimg: Annotated[float, Field(gt=0, le=MOST_KIMG)]
    batch: Annotated[int, Field(ge=2)] = 64
    lr_g: PositiveFloat = 2e-4
    lr_d: PositiveFloat = 2e-4
    betas: tuple[Beta, Beta] = (0.5, 0.999)
    d_steps: PositiveInt = 1  # updates of D per update of G
    augment: tuple[str, ...] = ()  # augmentations in the order in which they are applied
    precision: Literal["fp32", "bf16"] = "fp32"
    ema_kimg: NonNegative = 0  # half-life of G's moving average, which is measured; 0: G itself
    ema_rampup: NonNegative = (
        0  # the half-life is at most this share of the kimg shown; 0: no limit
    )
    ticks: PositiveInt = 10  # how often the cell is scored, which does not change the training
    on_collapse: Literal["continue", "stop", "rollback"] = "continue"
    optimizer: str = (
        "adam"  # an offer's name; every schedule had this one before there was a choice
    )
    lr_decay: Decay = "constant"  # from the two rates to 0 at the end of the schedule
    recipes: Literal["same", "own"] = "same"  # own: each cell's recipe changes this schedule

    @property
    def updates(self) -> int:
        """Updates of G. D gets `d_steps` times as many, each on `batch` other real images."""
        return max(1, round(self.kimg * 1000 / (self.batch * self.d_steps)))

    @property
    def looks(self) -> int:
        """How many ticks there are: one an update at most."""
        return min(self.ticks, self.updates)

    def ema_decay(self, updates: int) -> float:
        """What the moving average keeps of itself at this update of G: 1, 2, ..."""
        limits = [self.ema_kimg]
        if self.ema_rampup:
            limits.append(self.ema_rampup * self.shown(updates) / 1000)
        half_lives = self.shown(1) / (1000 * min(limits))
        return float(0.5**half_lives)

    def rate_factor(self, step: int) -> float:
        """What both learning rates are multiplied by at this step: 0, 1, ..., updates - 1."""
        progress = step / self.updates
        if self.lr_decay == "cosine":
            return (1 + math.cos(math.pi * progress)) / 2
        return 1 - progress if self.lr_decay == "linear" else 1.0

    def shown(self, updates: int) -> int:
        """How many real images D has seen after this number of updates of G."""
        return updates * self.batch * self.d_steps


class Recipe(Frozen):
    """The fields of the schedule that an offer may want its own value of; None: the schedule's.

    Work, data and measuring are not among them, because they must be equal for all cells.
    """

    lr_g: PositiveFloat | None = None
    lr_d: PositiveFloat | None = None
    betas: tuple[Beta, Beta] | None = None
    d_steps: PositiveInt | None = None
    ema_kimg: NonNegative | None = None
    ema_rampup: NonNegative | None = None
    optimizer: str | None = None
    lr_decay: Decay | None = None

    @property
    def given(self) -> dict[str, Any]:
        """Field -> value, for the fields that have one."""
        return {name: value for name, value in self if value is not None}

    def changes(self, schedule: Schedule) -> Recipe:
        """The same without the values that the schedule has anyway."""
        here = self.given.items()
        return Recipe(**{name: value for name, value in here if value != getattr(schedule, name)})

    def applied_to(self, schedule: Schedule) -> Schedule:
        """How a cell with this recipe is trained, where all cells share this schedule."""
        return schedule.model_copy(update=self.given)

    @model_serializer(mode="wrap")
    def _without_none(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {name: value for name, value in serialize(self).items() if value is not None}


def strictly(kind: type[Model], document: Mapping[str, Any]) -> Model:
    """Check plain values as JSON would be checked: "5" is no number. Raises ValidationError."""
    written = json.dumps({name: _writable(value) for name, value in document.items()}, default=repr)
    return kind.model_validate_json(written, strict=True)


def _writable(value: Any, depth: int = DEEPEST) -> Any:
    """The value, with infinity in place of whole numbers that Python does not print.

    A text stands for what lies deeper than any field reaches, which no parser of JSON may take.
    """
    if isinstance(value, int) and value.bit_length() > MOST_BITS:
        return math.inf
    if isinstance(value, list | tuple | dict) and not depth:
        return "a value within too many others"
    if isinstance(value, list | tuple):
        return [_writable(each, depth - 1) for each in value]
    if isinstance(value, dict):
        return {name: _writable(each, depth - 1) for name, each in value.items()}
    return value
