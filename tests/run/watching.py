"""Cells in every state, as files that are written by hand, and a Watch that looks at them."""

from __future__ import annotations

import io
import os
import socket
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil
from planning import record
from rich.console import Console

from gan_bench.contract.protocol import Data, Evaluation, MetricSpec, Protocol, Schedule
from gan_bench.results.atomic import append_line
from gan_bench.results.layout import CURVE, SPEED, STARTS
from gan_bench.run.progress import Watch

DATA = Data(name="faces", fingerprint="ab", shape=(3, 16, 16), train=9000, held_out=1000)
PROTOCOL = Protocol(
    data=DATA,
    schedule=Schedule(kimg=10, batch=50),
    evaluation=Evaluation(
        samples=50,
        features="eye",
        digests={},
        metrics=(MetricSpec(name="fd-eye", higher_is_better=False, features="eye"),),
    ),
)


def started(folder: Path, pid: int | None = None, host: str = "", at: str = "") -> Path:
    """By this process, which is alive, unless said otherwise."""
    began = datetime.fromtimestamp(psutil.Process().create_time(), UTC)
    row = {"at": at or began.isoformat(timespec="seconds"), "pid": pid or os.getpid()}
    append_line(folder / STARTS, row | {"host": host or socket.gethostname()})
    return folder


def trained(folder: Path, kimg: float, rate: float = 500.0, d_steps: int = 1) -> Path:
    if not (folder / STARTS).exists():
        started(folder)
    step = round(kimg * 1000 / (PROTOCOL.schedule.batch * d_steps))
    row = {"step": step, "kimg": kimg, "loss_d": 1.25, "loss_g": None}
    append_line(folder / CURVE, row)
    append_line(folder / SPEED, {"kimg": kimg, "images_per_second": rate})
    return folder


def ended(folder: Path, status: str, **more: Any) -> Path:
    record(folder, status, **more)
    return folder


def watched(
    *folders: Path, terminal: bool = False, jobs: int = 1, width: int = 100, height: int = 24
) -> tuple[Watch, io.StringIO]:
    said = io.StringIO()
    console = Console(file=said, force_terminal=terminal, width=width, height=height)
    return Watch(console, PROTOCOL, list(folders), jobs), said


def phases(watch: Watch) -> list[str]:
    return [state.phase for state in watch.states()]


def shown(watch: Watch, said: io.StringIO) -> list[str]:
    """The lines of the live view."""
    watch.console.print(watch.view())
    return said.getvalue().splitlines()
