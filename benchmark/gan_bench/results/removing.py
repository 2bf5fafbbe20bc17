"""Deleting parts of a results folder, and nothing else: none in use, and nothing behind a link."""

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
from gan_bench.results.finding import Kind, Place, find_place, name_of_cell
from gan_bench.results.inventory import folder_bytes
from gan_bench.results.layout import (
    KEPT_TICKS,
    REMOVED,
    audits_in,
    branches_in,
    cells_in,
    entries_in,
    evaluation_dir,
    is_audit,
    is_study,
    studies_in,
)
from gan_bench.results.locks import InUse, alone_in, check_unused, is_locked
from gan_bench.results.measurements import asked_in, slugs_in


@dataclass(frozen=True)
class Target:
    """What is to be deleted."""

    place: Place
    # An evaluation has one in each cell, too. The last folder is that of its name: an interrupted
    # removal can be repeated.
    folders: tuple[Path, ...]
    contents: dict[Kind, int]  # how many there are of each kind: of an evaluation, cells with it
    bytes: int

    @property
    def name(self) -> str:
        """The path within the results folder."""
        return self.place.name

    @property
    def root(self) -> Path:
        """The results folder."""
        return self.place.home.parent


def targets(results: Path, words: Iterable[str]) -> list[Target]:
    """What the words mean, each once; what is in a protocol that is named too is left out.

    UsageError for a name that nothing has, and for what is behind a link; InUse for what a process
    is using.
    """
    named = list(words)
    for word in named:
        _check_whole(results, word)
    places = list(dict.fromkeys(find_place(results, word) for word in named))
    homes = {each.home for each in places if each.kind == "protocol"}
    outer = [each for each in places if each.kind == "protocol" or each.home not in homes]
    whole = {each.folder for each in outer}
    chosen = [_target(each, whole) for each in outer]
    for target in chosen:
        _check(target)
    return chosen


def _check_whole(results: Path, word: str) -> None:
    """UsageError for a study or an audit: its folder is all of it, and a person deletes that."""
    for what, folders in {"study": studies_in(results), "audit": audits_in(results)}.items():
        for folder in [*folders, Path(word)]:
            known = is_study(folder) if what == "study" else is_audit(folder)
            if known and word.rstrip("/") in (folder.name, str(folder)):
                raise UsageError(
                    f"{word} is {'an' if what == 'audit' else 'a'} {what}, which nothing else "
                    f"uses: when no process is at work in it, delete the folder {folder} yourself"
                )


def remove(target: Target) -> None:
    """Delete it, and what it leaves empty above it. StorageError if it cannot be deleted.

    It is first moved aside as a whole, so that an interruption leaves no half of a cell.
    """
    place = target.place
    home = place.home
    alone = alone_in(home, "removing", within=home) if place.kind != "protocol" else nullcontext()
    with alone:
        _move_aside_and_delete(target)
        for folder in target.folders:
            for above in (folder.parent, folder.parent.parent):
                if above.is_relative_to(home) and above != home:
                    with suppress(OSError):  # another one is there
                        above.rmdir()


def empty_bin(results: Path) -> None:
    """Delete what an interrupted removal has left."""
    if not (bin := results / REMOVED).is_symlink():
        shutil.rmtree(bin, ignore_errors=True)


def _target(place: Place, whole: set[Path]) -> Target:
    """`whole`: the folders that are deleted as a whole, with all that is in them."""
    folders: list[Path] = []
    contents: dict[Kind, int] = {place.kind: 1}
    if place.kind == "protocol":
        counts = cells_in(place.folder), entries_in(place.folder), slugs_in(place.folder)
        contents |= zip(("cell", "entry", "evaluation"), (len([*c]) for c in counts), strict=True)
    elif place.kind == "evaluation":
        measured = [cell for cell in cells_in(place.home) if place.label in asked_in(cell)]
        contents["cell"] = len(measured)
        folders = [evaluation_dir(cell, place.label) for cell in measured if cell not in whole]
    elif place.kind in ("cell", "branches"):
        cell = place.folder if place.kind == "cell" else place.folder.parent
        within: dict[Kind, int] = {"branches": len([*branches_in(cell)])}
        if place.kind == "cell":
            within["ticks"] = len([*(cell / KEPT_TICKS).glob("*.pt")])
        contents |= {kind: count for kind, count in within.items() if count}
    elif place.kind == "ticks":
        contents["ticks"] = len([*place.folder.glob("*.pt")])
    folders.append(place.folder)
    return Target(place, tuple(folders), contents, sum(map(folder_bytes, folders)))


def _check(target: Target) -> None:
    root = target.root.resolve()
    for folder in target.folders:
        if folder.resolve() != root / folder.relative_to(target.root):
            raise UsageError(
                f"{folder} leads to {folder.resolve()} by a link: nothing behind a link is "
                "deleted; delete the link itself, or name the folder that it leads to"
            )
    if is_locked(target.place.home):
        raise InUse(target.place.home)
    for folder in target.folders:
        check_unused(folder)
    _check_measured(target)
    _check_holds_no_cell(target.place)


def _check_holds_no_cell(place: Place) -> None:
    """UsageError if cells are in the folder of an entry or evaluation, which would go with it.

    An older version could train an architecture `entries`, whose cells lie among the entries.
    """
    if place.kind not in ("entry", "evaluation"):
        return
    for cell in cells_in(place.home):
        if cell.is_relative_to(place.folder):
            raise UsageError(
                f"the folder of {place.name} holds the cell {name_of_cell(cell)} as well: "
                "remove that cell first, or move it elsewhere"
            )


def _check_measured(target: Target) -> None:
    """InUse if one of the cells of an evaluation is at work: it may be measured by it now."""
    if target.place.kind == "evaluation":
        for folder in target.folders[:-1]:
            if is_locked(cell := folder.parents[1]):
                raise InUse(cell)


def _move_aside_and_delete(target: Target) -> None:
    bin = target.root / REMOVED
    if bin.is_symlink():
        raise UsageError(f"{bin} is a link: delete it first")
    make_folder(bin)
    try:
        aside = Path(tempfile.mkdtemp(dir=bin))
        _move_aside(target, aside)
        shutil.rmtree(aside)
    except OSError as error:
        why = error.strerror or error
        raise StorageError(f"cannot remove {target.place.folder}: {why}") from error
    shutil.rmtree(bin, ignore_errors=True)  # what an interrupted removal has left


def _move_aside(target: Target, aside: Path) -> None:
    """Rename the folders; all come back if a process began in one of them a moment ago."""
    moved: list[tuple[Path, Path]] = []
    for k, folder in enumerate(target.folders):
        os.rename(folder, aside / str(k))
        moved.append((folder, aside / str(k)))
    try:
        for _, away in moved:
            check_unused(away)
        _check_measured(target)
    except InUse:
        for folder, away in moved:
            os.rename(away, folder)
        _check(target)  # with the folder's own name
        raise
