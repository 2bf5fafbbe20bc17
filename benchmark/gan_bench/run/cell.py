"""One cell as an idempotent command over a directory: python -m gan_bench.run.cell DIR.

It ends with a record and exit code 0, or 3 if the record says failed. Without a record it ends
with 143 if it was told to stop, 5 if the disk failed and 2 if its checkpoint is another cell's:
none of these is an outcome of the cell, and the same command goes on. --attached: end when
standard input does, as it does when the process that started this one is gone, however it went.
--on-call: attached, and nothing is begun before a first byte comes there; until then it imports
what is installed, which takes seconds, and waits.
"""

from __future__ import annotations

import argparse
import faulthandler
import json
import os
import signal
import socket
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save as to_safetensors
from torch import nn

from gan_bench import catalogue as catalogues
from gan_bench.base import rng
from gan_bench.contract.errors import GanBenchError, StorageError, sentence
from gan_bench.contract.offers import Architecture
from gan_bench.contract.protocol import Cell, Protocol
from gan_bench.measure.evaluator import Evaluator, Measured
from gan_bench.results.atomic import append_line, remove_parts, write_bytes
from gan_bench.results.layout import protocol_of
from gan_bench.results.locks import alone_in
from gan_bench.results.reading import read_model
from gan_bench.results.records import Cost, Record, Verdict, read_record, write_record
from gan_bench.run.outcome import FAILED, STOPPED, failure, now, starts_of
from gan_bench.run.task import read_task
from gan_bench.train.checkpoint import Checkpoints, Foreign
from gan_bench.train.cost import device_name, macs, parameters
from gan_bench.train.loop import Diverged
from gan_bench.train.samples import draw
from gan_bench.train.session import Session, Stopped
from gan_bench.train.state import Training

GRACE_SECONDS = 30  # to save the state after the parent is gone


class Stop:
    """A wish to end: kept until the end of the step while it trains, obeyed at once elsewhere."""

    def __init__(self) -> None:
        self.wished = False
        self._patient = False

    def __call__(self, *_: object) -> None:
        """As the handler of a signal."""
        self.wished = True
        if not self._patient:
            raise Stopped("stopped while nothing was trained")

    @contextmanager
    def after_the_step(self) -> Iterator[None]:
        """Leave it to the block to ask."""
        self._patient = True
        try:
            yield
        finally:
            self._patient = False


def run_cell(directory: Path, stop: Stop | None = None) -> int:
    """Train, measure, and write the record; nothing to do if there is one. The exit code.

    Raises StorageError, Stopped, and UsageError for a checkpoint of another cell: whatever is no
    outcome of this one.
    """
    # one whose parent is gone may still be saving its state
    with alone_in(directory, wait=GRACE_SECONDS + 10):
        if not (directory / "record.json").exists():
            remove_parts(directory)
            cell = read_model(directory / "cell.json", Cell)
            started = {"at": now(), "pid": os.getpid(), "host": socket.gethostname()}
            append_line(directory / "starts.jsonl", started)
            try:
                record = _outcome(directory, stop or Stop())
            except (StorageError, Foreign):
                raise
            except (Exception, SystemExit) as error:  # a failed cell is a record, others go on
                _log(traceback.format_exc())
                protocol = protocol_of(directory)
                record = failure(directory, cell, failing(error, protocol.schedule.batch))
            write_record(directory, record)
            if record.status not in ("failed", "diverged"):
                Checkpoints(directory / "checkpoint", {}).clear()
        return FAILED if read_record(directory).status == "failed" else 0


def failing(error: BaseException, batch: int) -> str:
    """What went wrong, for a record."""
    if _out_of_memory(error):
        return (
            f"out of memory: batch {batch} needs more than there is here ({error}); lower --jobs, "
            "or --batch or --size, which is another protocol, or take another device"
        )
    return sentence(error)


def _out_of_memory(error: BaseException) -> bool:
    """Of the host or of the GPU; torch's allocator for the CPU has no exception of its own."""
    own = isinstance(error, MemoryError | torch.OutOfMemoryError)
    return own or "can't allocate memory" in str(error)


def _outcome(directory: Path, stop: Stop) -> Record:
    task = read_task(directory)
    cell, protocol = task.cell, task.protocol
    ruler = task.ruler()  # before any training: a net that cannot measure must not cost an hour
    training = task.begin()
    z = rng.normal(cell.seed, "z-eval", protocol.evaluation.samples, training.z_dim)

    course = Session(directory, protocol, ruler, z, task.checkpoints(directory))
    with stop.after_the_step():
        course.follow(training, task.loss, task.prepared.train, cell.seed, lambda: stop.wished)
    trained, measuring = course.seconds(), time.perf_counter()
    shown = protocol.schedule.shown(training.step)
    if course.last_finite(training):
        content = _weights(training.ema, task.arch, protocol)
        write_bytes(directory / "generator.safetensors", content)
    measured, verdict = _measure(training, ruler, z, course)
    verdicts = [*course.verdicts, verdict] if verdict else course.verdicts
    holds = verdict or course.holds
    return Record(
        architecture=cell.architecture,
        loss=cell.loss,
        seed=cell.seed,
        status=holds.kind if holds else "finished",
        reason=holds.reason if holds else None,
        scores=measured.scores,
        unscored=measured.unscored,
        best=course.best(),
        verdicts=tuple(verdicts),
        rollbacks=course.rollbacks,
        diagnosis=course.diagnosis(),
        notes=(*course.notes, *_fallback(training)),
        computed=training.computed.as_text(training.device),
        starts=starts_of(directory),
        cost=Cost(
            train_seconds=round(trained, 3),
            images_per_second=round(shown / trained, 2),
            evaluate_seconds=round(course.looking + time.perf_counter() - measuring, 3),
            peak_memory_mib=round(course.memory(training.device), 1),
            g_parameters=parameters(training.G),
            d_parameters=parameters(training.D),
            g_macs=macs(training.G, (training.z_dim,), training.device),
            d_macs=macs(training.D, protocol.data.shape, training.device),
        ),
        device=device_name(cell.environment.device),
        versions=catalogues.versions(),
        ended=now(),
    )


