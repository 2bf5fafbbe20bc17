"""The process that takes one step of every pair: python -m gan_bench.run.preflight_process.

The first line of its standard input names the folders of the cells, as JSON.
When all pairs are tried it measures the protocol's scale, because its evaluator is loaded already.
"""

from __future__ import annotations

import faulthandler
import io
import json
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from gan_bench.base import rng
from gan_bench.base.precision import computes_bf16
from gan_bench.catalogue.manners import State, changed_since, process_wide, restore
from gan_bench.contract.errors import GanBenchError, StorageError, sentence
from gan_bench.measure.evaluator import Evaluator
from gan_bench.measure.scale import measure_scale
from gan_bench.results.layout import GRID_SIDE, LOG, grid_pixels, protocol_folder_of
from gan_bench.results.records import read_record, training_code, write_code
from gan_bench.results.scale import REAL, has_scale, write_scale
from gan_bench.run import trial
from gan_bench.run.cell import failure_reason
from gan_bench.run.hardware import is_here
from gan_bench.run.outcome import kind_of
from gan_bench.run.peak import free_on_gpu, peak_bytes, reset_peak
from gan_bench.run.preflight import LIMIT_SECONDS, PairReport
from gan_bench.run.process import end_with_parent, time_limit
from gan_bench.run.task import Task, read_task
from gan_bench.run.time_measuring import COPIES
from gan_bench.run.trial import print_to
from gan_bench.train.checkpoint import Foreign
from gan_bench.train.first_step import NETWORK, FirstStep, NotFinite
from gan_bench.train.fresh import Fresh
from gan_bench.train.loop import Diverged
from gan_bench.train.pair import Impossible, checked
from gan_bench.train.repeatable import check_repeatable
from gan_bench.train.samples import generate, latents
from gan_bench.train.state import Training, full_state

TRIED = 64  # images that every metric is tried on
Send = Callable[[dict[str, Any]], None]


class BadManners(GanBenchError):
    """A plugin changed what belongs to the whole process."""


def main(folders: Sequence[Path]) -> None:
    """Try one step of each pair among these cells; try the metrics on the first images.

    Where the peak of memory cannot be begun anew, it ends before the second pair, which another
    process must try.
    """
    send = _take_output()
    faulthandler.enable()  # a crash prints the stacks
    end_with_parent()
    with Fresh(trial.__name__) as fresh:
        _try_cells(folders, send, fresh)


def _try_cells(folders: Sequence[Path], send: Send, fresh: Fresh) -> None:
    """See `main`. `fresh`: one process for the trials of all pairs."""
    evaluator: Evaluator | None = None
    free: int | None = None
    device = ""
    metrics_tried = False
    reports: dict[Path, PairReport] = {}  # by the folder of the pair
    for folder in folders:
        if reports and folder.parent not in reports and not reset_peak(device):
            return
        send({"begin": str(folder)})
        print_to(folder / LOG)
        try:
            task = _task_here(folder)
            task.checkpoints(folder).check()
            write_code(folder, task.code())
            if evaluator is None:
                device = task.cell.environment.device
                free = free_on_gpu(device)
                evaluator = task.evaluator()
        except Foreign as error:
            traceback.print_exc()
            send(asdict(PairReport(str(folder), str(error), foreign=True)))
            continue
        except GanBenchError as error:
            traceback.print_exc()
            send(asdict(PairReport(str(folder), str(error), stops=kind_of(error))))
            return
        if folder.parent not in reports:
            report = _try_pair(task, evaluator, metrics_tried, folder, fresh)
            reports[folder.parent] = replace(report, free_bytes=free)
            metrics_tried = metrics_tried or not report.error
        send(asdict(replace(reports[folder.parent], cell=str(folder))))
    if evaluator is not None and metrics_tried:
        fresh.end()  # its memory is free for the measuring
        _measure_scale(folders[-1], evaluator, task, send)


def _task_here(folder: Path) -> Task:
    """The task of a cell; on the CPU if only other machines have its device."""
    task = read_task(folder)
    environment = task.cell.environment
    if is_here(environment.device):
        return task
    here = environment.model_copy(update={"device": "cpu"})
    return replace(task, cell=task.cell.model_copy(update={"environment": here}))


def _measure_scale(cell: Path, evaluator: Evaluator, task: Task, send: Send) -> None:
    """Measure the scale of the cell's protocol, unless it is there; a fault is only a warning."""
    home = protocol_folder_of(cell)
    if has_scale(home):
        return
    try:
        scale = measure_scale(evaluator, task.prepared, lambda what, *_: send({"phase": what}))
        write_scale(home, scale)
    except (Exception, SystemExit) as error:
        traceback.print_exc()
        send({"warning": f"no scores of {REAL}: {sentence(error)}"})
    else:
        if scale.why_no_real:
            send({"warning": f"no scores of {REAL}: {scale.why_no_real}"})


def _take_output() -> Send:
    """Keep standard output for our rows: what a plugin prints goes to the cell's log."""
    rows = os.fdopen(os.dup(1), "w")

    def send(row: dict[str, Any]) -> None:
        rows.write(json.dumps(row) + "\n")
        rows.flush()

    return send


def hint_of_precision(error: BaseException, task: Task) -> str:
    """What to try where a step failed in bf16 on a device that does not compute it itself."""
    device = torch.device(task.cell.environment.device).type
    in_vain = task.schedule.precision == "bf16" and not computes_bf16(device)
    if not (in_vain and isinstance(error, RuntimeError)):
        return ""
    return f"; this {device} does not compute bf16 itself: try --precision fp32"


