"""Files are written whole or not at all. Everything that is written to a disk is written here."""

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

PART = ".part"  # ending of a file that is not complete yet


@contextmanager
def writing(
    path: Path, size: int | None = None, head: int = 0, verified: bool = True
) -> Iterator[Draft]:
    """Write to the path all that the block adds to the draft, or nothing.

    A temporary file is written, synced and read back before it is renamed to the path. If the
    process is killed, the disk is full or returns other bytes, the old file stays. Raises
    StorageError; `size`, in bytes, is named in it if there is no space left. The first `head`
    bytes are left out, to be written last by `add_head`. What this process alone reads, and soon
    deletes, need not be `verified`: it is neither synced nor read back.
    """
    if not path.name:  # `.` or `/`
        raise StorageError(f"cannot write {path}: it is a folder")
    draft = Draft(path, size, head, verified)
    with draft.storage_errors():
        try:
            with draft.opened():
                yield draft
            draft.commit()
        except BaseException:
            draft.temporary.unlink(missing_ok=True)
            raise


class Draft:
    """A file that is being written. If it is verified, `digest` is of its bytes as they came."""

    def __init__(self, path: Path, size: int | None, head: int, verified: bool) -> None:
        self.path = path
        self.temporary = _temporary(path)
        self.size, self.head, self.verified = size, head, verified
        self.handle, self.written = -1, 0
        self.digest = hashlib.sha256()

    def add(self, part: Buffer) -> None:
        """Append bytes."""
        with self.storage_errors():  # here as well: of several open drafts this is the one to name
            write_all(self.handle, part)
        if self.verified:
            self.digest.update(part)
        self.written += memoryview(part).nbytes

    def add_head(self, part: Buffer) -> None:
        """Write the first bytes, which were left out."""
        os.lseek(self.handle, 0, os.SEEK_SET)
        self.add(part)

    @contextmanager
    def opened(self) -> Iterator[None]:
        """Open the temporary file. If nothing fails in the block, a verified one is synced."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | BINARY
        self.handle = os.open(self.temporary, flags, 0o666)
        try:
            os.lseek(self.handle, self.head, os.SEEK_SET)
            yield
            if self.verified:
                os.fsync(self.handle)
        finally:
            os.close(self.handle)

    def commit(self) -> None:
        """Rename the temporary file to the path; a verified one if it reads back as written."""
        if self.verified and digest_of(self.temporary, self.head) != self.digest.hexdigest():
            raise OSError(errno.EIO, "it reads back otherwise than it was written")
        os.replace(self.temporary, self.path)
        if self.verified:
            sync_folder(self.path.parent)

    @contextmanager
    def storage_errors(self) -> Iterator[None]:
        """Raise an OSError of the block as a StorageError that names this file."""
        try:
            yield
        except OSError as error:
            why = why_not_written(error, self.path, self.size or self.written)
            raise StorageError(f"cannot write {self.path}: {why}") from error


def _temporary(path: Path) -> Path:
    """Where a file is written before it has its name."""
    return path.with_name(f".{path.name[-200:]}.{os.getpid()}{PART}")


def write_all(handle: int, part: Buffer) -> None:
    """Write all bytes; the system may take fewer at once."""
    rest = memoryview(part).cast("B")
    while rest:
        rest = rest[os.write(handle, rest) :]


def why_not_written(error: OSError, path: Path, size: int) -> str:
    """The system's own words, and what to do where it says that nothing may be written.

    If no space was left: how much is needed and how much is free.
    """
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"{error.strerror}: make {_existing(path.parent)} writable, or choose another folder"
    if error.errno not in (errno.ENOSPC, errno.EDQUOT):
        return error.strerror or str(error)
    free = f"{text.size(room(path.parent))} free on {path.parent}"
    return f"no space left: needs {text.size(size)}, {free}; make room first"


def room(folder: Path) -> int:
    """Free bytes on the disk of this folder, which need not exist yet."""
    return shutil.disk_usage(_existing(folder)).free


def _existing(folder: Path) -> Path:
    """The folder, or the nearest one above it that is there."""
    folder = folder.absolute()
    return next(each for each in (folder, *folder.parents) if os.path.exists(each))


def write_bytes(path: Path, content: Buffer) -> str:
    """Write a file, all of it or nothing; return its SHA-256."""
    with writing(path, memoryview(content).nbytes) as draft:
        draft.add(content)
    return draft.digest.hexdigest()


def write_json(path: Path, value: object) -> None:
    """Write a JSON document. Raises ValueError for NaN and infinities, which are no JSON."""
    write_bytes(path, (json.dumps(value, indent=2, allow_nan=False) + "\n").encode())


def write_arrays(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Write arrays by name as .npz, which holds a checksum of each."""
    if any(array.dtype.hasobject for array in arrays.values()):
        raise ValueError("an array of objects would be pickled, and pickles are never read")
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)  # type: ignore[arg-type]
    write_bytes(path, buffer.getbuffer())


def copy_file(source: Path, path: Path) -> None:
    """Copy a file with its times, all of it or nothing. It is not synced: the source stays."""
    temporary = _temporary(path)
    try:
        try:
            shutil.copy2(source, temporary, follow_symlinks=False)
            os.replace(temporary, path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
    except OSError as error:
        why = why_not_written(error, path, os.lstat(source).st_size)
        raise StorageError(f"cannot copy {source} to {path}: {why}") from error


def append_line(path: Path, row: dict[str, Any]) -> None:
    """Append one line of JSON; a number that is not finite becomes null.

    The line is not synced: checkpoints hold the lines that must not be lost.
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
    """Make the folder and all above it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(f"cannot make {folder}: {why_not_written(error, folder, 0)}") from error


def sync_folder(folder: Path) -> None:
    """Sync a folder: until then a power failure can lose the name of a new file."""
    if os.name == "posix":  # Windows cannot open a folder
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def remove(path: Path) -> None:
    """Delete a file, if there is one."""
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise StorageError(f"cannot delete {path}: {error.strerror or error}") from error


def set_aside(path: Path) -> None:
    """Rename a damaged file to <name>.corrupt."""
    try:
        os.replace(path, path.with_name(f"{path.name}.corrupt"))
    except OSError as error:
        raise StorageError(f"cannot rename {path}: {error.strerror or error}") from error
