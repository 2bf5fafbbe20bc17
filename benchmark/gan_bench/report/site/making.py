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
from gan_bench.report.site.sources import audited_in, protocols_of, tuned_in
from gan_bench.report.tuning.trials import Tuned, read_tuned
from gan_bench.results.write_merge import workplace

TITLE = "GAN leaderboards"
MADE_BY = "gan-bench site"
AUDITS_LEFT_OUT = (
    "audits of metrics are left out: `gan-bench metrics audit --out audit.html` makes a page of one"
)


@dataclass(frozen=True)
class Made:
    """A site that was written."""

    index: Path
    protocols: int
    rows: int
    studies: int
    size: int  # bytes
    notes: list[str]  # what could not be read


def make_site(
    folders: Sequence[Path],
    out: Path,
    title: str = TITLE,
    progress: Callable[[str], None] = lambda page: None,
) -> Made:
    """Write a site of all that is in these results folders, which it does not change.

    UsageError if there is nothing to show, the folders contradict each other or the place is not
    free, StorageError if it cannot be written: an old site then stays. `progress` gets the name of
    each page before it is made.
    """
    homes, tuned = protocols_of(folders), tuned_in(folders)
    check_place(out, [*homes.values(), *tuned])
    place = Path(os.path.realpath(out))
    with workplace(place, "publishing") as folder:
        aside = folder.with_name("before")
        bring_back(place, aside)
        draft = Draft(folder)
        names = folder_names([*homes, *(study.name for study in tuned)], [PAGE])
        shelves, notes = _shelves(names[: len(homes)], homes, progress)
        studies, faults = _studies(dict(zip(names[len(homes) :], tuned, strict=True)))
        notes += faults
        if not (shelves or studies):
            raise StorageError("; ".join(notes))
        pages = Pages(title)
        for shelf in shelves:
            for path, text in _files(pages, shelf, progress):
                draft.write(f"{shelf.folder}/{path}", text)
        for name, study in studies.items():
            progress(study.study.slug)
            draft.write(f"{name}/{PAGE}", pages.study(study))
        draft.write(PAGE, pages.index(shelves, studies, notes))
        draft.finish(MADE_BY)
        put_in_place(folder, place, aside)
    rows = sum(len(shelf.rows) for shelf in shelves)
    notes += [AUDITS_LEFT_OUT] if audited_in(folders) else []
    return Made(out / PAGE, len(shelves), rows, len(studies), draft.size, notes)


def _shelves(
    names: Sequence[str], homes: dict[str, Path], progress: Callable[[str], None]
) -> tuple[list[Shelf], list[str]]:
    """The protocols that can be read, with the names of their pages, and why others cannot."""
    shelves, notes = list[Shelf](), list[str]()
    for name, (slug, home) in zip(names, homes.items(), strict=True):
        progress(slug)
        boards = load(home)
        if boards.boards:
            shelves.append(Shelf(name, boards))
        else:
            notes += boards.unreadable
    return shelves, notes


def _studies(folders: dict[str, Path]) -> tuple[dict[str, Tuned], list[str]]:
    """The studies that can be read, by the names of their pages, and why others cannot."""
    studies, notes = dict[str, Tuned](), list[str]()
    for name, folder in folders.items():
        try:
            studies[name] = read_tuned(folder)
        except StorageError as error:
            notes.append(str(error))
    return studies, notes


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
