"""Results folders -> a site, as a whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from gan_bench.contract.errors import StorageError
from gan_bench.report.formats import render
from gan_bench.report.leaderboard import load
from gan_bench.report.site.folder import Draft, bring_back, check_place, put_in_place
from gan_bench.report.site.names import folder_names
from gan_bench.report.site.pages import BADGE, DOWNLOADS, PAGE, Pages, Shelf
from gan_bench.report.site.sources import protocols_of
from gan_bench.results.write_merge import workplace

TITLE = "GAN leaderboards"
MADE_BY = "gan-bench site"


@dataclass(frozen=True)
class Made:
    """A site that was written."""

    index: Path
    protocols: int
    rows: int
    size: int  # bytes
    notes: list[str]  # what could not be read


def make_site(
    folders: Sequence[Path],
    out: Path,
    title: str = TITLE,
    progress: Callable[[str], None] = lambda page: None,
) -> Made:
    """Write a site of all protocols in these results folders; nothing of the results is changed.

    UsageError if there is nothing to show, the folders contradict each other or the place is not
    free, StorageError if it cannot be written: an old site then stays. `progress` gets the name of
    each page before it is made.
    """
    homes = protocols_of(folders)
    check_place(out, homes.values())
    place = Path(os.path.realpath(out))
    with workplace(place, "publishing") as folder:
        aside = folder.with_name("before")
        bring_back(place, aside)
        draft = Draft(folder)
        shelves, notes = _shelves(homes, progress)
        if not shelves:
            raise StorageError("; ".join(notes))
        pages = Pages(title)
        for shelf in shelves:
            for path, text in _files(pages, shelf, progress):
                draft.write(f"{shelf.folder}/{path}", text)
        draft.write(PAGE, pages.index(shelves, notes))
        draft.finish(MADE_BY)
        put_in_place(folder, place, aside)
    rows = sum(len(shelf.rows) for shelf in shelves)
    return Made(out / PAGE, len(shelves), rows, draft.size, notes)


def _shelves(
    homes: dict[str, Path], progress: Callable[[str], None]
) -> tuple[list[Shelf], list[str]]:
    """The protocols that can be read, and why others cannot."""
    shelves, notes = list[Shelf](), list[str]()
    for name, (slug, home) in zip(folder_names(list(homes), [PAGE]), homes.items(), strict=True):
        progress(slug)
        boards = load(home)
        if boards.boards:
            shelves.append(Shelf(name, boards))
        else:
            notes += boards.unreadable
    return shelves, notes


def _files(
    pages: Pages, shelf: Shelf, progress: Callable[[str], None]
) -> Iterator[tuple[str, str]]:
    """Every file of one protocol: its path below the protocol's folder, and its text."""
    progress(shelf.board.slug)
    yield PAGE, pages.protocol(shelf)
    yield BADGE, pages.picture(shelf)
    for style, name in DOWNLOADS.items():
        yield name, render(shelf.boards, style, None)
    for folder, row in shelf.rows:
        progress(f"{shelf.board.slug}: {row.name}")
        yield f"{folder}/{PAGE}", pages.row(shelf, row)
