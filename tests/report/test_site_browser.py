"""A site in a real browser: every link of every page, on a phone, for a screen reader."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from browser_page import DESK, PHONE, axe_finds_nothing, needs_browser, opened, unfold

from gan_bench.report.site.making import make_site
from gan_bench.results.atomic import append_line
from gan_bench.results.layout import TICKS
from records import protocol, write_cell, write_training

pytestmark = needs_browser


def test_all_links_of_a_site_lead_somewhere_and_its_pages_are_sound(
    browser: Any, tmp_path: Path
) -> None:
    for name, kimg in (("dcgan", 100), ("dense", 100), ("dcgan", 200)):
        cell = write_cell(tmp_path / "lab", name, under=protocol(kimg), scores={"fd-eye": 9.0})
        write_training(cell, ticks=2)
        append_line(cell / TICKS, {"kimg": 0.1, "scores": {"fd-eye": 20.0}})
    todo, seen = [make_site([tmp_path / "lab"], tmp_path / "public").index], set[Path]()
    while todo:
        path = todo.pop()
        result = opened(browser, path, viewport=PHONE)
        page = result.page
        unfold(page)
        assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"], path
        assert result.said == [], path
        for link in page.locator("a[href]").all():
            target = Path(path.parent, (link.get_attribute("href") or "").partition("#")[0])
            target = target.resolve()
            assert target.is_file()
            if target.suffix == ".html" and target not in seen:
                seen.add(target)
                todo.append(target)
        page.close()
    assert len(seen) == 1 + 2 + 3


def test_by_hand_one_comes_from_the_index_to_a_row_and_axe_finds_nothing(
    browser: Any, tmp_path: Path
) -> None:
    for name, score in (("dcgan", 9.0), ("dense", 20.0)):
        write_training(write_cell(tmp_path / "lab", name, scores={"fd-eye": score}), ticks=2)
    index = make_site([tmp_path / "lab"], tmp_path / "public").index
    result = opened(browser, index, viewport=DESK)
    page = result.page
    axe_finds_nothing(page)
    page.get_by_role("link", name="faces, 16 px").click()
    axe_finds_nothing(page)
    page.locator("th", has_text="fd-eye").first.get_by_role("button").press("Enter")
    page.get_by_role("cell", name="dense").get_by_role("link").click()
    assert page.get_by_role("heading", level=1).inner_text() == "dense / hinge"
    page.get_by_role("slider").press("ArrowLeft")
    unfold(page)
    axe_finds_nothing(page)
    page.get_by_role("navigation").get_by_role("link").first.click()
    assert page.url == index.as_uri()
    assert result.said == []
    page.close()
