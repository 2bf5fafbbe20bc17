"""Which part of a results folder is meant: by its path, or by its name as `list` prints it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from gan_bench.contract.errors import StorageError, UsageError
from gan_bench.contract.names import nearest
from gan_bench.contract.protocol import Protocol
from gan_bench.results.layout import (
    BRANCHES,
    CELL,
    ENTRIES,
    ENTRY,
    EVALUATION,
    EVALUATIONS,
    KEPT_TICKS,
    PROTOCOL,
    RECORD,
    audits_in,
    cells_in,
    entries_in,
    evaluation_dir,
    holds_branches,
    protocol_folder_of,
    studies_in,
)
from gan_bench.results.measurements import slugs_in
from gan_bench.results.reading import read_model

SHOWN = 6  # names in a message
Kind = Literal["protocol", "cell", "entry", "evaluation", "branches", "ticks"]
KINDS: tuple[Kind, ...] = get_args(Kind)
OF_A_CELL: dict[str, Kind] = {BRANCHES: "branches", KEPT_TICKS: "ticks"}  # folders in its own


@dataclass(frozen=True)
class Place:
    """A part of a results folder that has a name."""

    kind: Kind
    folder: Path  # absolute; of an evaluation, the one in the protocol's folder

    @property
    def home(self) -> Path:
        """The folder of its protocol."""
        if self.kind == "protocol":
            return self.folder
        if self.kind in OF_A_CELL.values():
            return protocol_folder_of(self.folder.parent)
        return protocol_folder_of(self.folder) if self.kind == "cell" else self.folder.parents[1]

    @property
    def label(self) -> str:
        """The name within the protocol; of a protocol, its slug."""
        if self.kind in OF_A_CELL.values():
            return f"{name_of_cell(self.folder.parent)}/{self.folder.name}"
        return name_of_cell(self.folder) if self.kind == "cell" else self.folder.name

    @property
    def name(self) -> str:
        """The path within the results folder, which is no one else's name."""
        return self.folder.relative_to(self.home.parent).as_posix()

    def is_called(self, word: str) -> bool:
        """Whether the word means this: the beginning of a slug may stand before a label."""
        slug = self.home.name
        if self.kind == "protocol":
            return bool(word) and slug.startswith(word)
        for tail in (self.label, self.folder.relative_to(self.home).as_posix()):
            if word == tail:
                return True
            if word.endswith(f"/{tail}") and slug.startswith(word.removesuffix(f"/{tail}")):
                return True
        return False


def protocol_folders(results: Path) -> dict[str, Path]:
    """Slug -> folder, in order; of a results folder, or of the folder of one protocol.

    A folder of cells that has lost its protocol is there too. UsageError if there is none.
    """
    if holds_branches(results):
        raise UsageError(
            f"{results} holds branches of a cell, which are never ranked with other cells: "
            "`gan-bench branch` and `gan-bench autopsy` show them"
        )
    if os.path.lexists(results / PROTOCOL):
        return {Path(os.path.abspath(results)).name: results}
    folders = {path.name: path for path in sorted(results.glob("*")) if is_protocol(path)}
    if not folders:
        if studies := studies_in(results):
            raise UsageError(
                f"{results} has no leaderboard, only studies of `gan-bench tune`: name one, such "
                f"as {studies[0]}"
            )
        if audits := audits_in(results):
            raise UsageError(
                f"{results} has no leaderboard, only audits of metrics such as {audits[0].name}: "
                "`gan-bench metrics audit` shows them"
            )
        below = [each for each in results_in(results) if each != results]
        raise UsageError(
            f"no results in {results}: name {below[0]}, which has some"
            if below
            else f"no results in {results}: `gan-bench run` makes some, or name another folder"
        )
    return folders


def results_in(folder: Path) -> list[Path]:
    """The folder if it has results, else those in it that have some, else itself."""
    if _has_results(folder):
        return [folder]
    below = [each for each in sorted(folder.glob("*")) if each.is_dir() and _has_results(each)]
    return below or [folder]


def _has_results(folder: Path) -> bool:
    return has_protocols(folder) or bool(studies_in(folder))


def has_protocols(results: Path) -> bool:
    """Whether a results folder has a protocol, or is the folder of one."""
    return is_protocol(results) or any(map(is_protocol, results.glob("*")))


def is_protocol(folder: Path) -> bool:
    """Whether the folder has a protocol, or cells that have lost theirs."""
    return os.path.lexists(folder / PROTOCOL) or next(cells_in(folder), None) is not None


def is_cell(folder: Path) -> bool:
    """Whether this is the folder of a cell, done or not."""
    return any(os.path.lexists(folder / name) for name in (RECORD, CELL))


def name_of_cell(folder: Path) -> str:
    """What a user types for this cell: architecture/loss/seed<k>."""
    return "/".join(folder.parts[-3:])


def find_cell(results: Path, word: str) -> Path:
    """The folder of the one cell that is meant by a path or a label. UsageError if none is.

    A label is architecture/loss/seed<k>, with spaces around the slashes or not. A protocol's slug,
    or the beginning of one, may stand before it.
    """
    return find_place(results, word, ("cell",)).folder


def find_folder(results: Path, word: str) -> Path:
    """The folder of the one cell or protocol that is meant. UsageError if none is."""
    return find_place(results, word, ("protocol", "cell")).folder


