"""Which folder is meant: a cell or a protocol, by its path or by its name."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from gan_bench.contract.errors import StorageError, UsageError
from gan_bench.contract.names import nearest
from gan_bench.contract.protocol import Protocol
from gan_bench.results.layout import CELL, PROTOCOL, RECORD, cells_in
from gan_bench.results.reading import read_model

SHOWN = 6  # names in a message


def protocol_folders(results: Path) -> dict[str, Path]:
    """Slug -> folder, in order; of a results folder, or of the folder of one protocol.

    A folder of cells that has lost its protocol is there too. UsageError if there is none.
    """
    if os.path.lexists(results / PROTOCOL):
        return {Path(os.path.abspath(results)).name: results}
    folders = {path.name: path for path in sorted(results.glob("*")) if is_protocol(path)}
    if not folders:
        raise UsageError(
            f"no results in {results}: `gan-bench run` makes some, or name another folder"
        )
    return folders


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
    if is_cell(Path(word)):
        return Path(os.path.abspath(word))
    cells = _named_cells(results, word)
    if len(cells) == 1:
        return cells[0]
    if cells:
        names = ", ".join(f"{cell.parts[-4]}/{name_of_cell(cell)}" for cell in cells)
        raise UsageError(f"{len(cells)} cells in {results} are called {word}: choose of {names}")
    raise UsageError(_unknown(word, results, _all_cells(results), "cell"))


def find_folder(results: Path, word: str) -> Path:
    """The folder of the one cell or protocol that is meant. UsageError if none is."""
    path = Path(word)
    if is_cell(path) or _holds_results(path):
        return Path(os.path.abspath(path))
    protocols = protocol_folders(results)
    matching = [word] if word in protocols else [slug for slug in protocols if _begins(slug, word)]
    if len(matching) == 1:
        return Path(os.path.abspath(protocols[matching[0]]))
    if matching:
        raise UsageError(f"{word} is the beginning of {', '.join(matching)}: write more of one")
    if "/" in word:
        return find_cell(results, word)
    raise UsageError(_unknown(word, results, list(protocols), "protocol"))


def _holds_results(folder: Path) -> bool:
    """Whether this is surely a protocol: other programs may write a protocol.json of their own."""
    if next(cells_in(folder), None) is not None:
        return True
    try:
        read_model(folder / PROTOCOL, Protocol)
    except StorageError:
        return False
    return True


def _begins(slug: str, word: str) -> bool:
    return bool(word) and slug.startswith(word)


def _named_cells(results: Path, word: str) -> list[Path]:
    *before, architecture, loss, seed = ["", "", *(part.strip() for part in word.split("/"))]
    protocol = "/".join(before).strip("/")
    return [
        cell
        for slug, folder in protocol_folders(results).items()
        if slug.startswith(protocol)
        for cell in map(Path, map(os.path.abspath, cells_in(folder)))
        if cell.parts[-3:] == (architecture, loss, seed)
    ]


def _all_cells(results: Path) -> list[str]:
    names = (
        name_of_cell(cell)
        for folder in protocol_folders(results).values()
        for cell in cells_in(folder)
    )
    return list(dict.fromkeys(names))


def _unknown(word: str, results: Path, known: Sequence[str], kind: str) -> str:
    """Nothing is called so; what is, as far as it fits into a message."""
    shown = ", ".join(known[:SHOWN]) or "none"
    rest = f" and {len(known) - SHOWN} more" if len(known) > SHOWN else ""
    guess = nearest(word.replace(" / ", "/"), known)
    return f"no {kind} {word} in {results}.{guess} There are: {shown}{rest}"
