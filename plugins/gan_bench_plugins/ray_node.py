"""What a Ray task does on its node: it runs one cell as a process, and sends back what is new."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from gan_bench import (
    CellFiles,
    cell_command,
    cell_files,
    keep_images,
    lacks_images,
    write_cell_files,
)

POLL_SECONDS = 0.1
SEND_SECONDS = 1.0
GRACE_SECONDS = 60  # for a cell to save its state: one step, and the scores of one tick
LOST = -int(getattr(signal, "SIGKILL", 9))

Lack = Literal["folder", "images"]


@dataclass(frozen=True, kw_only=True)
class Order:
    """A cell to run. References stand in tuples, so that Ray does not fetch what nobody needs."""

    number: int
    folder: Path  # absolute, on the machine that has the results
    token: Path  # a file beside the results, of this run alone
    files: tuple[Any, ...] = ()  # a reference to CellFiles, for a node that does not see the folder
    images: tuple[Any, ...] = ()  # a reference to a copy of the prepared images


@dataclass(frozen=True)
class Answer:
    """How a task ended: with an exit code, or at once, because its node lacks something."""

    code: int | None
    lacks: Lack | None = None
    files: CellFiles | None = None  # the last that are new


class Post:
    """An actor through which tasks send files, and are told to stop."""

    def __init__(self) -> None:
        self.stopping = False
        self.waiting: list[tuple[int, CellFiles]] = []

    def send(self, number: int, files: CellFiles | None) -> bool:
        """Leave what is new of a cell; whether its task must stop."""
        if files:
            self.waiting.append((number, files))
        return self.stopping

    def take(self) -> list[tuple[int, CellFiles]]:
        """What was left since the last call, in order."""
        taken, self.waiting = self.waiting, []
        return taken

    def stop(self) -> None:
        """From now on all tasks must stop."""
        self.stopping = True


def run_order(order: Order, post: Any) -> Answer:
    """The task: run the cell where its folder is seen, else in a copy."""
    import ray

    if ray.get(post.send.remote(order.number, None)):
        return Answer(-int(signal.SIGTERM))
    if order.token.exists():
        return _run(order, order.folder, post, None)
    if not order.files:
        return Answer(None, "folder")
    with _copy(order, ray.get(order.files[0])) as (folder, before):
        return _run(order, folder, post, before)


@contextmanager
def _copy(order: Order, files: CellFiles) -> Iterator[tuple[Path, CellFiles]]:
    """A folder of this node with the files of the cell, until the block ends; what it has."""
    _remove_left()
    top = Path(tempfile.mkdtemp(prefix=f"{_prefix()}{os.getpid()}-"))
    folder = top.joinpath(*order.folder.parts[-4:])
    try:
        folder.mkdir(parents=True)
        yield folder, write_cell_files(folder, files)
    finally:
        shutil.rmtree(top, ignore_errors=True)


def _prefix() -> str:
    return f"gan-bench-{os.getuid() if hasattr(os, 'getuid') else 0}-"


def _remove_left() -> None:
    """Delete what tasks of this node left that were killed, an hour after their last file."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_prefix()}*"):
        pid = folder.name.removeprefix(_prefix()).partition("-")[0]
        is_old = time.time() - folder.stat().st_mtime > 3600
        if is_old and pid.isdecimal() and not Path(f"/proc/{pid}").exists():
            shutil.rmtree(folder, ignore_errors=True)


def _run(order: Order, folder: Path, post: Any, before: CellFiles | None) -> Answer:
    """Run the cell in this folder; `before` is what a copy had, and None means no copy."""
    import ray

    if lacks_images(folder):
        if not order.images:
            return Answer(None, "images")
        keep_images(folder, ray.get(order.images[0]))
    process = _start(folder)
    try:
        while process.poll() is None:
            new, before = _news(folder, before)
            if ray.get(post.send.remote(order.number, new)):
                process.terminate()
            _wait(process, SEND_SECONDS)
    finally:
        _end(process)
    new, _ = _news(folder, before)
    return Answer(process.returncode, files=new)


def _news(folder: Path, before: CellFiles | None) -> tuple[CellFiles | None, CellFiles | None]:
    """What is new in a copy, and what it has now; neither if the folder is not a copy."""
    if before is None:
        return None, None
    new = cell_files(folder, before)
    return new, CellFiles(stamps=new.stamps)


def _start(folder: Path) -> subprocess.Popen[bytes]:
    """A process of its own, and not the worker itself: no memory of a GPU outlives it.

    Its standard input ends when the worker does, even if that is killed.
    """
    import ray

    words, environment = cell_command(folder)
    # Ray no longer hides the GPUs of a task that asked for none, so ours are named
    gpus = ray.get_runtime_context().get_accelerator_ids().get("GPU", [])
    if gpus:
        environment["CUDA_VISIBLE_DEVICES"] = ",".join(gpus)
    with (folder / "cell.log").open("ab") as log:
        return subprocess.Popen(
            words,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )


def _wait(process: subprocess.Popen[bytes], seconds: float) -> None:
    end = time.monotonic() + seconds
    while process.poll() is None and time.monotonic() < end:
        time.sleep(POLL_SECONDS)


def _end(process: subprocess.Popen[bytes]) -> None:
    """The task itself was ended: let the cell save its state."""
    if process.poll() is None:
        process.terminate()
        _wait(process, GRACE_SECONDS)
        process.kill()
        process.wait()
