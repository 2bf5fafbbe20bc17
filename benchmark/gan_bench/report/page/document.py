"""Leaderboards as one HTML page."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Literal

from gan_bench.base.escape import plain
from gan_bench.base.text import number
from gan_bench.contract.errors import StorageError
from gan_bench.report.again import AGAIN
from gan_bench.report.leaderboard import Board, Boards
from gan_bench.report.notes import Note
from gan_bench.report.page.figures import Figure, page_curves
from gan_bench.report.page.glossary import glossary
from gan_bench.report.page.modes import KINDS
from gan_bench.report.page.overview import FEW_PROTOCOLS, Card, Overview, best_card, overview
from gan_bench.report.page.pictured import Pictured, pictured
from gan_bench.report.page.quality import quality
from gan_bench.report.page.samples import Picture, Samples, samples
from gan_bench.report.page.study import shown_study
from gan_bench.report.tables import Chapter, chapters

if TYPE_CHECKING:
    from jinja2 import Environment

    from gan_bench.report.tuning.trials import Tuned

# in this order, in one scope
SCRIPTS = ("common.js", "tables.js", "samples.js", "walk.js", "overview.js")
PAGE = 10**7  # bytes of pictures in one page; as text in the page they take a third more


@dataclass(frozen=True)
class Shown:
    """A chapter of the page."""

    chapter: Chapter
    samples: Samples | None
    figures: list[Figure]
    pictured: Pictured | None = None
    overview: Overview | None = None  # of a long leaderboard
    best: Card | None = None  # of its best row, where there are many protocols


def to_html(boards: Boards, studies: Sequence[Tuned] = ()) -> str:
    """One page that needs no other file. Everything on it can be read without its script."""
    return environment().get_template("page.html").render(content(boards, studies))


def environment() -> Environment:
    """The templates of a page: all text is escaped, and invisible characters are shown."""
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=PackageLoader("gan_bench.report.page", ""),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=lambda value: value if isinstance(value, Markup) else plain(str(value)),
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"source": _source, "digest": _digest, "number": number}
    return environment


def content(boards: Boards, studies: Sequence[Tuned] = (), more_style: str = "") -> dict[str, Any]:
    """What page.html shows of these; `more_style` is added to the page's own."""
    from markupsafe import Markup

    many = len(boards.boards) > FEW_PROTOCOLS
    pages = list(_with_pictures(boards, list(_pages(boards))))
    if many:
        pages = [
            replace(page, best=best_card(board))
            for page, board in zip(pages, boards.boards, strict=True)
        ]
    script = "\n".join(part(name) for name in SCRIPTS)
    return {
        "pages": pages,
        "studies": [*map(shown_study, studies)],
        "many": many,
        "unreadable": boards.unreadable,
        "style": Markup(part("page.css") + more_style),
        "script": Markup(f'"use strict";\n(() => {{\n{script}}})();\n'),
        "kinds": KINDS,
        "again_title": AGAIN,
        "words": glossary(boards.boards, [page.chapter for page in pages]),
        "links": {},  # of a site: slug -> an address for each row of the last table
    }


def part(name: str) -> str:
    """One of the files that a page is made of."""
    return files("gan_bench.report.page").joinpath(name).read_text("utf-8")


def _pages(boards: Boards) -> Iterator[Shown]:
    """The chapters with as many pictures as a page can hold; the others say where theirs are.

    Pictures show a training: they stand in the first chapter about its protocol.
    """
    total = 0
    made = zip(boards.boards, chapters(boards), _are_first(boards), strict=True)
    for board, chapter, is_first in made:
        if not is_first:
            yield Shown(chapter, None, [])
            continue
        found = samples(board)
        if found and total + found.size > PAGE:
            text = (
                "its samples would make this page too large: "
                f"gan-bench report --protocol {board.slug} makes a page with them"
            )
            chapter, found = _noted(chapter, "remark", text), None
        above = overview(board)
        total += (found.size if found else 0) + (above.size if above else 0)
        yield replace(_with_figures(board, chapter, found), overview=above)


def _with_pictures(boards: Boards, pages: list[Shown]) -> Iterator[Shown]:
    """The chapters with more pictures, in the room that the samples of all leave."""
    parts = [part for page in pages for part in (page.samples, page.overview) if part]
    room = PAGE - sum(part.size for part in parts)
    for board, page, is_first in zip(boards.boards, pages, _are_first(boards), strict=True):
        if not is_first:
            yield page
            continue
        more = pictured(board, room)
        room -= more.size
        chapter = page.chapter
        for fault in more.faults:
            chapter = _noted(chapter, "fault", fault)
        yield replace(page, chapter=chapter, pictured=more)


def _are_first(boards: Boards) -> list[bool]:
    """For each leaderboard: whether it is the first one about its protocol."""
    folders = [board.folder for board in boards.boards]
    return [folder not in folders[:k] for k, folder in enumerate(folders)]


def _with_figures(board: Board, chapter: Chapter, found: Samples | None) -> Shown:
    try:
        drawn = quality(board), *page_curves(board)
        return Shown(chapter, found, [figure for figure in drawn if figure])
    except StorageError as error:
        return Shown(_noted(chapter, "fault", f"cannot be drawn: {error}"), found, [])


def _noted(chapter: Chapter, severity: Literal["fault", "remark"], text: str) -> Chapter:
    return replace(chapter, notes=[*chapter.notes, Note(severity, text)])


def _source(picture: Picture) -> str:
    """A picture as a data: address."""
    return f"data:image/webp;base64,{b64encode(picture.webp).decode()}"


def _digest(text: str) -> str:
    """How a Content-Security-Policy names the one style, and the one script, that it allows."""
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"
