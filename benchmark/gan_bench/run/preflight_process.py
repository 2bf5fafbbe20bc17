"""The process that takes one step of every pair: python -m gan_bench.run.preflight_process."""

from __future__ import annotations

import faulthandler
import io
import json
import os
import random
import sys
import traceback
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch

from gan_bench.base import rng
from gan_bench.contract.errors import GanBenchError
from gan_bench.measure.evaluator import Evaluator
from gan_bench.run.cell import end_with_parent, failing
from gan_bench.run.outcome import LOG
from gan_bench.run.preflight import LIMIT_SECONDS, PairReport
from gan_bench.run.task import Task, read_task
from gan_bench.train.cost import peak_memory
from gan_bench.train.loop import Diverged, train
from gan_bench.train.samples import GRID, generate
from gan_bench.train.state import Training, full_state

TRIED = 64  # images that every metric is tried on
CONTEXT = 2**29  # bytes of a GPU that a process takes beside its tensors, about


class BadManners(GanBenchError):
    """A plugin changed what belongs to the whole process."""


# In the process of its own
def main(words: Sequence[str]) -> None:
    """Rehearse the cells in these folders, each pair once; the metrics on the first images."""
    say = _own_output()
    faulthandler.enable()  # a crash says where it was
    end_with_parent()
    ruler: Evaluator | None = None
    tried = False  # whether its metrics have been
    pairs: dict[tuple[str, str], PairReport] = {}
    for folder in map(Path, words):
        say({"begin": str(folder)})
        _log_to(folder / LOG)
        try:
            task = read_task(folder)
            task.checkpoints(folder).check()
            ruler = ruler or task.ruler()
        except GanBenchError as error:
            traceback.print_exc()
            say(asdict(PairReport(str(folder), str(error), stops=error.exit_code)))
            return
        pair = task.cell.architecture, task.cell.loss
        if pair not in pairs:
            pairs[pair] = _rehearsed(task, ruler, tried)
            tried = tried or not pairs[pair].error
        say(asdict(pairs[pair]) | {"cell": str(folder)})


def _own_output() -> Callable[[dict[str, Any]], None]:
    """Standard output for these lines alone: what a plugin prints goes to the cell's log."""
    lines = os.fdopen(os.dup(1), "w")

    def say(row: dict[str, Any]) -> None:
        lines.write(json.dumps(row) + "\n")
        lines.flush()

    return say


def _log_to(path: Path) -> None:
    """Whatever is printed from now on, by Python or not."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
    for number in (1, 2):
        os.dup2(handle, number)
    os.close(handle)


def _rehearsed(task: Task, ruler: Evaluator, tried: bool) -> PairReport:
    faulthandler.dump_traceback_later(task.cell.environment.timeout or LIMIT_SECONDS, exit=True)
    before = _process_wide()
    try:
        found = _one_step(task, ruler, tried)
        changed = [name for name, value in _process_wide().items() if value != before[name]]
        if changed:
            raise BadManners(
                f"{task.cell.architecture} / {task.cell.loss} changed {', '.join(changed)}, which "
                "belong to the whole process: a plugin draws from torch's generator, without a "
                "seed of its own, and leaves the rest alone"
            )
        return found
    except (Exception, SystemExit) as error:
        traceback.print_exc()
        return PairReport("", failing(error, task.protocol.schedule.batch))
    finally:
        faulthandler.cancel_dump_traceback_later()
        torch.set_num_threads(before["torch's number of threads"])
        torch.set_default_dtype(before["torch's default dtype"])


def _process_wide() -> dict[str, Any]:
    return {
        "random's state": random.getstate(),
        "numpy's global random state": repr(np.random.get_state()),
        "torch's number of threads": torch.get_num_threads(),
        "torch's default dtype": torch.get_default_dtype(),
    }


def _one_step(task: Task, ruler: Evaluator, tried: bool) -> PairReport:
    """Build, step, draw, measure, save and read back."""
    training, schedule, seed = task.begin(), task.protocol.schedule, task.cell.seed
    images = task.prepared.train
    try:
        steps = train(
            training, task.loss, images, schedule, seed, stopping=lambda: training.step > 0
        )
        list(steps)
        if torch.initial_seed() != rng.key(seed, "noise", 0):
            raise BadManners(f"{task.cell.architecture} or {task.cell.loss} seeds torch anew")
        z = rng.normal(seed, "z-eval", TRIED, training.z_dim)
        fakes = generate(training, z, schedule.batch)
        if not tried:
            ruler.measure(fakes, with_errors=False)
    except Diverged:  # an outcome of the cell, for its record
        pass
    state = _saved(training)
    kept = 2 if schedule.on_collapse == "rollback" else 1  # the healthy state beside the last
    return PairReport(
        "",
        state_bytes=kept * state,
        left_bytes=_left(task, training.ema),
        memory_bytes=_memory(ruler, training.device),
        free_bytes=_free(training.device),
    )


def _saved(training: Training) -> int:
    """Bytes of its checkpoint, which must be as safe to read as it is to write."""
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


def _left(task: Task, G: torch.nn.Module) -> int:
    """Weights, sample grids that no compression makes smaller, and a few hundred lines."""
    weights = sum(p.numel() * p.element_size() for p in G.state_dict().values())
    C, H, W = task.protocol.data.shape
    return int(weights) + task.protocol.schedule.ticks * GRID * C * (H + 2) * (W + 2) + 200_000


def _memory(ruler: Evaluator, device: str) -> int:
    """What was taken so far, and features of generated images as there are of real ones.

    These are in the host's memory as float32, and those of one net at a time as two copies in
    float64.
    """
    if device.startswith("cuda"):
        return torch.cuda.max_memory_reserved() + CONTEXT
    sizes = [net.real.nbytes for net in ruler.nets.values()]
    return int(peak_memory(device) * 2**20) + sum(sizes) + 4 * max(sizes)


def _free(device: str) -> int | None:
    """Bytes of this GPU when this process is gone."""
    if not device.startswith("cuda"):
        return None
    return torch.cuda.mem_get_info()[0] + torch.cuda.memory_reserved() + CONTEXT


if __name__ == "__main__":
    main(sys.argv[1:])
