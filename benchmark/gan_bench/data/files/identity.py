"""What identifies the files of a set: where they are, what they are now, some of their bytes."""

from __future__ import annotations

import hashlib
import json
import os
import random
import struct
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from gan_bench.contract.errors import DataError
from gan_bench.data.files.kinds import (
    HEAD,
    IMAGE_SUFFIXES,
    TEXT_SUFFIXES,
    Kind,
    kind_of,
    suffix_of,
)
from gan_bench.data.files.walk import File

MOST_READ = 2000  # files of which the first bytes are read at every start
SAMPLED = 48  # files, or places in a single file, of which some bytes are read
SAMPLE = 1024  # bytes at each place
END = struct.Struct("<4s4H2LH")  # the end record of a zip: signature, counts, sizes
END_MARK = b"PK\5\6"
LARGEST_COMMENT = 2**16
MOST_DIRECTORY = 64 * 2**20  # bytes of a zip's directory that are read


def identity_of(root: str, files: Sequence[File]) -> list[Any]:
    """Plain data that differs if the real path or any file differs; no image is decoded.

    A file is known by its name, its size, its two times of change and its inode. No program can
    set the second time back, and a file that replaces another one has another inode. The sample
    is for file systems that keep neither.
    """
    names, facts = [file.name for file in files], [file.facts for file in files]
    digest = _digest(json.dumps(names).encode(), repr(facts).encode())
    chosen = files
    if len(files) > SAMPLED:
        chosen = random.Random(digest).sample(files, SAMPLED)
    parts = (file.read(place, SAMPLE) for file in chosen for place in _ends(file.size))
    return [root, len(files), digest, _digest(*parts)]


def without_text(files: Sequence[File]) -> list[File]:
    """The files that may be images: programs write logs into the folder while they run.

    Their content decides. If many files do not say by their names that they are images, only
    those that say that they are text are looked into.
    """
    doubtful = {file.name for file in files if suffix_of(file.name) not in IMAGE_SUFFIXES}
    if len(doubtful) > MOST_READ:
        doubtful = {name for name in doubtful if suffix_of(name) in TEXT_SUFFIXES}
    return [file for file in files if file.name not in doubtful or not _is_text(file)]


def files_matching(root: Path, patterns: Sequence[str]) -> Iterator[File]:
    """The files and folders below root that match, as a named data set reads them."""
    paths = {str(path) for pattern in patterns for path in root.glob(pattern)}
    try:
        for path in sorted(paths):
            name = os.path.relpath(path, root).replace(os.sep, "/")
            yield File(name, path, _status(path))
    except OSError as error:
        raise DataError(f"cannot read {error.filename}: {error.strerror or error}") from error


def _status(path: str) -> os.stat_result:
    try:
        return os.stat(path)
    except OSError:  # a link to nothing
        return os.lstat(path)


def identity_of_file(path: Path) -> list[Any]:
    """The same of one file that holds a whole set. Of a zip, its directory has all checksums."""
    try:
        file = File(path.name, str(path), path.stat())
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror or error}") from error
    size = file.size
    parts = (file.read(size * k // SAMPLED, SAMPLE) for k in range(SAMPLED))
    return [str(path), file.facts, _digest(*parts, _directory(file))]


def _is_text(file: File) -> bool:
    return kind_of(file.read(0, HEAD), suffix_of(file.name)) in (Kind.TEXT, Kind.EMPTY)


def _ends(size: int) -> tuple[int, ...]:
    return (0, size - SAMPLE) if size > SAMPLE else (0,)


def _digest(*parts: bytes) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    return digest.hexdigest()


def _directory(file: File) -> bytes:
    """The directory of a zip, with the end record; the last bytes of any other file."""
    size = file.size
    tail = file.read(max(0, size - LARGEST_COMMENT - END.size), LARGEST_COMMENT + END.size)
    place = tail.rfind(END_MARK)
    if place < 0 or len(tail) - place < END.size:
        return tail
    length = END.unpack_from(tail, place)[5] + len(tail) - place  # 4 GiB mean: see elsewhere
    return file.read(max(0, size - length, size - MOST_DIRECTORY), min(length, MOST_DIRECTORY))
