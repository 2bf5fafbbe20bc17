"""What will be run: evaluations, protocols, cells and plans, as plain data."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Literal

from pydantic import Field, PositiveFloat, PositiveInt

from gan_bench.base import text
from gan_bench.base.numbers import LARGEST
from gan_bench.contract.branch import Branch
from gan_bench.contract.schedule import Frozen, NonNegative, Recipe
from gan_bench.contract.schedule import Schedule as Schedule  # part of a protocol: import it here

LEAST_SAMPLES = 10  # that `run --samples` takes, which does not import this file: it is slow
Number = Annotated[float, Field(ge=-LARGEST, le=LARGEST)]
Count = Annotated[int, Field(ge=0, lt=2**63)]
Side = Annotated[int, Field(ge=1, le=4096)]  # of an image, or its channels
Sides = tuple[int, int]  # (H, W) of an image in pixels
Split = Literal["train", "held-out"]
Half = Literal["choosing", "reporting"]
Keep = Literal["last", "best"]


class MetricSpec(Frozen):
    """A metric of an evaluation: its name, which direction is better, what it reads."""

    name: str
    higher_is_better: bool
    features: str
    partner: str | None = None  # the metric without which this one misleads
    alarm: float | None = None  # a score worse than this puts all other scores in doubt

    def cost(self, value: float) -> float:
        """The value, negated where higher is better: a lower cost is always better."""
        return -value if self.higher_is_better else value

    def best(self, ticks: Sequence[tuple[float, float]]) -> tuple[float, float]:
        """(kimg, score) of the first of the ticks that has the best score."""
        return min(ticks, key=lambda tick: self.cost(tick[1]))

    def alarming(self, score: float) -> bool:
        """Whether the score is worse than the alarm."""
        return self.alarm is not None and self.cost(score) > self.cost(self.alarm)

    @property
    def arrow(self) -> str:
        """An arrow in the better direction."""
        return "↑" if self.higher_is_better else "↓"


class Gauge(MetricSpec):
    """A metric computed at every tick: a score beyond the floor is a sign of mode collapse."""

    floor: float

    def beyond(self, score: float) -> bool:
        """Whether the score is worse than the floor."""
        return self.cost(score) > self.cost(self.floor)


class Evaluation(Frozen):
    """How a cell is measured."""

    samples: PositiveInt  # M generated images, compared with M real ones, or all if fewer
    tick_samples: PositiveInt = 256  # how many of them are scored at every tick
    reference: Split = "train"
    features: str
    digests: dict[str, str]  # features net -> SHA-256 of its weights, for each net that is read
    metrics: Annotated[tuple[MetricSpec, ...], Field(min_length=1)]  # the first ranks the rows
    tick_metric: MetricSpec | None = None  # scores the ticks; None: the first of the metrics
    gauges: tuple[Gauge, ...] = ()
    half: Half | None = None  # which half of the reference; its samples have z of their own

    @property
    def at_ticks(self) -> MetricSpec:
        """The metric that scores the ticks: curves, verdicts and the best tick are about it."""
        return self.tick_metric or self.metrics[0]

    @property
    def watched(self) -> tuple[MetricSpec, ...]:
        """All metrics that are computed at a tick, each once: the gauges and `at_ticks`."""
        by_name = {spec.name: spec for spec in (*self.gauges, self.at_ticks)}
        return tuple(by_name.values())

    def reference_images(self, data: Data) -> int:
        """N: how many real images the samples are compared with."""
        images = data.images(self.reference)
        return min(self.samples, images // 2 if self.half else images)

    @property
    def real_images(self) -> str:
        """Which real images the samples are compared with, before their number is known."""
        return f"{self.reference} {self.half}" if self.half else self.reference

    @property
    def draw(self) -> str:
        """The name of the random streams that its samples are made of."""
        return self.half or "eval"

    @property
    def slug(self) -> str:
        """A readable name; two evaluations have the same one if they give the same scores."""
        document = self._read_by(self.metrics, "samples", "reference", "metrics", "half")
        return f"{self.metrics[0].name[:40]}-{self.samples}-{_digest(document)}"

    def at_ticks_like(self, other: Evaluation) -> bool:
        """Whether both give the same scores at every tick."""
        fields = "samples", "tick_samples", "reference", "gauges"
        ours, theirs = (each._read_by(each.watched, *fields) for each in (self, other))
        return ours == theirs and self.at_ticks == other.at_ticks

    def beside(self, home: Evaluation) -> Evaluation:
        """The same for cells whose ticks are scored by another evaluation, which stays in charge.

        Its digests are those of the nets that its own metrics read.
        """
        ticks = {
            "tick_samples": home.tick_samples,
            "tick_metric": home.at_ticks,
            "gauges": home.gauges,
            "digests": self._digests(self.metrics),
        }
        return self.model_copy(update=ticks)

    def on_half(self, half: Half, data: Data) -> Evaluation:
        """The same by the ranking metric alone, on one half of the reference.

        The halves share no real image, and their samples no z.
        """
        changes = {
            "half": half,
            "samples": min(self.samples, data.images(self.reference) // 2),
            "metrics": self.metrics[:1],
        }
        return self.model_copy(update=changes).beside(self)

    def _read_by(self, metrics: Sequence[MetricSpec], *fields: str) -> dict[str, Any]:
        """These fields as JSON, and the digests of the nets that the metrics read."""
        document = self.model_dump(mode="json", include=set(fields), exclude_defaults=True)
        return document | {"digests": self._digests(metrics)}

    def _digests(self, metrics: Sequence[MetricSpec]) -> dict[str, str]:
        read = {spec.features for spec in metrics}
        return {net: digest for net, digest in self.digests.items() if net in read}


class Data(Frozen):
    """Which images: a name, and a digest of all pixels."""

    name: str
    fingerprint: str
    shape: tuple[Side, Side, Side]
    train: PositiveInt
    held_out: Count

    @property
    def size(self) -> str:
        """The sides in pixels as text: 64, or 128x96 for 128 pixels of width."""
        return text.sides(*self.shape[1:])

    def images(self, split: Split) -> int:
        """How many images the split has."""
        return self.train if split == "train" else self.held_out


class Protocol(Frozen):
    """Data set, schedule and evaluation. Only scores under one protocol can be compared.

    Its cells are measured by this evaluation when they are trained. Others may be added to them:
    see `results.measurements`.
    """

    data: Data
    schedule: Schedule  # what all cells share; a cell's recipe is applied to it
    evaluation: Evaluation

    @property
    def slug(self) -> str:
        """A readable name that no other protocol has.

        Fields that have their default are left out, so that a new field gives no new name to the
        protocols that were there before it.
        """
        digest = _digest(self.model_dump(mode="json", exclude_defaults=True))
        return f"{self.data.name}-{self.data.size}px-{self.schedule.kimg:g}kimg-{digest}"

    def trains_like(self, other: Protocol) -> bool:
        """Whether cells of both are trained to the same bytes: same images, same schedule.

        Where a verdict ends a training or turns it back, it depends on the scores at ticks too.
        """
        if self.data != other.data or self.schedule != other.schedule:
            return False
        unmoved = self.schedule.on_collapse == "continue"
        return unmoved or self.evaluation.at_ticks_like(other.evaluation)

    def measured_by(self, evaluation: Evaluation) -> Protocol:
        """The same training, measured in another way."""
        return self.model_copy(update={"evaluation": evaluation})

    def fields(self) -> dict[str, Any]:
        """All fields of the protocol by their dotted names, as JSON has them."""
        return dict(_flat(self.model_dump(mode="json")))


class Preparation(Frozen):
    """How the files of a folder or zip become images. The fingerprint tells what came of it."""

    frames: Literal["first", "all"] = "first"  # of animations and of files with several pages
    folder: str | None = None  # use only the images below folders of this name
    group_by: Literal["folder", "name-prefix"] | None = None  # what stays on one side of the split
    dedupe: bool = False  # of equal and nearly equal images, keep the first
    min_size: PositiveInt | None = None  # drop images whose short side has fewer pixels
    blurry: NonNegative | None = None  # drop images whose Laplacian varies less than this
    grey: bool = False  # one channel; without it, only if every image is grey
    alpha: bool = False  # four channels; without it, transparency is laid over white


AS_IT_IS = Preparation()  # no option given


class RunEnvironment(Frozen):
    """Where a cell runs and where its input is. No score may depend on it."""

    device: str
    named: bool  # whether the data set is in the catalogue; else `root` is a folder or a zip
    root: str | None = None
    preparation: Preparation = AS_IT_IS
    plugins: tuple[str, ...] = ()  # files given with --plugin
    weights: str | None = None  # the FILE of --feature-weights, for every net that takes one
    weights_by_net: tuple[tuple[str, str], ...] = ()  # net and file of --feature-weights NET=FILE
    judge: str | None = None  # the file given with --judge
    engine: str | None = None  # the name of what starts the cell; None: not known
    # of the CPU: with another number, a training that goes on ends in other bytes; None: torch's
    threads: int | None = None
    timeout: PositiveFloat | None = None  # seconds after which a process of the cell is ended
    pause: PositiveInt | None = None  # ticks after which its process saves the state and ends
    keep: Keep = "last"  # best: the generator of the best tick too
    keep_ticks: bool = False  # the state at every tick stays, for `gan-bench branch`
    # of G and D, those of the preset: a hint goes back to them; None: not known
    usual_rates: tuple[PositiveFloat, PositiveFloat] | None = None
    track: tuple[str, ...] = ()  # the trackers that show how the cell trains
    track_from: tuple[tuple[str, str], ...] = ()  # the key of the plugin of each; () if not known


class Cell(Frozen):
    """One architecture, one loss and one seed under a protocol, and where to run them."""

    architecture: str
    loss: str
    seed: Annotated[int, Field(ge=0)]
    environment: RunEnvironment
    recipe: Recipe = Recipe()  # empty unless the schedule says that each cell has its own
    branch: Branch | None = None  # it goes on from a tick of another cell, and is never ranked

    @property
    def label(self) -> str:
        """The cell's name for people: architecture / loss / seed<k>."""
        return cell_label(self.architecture, self.loss, self.seed)


class Plan(Frozen):
    """A protocol and its cells."""

    protocol: Protocol
    cells: tuple[Cell, ...]


def _digest(document: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()[:8]


def cell_label(architecture: str, loss: str, seed: int) -> str:
    """The label of a cell: architecture / loss / seed<k>."""
    return f"{architecture} / {loss} / seed{seed}"


def _flat(document: dict[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    """Nested fields by their dotted names; a list of names or metrics becomes one line of text."""
    for name, value in document.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{above}{name}.")
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            yield f"{above}{name}", ", ".join(map(_described, value))
        elif isinstance(value, list) and all(isinstance(item, str) for item in value):
            yield f"{above}{name}", ", ".join(value) or "none"
        else:
            yield f"{above}{name}", value


def _described(metric: dict[str, Any]) -> str:
    """A metric or gauge by its name, its features net, and its partner, alarm and floor if any."""
    values = (value for value in metric.values() if not isinstance(value, bool | None))
    return " ".join(map(str, values))
