"""The files of a cell as bytes, for engines whose cells run where the results folder is not seen.

The node trains in a copy of the folder. While it does, it sends back what is new, and whoever has
the results writes it there, so that the live view and a retry find it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from gan_bench.contract.errors import StorageError
from gan_bench.results.atomic import PART, make_folder, remove, write_bytes
from gan_bench.results.layout import (
    CHECKPOINTS,
    EVALUATIONS,
    HOUSEKEEPING,
    PROTOCOL,
    RECORD,
    SCALE,
    SCORES,
    protocol_folder_of,
)

Stamp = tuple[int, int]  # when a file was last written, in nanoseconds, and its size


@dataclass(frozen=True)
class CellFiles:
    """Files of a cell and of its protocol, by their names in the protocol's folder.

    `stamps` has all that were there, `gone` those that were there before and are no longer.
    """

    content: Mapping[str, bytes] = field(default_factory=dict)
    stamps: Mapping[str, Stamp] = field(default_factory=dict)
    gone: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        """Whether anything has changed."""
        return bool(self.content or self.gone)


def cell_files(cell: Path, before: CellFiles | None = None) -> CellFiles:
    """What the cell in this folder consists of, or what of it has changed since `before`."""
    home, known = protocol_folder_of(cell), {} if before is None else before.stamps
    content, stamps = dict[str, bytes](), dict[str, Stamp]()
    for path in sorted(_paths(cell), key=_newest_last):
        name = path.relative_to(home).as_posix()
        try:
            stamps[name] = _stamp(path)
            if stamps[name] != known.get(name):
                content[name] = path.read_bytes()
        except FileNotFoundError:  # deleted a moment ago
            stamps.pop(name, None)
        except OSError as error:
            raise StorageError(f"cannot read {path}: {error.strerror or error}") from error
    return CellFiles(content, stamps, frozenset(known.keys() - stamps.keys()))


def write_cell_files(cell: Path, files: CellFiles) -> CellFiles:
    """Write these files into the folder of the cell, or into that of its protocol.

    A checkpoint is written after the lines that it goes on from, and the record last. Returns what
    the folder has now, without the content.
    """
    home = protocol_folder_of(cell)
    for name in sorted(files.content, key=lambda name: _rank(Path(name)), reverse=True):
        path = _inside(home, name)
        make_folder(path.parent)
        write_bytes(path, files.content[name])
    for name in files.gone:
        remove(_inside(home, name))
    stamps = {path.relative_to(home).as_posix(): _stamp(path) for path in _paths(cell)}
    return CellFiles(stamps=stamps)


def _paths(cell: Path) -> Iterator[Path]:
    home = protocol_folder_of(cell)
    yield from (path for name in (PROTOCOL, SCALE) if (path := home / name).is_file())
    for folder in (home / EVALUATIONS, cell):
        yield from (path for path in folder.rglob("*") if path.is_file() and _is_kept(path))


def _is_kept(path: Path) -> bool:
    return path.name not in HOUSEKEEPING and not path.name.endswith(PART)


def _stamp(path: Path) -> Stamp:
    now = os.stat(path)
    return now.st_mtime_ns, now.st_size


def _rank(path: Path) -> int:
    """What depends on other files has a low rank: it is read first and written last."""
    if path.name in (RECORD, SCORES):
        return 0
    return 1 if path.parent.name == CHECKPOINTS else 2


def _newest_last(path: Path) -> tuple[int, str]:
    return _rank(path), str(path)


def _inside(home: Path, name: str) -> Path:
    path = home / name
    if ".." in path.parts or not path.is_relative_to(home):
        raise StorageError(f"{name!r} is no file of {home}")
    return path
