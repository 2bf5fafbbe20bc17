"""One cell as a command over its folder: python -m gan_bench.run.cell DIR.

It ends with a record and exit code 0, or 3 if the record says failed. A cell that has a record is
not trained again; it is measured by the evaluations that were asked for since. Without a record it
ends with 143 if it was told to stop, 5 if the disk failed and 2 if its checkpoint belongs to
another cell; outcome.json then says why. None of these is a result of the cell: the same command
goes on from the newest checkpoint.
--attached: end when standard input does, which is when the process that started this one ends.
"""

from __future__ import annotations

import argparse
import faulthandler
import os
import signal
import socket
import sys
import time
import traceback
from contextlib import suppress
from pathlib import Path

import psutil
import torch

from gan_bench import catalogue as catalogues
from gan_bench.base import text
from gan_bench.contract.errors import StorageError, sentence
from gan_bench.contract.protocol import Cell
from gan_bench.measure.evaluator import Evaluator, Measured
from gan_bench.results.atomic import append_line, remove, write_bytes
from gan_bench.results.influence import write_influence
from gan_bench.results.layout import (
    BEST_GENERATOR,
    CELL,
    CHECKPOINTS,
    GENERATOR,
    RECORD,
    STARTS,
    protocol_of,
)
from gan_bench.results.locks import alone_in, remove_parts
from gan_bench.results.measurements import complete
from gan_bench.results.reading import read_model
from gan_bench.results.records import (
    WITHOUT_SCORES,
    Best,
    Cost,
    Record,
    Verdict,
    read_record,
    write_code,
    write_record,
)
from gan_bench.results.shown import remove_shown
from gan_bench.run.command import environment_now
from gan_bench.run.hardware import this_machine
from gan_bench.run.measuring import measure_asked
from gan_bench.run.outcome import (
    FAILED,
    Halt,
    failed_record,
    kind_of,
    remove_outcome,
    starts_of,
    write_outcome,
)
from gan_bench.run.process import GRACE_SECONDS, Stop, end_with_parent, time_limit
from gan_bench.run.saved_states import states_of
from gan_bench.run.shown import draw_shown
from gan_bench.run.task import Task, read_task
from gan_bench.run.tracking import Tracking, log
from gan_bench.train.checkpoint import Checkpoints, Foreign
from gan_bench.train.cost import device_name, pair_macs, parameters
from gan_bench.train.generator_file import file_of
from gan_bench.train.loop import Diverged
from gan_bench.train.samples import Latents, draw, latents
from gan_bench.train.session import Session, Stopped
from gan_bench.train.state import Training


def main(words: list[str]) -> int:
    """The command; its exit code."""
    parser = argparse.ArgumentParser(prog="python -m gan_bench.run.cell")
    parser.add_argument("directory", type=Path)
    parser.add_argument("--attached", action="store_true", help="end when standard input ends")
    options = parser.parse_args(words)
    options.directory = options.directory.absolute()  # a plugin may leave the working folder
    faulthandler.enable()  # a crash prints the stacks
    stop = Stop()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    if options.attached:
        end_with_parent()
    try:
        environment = read_model(options.directory / CELL, Cell).environment
        threads = environment_now(options.directory).threads
        if threads is not None:  # whatever the engine has set
            torch.set_num_threads(threads)
        with time_limit(environment.timeout):
            return run_cell(options.directory, stop)
    except Stopped as stopped:
        log(f"{stopped}; the same command goes on")
        kind: Halt = "stopped" if stop.requested else "paused"
        return write_outcome(options.directory, kind, str(stopped)).exit_code
    except (StorageError, Foreign) as error:
        log(f"error: {error}")
        return write_outcome(options.directory, kind_of(error), str(error)).exit_code


def run_cell(directory: Path, stop: Stop | None = None) -> int:
    """Train, measure, and write the record, unless there is one; then measure what was asked for.

    Raises StorageError, Stopped, and Foreign for a checkpoint of another cell: none of them is a
    result of this cell.
    """
    # a process whose parent is gone may still be saving its state
    with alone_in(directory, "training", wait=GRACE_SECONDS + 10):
        if not (directory / RECORD).exists():
            remove_parts(directory)
            remove_outcome(directory)
            cell = read_model(directory / CELL, Cell)
            append_line(directory / STARTS, _start())
            with Tracking(directory, cell.environment.track) as tracking:
                record = tracking.end(_record_of(directory, cell, stop or Stop()))
            write_record(directory, record)
            if record.status not in WITHOUT_SCORES:
                Checkpoints(directory / CHECKPOINTS, {}).clear()
        elif not complete(directory):
            append_line(directory / STARTS, _start())
        measure_asked(directory)
        return FAILED if read_record(directory).status == "failed" else 0


def _record_of(directory: Path, cell: Cell, stop: Stop) -> Record:
    try:
        return _train_and_measure(directory, stop)
    except (StorageError, Foreign):
        raise
    except (Exception, SystemExit) as error:  # a failed cell is a record, others go on
        log(traceback.format_exc())
        batch = protocol_of(directory).schedule.batch
        return failed_record(directory, cell, failure_reason(error, batch))


def _start() -> dict[str, object]:
    """Which process this is, and when it began: with its imports, which take seconds."""
    at = text.moment(psutil.Process().create_time())
    return {"at": at, "pid": os.getpid(), "host": socket.gethostname()}


def failure_reason(error: BaseException, batch: int) -> str:
    """What went wrong, for a record."""
    # torch's allocator for the CPU has no exception of its own
    if isinstance(error, MemoryError | torch.OutOfMemoryError) or (
        "can't allocate memory" in str(error)
    ):
        return (
            f"out of memory: batch {batch} needs more than is free here ({error}); lower --jobs, "
            "or --batch or --size, which is another protocol, or take another device"
        )
    return sentence(error)