def _fallback(training: Training) -> list[str]:
    """What a reader of the times should know: the other cells may have been recorded."""
    refused = training.computed.graph_refused
    return [f"trained step by step: no CUDA graph, {refused}"] if refused else []


def _measure(
    training: Training, ruler: Evaluator, z: np.ndarray, course: Session
) -> tuple[Measured, Verdict | None]:
    """The scores, and the verdict that the images themselves lead to; a diverged G has neither."""
    nothing = Measured({}, {}, None)
    if course.holds and course.holds.kind == "diverged":
        return nothing, None
    schedule = course.protocol.schedule
    kimg = schedule.shown(training.step) / 1000
    try:
        measured = ruler.measure(draw(training, z, schedule.batch))
    except Diverged as outcome:
        return nothing, Verdict(kind="diverged", kimg=kimg, reason=str(outcome))
    if measured.fault is None:
        return measured, None
    kind, reason = measured.fault
    return measured, Verdict(kind=kind, kimg=kimg, reason=reason)


def _weights(G: nn.Module, arch: Architecture, protocol: Protocol) -> bytes:
    """The generator that was judged, to share: safetensors with what it takes to rebuild it."""
    # a copy of each: layers may share a tensor, which safetensors would refuse
    plain = torch.contiguous_format
    state = {k: v.cpu().clone(memory_format=plain) for k, v in G.state_dict().items()}
    shape = "x".join(map(str, protocol.data.shape))
    about = {"architecture": arch.name, "z_dim": arch.z_dim, "shape": shape}
    # one entry: safetensors writes several in random order, and the file would differ in every run
    return to_safetensors(state, {"gan_bench": json.dumps(about)})


def main(words: list[str]) -> int:
    """The command; its exit code."""
    parser = argparse.ArgumentParser(prog="python -m gan_bench.run.cell")
    parser.add_argument("directory", type=Path)
    parser.add_argument("--attached", action="store_true", help="end when standard input ends")
    parser.add_argument("--on-call", action="store_true", help="attached; begin at its first byte")
    asked = parser.parse_args(words)
    faulthandler.enable()  # a crash says where it was
    stop = Stop()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    try:
        limit = read_model(asked.directory / "cell.json", Cell).environment.timeout
        begun = threading.Event()
        begin = partial(_begin, limit, begun)
        if asked.attached or asked.on_call:
            end_with_parent(begin)
        if asked.on_call:
            _wait_for(begun)
        else:
            begin()
        return run_cell(asked.directory, stop)
    except Stopped as why:
        _log(f"{why}; to be gone on with\n")
        return STOPPED
    except GanBenchError as error:
        _log(f"error: {error}\n")
        return error.exit_code


def _log(text: str) -> None:
    """Into cell.log, which lies on the disk that may be full."""
    with suppress(OSError):
        os.write(2, text.encode(errors="backslashreplace"))


def _begin(limit: float | None, begun: threading.Event) -> None:
    """From here on the seconds of the cell count."""
    if limit is not None:
        # a watch outside of Python: it ends what never comes back, and says where that was
        faulthandler.dump_traceback_later(limit, exit=True)
    begun.set()


def _wait_for(begun: threading.Event) -> None:
    """Import what is installed, and wait; a plugin's file is read when its cell begins."""
    with _first_to_go():
        catalogues.load()
        while not begun.wait(1):  # a signal that came to another thread is seen in between
            pass


@contextmanager
def _first_to_go() -> Iterator[None]:
    """Let a Linux that runs out of memory end this process before any that has begun."""
    score, before = Path("/proc/self/oom_score_adj"), ""
    with suppress(OSError):  # other systems have no such file
        before = score.read_text()
        score.write_text("1000")
    yield
    with suppress(OSError):
        score.write_text(before)


def end_with_parent(called: Callable[[], None] = lambda: None) -> None:
    """From now on this process ends when the other end of its standard input is gone.

    Reading there lasts as long as the parent does; all that it may ever say is the word to begin,
    at which `called` is called. A plugin that reads finds an empty input of its own.
    """
    parent, nothing = os.dup(0), os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)

    def wait() -> None:
        with suppress(OSError):
            while os.read(parent, 1):
                called()
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(GRACE_SECONDS)
        os._exit(STOPPED)

    threading.Thread(target=wait, daemon=True).start()


if __name__ == "__main__":
    ended = main(sys.argv[1:])
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError):
            stream.flush()
    os._exit(ended)  # neither a full disk nor a plugin's threads may change how it ended
