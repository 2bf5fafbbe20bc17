"""One process at a time in a folder."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import filelock

from gan_bench.contract.errors import StorageError
from gan_bench.results.atomic import make_folder, remove, write_json
from gan_bench.results.layout import HOUSEKEEPING
from gan_bench.results.reading import read_bytes


@contextmanager
def alone_in(folder: Path, wait: float = 0) -> Iterator[None]:
    """Lock a folder for the block. Raises StorageError with the holder's name after `wait` seconds.

    It is a lock of the operating system, so a killed process leaves none behind.
    """
    make_folder(folder)
    path, holder = (folder / name for name in HOUSEKEEPING)
    lock = filelock.FileLock(path, timeout=wait)
    try:
        lock.acquire()
    except filelock.Timeout as error:
        raise StorageError(
            f"{folder} is being used by another run{_holder_text(holder)}: wait for its end, "
            "or choose another --results"
        ) from error
    except OSError as error:
        raise StorageError(f"cannot lock {folder}: {error.strerror or error}") from error
    try:
        write_json(holder, {"pid": os.getpid(), "host": socket.gethostname()})
        yield
        remove(holder)
    finally:
        lock.release()


def is_locked(folder: Path) -> bool:
    """Whether a process works in the folder. False too where the lock may not be tried."""
    path = folder / HOUSEKEEPING[0]
    if not path.exists():
        return False
    try:
        with filelock.FileLock(path, timeout=0):
            return False
    except filelock.Timeout:
        return True
    except OSError:
        return False


def _holder_text(path: Path) -> str:
    try:
        holder = json.loads(read_bytes(path))
        return f" (process {int(holder['pid'])} on {holder['host']})"
    except (StorageError, ValueError, LookupError, TypeError):
        return ""  # the holder file may not be written yet