def _train_and_measure(directory: Path, stop: Stop) -> Record:
    task = read_task(directory)
    code = task.code()  # now: its files may be edited while it trains
    write_code(directory, code)
    evaluator = task.evaluator()  # before the training: a net that fails must not cost an hour
    training = task.begin()
    given = latents(training, task.cell.seed, task.protocol.evaluation.samples, task.labels)
    session = _trained(directory, task, training, evaluator, given, stop)
    train_seconds, measuring_began = session.seconds(), time.perf_counter()
    best = session.best()
    _keep_generators(directory, task, training, session, best)
    measured, verdict = _measure(training, evaluator, given, session)
    write_influence(directory, measured.influences.items())
    session.holds = last_verdict = verdict or session.holds  # the diagnosis is about it
    branch = task.cell.branch
    undrawn = list[str]()
    if last_verdict and last_verdict.kind == "diverged":
        remove_shown(directory)
    else:
        undrawn = draw_shown(directory, task, training, given, measured.evidence)
    return Record(
        architecture=task.cell.architecture,
        loss=task.cell.loss,
        seed=task.cell.seed,
        recipe=task.cell.recipe,
        branch=branch,
        conditional=task.arch.conditional,
        status=last_verdict.kind if last_verdict else "finished",
        reason=last_verdict.reason if last_verdict else None,
        scores=measured.scores,
        unscored=measured.unscored,
        details=measured.details,
        best=best,
        verdicts=(*session.verdicts, *([verdict] if verdict else [])),
        rollbacks=session.rollbacks,
        diagnosis=session.diagnosis(
            task.cell.environment.usual_rates, branch.kimg if branch else None
        ),
        notes=(*session.notes, *session.best_tick.notes(best), *_fallback(training), *undrawn),
        computed=training.computed.as_text(training.device),
        starts=starts_of(directory),
        cost=_cost(task, training, session, train_seconds, measuring_began),
        device=device_name(task.cell.environment.device),
        machine=this_machine(),
        versions=catalogues.versions(),
        code=code,
        ended=text.now(),
    )


def _trained(
    directory: Path,
    task: Task,
    training: Training,
    evaluator: Evaluator,
    given: Latents,
    stop: Stop,
) -> Session:
    """Train to the end of the schedule, from the newest checkpoint; raises Stopped if told to."""
    session = Session(
        directory,
        task.schedule,
        task.protocol.evaluation,
        evaluator,
        given,
        states_of(task, directory, training),
        task.cell.environment.keep == "best",
    )
    with stop.deferred():
        images, seed, last = task.prepared.train, task.stream_seed, task.last_step

        def stopping() -> bool:
            return stop.requested or (last is not None and training.step >= last)

        session.follow(training, task.loss, images, seed, stopping, task.labels)
    return session


def _keep_generators(
    directory: Path, task: Task, training: Training, session: Session, best: Best | None
) -> None:
    """Write the weights of the last G, if they are finite, and with --keep best of the best one."""
    if session.last_finite(training):
        write_bytes(directory / GENERATOR, file_of(training.ema.state_dict(), task.about()))
    remove(directory / BEST_GENERATOR)  # of an earlier training in this folder
    if kept := session.best_tick.of(best):
        content = file_of(kept["state"], task.about(kept["kimg"]))
        write_bytes(directory / BEST_GENERATOR, content)


def _cost(
    task: Task,
    training: Training,
    session: Session,
    train_seconds: float,
    measuring_began: float,
) -> Cost:
    shape, device = task.protocol.data.shape, training.device
    g_macs, d_macs = pair_macs(training.pair, training.z_dim, shape, device)
    shown = task.schedule.shown(training.step)
    return Cost(
        train_seconds=round(train_seconds, 3),
        images_per_second=round(shown / train_seconds, 2),
        evaluate_seconds=round(session.looking + time.perf_counter() - measuring_began, 3),
        peak_memory_mib=round(session.memory(training.device), 1),
        g_parameters=parameters(training.G),
        d_parameters=parameters(training.D),
        g_macs=g_macs,
        d_macs=d_macs,
    )


def _fallback(training: Training) -> list[str]:
    """A note for readers of the times: the other cells may have run as one CUDA graph."""
    refused = training.computed.graph_refused
    return [f"trained step by step: no CUDA graph, {refused}"] if refused else []


def _measure(
    training: Training, evaluator: Evaluator, given: Latents, session: Session
) -> tuple[Measured, Verdict | None]:
    """The scores, and a new verdict if the images show a fault; a diverged G has no score."""
    nothing = Measured({}, {}, None)
    if session.holds and session.holds.kind == "diverged":
        return nothing, None
    schedule = session.schedule
    kimg = schedule.shown(training.step) / 1000
    try:
        measured = evaluator.measure(draw(training, given, schedule.batch), with_evidence=True)
    except Diverged as divergence:
        return nothing, Verdict(kind="diverged", kimg=kimg, reason=str(divergence))
    if measured.fault is None:
        return measured, None
    kind, reason = measured.fault
    if session.holds and session.holds.kind == kind:  # it keeps its date
        return measured, None
    return measured, Verdict(kind=kind, kimg=kimg, reason=reason)


if __name__ == "__main__":
    exit_code = main(sys.argv[1:])
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError):
            stream.flush()
    os._exit(exit_code)  # neither a full disk nor a plugin's threads may change the exit code