def find_place(results: Path, word: str, kinds: Sequence[Kind] = KINDS) -> Place:
    """The one place of these kinds that is meant by a path or a name. UsageError if none is."""
    here = _at(Path(os.path.abspath(word))) if word else None
    if here and here.kind in kinds:
        return here
    typed = "/".join(part.strip() for part in word.split("/")).strip("/")
    places = [place for place in _places(results) if place.kind in kinds]
    meant = [each for each in places if each.name == typed] or [
        each for each in places if each.is_called(typed)
    ]
    if len(meant) == 1:
        return meant[0]
    names = ", ".join(each.name for each in meant)
    head, _, part = typed.rpartition("/")
    if not meant and OF_A_CELL.get(part) in kinds:
        raise UsageError(f"{find_place(results, head, ('cell',)).label} has no {part}")
    if not meant:
        raise UsageError(_unknown(word, results, places, kinds))
    if all(each.kind == "protocol" for each in meant):
        raise UsageError(f"{word} is the beginning of {names}: write more of one")
    things = "cells" if {each.kind for each in meant} == {"cell"} else "results"
    raise UsageError(f"{len(meant)} {things} in {results} are called {word}: write one of {names}")


def check_cell(path: Path) -> None:
    """UsageError if this is no cell's folder; it names the nearest one."""
    if not is_cell(path):
        raise UsageError(_no_cell(path.resolve()))


def find_cell_folder(results: Path, path: Path) -> Path:
    """The folder of the cell at this path, or with this name if nothing on the disk begins like it.

    UsageError if there is none.
    """
    if not os.path.exists(path.parts[0] if path.parts else ""):
        if has_protocols(results):
            return find_cell(results, str(path))
        raise UsageError(
            f"{_no_cell(path.resolve())} Cells are looked up by their names in {results}, which "
            "has none: another --results may have it"
        )
    check_cell(path)
    return path


def _at(folder: Path) -> Place | None:
    """What is in this folder."""
    if is_cell(folder):
        return Place("cell", folder)
    if folder.name in OF_A_CELL and is_cell(folder.parent):
        return Place(OF_A_CELL[folder.name], folder)
    if folder.parent.name == ENTRIES and os.path.lexists(folder / ENTRY):
        return Place("entry", folder)
    if folder.parent.name == EVALUATIONS and os.path.lexists(folder / EVALUATION):
        return Place("evaluation", folder)
    return Place("protocol", folder) if _holds_results(folder) else None


def _holds_results(folder: Path) -> bool:
    """Whether this is surely a protocol: other programs may write a protocol.json of their own."""
    if next(cells_in(folder), None) is not None:
        return True
    try:
        read_model(folder / PROTOCOL, Protocol)
    except StorageError:
        return False
    return True


def _places(results: Path) -> Iterator[Place]:
    """All that has a name, the protocols first."""
    homes = [Path(os.path.abspath(each)) for each in protocol_folders(results).values()]
    yield from (Place("protocol", home) for home in homes)
    for home in homes:
        for folder in cells_in(home):
            yield Place("cell", folder)
            kept = (folder / name for name in OF_A_CELL)
            yield from (Place(OF_A_CELL[each.name], each) for each in kept if each.is_dir())
        yield from (Place("entry", folder) for folder in entries_in(home))
        yield from (Place("evaluation", evaluation_dir(home, slug)) for slug in slugs_in(home))


def _unknown(word: str, results: Path, places: Sequence[Place], kinds: Sequence[Kind]) -> str:
    """Nothing is called so; what is, as far as it fits into a message."""
    if "cell" in kinds and (len(kinds) == 1 or ("/" in word and not _of_protocol(word, places))):
        kinds = ("cell",)
    else:
        kinds = [kind for kind in kinds if kind not in ("cell", *OF_A_CELL.values())]
    known = _names([each for each in places if each.kind in kinds], word)
    what = " or ".join(filter(None, [", ".join(kinds[:-1]), kinds[-1]]))
    shown = ", ".join(known[:SHOWN]) or "none"
    rest = f" and {len(known) - SHOWN} more" if len(known) > SHOWN else ""
    typed, labels = word.replace(" / ", "/"), [each.label for each in places if each.kind in kinds]
    guess = nearest(typed, known) or nearest(typed, labels)
    return f"no {what} {word} in {results}.{guess} There are: {shown}{rest}"


def _of_protocol(word: str, places: Sequence[Place]) -> bool:
    """Whether the word is a protocol and one part more, as that of an entry or evaluation is."""
    slug, _, part = word.partition("/")
    return "/" not in part and any(slug and each.home.name.startswith(slug) for each in places)


def _names(places: Sequence[Place], word: str) -> list[str]:
    """Their names, with those of their protocols if there are several: else two would be alike.

    The results of the protocol that the word begins with come first.
    """
    homes = {each.home for each in places}
    if len(homes) < 2 or {each.kind for each in places} == {"protocol"}:
        return list(dict.fromkeys(each.label for each in places))
    asked = word.partition("/")[0].strip()
    return [each.name for each in sorted(places, key=lambda each: each.home.name != asked)]


def _no_cell(path: Path) -> str:
    # no deeper: from the root of a disk it would search for minutes
    depths = range(1, 5) if os.path.isdir(path) else ()  # it may be too long to be a path
    deeper = (path.glob("*/" * depth + CELL) for depth in depths)
    below = next((sorted(files)[0].parent for each in deeper if (files := [*each])), None)
    if below:
        return f"{path} is no cell's folder; one below it is {below}"
    if os.path.exists(path):
        return f"{path} is no cell's folder: it has no {CELL}"
    if "*" in str(path):
        return f"no folder is called {path}."  # the shell found none, and left the pattern as it is
    above = next(each for each in path.parents if os.path.exists(each))
    missing = path.relative_to(above).parts[0]
    names = sorted(each.name for each in above.iterdir()) if above.is_dir() else []
    return f"there is no {path}: {above} has no {missing}.{nearest(missing, names)}"
