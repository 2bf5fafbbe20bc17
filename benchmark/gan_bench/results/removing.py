"""Deleting cells and protocols, and nothing else: no running one, and nothing behind a link."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterable
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path

from gan_bench.contract.errors import StorageError, UsageError
from gan_bench.results.atomic import make_folder
from gan_bench.results.finding import find_folder, is_cell
from gan_bench.results.inventory import folder_bytes
from gan_bench.results.layout import REMOVED, cells_in, protocol_folder_of
from gan_bench.results.locks import alone_in, is_locked


@dataclass(frozen=True)
class Target:
    """A folder that is to be deleted."""

    folder: Path
    root: Path  # the results folder
    is_protocol: bool
    cells: int  # in it; 1 if it is one
    bytes: int

    @property
    def name(self) -> str:
        """The path within the results folder."""
        return self.folder.relative_to(self.root).as_posix()


def targets(results: Path, words: Iterable[str]) -> list[Target]:
    """What the words mean, each folder once; a cell of a protocol that is named too is left out.

    UsageError for a name that nothing has, for one that is running, and for one behind a link.
    """
    folders = list(dict.fromkeys(find_folder(results, word) for word in words))
    outer = [each for each in folders if not any(up in folders for up in each.parents)]
    chosen = list(map(_target, outer))
    for target in chosen:
        _check(target)
    return chosen


def remove(target: Target) -> None:
    """Delete the folder, and what it leaves empty above it. StorageError if it cannot be deleted.

    It is first moved aside as a whole, so that an interruption leaves no half of a cell.
    """
    home = protocol_folder_of(target.folder) if is_cell(target.folder) else None
    with alone_in(home) if home else nullcontext():
        _move_aside_and_delete(target)
        if home:
            for folder in (target.folder.parent, target.folder.parent.parent):
                with suppress(OSError):  # another cell is there
                    folder.rmdir()


def _target(folder: Path) -> Target:
    if is_cell(folder):
        return Target(folder, folder.parents[3], False, 1, folder_bytes(folder))
    cells = len([*cells_in(folder)])
    return Target(folder, folder.parent, True, cells, folder_bytes(folder))


def _check(target: Target) -> None:
    real = target.root.resolve() / target.name
    if target.folder.resolve() != real:
        raise UsageError(
            f"{target.folder} leads to {target.folder.resolve()} by a link: nothing behind a link "
            "is deleted; delete the link itself, or name the folder that it leads to"
        )
    if used := _in_use(target.folder):
        raise UsageError(
            f"{used} is being used by a run: stop the run, or wait for its end, and then remove it"
        )


def _in_use(folder: Path) -> Path | None:
    """The folder, or one in it or above it, in which a process works."""
    within = [protocol_folder_of(folder)] if is_cell(folder) else list(cells_in(folder))
    return next((each for each in (folder, *within) if is_locked(each)), None)


def _move_aside_and_delete(target: Target) -> None:
    bin = target.root / REMOVED
    if bin.is_symlink():
        raise UsageError(f"{bin} is a link: delete it first")
    make_folder(bin)
    try:
        aside = Path(tempfile.mkdtemp(dir=bin))
        moved = aside / target.folder.name
        os.rename(target.folder, moved)
        if any(map(is_locked, [moved, *cells_in(moved)])):  # a process began a moment ago
            os.rename(moved, target.folder)
            raise UsageError(f"{target.folder} is being used by a run: stop it first")
        shutil.rmtree(aside)
    except OSError as error:
        raise StorageError(f"cannot remove {target.folder}: {error.strerror or error}") from error
    shutil.rmtree(bin, ignore_errors=True)  # what an interrupted removal has left
