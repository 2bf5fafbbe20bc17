"""Two sets of images -> scores: what `gan-bench score REAL GENERATED` measures, without any run."""

from __future__ import annotations

import os
import shlex
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from gan_bench.base import text
from gan_bench.base.text import LEAST_SIDE, MOST_SIDE, plural
from gan_bench.catalogue import Catalogue
from gan_bench.contract.errors import DataError, UsageError
from gan_bench.contract.offers import Metric, Preset
from gan_bench.contract.protocol import (
    AS_IT_IS,
    Data,
    Evaluation,
    MetricSpec,
    Protocol,
    Schedule,
    Sides,
)
from gan_bench.data.cache import sides_of
from gan_bench.data.rows import Rows
from gan_bench.data.source import Source, files_at
from gan_bench.data.stream import Progress
from gan_bench.data.unsplit import ImageSet, read_images, sides_in
from gan_bench.measure.errors import BLOCKS
from gan_bench.measure.errors import LEAST as FEWEST_IN_BLOCK
from gan_bench.measure.evaluator import Evaluator, Measured, spaced
from gan_bench.measure.weights import NO_WEIGHTS
from gan_bench.results.finding import is_cell
from gan_bench.results.records import Score
from gan_bench.run.at_the_door import check_images
from gan_bench.run.generators import is_generator
from gan_bench.run.plan import pick_device, pick_preset
from gan_bench.run.plan_evaluation import LEAST, choose_evaluation
from gan_bench.run.request import Request

SCHEMA = 1  # of the JSON document
NOT_TRAINED = Schedule(kimg=1)  # a protocol has a schedule, and measuring reads none of it
LARGEST_EXAMPLE = 64  # px: a size that most computers can compare at


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """What a set of generated images scores against a set of real ones."""

    real: str
    generated: str
    data: Data  # the real images
    n: int  # generated images that were compared
    given: int  # generated images that there are
    evaluation: Evaluation
    scores: dict[str, Score]
    unscored: dict[str, str]  # metrics that refused, and why
    notes: tuple[str, ...]

    @property
    def compared_with(self) -> int:
        """N: how many real images the generated ones are compared with."""
        return self.evaluation.reference_images(self.data)

    @property
    def metrics(self) -> tuple[MetricSpec, ...]:
        """The metrics in the order of the table."""
        return self.evaluation.metrics

    def document(self) -> dict[str, Any]:
        """For programs: all of it as JSON has it."""
        return {
            "schema": SCHEMA,
            "real": {"path": self.real, **self.data.model_dump(mode="json")},
            "generated": {"path": self.generated, "images": self.n},
            "evaluation": {
                "features": self.evaluation.features,
                "digests": self.evaluation.digests,
            },
            "scores": {name: score.model_dump(mode="json") for name, score in self.scores.items()},
            "unscored": self.unscored,
            "notes": list(self.notes),
        }


def compare(
    real: Path, generated: Path, request: Request, catalogue: Catalogue, progress: Progress
) -> Comparison:
    """Score the images at `generated` against those at `real`.

    All images of both are compared, or with `request.samples` that many of each. Images are never
    counted twice. Raises a GanBenchError for what cannot be compared.
    """
    device = pick_device(request.device)
    for path in (real, generated):
        check_images(path)
        _check_no_generator(path)
    sources = [files_at(path, request.preparation or AS_IT_IS) for path in (real, generated)]
    evaluation, notes = _evaluation(request, catalogue, sources[0], device)
    with tempfile.TemporaryDirectory() as scratch:
        sides, size_notes = _sides(request, sources)
        sets = [
            _read(source, sides, Path(scratch) / f"{k}", request.max_bad, progress)
            for k, source in enumerate(sources)
        ]
        (x, y), colour_notes = _same_colours(sets, Path(scratch))
        fakes, samples, count_notes = _counted(x, y, request.samples)
        evaluation = evaluation.model_copy(update={"samples": samples})
        progress("measuring", 0, 0)
        data = x.data()  # hashes all images
        ruler = Ruler(catalogue, evaluation, sources[0], x, data, device, request)
        measured = ruler.measure(fakes)
    return Comparison(
        real=str(real),
        generated=str(generated),
        data=data,
        n=len(fakes),
        given=len(y.images),
        evaluation=evaluation,
        scores=measured.scores,
        unscored=measured.unscored,
        notes=(
            *notes,
            *size_notes,
            *_notes_of(x, y),
            *colour_notes,
            *count_notes,
            *_no_errors(measured, len(fakes)),
            *_faults(measured),
        ),
    )


