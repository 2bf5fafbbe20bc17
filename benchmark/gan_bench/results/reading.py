"""Reading the files of a results folder. Nothing in them is trusted; their size is limited."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import from_json

from gan_bench.base import text
from gan_bench.contract.errors import StorageError

Model = TypeVar("Model", bound=BaseModel)
Read = TypeVar("Read")
LARGEST = 16 * 2**20  # bytes of a file that is read: a record has 10,000, a long curve 100,000
LOG_TAIL = 20_000  # bytes at the end of a log that are searched for a reason
BINARY = getattr(os, "O_BINARY", 0)  # Windows would change line ends


class Damaged(StorageError):
    """A file that could be read is not what it should be."""


def read_bytes(path: Path, most: int = LARGEST) -> bytes:
    """The content of a regular file of at most `most` bytes.

    Damaged for any other; StorageError if it is not there, or the disk does not give it.
    """
    try:
        status = os.stat(path)
        if not stat.S_ISREG(status.st_mode):
            raise Damaged(f"unreadable {path}: it is no regular file")
        if status.st_size > most:
            raise Damaged(f"unreadable {path}: {text.size(status.st_size)} are too many")
        handle = os.open(path, os.O_RDONLY | BINARY)
        try:
            return b"".join(iter(partial(os.read, handle, status.st_size + 1), b""))
        finally:
            os.close(handle)
    except OSError as error:
        raise StorageError(f"cannot read {path}: {error.strerror or error}") from error


def readable(read: Callable[[Path], Read], folders: Iterable[Path]) -> tuple[list[Read], list[str]]:
    """What can be read of these, and a sentence for each that cannot."""
    found, faults = list[Read](), list[str]()
    for folder in folders:
        try:
            found.append(read(folder))
        except StorageError as error:
            faults.append(str(error))
    return found, faults


def digest_of(path: Path, head: int = 0) -> str:
    """SHA-256 of a file; its first `head` bytes are digested last, in the order of writing."""
    digest = hashlib.sha256()
    handle = os.open(path, os.O_RDONLY | BINARY)
    try:
        os.lseek(handle, head, os.SEEK_SET)
        while chunk := os.read(handle, 2**20):
            digest.update(chunk)
        os.lseek(handle, 0, os.SEEK_SET)
        digest.update(os.read(handle, head))
    finally:
        os.close(handle)
    return digest.hexdigest()


def tail(path: Path, most: int = LOG_TAIL) -> str:
    """The end of a log; "" if there is none."""
    try:
        with path.open("rb") as log:
            log.seek(0, os.SEEK_END)
            log.seek(max(0, log.tell() - most))
            return log.read().decode(errors="replace")
    except OSError:
        return ""


def read_lines(path: Path) -> list[dict[str, Any]]:
    """The complete lines of a JSON-lines file. A last line without its end is left out."""
    try:
        lines = read_bytes(path).split(b"\n")[:-1]
    except StorageError:
        if os.path.lexists(path):
            raise
        return []
    try:
        # four times as fast as json.loads: a report at equal time reads two million lines
        rows = [from_json(line) for line in lines]
    except ValueError as error:
        raise Damaged(f"unreadable {path}: {error}") from error
    if not all(isinstance(row, dict) for row in rows):
        raise Damaged(f"unreadable {path}: a line is no JSON object")
    return rows


def last_line(path: Path) -> dict[str, Any]:
    """The last complete line; {} if there is none that can be read."""
    try:
        lines = read_lines(path)
    except StorageError:
        return {}
    return lines[-1] if lines else {}


def read_model(path: Path, kind: type[Model]) -> Model:
    """Read a JSON document as a checked value. Damaged says where it is wrong."""
    try:
        return kind.model_validate_json(read_bytes(path))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"])) or "the document"
        raise Damaged(f"unreadable {path}: {where}: {first['msg']}") from error
