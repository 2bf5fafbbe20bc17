"""The pages of a site as text: what links where."""

from __future__ import annotations

from base64 import b64encode
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from importlib.resources import files
from pathlib import PurePosixPath
from typing import Any

from gan_bench.base.text import number, plural, sides
from gan_bench.contract.protocol import Protocol
from gan_bench.report.alarms import alarms
from gan_bench.report.answer import sentence
from gan_bench.report.findings import findings
from gan_bench.report.leaderboard import Board, Boards
from gan_bench.report.page.document import content, environment
from gan_bench.report.rows import Row
from gan_bench.report.score_columns import scores
from gan_bench.report.section import NOTHING
from gan_bench.report.site.badge import NAME, PADDING, Badge, badge
from gan_bench.report.site.history import history
from gan_bench.report.site.names import folder_names
from gan_bench.report.tuning.chapter import chapter_of
from gan_bench.report.tuning.trials import Tuned

PAGE = "index.html"
BADGE = "badge.svg"
DOWNLOADS = {"json": "leaderboard.json", "csv": "leaderboard.csv", "markdown": "leaderboard.md"}


@dataclass(frozen=True)
class Shelf:
    """One protocol on the site: its leaderboards, and the folders of its pages."""

    folder: str
    boards: Boards  # the protocol's own is the first one

    @property
    def board(self) -> Board:
        """The leaderboard by the protocol's own evaluation."""
        return self.boards.boards[0]

    @cached_property
    def rows(self) -> list[tuple[str, Row]]:
        """The rows of the table, each with its folder below that of the protocol."""
        rows = self.board.rows
        taken = (PAGE, BADGE, *DOWNLOADS.values())
        return list(zip(folder_names([row.name for row in rows], taken), rows, strict=True))

    @cached_property
    def badge(self) -> Badge:
        """Who leads by the protocol's own evaluation."""
        return badge(findings(self.board))


@dataclass(frozen=True)
class Card:
    """What the index says of one protocol."""

    link: str
    name: str
    slug: str
    answer: str
    facts: list[tuple[str, str]]


class Pages:
    """The templates of one site, which all of its pages share."""

    def __init__(self, title: str) -> None:
        from jinja2 import ChoiceLoader, PackageLoader

        self.title = title
        self.environment = environment()
        own = PackageLoader("gan_bench.report.site", "")
        assert self.environment.loader is not None
        self.environment.loader = ChoiceLoader([own, self.environment.loader])
        self.environment.filters["base64"] = _base64
        self.style = files("gan_bench.report.site").joinpath("site.css").read_text("utf-8")

    def index(
        self, shelves: Sequence[Shelf], studies: Mapping[str, Tuned], notes: Sequence[str]
    ) -> str:
        """All protocols and studies; the pages below it are linked relative to it."""
        tuned = [_study_card(folder, study) for folder, study in studies.items()]
        return self._page("index.html", Boards([], list(notes)), cards=_cards(shelves), tuned=tuned)

    def study(self, tuned: Tuned) -> str:
        """The page of one study."""
        return self._page("tuning.html", Boards([], []), [tuned])

    def protocol(self, shelf: Shelf) -> str:
        """The page of one protocol, and where it leads."""
        rows = [(row.name, f"{folder}/{PAGE}") for folder, row in shelf.rows]
        known = dict(rows)  # another evaluation may lack some of them, or have others
        links = {
            board.slug: [known.get(row.name, "") for row in board.rows]
            for board in shelf.boards.boards
        }
        return self._page(
            "protocol.html",
            shelf.boards,
            rows=rows,
            links=links,
            downloads=DOWNLOADS,
            badge=shelf.badge,
            badge_svg=self.picture(shelf),
            badge_code=shelf.badge.code(shelf.folder),
        )

    def row(self, shelf: Shelf, row: Row) -> str:
        """The page of one row."""
        about = history(shelf.board, row)
        return self._page("row.html", Boards([], []), row=about, slug=shelf.board.slug)

    def picture(self, shelf: Shelf) -> str:
        """The badge as SVG."""
        template = self.environment.get_template("badge.svg")
        return template.render(badge=shelf.badge, name=NAME, padding=PADDING)

    def _page(
        self, template: str, boards: Boards, tuned: Sequence[Tuned] = (), /, **shown: Any
    ) -> str:
        known = content(boards, tuned, self.style) | {"site": self.title, "page": PAGE} | shown
        return self.environment.get_template(template).render(known)