def _check_no_generator(path: Path) -> None:
    if is_cell(path) or (os.path.isfile(path) and is_generator(path)):
        command = f"gan-bench score --like PROTOCOL {shlex.quote(str(path))}"
        raise UsageError(
            f"{path} is a generator, which is scored as a row of a table of `gan-bench list`: "
            f"{command}"
        )


def _evaluation(
    request: Request, catalogue: Catalogue, source: Source, device: str
) -> tuple[Evaluation, list[str]]:
    """What is measured: as `run` would choose, without what belongs to the ticks of a training."""
    preset, _ = pick_preset(replace(request, preset=_preset(request, catalogue)), catalogue, device)
    preset = replace(preset, gauges=(), tick_metric=None)
    return choose_evaluation(request, catalogue, preset, source.dataset)


def _preset(request: Request, catalogue: Catalogue) -> str | None:
    """The preset asked for, else the one that is meant for `score`: the built-in one of several."""
    offers = catalogue.offers[Preset].values()
    meant = [(preset.name, plugin) for preset, plugin in offers if preset.for_score]
    built_in = [name for name, plugin in meant if plugin.built_in]
    return request.preset or next(iter(built_in or [name for name, _ in meant]), None)


# The images
def _sides(request: Request, sources: list[Source]) -> tuple[Sides, list[str]]:
    """The size to compare at: as asked for, else that of the images, and a note if it is neither.

    The smaller one if the two sets differ, because images are never enlarged.
    """
    if request.size is not None:
        return sides_of(request.size), []
    found = [sides_in(source) for source in sources]
    if not all(found):  # of one no image can be read: to read all of them says what is wrong
        return (LEAST_SIDE, LEAST_SIDE), []
    shortest = min(side for sizes in found for sides in sizes for side in sides)
    real, generated = sides = [
        _own_sides(*each, shortest) for each in zip(sources, found, strict=True)
    ]
    if real == generated:
        return real, []
    both = min(real[0], generated[0]), min(real[1], generated[1])
    sizes = " and ".join(
        f"{source.dataset.name} is {text.sides(*each)} px"
        for source, each in zip(sources, sides, strict=True)
    )
    return both, [f"{sizes}: compared at {text.sides(*both)} px; --size takes another size"]


def _own_sides(source: Source, sizes: set[Sides], shortest: int) -> Sides:
    """The one size of its images. UsageError if there are several, or if it is out of range.

    `shortest`: the side at which no image would be enlarged.
    """
    if len(sizes) > 1:
        raise UsageError(
            f"{source.root}: the images have several sizes: say with --size at which size to "
            f"compare them, such as --size {min(max(shortest, LEAST_SIDE), LARGEST_EXAMPLE)}"
        )
    (sides,) = sizes
    if not all(LEAST_SIDE <= side <= MOST_SIDE for side in sides):
        raise UsageError(
            f"{source.root}: the images are {text.sides(*sides)} px: say with --size at which size "
            f"to compare them, {LEAST_SIDE} to {MOST_SIDE}"
        )
    return sides


def _read(
    source: Source, sides: Sides, scratch: Path, max_bad: float, progress: Progress
) -> ImageSet:
    scratch.mkdir()
    images = read_images(source, sides, scratch, max_bad, progress)
    if len(images.images) < LEAST:
        raise DataError(f"{source.root} has one image, and {LEAST} or more are needed: add images")
    return images


