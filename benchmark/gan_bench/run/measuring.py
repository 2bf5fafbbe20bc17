"""A trained cell, measured by the evaluations that were asked for besides its protocol's own."""

from __future__ import annotations

import time
import traceback
from dataclasses import replace
from pathlib import Path

from gan_bench import catalogue as catalogues
from gan_bench.base import text
from gan_bench.contract.errors import DataError, StorageError, sentence
from gan_bench.contract.offers import Features, Metric
from gan_bench.contract.protocol import Evaluation
from gan_bench.measure.evaluator import Evaluator
from gan_bench.measure.scale import measure_scale
from gan_bench.results.influence import write_influence
from gan_bench.results.layout import GENERATOR, evaluation_dir, protocol_folder_of
from gan_bench.results.locks import alone_in
from gan_bench.results.measurements import (
    Measurement,
    environment_of,
    read_evaluation,
    unmeasured,
    waiting,
    write_measurement,
)
from gan_bench.results.records import WITHOUT_SCORES, read_record
from gan_bench.results.scale import has_scale, write_scale
from gan_bench.run.hardware import this_machine
from gan_bench.run.parts import code_of
from gan_bench.run.task import Task, read_task
from gan_bench.train.cost import device_name
from gan_bench.train.generator_file import read_file
from gan_bench.train.samples import draw, latents
from gan_bench.train.state import Training


def measure_asked(cell: Path) -> None:
    """Measure a trained cell by every evaluation that waits for it. StorageError from the disk.

    What fails otherwise leaves a measurement without scores that says why.
    """
    for slug in waiting(cell):
        evaluation = read_evaluation(protocol_folder_of(cell), slug)
        try:
            measurement = _measured(cell, slug, evaluation)
        except StorageError:
            raise
        except (Exception, SystemExit) as error:
            traceback.print_exc()
            measurement = unmeasured(cell, slug, sentence(error))
        write_measurement(cell, slug, measurement)


def _measured(cell: Path, slug: str, evaluation: Evaluation) -> Measurement:
    began = time.perf_counter()
    environment = environment_of(cell, slug)
    nothing = Measurement(device=device_name(environment.device), seconds=0.0, ended=text.now())
    if read_record(cell).status in WITHOUT_SCORES:
        return nothing
    task = read_task(cell, environment)
    task = replace(task, protocol=task.protocol.measured_by(evaluation))
    evaluator = task.evaluator()
    _measure_scale(evaluation_dir(protocol_folder_of(cell), slug), evaluator, task)
    training = task.begin()
    load_generator(training, cell)
    given = latents(training, task.cell.seed, evaluation.samples, task.labels, evaluation.draw)
    measured = evaluator.measure(draw(training, given, task.schedule.batch))
    write_influence(evaluation_dir(cell, slug), measured.influences.items())
    parts = {
        Features: tuple(evaluation.digests),
        Metric: tuple(spec.name for spec in evaluation.metrics),
    }
    return Measurement(
        scores=measured.scores,
        unscored=measured.unscored,
        details=measured.details,
        seconds=round(time.perf_counter() - began, 3),
        device=nothing.device,
        machine=this_machine(),
        versions=catalogues.versions(),
        code=code_of(parts, task.catalogue),
        ended=text.now(),
    )


def load_generator(training: Training, cell: Path) -> None:
    """Give the G that is measured the weights that the cell kept.

    DataError if they are damaged, or of another G than the architecture makes today.
    """
    path = cell / GENERATOR
    try:
        _, state = read_file(path)
    except StorageError as error:  # of this cell alone: others go on
        raise DataError(str(error)) from error
    try:
        training.ema.load_state_dict(state)
    except RuntimeError as error:
        raise DataError(
            f"{path} does not fit the architecture {cell.parts[-3]} as it is installed here "
            f"({sentence(error)[:300]}): measure it with the version that trained it"
        ) from error


def _measure_scale(home: Path, evaluator: Evaluator, task: Task) -> None:
    """Measure the scale of the evaluation, unless it is there or another cell is doing it.

    A fault is a line of the log: the cell can be measured without a scale.
    """
    if has_scale(home):
        return
    try:
        with alone_in(home, "measuring"):
            write_scale(home, measure_scale(evaluator, task.prepared))
    except (Exception, SystemExit):
        traceback.print_exc()
