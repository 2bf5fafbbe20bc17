"""Leaderboards as one HTML page."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Iterator
from dataclasses import replace
from hashlib import sha256
from importlib.resources import files
from pathlib import Path

from gan_bench.base.escape import plain
from gan_bench.contract.errors import StorageError
from gan_bench.report.leaderboard import Boards
from gan_bench.report.notes import Note
from gan_bench.report.tables import Chapter, chapters
from gan_bench.results.reading import LARGEST, read_bytes

PAGE = 25 * 10**6  # bytes of pictures in one page: mail servers refuse more


def to_html(boards: Boards) -> str:
    """One page that needs no other file: it contains the pictures and has no script."""
    from jinja2 import Environment, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        finalize=lambda value: value if isinstance(value, Markup) else plain(str(value)),
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"source": _source, "digest": _digest}
    template = environment.from_string(
        files("gan_bench.report").joinpath("page.html").read_text("utf-8")
    )
    shown = list(_with_pictures(chapters(boards)))
    return template.render(chapters=shown, unreadable=boards.unreadable)


def _source(picture: Path) -> str:
    """A picture as a data: address, empty if unreadable: a browser then shows its name."""
    try:
        return f"data:image/png;base64,{b64encode(read_bytes(picture)).decode()}"
    except StorageError:
        return "data:,"


def _with_pictures(chapters: Iterable[Chapter]) -> Iterator[Chapter]:
    """The chapters with as many pictures as a page can hold; the others say where theirs are."""
    total = 0
    for chapter in chapters:
        size = sum(map(_size, chapter.pictures.values()))
        if size and total + size > PAGE:
            folder = next(iter(chapter.pictures.values())).parent
            text = f"its pictures would make this page too large: they are in {folder}"
            note = Note("remark", text)
            yield replace(chapter, pictures={}, notes=[*chapter.notes, note])
        else:
            total += size
            yield chapter


def _size(picture: Path) -> int:
    """Bytes that a picture adds to a page, 0 if it cannot be read."""
    try:
        size = picture.stat().st_size
    except OSError:
        return 0
    return size if size <= LARGEST else 0


def _digest(style: str) -> str:
    """How a Content-Security-Policy names the one style it allows."""
    return f"sha256-{b64encode(sha256(style.encode()).digest()).decode()}"
