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
from gan_bench.report.page_glossary import glossary
from gan_bench.report.tables import Chapter, chapters
from gan_bench.results.reading import LARGEST, read_bytes

PAGE = 25 * 10**6  # bytes of pictures in one page: mail servers refuse more


def to_html(boards: Boards) -> str:
    """One page that needs no other file. Everything on it can be read without its script."""
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
    texts = {name: _part(f"page.{name}") for name in ("html", "css", "js")}
    shown = list(_with_pictures(chapters(boards)))
    return environment.from_string(texts["html"]).render(
        chapters=shown,
        unreadable=boards.unreadable,
        style=Markup(texts["css"]),
        script=Markup(texts["js"]),
        words=glossary(boards.boards, shown),
    )


def _part(name: str) -> str:
    """One of the files that a page is made of."""
    return files("gan_bench.report").joinpath(name).read_text("utf-8")


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


def _digest(text: str) -> str:
    """How a Content-Security-Policy names the one style, and the one script, that it allows."""
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"
