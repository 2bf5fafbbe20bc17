"""The walk through z in a real browser: by mouse, by touch and by keyboard."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from browser_page import PHONE, axe_finds_nothing, needs_browser, opened, unfold
from shown_cells import sheet, square, webp, write_pictures

from gan_bench.report import leaderboard
from gan_bench.report.page.document import to_html
from gan_bench.results.shown import WALK_SIDE, Modes
from records import write_cell, write_training

pytestmark = needs_browser


@pytest.fixture(scope="module")
def html(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two cells that walk; one of them collapsed, and shows modes and copies."""
    folder = tmp_path_factory.mktemp("walk")
    modes = Modes(metric="modes", says="31 of none.", real=(9,) * 1000, fake=(0, 9) * 500)
    wrong = [{"kind": "collapsed", "kimg": 0.2, "reason": "all images are alike"}]
    for name, score in ("dcgan", 1.0), ("dense", 2.0):
        cell = write_cell(folder, name, "label-smoothing", scores={"fd-eye": score}, verdicts=wrong)
        write_training(cell, ticks=3)
        write_pictures(cell, webp(square()), (sheet(),), (modes,))
    path = folder / "page.html"
    path.write_text(to_html(leaderboard.load(folder)))
    return path


def places(page: Any) -> set[tuple[int, int]]:
    """The column and the row that each cell shows: where its picture is behind its window."""
    seen = set()
    for window in page.locator(".square").all():
        frame, image = window.bounding_box(), window.locator("img").bounding_box()
        assert image["width"] == pytest.approx(WALK_SIDE * frame["width"], abs=1)
        column = (frame["x"] - image["x"]) / frame["width"]
        row = (frame["y"] - image["y"]) / frame["height"]
        assert (column, row) == pytest.approx((round(column), round(row)), abs=0.01)
        seen.add((round(column), round(row)))
    return seen


def test_every_cell_answers_to_a_drag_of_the_point(page: Any) -> None:
    pad = page.locator(".pad")
    pad.scroll_into_view_if_needed()
    box = pad.bounding_box()
    page.mouse.move(box["x"], box["y"])
    assert places(page) == {(8, 7)}
    page.mouse.down()
    assert places(page) == {(0, 0)}
    page.mouse.move(box["x"] + box["width"] / 3, box["y"] + box["height"] * 2 / 3)
    assert places(page) == {(5, 10)}
    page.mouse.move(box["x"] + 900, box["y"] + 900)  # far beyond its edge
    assert places(page) == {(15, 15)}
    page.mouse.up()
    page.mouse.move(box["x"], box["y"])
    assert places(page) == {(15, 15)}
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowLeft")
    assert places(page) == {(14, 14)}


def test_every_cell_answers_to_the_keys_of_two_sliders(page: Any) -> None:
    across, up = (page.get_by_label(name, exact=True) for name in ("Across", "Up"))
    across.press("Home")
    up.press("End")
    assert places(page) == {(0, 0)}
    across.press("ArrowRight")
    up.press("ArrowDown")
    assert places(page) == {(1, 1)}
    assert across.get_attribute("aria-valuetext") == "2 of 16"
    assert page.get_by_text("column 2, row 2 of 16").is_visible()


def test_a_phone_walks_by_touch_and_nothing_is_wider_than_it(browser: Any, html: Path) -> None:
    result = opened(browser, html, viewport=PHONE, has_touch=True)
    page = result.page
    unfold(page)
    pad = page.locator(".pad")
    pad.scroll_into_view_if_needed()
    box = pad.bounding_box()
    page.touchscreen.tap(box["x"] + box["width"] - 1, box["y"] + 1)
    assert places(page) == {(15, 0)}
    assert page.evaluate("getComputedStyle(document.querySelector('.frame')).touchAction") == "none"
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
    axe_finds_nothing(page)
    assert result.said == []
    page.close()


def test_without_javascript_the_whole_square_is_seen(browser: Any, html: Path) -> None:
    page = opened(browser, html, java_script_enabled=False).page
    for window in page.locator(".square").all():
        frame, image = window.bounding_box(), window.locator("img").bounding_box()
        assert image == pytest.approx(frame, abs=1)
    assert page.get_by_text("the whole square of one cell").first.is_visible()
    assert page.locator(".frame").count() == 0
    assert re.search("500 of 1,000 modes found", page.locator("main").inner_text())
    page.close()