def _base64(text: str) -> str:
    return b64encode(text.encode()).decode()


def _cards(shelves: Sequence[Shelf]) -> list[Card]:
    """One for each protocol; of two that would have one name, each has the end of its slug."""
    names = [_name(shelf.board.protocol) for shelf in shelves]
    return [
        _card(shelf, name if names.count(name) == 1 else f"{name} ({_end(shelf.board.slug)})")
        for shelf, name in zip(shelves, names, strict=True)
    ]


def _name(protocol: Protocol) -> str:
    data, kimg = protocol.data, number(protocol.schedule.kimg)
    return f"{data.name}, {sides(*data.shape[1:])} px, {kimg} kimg"


def _end(slug: str) -> str:
    return slug.rpartition("-")[2]


def _card(shelf: Shelf, name: str) -> Card:
    board, found = shelf.board, findings(shelf.board)
    facts = [
        ("cells", _cells(board.trained)),
        *_bests(board),
        ("newest result", _newest(board.rows)),
    ]
    return Card(
        PurePosixPath(shelf.folder, PAGE).as_posix(),
        name,
        board.slug,
        sentence(found),
        facts,
    )


def _study_card(folder: str, tuned: Tuned) -> Card:
    study, chapter = tuned.study, chapter_of(tuned)
    rows, trials = plural(len(study.rows), "row"), plural(len(study.trials), "trial")
    return Card(
        PurePosixPath(folder, PAGE).as_posix(),
        f"{_name(study.protocol)}, equal tuning",
        study.slug,
        chapter.answer,
        [("tried", f"{rows}, {trials} of each")],
    )


def _cells(rows: Sequence[Row]) -> str:
    """How many there are, and how many ended in which way."""
    statuses = Counter(status for row in rows for status in row.cells["status"])
    ends = [f"{count:,} {status}" for status, count in statuses.most_common()]
    return ": ".join([plural(statuses.total(), "cell"), *([", ".join(ends)] if ends else [])])


def _bests(board: Board) -> Iterator[tuple[str, str]]:
    """The score of the first row that was trained here and that no alarm puts in doubt.

    Entries and rows with an alarm that stand before it are named with what is to be said of them;
    nothing is if the score does not compare the rows.
    """
    if board.ranking.name in board.trained_floors:
        yield "best score", NOTHING
        return
    score = scores(board, board.ranking)
    before: list[str] = []
    for row, text in zip(board.rows, score.texts, strict=True):
        if not row.values(board.ranking.name):
            continue
        said = f"{text} ({score.column.title}) by {row.name}"
        warned = ", ".join(each.text for each in alarms(row, board.protocol.evaluation.metrics))
        if not (row.entry or warned):
            yield "best score", said
            break
        before.append(f"{said}; warning: {warned}" if warned else said)
    else:
        yield "best score", NOTHING
    if before:
        more = f"; and {plural(len(before) - 1, 'other')}" if before[1:] else ""
        yield "before it, not trained here or with a warning", f"{before[0]}{more}"


def _newest(rows: Sequence[Row]) -> str:
    """The day of the newest record."""
    days = sorted(day for row in rows for ended in row.cells["ended"] if (day := _day(ended)))
    return days[-1] if days else NOTHING


def _day(ended: object) -> str | None:
    """None if it is no time in ISO 8601."""
    try:
        return datetime.fromisoformat(str(ended)).date().isoformat()
    except ValueError:
        return None
