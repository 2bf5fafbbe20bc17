"""The one way onto a disk: a file is written whole or not at all."""

from __future__ import annotations

import errno
import hashlib
import io
import json
import math
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from gan_bench.base import text
from gan_bench.contract.errors import StorageError
from gan_bench.results.reading import BINARY, digest_of

if TYPE_CHECKING:
    from typing_extensions import Buffer

PART = ".part"  # what a file is called until it is complete


# Writing: the one path on which anything gets onto a disk
@contextmanager
def writing(path: Path, size: int | None = None, head: int = 0) -> Iterator[Draft]:
    """Keep all that the block adds to the file, or nothing.

    A temporary file beside it is written, synced and read back, and only then takes its name: a
    process that is killed, a full disk or a disk that returns other bytes leaves what was there
    before. Raises StorageError; `size` in bytes, where it is known, is told if there is no room.
    So many bytes at the beginning as `head` says are written last.
    """
    draft = Draft(path, size, head)
    with draft.told():
        try:
            with draft.opened():
                yield draft
            draft.keep()
        except BaseException:
            draft.temporary.unlink(missing_ok=True)
            raise


class Draft:
    """A file on its way onto the disk; the digest is of its bytes in the order they were added."""

    def __init__(self, path: Path, size: int | None, head: int) -> None:
        self.path = path
        self.temporary = path.with_name(f".{path.name[-200:]}.{os.getpid()}{PART}")
        self.size, self.head = size, head
        self.handle, self.written = -1, 0
        self.digest = hashlib.sha256()

    def add(self, part: Buffer) -> None:
        """Write what comes next."""
        with self.told():  # of several drafts this is the one that failed
            write_all(self.handle, part)
        self.digest.update(part)
        self.written += memoryview(part).nbytes

    def add_head(self, part: Buffer) -> None:
        """Write what was left out at the beginning."""
        os.lseek(self.handle, 0, os.SEEK_SET)
        self.add(part)

    @contextmanager
    def opened(self) -> Iterator[None]:
        """It can be added to, and is on the disk when the block has ended well."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | BINARY
        self.handle = os.open(self.temporary, flags, 0o666)
        try:
            os.lseek(self.handle, self.head, os.SEEK_SET)
            yield
            os.fsync(self.handle)
        finally:
            os.close(self.handle)

    def keep(self) -> None:
        """Give it its name, if it reads back as it was written."""
        if digest_of(self.temporary, self.head) != self.digest.hexdigest():
            raise OSError(errno.EIO, "it reads back otherwise than it was written")
        os.replace(self.temporary, self.path)
        sync_folder(self.path.parent)

    @contextmanager
    def told(self) -> Iterator[None]:
        """What the system says becomes a sentence about this file."""
        try:
            yield
        except OSError as error:
            why = why_not_written(error, self.path, self.size or self.written)
            raise StorageError(f"cannot write {self.path}: {why}") from error


def write_all(handle: int, part: Buffer) -> None:
    """Write all bytes of a part, however many the system takes at once."""
    rest = memoryview(part).cast("B")
    while rest:
        rest = rest[os.write(handle, rest) :]


def why_not_written(error: OSError, path: Path, size: int) -> str:
    """The system's own words, and the numbers if there was no room."""
    if error.errno not in (errno.ENOSPC, errno.EDQUOT):
        return error.strerror or str(error)
    free = f"{text.size(room(path.parent))} free on {path.parent}"
    return f"no space left: needs {text.size(size)}, {free}; make room first"


def room(folder: Path) -> int:
    """Bytes that can still be written to the disk of this folder, or of the one it would be in."""
    there = next(each for each in (folder.absolute(), *folder.absolute().parents) if each.exists())
    return shutil.disk_usage(there).free


def write_bytes(path: Path, content: Buffer) -> str:
    """One file, all of it or nothing; its SHA-256."""
    with writing(path, memoryview(content).nbytes) as draft:
        draft.add(content)
    return draft.digest.hexdigest()


def write_json(path: Path, value: object) -> None:
    """One JSON document. NaN and infinities are refused: they are no JSON."""
    write_bytes(path, (json.dumps(value, indent=2, allow_nan=False) + "\n").encode())


def write_arrays(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Arrays by name, as .npz; each has a checksum in it."""
    if any(array.dtype.hasobject for array in arrays.values()):
        raise ValueError("an array of objects would be pickled, and pickles are never read")
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)  # type: ignore[arg-type]
    write_bytes(path, buffer.getbuffer())


def append_line(path: Path, row: dict[str, Any]) -> None:
    """One more line of JSON; a number that is not finite becomes null.

    Not synced: what must not be lost of these lines is in the checkpoints as well.
    """
    finite = {
        name: None if isinstance(value, float) and not math.isfinite(value) else value
        for name, value in row.items()
    }
    line = (json.dumps(finite, allow_nan=False) + "\n").encode()
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | BINARY, 0o666)
        try:
            write_all(handle, line)
        finally:
            os.close(handle)
    except OSError as error:
        raise StorageError(
            f"cannot write {path}: {why_not_written(error, path, len(line))}"
        ) from error


def make_folder(folder: Path) -> None:
    """The folder, and all above it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(f"cannot make {folder}: {why_not_written(error, folder, 0)}") from error


def sync_folder(folder: Path) -> None:
    """Until its folder is synced, a new name can be lost with the power."""
    if os.name == "posix":  # elsewhere a folder cannot be opened
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def remove(path: Path) -> None:
    """Delete a file, if it is there."""
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise StorageError(f"cannot delete {path}: {error.strerror or error}") from error


def set_aside(path: Path) -> None:
    """Keep a damaged file out of the way, under its name and .corrupt."""
    try:
        os.replace(path, path.with_name(f"{path.name}.corrupt"))
    except OSError as error:
        raise StorageError(f"cannot rename {path}: {error.strerror or error}") from error


def remove_parts(folder: Path) -> None:
    """Delete what killed writers left half written below a folder that no one else writes to."""
    for path in folder.rglob(f".*{PART}"):
        remove(path)
