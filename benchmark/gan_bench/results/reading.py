"""Files of a results folder, read with limits: nothing in them is trusted."""

from __future__ import annotations

import hashlib
import json
import os
import stat
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import from_json

from gan_bench.base import text
from gan_bench.contract.errors import StorageError

Model = TypeVar("Model", bound=BaseModel)
LARGEST = 16 * 2**20  # bytes of a document that is read: a record has 10,000, a long curve 100,000
LOG_TAIL = 20_000  # bytes of a log that are looked through for a reason
BINARY = getattr(os, "O_BINARY", 0)  # Windows would change line ends


# Reading
def read_bytes(path: Path, most: int = LARGEST) -> bytes:
    """A regular file of at most so many bytes; StorageError for anything else."""
    try:
        about = os.stat(path)
        if not stat.S_ISREG(about.st_mode):
            raise StorageError(f"unreadable {path}: it is no regular file")
        if about.st_size > most:
            raise StorageError(f"unreadable {path}: {text.size(about.st_size)} are too many")
        handle = os.open(path, os.O_RDONLY | BINARY)
        try:
            return b"".join(iter(partial(os.read, handle, about.st_size + 1), b""))
        finally:
            os.close(handle)
    except OSError as error:
        raise StorageError(f"cannot read {path}: {error.strerror or error}") from error


def digest_of(path: Path, head: int = 0) -> str:
    """SHA-256 of a file's bytes; the first `head` of them come last, as they are written."""
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
    """The end of a log, "" if there is none."""
    try:
        with path.open("rb") as log:
            log.seek(0, os.SEEK_END)
            log.seek(max(0, log.tell() - most))
            return log.read().decode(errors="replace")
    except OSError:
        return ""


def read_lines(path: Path) -> list[dict[str, Any]]:
    """The complete lines of a JSON-lines file; an unfinished last one is left out."""
    try:
        lines = read_bytes(path).split(b"\n")[:-1]
    except StorageError:
        if os.path.lexists(path):
            raise
        return []
    try:
        rows = _parse_lines(lines)
    except (ValueError, RecursionError) as error:  # of UTF-8 or of JSON
        raise StorageError(f"unreadable {path}: {error}") from error
    if any(kind is not dict for kind in set(map(type, rows))):
        raise StorageError(f"unreadable {path}: a line is no JSON object")
    return rows


def _parse_lines(lines: list[bytes]) -> list[Any]:
    """JSON, five times as fast as the standard library reads it, where nothing is odd about it."""
    try:
        return list(map(from_json, lines))
    except ValueError:  # json reads a little more, half a surrogate, and its words are known
        return [json.loads(line.decode()) for line in lines]


def last_line(path: Path) -> dict[str, Any]:
    """The last complete line, {} if there is none that can be read."""
    try:
        lines = read_lines(path)
    except StorageError:
        return {}
    return lines[-1] if lines else {}


def read_model(path: Path, kind: type[Model]) -> Model:
    """A JSON document as a checked value."""
    try:
        return kind.model_validate_json(read_bytes(path))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"])) or "the document"
        raise StorageError(f"unreadable {path}: {where}: {first['msg']}") from error
