"""Trained cells of one protocol -> their pictures for the page, from the weights that they kept."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from gan_bench.contract.errors import StorageError, UsageError, sentence
from gan_bench.contract.protocol import RunEnvironment
from gan_bench.measure.evaluator import Evaluator
from gan_bench.results.layout import label_of, protocol_of
from gan_bench.results.locks import alone_in, remove_parts
from gan_bench.results.records import read_record
from gan_bench.results.shown import read_shown
from gan_bench.run.measuring import load_generator
from gan_bench.run.plan_measuring import MeasureRequest, environment_now, trained_in
from gan_bench.run.shown import draw_shown
from gan_bench.run.task import read_task
from gan_bench.run.whereabouts import check_there
from gan_bench.train.samples import draw, latents


@dataclass(frozen=True)
class Drawn:
    """A cell that was to be drawn."""

    label: str  # architecture / loss / seed
    notes: tuple[str, ...] = ()  # what could not be drawn, and why
    failed: bool = False  # nothing could


def to_draw(folder: Path, again: bool = False) -> list[Path]:
    """The trained cells in a protocol's folder that have no pictures; with `again` all of them.

    UsageError if none is trained.
    """
    trained = trained_in(folder)
    if not trained:
        raise UsageError(f"no cell of {folder} is trained: `gan-bench run` trains them")
    return [cell for cell in trained if again or not _has_shown(cell)]


def draw_cells(folder: Path, cells: list[Path], request: MeasureRequest) -> Iterator[Drawn]:
    """Draw cells of one protocol, one after another. StorageError if a picture cannot be written.

    A cell that cannot be drawn is named with the reason. Cells of one environment share one
    evaluator.
    """
    evaluators: dict[str, Evaluator] = {}
    with alone_in(folder, "drawing", within=folder):
        remove_parts(folder)
        for cell in cells:
            try:
                environment = environment_now(cell, request)
            except StorageError as error:  # it is of this cell alone, as those that are published
                yield Drawn(label_of(cell), (str(error),), failed=True)
                continue
            yield _drawn(cell, environment, evaluators)


def _drawn(cell: Path, environment: RunEnvironment, evaluators: dict[str, Evaluator]) -> Drawn:
    key = environment.model_dump_json()
    try:
        check_there(environment, protocol_of(cell).data.name)
        task = read_task(cell, environment)
        if key not in evaluators:
            evaluators.clear()  # features of all training images: one set at a time
            evaluators[key] = task.evaluator()
        training = task.begin()
        load_generator(training, cell)
        given = latents(training, task.cell.seed, task.protocol.evaluation.samples, task.labels)
        images = draw(training, given, task.schedule.batch)
        evidences = evaluators[key].evidence(images, read_record(cell).scores)
        return Drawn(label_of(cell), tuple(draw_shown(cell, task, training, given, evidences)))
    except StorageError:
        raise
    except Exception as error:
        return Drawn(label_of(cell), (sentence(error),), failed=True)


def _has_shown(cell: Path) -> bool:
    try:
        return read_shown(cell) is not None
    except StorageError:  # it is damaged, and is drawn again
        return False