def _try_pair(
    task: Task, evaluator: Evaluator, metrics_tried: bool, folder: Path, fresh: Fresh
) -> PairReport:
    before = process_wide()
    try:
        with time_limit(task.cell.environment.timeout or LIMIT_SECONDS):
            try:
                return _one_step(task, evaluator, metrics_tried, folder, fresh, before)
            finally:  # a change may be the cause of an error
                _check_manners(f"{task.cell.architecture} / {task.cell.loss}", before)
    except (Exception, SystemExit) as error:
        traceback.print_exc()
        fresh.end()  # what the pair changed in this process, it may have changed there
        reason = failure_reason(error, task.schedule.batch) + hint_of_precision(error, task)
        return PairReport("", reason, impossible=isinstance(error, Impossible))
    finally:
        restore(before)


def _check_manners(who: str, before: State) -> None:
    if changed := changed_since(before):
        restore(before)
        raise BadManners(
            f"{who} changed {', '.join(changed)}, which the whole process shares: a plugin draws "
            "from torch's generator, without a seed of its own, and leaves the rest alone"
        )


def _try_metrics(evaluator: Evaluator, fakes: np.ndarray) -> None:
    """BadManners names the metrics, and not the pair whose images they get."""
    before = process_wide()
    try:
        evaluator.measure(fakes)
    finally:
        _check_manners("a metric, or the network that it reads,", before)


def _one_step(
    task: Task,
    evaluator: Evaluator,
    metrics_tried: bool,
    folder: Path,
    fresh: Fresh,
    before: State,
) -> PairReport:
    """Build, step, draw, measure, save and read back."""
    if not (tried := trained_before(folder.parent, task)):
        fresh.begin()  # it imports while this process takes the step
    training, schedule, seed = task.begin(), task.schedule, task.cell.seed
    images = task.prepared.train
    _checkpoint_bytes(training)  # G's average copies extra state: what cannot be copied ends here
    loss = checked(task.loss)
    FirstStep(task.begin, loss, images, schedule, seed, task.labels).take(training)
    if torch.initial_seed() != rng.key(seed, "noise", 0):
        raise BadManners(f"{task.cell.architecture} or {task.cell.loss} seeds torch anew")
    try:
        fakes = generate(training, latents(training, seed, TRIED, task.labels), schedule.batch)
    except Diverged as error:
        raise NotFinite(f"{error}, in evaluation mode: {NETWORK}") from None
    if not metrics_tried:
        _check_manners(f"{task.cell.architecture} / {task.cell.loss}", before)
        _try_metrics(evaluator, fakes)
    state = _checkpoint_bytes(training)
    memory = _memory_bytes(evaluator, training.device, task.protocol.evaluation.samples)
    if not tried:
        check_repeatable(trial.trial_of(task, folder), fresh)
    kept = 2 if schedule.on_collapse == "rollback" else 1  # the healthy state beside the last
    return PairReport(
        "",
        state_bytes=kept * state,
        left_bytes=_result_bytes(task, training.ema),
        memory_bytes=memory,
    )


def trained_before(pair: Path, task: Task) -> bool:
    """Whether the same code has trained a cell of this pair: then it was tried before that."""
    code = training_code(task.code())
    for seed in sorted(pair.iterdir()):
        try:
            record = read_record(seed)
        except StorageError:  # it is not done
            continue
        if record.status != "failed" and training_code(record.code) == code != "":
            return True
    return False


def _checkpoint_bytes(training: Training) -> int:
    """The size of a checkpoint; BadManners if it cannot be read back safely."""
    saved = io.BytesIO()
    try:
        torch.save(full_state(training), saved)
        saved.seek(0)
        torch.load(saved, map_location="cpu", weights_only=True)
    except Exception as error:
        raise BadManners(
            f"what it keeps between steps cannot be saved and read back safely ({error}): keep it "
            "in parameters and buffers, or as plain values in its extra state"
        ) from error
    return saved.getbuffer().nbytes


def _result_bytes(task: Task, G: torch.nn.Module) -> int:
    """Weights, sample grids that no compression makes smaller, and a few hundred lines."""
    weights = sum(p.numel() * p.element_size() for p in G.state_dict().values())
    C, H, W = task.protocol.data.shape
    grid = C * grid_pixels(GRID_SIDE, H) * grid_pixels(GRID_SIDE, W)
    return int(weights) + task.schedule.ticks * grid + 200_000


def _memory_bytes(evaluator: Evaluator, device: str, samples: int) -> int:
    """The peak of the step, and on a CPU the features of all generated images.

    They are float32, and those of one net at a time are there in float64 as well.
    """
    if device.startswith("cuda"):
        return peak_bytes(device)
    widths = [int(net.real.shape[1]) for net in evaluator.nets.values()]
    sizes = [4 * width * samples for width in widths]
    return peak_bytes(device) + sum(sizes) + COPIES * max(sizes)


if __name__ == "__main__":
    exit_code = 1
    try:
        # ten thousand folders would be too many words for a command line
        main([Path(each) for each in json.loads(sys.stdin.buffer.readline())])
        exit_code = 0
    except BaseException:
        traceback.print_exc()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError):
            stream.flush()
    os._exit(exit_code)  # a thread of a plugin may never end
