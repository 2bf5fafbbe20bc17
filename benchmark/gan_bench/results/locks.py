"""One process at a time in a folder, and who is in it.

Whoever writes into a results folder locks the folder that it writes into: `run`, `measure`, `draw`
and `remove` lock that of a protocol, a cell its own, `score` that of an entry, `metrics audit` that
of an audit, `branch` that of a cell's branches. `remove` and `merge` also look for locks in all
folders below.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Literal

import filelock
from pydantic import BaseModel, ConfigDict

from gan_bench.contract.errors import StorageError
from gan_bench.results.atomic import PART, make_folder, remove, why_not_written, write_json
from gan_bench.results.layout import HOUSEKEEPING
from gan_bench.results.reading import BINARY, read_model

Work = Literal[
    "training",
    "measuring",
    "drawing",
    "scoring",
    "removing",
    "merging",
    "tracking",
    "publishing",
    "auditing",
    "branching",
]
LOCK, HOLDER = HOUSEKEEPING


class InUse(StorageError):
    """Another process works in the folder."""

    def __init__(self, folder: Path) -> None:
        holder = _holder_text(folder)
        super().__init__(f"{folder} is being used{holder}: wait for its end, or stop it")


@contextmanager
def alone_in(
    folder: Path, work: Work, wait: float = 0, within: Path | None = None
) -> Iterator[None]:
    """Lock a folder for the block; InUse with the holder's name after `wait` seconds.

    The folder is made if it is not there, but not if `within`, which has it, has been removed.
    StorageError if the folder cannot be locked. It is a lock of the operating system, so a killed
    process leaves none behind.
    """
    if within is not None and not within.is_dir():
        raise StorageError(f"{within} is gone: it was removed or renamed a moment ago")
    make_folder(folder)
    lock = filelock.FileLock(folder / LOCK, timeout=wait)
    try:
        lock.acquire()
    except filelock.Timeout as error:
        raise InUse(folder) from error
    except OSError as error:
        why = why_not_written(error, folder / LOCK, 0)
        raise StorageError(f"cannot lock {folder}: {why}") from error
    holder = {"pid": os.getpid(), "host": socket.gethostname(), "work": work}
    try:
        write_json(folder / HOLDER, holder)
        yield
        remove(folder / HOLDER)
    finally:
        lock.release()


def is_locked(folder: Path) -> bool:
    """Whether a process works in the folder. False too where the lock may not be tried."""
    return is_held(folder / LOCK)


def is_held(lock: Path) -> bool:
    """Whether a process holds the lock of this file. False too where that may not be tried."""
    if not lock.exists():
        return False
    try:
        return _is_held(lock)
    except OSError:
        return False


def check_unused(folder: Path, itself: bool = True) -> None:
    """InUse if a process works in the folder or in one below it. Links are not followed.

    `itself` False: the caller has locked the folder, and only those below it are looked at.
    """
    for where, _, names in os.walk(folder):
        inside = Path(where)
        if LOCK in names and (itself or inside != folder) and is_locked(inside):
            raise InUse(inside)


def remove_parts(folder: Path) -> None:
    """Delete the temporary files below a folder, which killed processes left. Lock it first.

    Those of a folder below it, in which another process works, stay.
    """
    for path in folder.rglob(f".*{PART}"):
        between = [up for up in path.parents if up.is_relative_to(folder) and up != folder]
        if path.is_file() and not any(map(is_locked, between)):
            remove(path)


def _is_held(path: Path) -> bool:
    """Whether a process holds this lock. OSError if it cannot be tried."""
    if os.name != "posix":
        with suppress(filelock.Timeout), filelock.FileLock(path, timeout=0):
            return False
        return True
    import fcntl

    handle = os.open(path, os.O_RDONLY | BINARY)  # others may lock it, and we only read it
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False


class Holder(BaseModel):
    """The process that has locked a folder."""

    model_config = ConfigDict(frozen=True)

    pid: int
    host: str
    work: Work | None = None  # an older version did not write it


def holder_of(folder: Path) -> Holder | None:
    """Who has locked a folder, or had it when it was killed; None if the file does not say it."""
    try:
        return read_model(folder / HOLDER, Holder)
    except StorageError:  # it is not there yet, or damaged
        return None


def _holder_text(folder: Path) -> str:
    """` by process 12 on host, for training`, as far as it is known."""
    holder = holder_of(folder)
    if holder is None:
        return " by another process"
    process = f" by process {holder.pid} on {holder.host}"
    return f"{process}, for {holder.work}" if holder.work else process
