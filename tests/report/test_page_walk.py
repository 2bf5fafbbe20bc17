"""The walk through z on the page: every cell that has one, and no page is lost to a damaged one."""

from __future__ import annotations

import re
from base64 import b64decode
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from shown_cells import square, webp, write_pictures

from gan_bench.report import leaderboard
from gan_bench.report.page import walk as walks
from gan_bench.report.page.document import to_html
from gan_bench.results.atomic import write_json
from gan_bench.results.layout import DATA_REPORT, SHOWN, SHOWN_INDEX
from gan_bench.results.shown import WALK
from records import write_cell

ALT = r'<img src="data:image/webp;base64,(\S*?)"[^>]*\salt="a square of 16 x 16 images (.*?)"'


def page(results: Path) -> str:
    return to_html(leaderboard.load(results))


def walked(text: str) -> dict[str, bytes]:
    """What the alternative text says -> the picture."""
    return {about: b64decode(source) for source, about in re.findall(ALT, text)}


def test_the_page_has_the_square_of_each_cell_that_keeps_one(two: Path) -> None:
    assert "walk through latent space" not in page(two)
    write_pictures(write_cell(two, "good", scores={"fd-eye": 1.0}), webp(square()), walk_class=3)
    text = page(two)
    pictures = walked(text)
    assert list(pictures) == ["that the G of good / hinge / seed0 makes"]
    (picture,) = pictures.values()
    with Image.open(BytesIO(picture)) as image:
        assert np.array_equal(np.asarray(image.convert("RGB")), square())
    assert "all of class 3<" in text
    folder = leaderboard.load(two).boards[0].folder
    write_json(folder / DATA_REPORT, {"counts": {"classes": dict.fromkeys("abcd", 9)}})
    assert "all of class 3 d<" in page(two)


def damaged(kind: str) -> bytes:
    """A file that is no picture of a walk."""
    png = BytesIO()
    Image.fromarray(square()).save(png, "PNG")
    moving = BytesIO()
    frames = [Image.fromarray(square() ^ np.uint8(k)) for k in (0, 255)]
    frames[0].save(moving, "WEBP", save_all=True, append_images=frames[1:])
    return {
        "no picture": b"<script>alert(1)</script>",
        "another format": png.getvalue(),
        "cut off": webp(square())[:50],
        "too large": webp(square(side=65)),
        "not a square of images": webp(square()[:, :-1]),
        "more than one frame": moving.getvalue(),
        "too many bytes": webp(square()) + bytes(2**21),
    }[kind]


@pytest.mark.parametrize(
    "kind",
    [
        "no picture",
        "another format",
        "cut off",
        "too large",
        "not a square of images",
        "more than one frame",
        "too many bytes",
    ],
)
def test_a_damaged_square_costs_a_note_and_not_the_others(kind: str, two: Path) -> None:
    write_pictures(write_cell(two, "good", scores={"fd-eye": 1.0}), webp(square()))
    write_pictures(write_cell(two, "bad", scores={"fd-eye": 2.0}), damaged(kind))
    text = page(two)
    assert list(walked(text)) == ["that the G of good / hinge / seed0 makes"]
    assert '<li class="fault">bad / hinge / seed0: unreadable' in text


@pytest.mark.parametrize("content", [None, "{", '{"walk": 1, "more": 2}', '{"walk": true}'])
def test_a_damaged_index_or_a_missing_file_costs_a_note(content: str | None, two: Path) -> None:
    folder = write_cell(two, "good", scores={"fd-eye": 1.0})
    write_pictures(folder, webp(square()))
    (folder / SHOWN / WALK).unlink()
    if content is not None:
        (folder / SHOWN / SHOWN_INDEX).write_text(content)
    text = page(two)
    assert walked(text) == {}
    assert text.count('<li class="fault">good / hinge / seed0: ') == 1


def test_walks_are_left_out_where_a_page_has_no_room_and_it_says_so(
    two: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, score in ("good", 1.0), ("bad", 2.0):
        write_pictures(write_cell(two, name, scores={"fd-eye": score}), webp(square()))
    monkeypatch.setattr(walks, "MOST", len(webp(square())))
    text = page(two)
    assert list(walked(text)) == ["that the G of good / hinge / seed0 makes"]
    assert "1 cell left out: this page would become too large." in text
    monkeypatch.setattr("gan_bench.report.page.document.PAGE", 0)
    text = page(two)
    assert walked(text) == {}
    assert "2 cells left out: this page would become too large." in text
