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
from gan_bench.report.tables import Chapter, chapters
from gan_bench.results.reading import LARGEST, read_bytes

PAGE = 25 * 10**6  # bytes of pictures in one page: no mail takes more


def to_html(boards: Boards, by_time: bool = False) -> str:
    """One page that needs no other file: the pictures are in it, and it has no script."""
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
    told = list(_with_pictures(chapters(boards, by_time)))
    return template.render(chapters=told, unreadable=boards.unreadable)


def _source(picture: Path) -> str:
    """A picture as the address of itself; nothing, and so its name alone, if it is unreadable."""
    try:
        return f"data:image/png;base64,{b64encode(read_bytes(picture)).decode()}"
    except StorageError:
        return "data:,"


def _with_pictures(told: Iterable[Chapter]) -> Iterator[Chapter]:
    """The chapters with as many pictures as a page can carry; the others say where theirs are."""
    carried = 0
    for chapter in told:
        size = sum(map(_size, chapter.pictures.values()))
        if size and carried + size > PAGE:
            folder = next(iter(chapter.pictures.values())).parent
            full = f"its pictures would make this page too large: they are in {folder}"
            yield replace(chapter, pictures={}, notes=[*chapter.notes, full])
        else:
            carried += size
            yield chapter


def _size(picture: Path) -> int:
    """Bytes that a picture adds to a page, 0 where there is none that can be read."""
    try:
        size = picture.stat().st_size
    except OSError:
        return 0
    return size if size <= LARGEST else 0


def _digest(style: str) -> str:
    """What a Content-Security-Policy calls the one style it allows."""
    return f"sha256-{b64encode(sha256(style.encode()).digest()).decode()}"
