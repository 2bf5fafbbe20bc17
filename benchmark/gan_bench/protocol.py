"""What will be run: schedules, evaluations, protocols, cells, plans. Pure data, no torch."""

from __future__ import annotations

import hashlib
import json
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, PositiveFloat, PositiveInt

LARGEST = 1e100  # sums and squares of larger numbers overflow
Number = Annotated[float, Field(ge=-LARGEST, le=LARGEST)]
Count = Annotated[int, Field(ge=0, lt=2**63)]
Side = Annotated[int, Field(ge=1, le=4096)]  # of an image, or its channels
NonNegative = Annotated[float, Field(ge=0)]
Beta = Annotated[float, Field(ge=0, lt=1)]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Schedule(_Frozen):
    """How a cell is trained. kimg counts thousands of real images shown to D."""

    kimg: Annotated[float, Field(gt=0, le=1e9)]
    batch: Annotated[int, Field(ge=2)] = 64
    lr_g: PositiveFloat = 2e-4
    lr_d: PositiveFloat = 2e-4
    betas: tuple[Beta, Beta] = (0.5, 0.999)
    d_steps: PositiveInt = 1  # updates of D per update of G
    precision: Literal["fp32", "bf16"] = "fp32"
    ema_kimg: NonNegative = 0  # half-life of the moving average of G that is judged; 0: none
    ticks: PositiveInt = 10  # how often the cell is looked at; looking changes no bit of it
    on_collapse: Literal["continue", "stop", "rollback"] = "continue"  # what a verdict leads to

    @property
    def updates(self) -> int:
        """Updates of G; D gets `d_steps` times as many, each on `batch` new real images."""
        return max(1, round(self.kimg * 1000 / (self.batch * self.d_steps)))

    def shown(self, updates: int) -> int:
        """Real images that D has seen after so many updates of G."""
        return updates * self.batch * self.d_steps


class Judged(_Frozen):
    """A metric as the report needs it: where better lies, and what was read."""

    name: str
    higher_is_better: bool
    features: str


class Gauge(Judged):
    """A metric that every tick is looked at with: a score beyond the floor is a bad sign."""

    floor: float


class Evaluation(_Frozen):
    """How a cell is measured."""

    samples: PositiveInt  # M generated images, against as many real ones, or all there are
    tick_samples: PositiveInt = 256  # the first of them, which every tick is scored on
    reference: Literal["train", "held-out"] = "train"
    features: str
    digests: dict[str, str]  # features net -> SHA-256 of its weights, for all that are read
    metrics: Annotated[tuple[Judged, ...], Field(min_length=1)]  # the first one ranks
    gauges: tuple[Gauge, ...] = ()


class Data(_Frozen):
    """Which images: a name, and the fingerprint of every pixel."""

    name: str
    fingerprint: str
    shape: tuple[Side, Side, Side]
    train: PositiveInt
    held_out: Count


class Protocol(_Frozen):
    """Data set, schedule and evaluation: the unit of comparability."""

    data: Data
    schedule: Schedule
    evaluation: Evaluation

    @property
    def slug(self) -> str:
        """A readable name that no other protocol has."""
        text = json.dumps(self.model_dump(mode="json"), sort_keys=True)
        digest = hashlib.sha256(text.encode()).hexdigest()[:8]
        return f"{self.data.name}-{self.data.shape[1]}px-{self.schedule.kimg:g}kimg-{digest}"


class Place(_Frozen):
    """Where a cell runs and where it finds its input: nothing that a score may depend on."""

    device: str
    named: bool  # the data set is one of the catalogue; else `root` is a folder or a zip
    root: str | None = None
    plugins: tuple[str, ...] = ()  # files given with --plugin
    weights: str | None = None  # given with --feature-weights
    timeout: PositiveFloat | None = None  # seconds that one process of it may take


class Cell(_Frozen):
    """One architecture x one loss x one seed under a protocol, and what it takes to run it."""

    architecture: str
    loss: str
    seed: Annotated[int, Field(ge=0)]
    place: Place


class Plan(_Frozen):
    """A protocol and its cells."""

    protocol: Protocol
    cells: tuple[Cell, ...]