def _same_colours(
    sets: list[ImageSet], scratch: Path
) -> tuple[tuple[ImageSet, ImageSet], list[str]]:
    """Both sets with one channel if all images are grey, else as they were read; and a note."""
    x, y = sets
    grey = [each.all_grey and each.shape[0] == 3 for each in sets]
    if all(grey):
        x, y = (each.in_grey(scratch / f"{k}") for k, each in enumerate(sets))
    if any(grey) and not all(grey):
        first, second = (x, y) if grey[0] else (y, x)
        return (x, y), [f"all images of {first.name} are grey, those of {second.name} are not"]
    return (x, y), []


def _counted(x: ImageSet, y: ImageSet, samples: int | None) -> tuple[Rows, int, list[str]]:
    """The generated images to compare, the most real ones to compare with; and a note."""
    real, generated = len(x.images), len(y.images)
    if samples is None:
        return y.images, max(real, generated), []
    if samples > generated:
        raise UsageError(
            f"--samples {samples}: {y.name} has {plural(generated, 'image')}, and none is counted "
            f"twice: generate more, or ask for --samples {generated}"
        )
    fewer = [f"{x.name} has only {plural(real, 'image')}: all are compared"]
    return y.images.at(spaced(generated, samples)), samples, fewer if samples > real else []


def _notes_of(*sets: ImageSet) -> Iterator[str]:
    for each in sets:
        yield from (f"{each.name}: {note}" for note in each.notes)


# The scores
@dataclass(frozen=True)
class Reals:
    """The real images as a data set."""

    data: Data
    train: Rows
    held_out: Rows


@dataclass(frozen=True)
class Ruler:
    """What measures sets of images against these real ones."""

    catalogue: Catalogue
    evaluation: Evaluation
    source: Source
    real: ImageSet
    data: Data  # all of them
    device: str
    request: Request

    def measure(self, fakes: Rows) -> Measured:
        """The scores of (M, C, H, W) uint8.

        Most metrics compare with all real images. Those that look for copies read images that no
        training saw: a tenth of the real ones is held out for them, as of every data set.
        """
        parts = [self._with(prepared, specs).measure(fakes) for prepared, specs in self._parts()]
        first, *others = parts
        for other in others:
            scores, unscored = first.scores | other.scores, first.unscored | other.unscored
            first = replace(first, scores=scores, unscored=unscored)
        return first

    def _parts(self) -> Iterator[tuple[Reals, tuple[MetricSpec, ...]]]:
        """The real images as two kinds of metrics see them."""
        specs = self.evaluation.metrics
        copied = tuple(spec for spec in specs if self._reads_train(spec))
        others = tuple(spec for spec in specs if spec not in copied)
        if others:
            none = self.real.images.at(np.arange(0))
            yield Reals(self.data, self.real.images, none), others
        if copied:
            yield Reals(*self.real.split()), copied

    def _reads_train(self, spec: MetricSpec) -> bool:
        return self.catalogue.find(Metric, spec.name).reads_train

    def _with(self, reals: Reals, specs: tuple[MetricSpec, ...]) -> Evaluator:
        nets = {spec.features for spec in specs}
        digests = {net: each for net, each in self.evaluation.digests.items() if net in nets}
        evaluation = self.evaluation.model_copy(update={"metrics": specs, "digests": digests})
        protocol = Protocol(data=reals.data, schedule=NOT_TRAINED, evaluation=evaluation)
        weights = self.request.weights or NO_WEIGHTS
        dataset = self.source.dataset
        return Evaluator(self.catalogue, protocol, dataset, reals, self.device, weights)


def _no_errors(measured: Measured, count: int) -> Iterator[str]:
    """Why there are no standard errors at all, where the images are too few for any."""
    least = BLOCKS * FEWEST_IN_BLOCK
    if count < least and not any(each.error is not None for each in measured.scores.values()):
        yield f"no ±: a standard error needs {least} generated images, and {count} were compared"


def _faults(measured: Measured) -> Iterator[str]:
    if measured.fault:
        yield measured.fault[1]
