"""The overview of a long leaderboard, its filters and folding, in a real browser."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from browser_page import DESK, PHONE, axe_finds_nothing, needs_browser, opened, unfold

from gan_bench.report import leaderboard
from gan_bench.report.page.document import to_html
from records import protocol, write_cell, write_training

pytestmark = needs_browser


@pytest.fixture(scope="module")
def long(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """32 cells: four architectures with names of real length, two losses, four seeds."""
    folder = tmp_path_factory.mktemp("long")
    for k, architecture in enumerate(("dcgan", "dcgan-upsample", "stylegan2-small", "dense")):
        for loss in ("non-saturating", "hinge"):
            for seed in range(4):
                cell = write_cell(folder, architecture, loss, seed, scores={"fd-eye": 9.0 + k})
            write_training(cell.with_name("seed0"), ticks=2)
    path = folder / "page.html"
    path.write_text(to_html(leaderboard.load(folder)))
    return path


@pytest.mark.parametrize(("viewport", "scheme"), [(DESK, "light"), (PHONE, "dark")])
def test_an_overview_is_short_filtered_by_words_and_has_details(
    viewport: dict[str, int], scheme: str, browser: Any, long: Path
) -> None:
    result = opened(browser, long, viewport=viewport, color_scheme=scheme)
    page = result.page
    assert page.locator(".rest").bounding_box()["y"] < 3 * viewport["height"]
    assert page.locator("table").first.is_hidden()
    page.get_by_label("Filter cards").fill("dense hinge")
    assert page.locator(".cards li:visible").count() == 1
    page.get_by_label("Filter cards").fill("")
    unfold(page)
    page.get_by_label("Filter samples").fill("DENSE seed0")
    assert page.locator(".cells figure:visible").count() == 2
    page.get_by_label("Filter rows").first.fill("dcgan hinge seed0")
    assert page.locator("table >> nth=0 >> tbody tr:visible").count() == 2
    assert page.locator(".cells figure:visible").count() == 2
    page.get_by_label("Filter rows").first.fill("")
    heads = [page.locator(".grid b", has_text=text).first for text in ("dense", "hinge")]
    assert all(head.is_visible() for head in heads)
    assert page.evaluate("document.documentElement.scrollWidth") == viewport["width"]
    axe_finds_nothing(page)
    assert result.said == []
    page.close()


def test_a_link_to_a_folded_protocol_opens_it(browser: Any, tmp_path: Path) -> None:
    for kimg in range(1, 5):
        write_cell(tmp_path, "a", under=protocol(kimg=kimg), scores={"fd-eye": kimg})
    path = tmp_path / "page.html"
    path.write_text(to_html(leaderboard.load(tmp_path)))
    result = opened(browser, path)
    result.page.get_by_role("link").nth(2).press("Enter")
    assert result.page.locator("details.rest[open] h2").get_attribute("id") == "protocol-3"
    axe_finds_nothing(result.page)
    assert result.said == []
    result.page.close()
