"""The page in a real browser: by mouse, by keyboard, on a phone, and for a screen reader."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from browser_page import PHONE, axe_finds_nothing, needs_browser, opened, unfold
from test_hostile_text import HOSTILE, write_hostile

from gan_bench.report import leaderboard
from gan_bench.report.markdown import section_lines
from gan_bench.report.page.document import to_html
from gan_bench.report.tables import chapters
from gan_bench.results.atomic import append_line
from gan_bench.results.layout import TICKS
from parsed import rendered
from records import write_cell, write_training

pytestmark = needs_browser


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two architectures, two losses; the names are as long as those of real ones."""
    folder = tmp_path_factory.mktemp("results")
    scores = {"dcgan": (207.5, 1200.0), "dense": (99.25, 700.0)}
    for architecture, values in scores.items():
        for loss, value in zip(("non-saturating", "label-smoothing"), values, strict=True):
            wrong = [{"kind": "collapsed", "kimg": 0.2, "reason": "all images are alike"}]
            verdicts = {"verdicts": wrong} if value == 1200 else {}
            cell = write_cell(folder, architecture, loss, scores={"fd-eye": value}, **verdicts)
            write_training(cell, ticks=3)
            for k in range(1, 4):
                append_line(cell / TICKS, {"kimg": k / 10, "scores": {"fd-eye": value * k}})
    return folder


@pytest.fixture(scope="module")
def html(results: Path) -> Path:
    path = results / "page.html"
    path.write_text(to_html(leaderboard.load(results)))
    return path


def column(page: Any, place: int) -> list[str]:
    """The texts of a column of the first table that are shown, without other real images."""
    cells = page.locator(f"table >> nth=0 >> tbody tr:not(.scale) td:nth-child({place})")
    return [cell.inner_text() for cell in cells.all() if cell.is_visible()]


@pytest.mark.parametrize("by", ["click", "Enter"])
def test_a_column_is_sorted_in_both_directions_and_says_what_it_means(by: str, page: Any) -> None:
    head = page.locator("th", has_text="fd-eye").first
    button = head.get_by_role("button")
    assert column(page, 4) == ["99.25", "207.5", "700", "1,200"]
    orders = []
    for _ in range(2):
        button.click() if by == "click" else button.press("Enter")
        orders.append((head.get_attribute("aria-sort"), column(page, 4)))
    assert orders == [
        ("ascending", ["99.25", "207.5", "700", "1,200"]),
        ("descending", ["1,200", "700", "207.5", "99.25"]),
    ]
    assert "Lower is better" in page.get_by_role("status").first.inner_text()
    page.locator("th", has_text="loss").first.get_by_role("button").click()
    assert column(page, 3) == ["label-smoothing"] * 2 + ["non-saturating"] * 2
    assert page.locator("[aria-sort]").count() == 1


def test_rows_are_filtered_by_words_of_their_names(page: Any) -> None:
    field = page.get_by_label("Filter rows").first
    field.fill("dense label")
    assert column(page, 3) == ["label-smoothing"]
    assert page.get_by_role("status").first.inner_text() == "1 of 4 rows shown."
    field.fill("")
    assert len(column(page, 3)) == 4


def test_the_table_is_copied_as_markdown(browser: Any, html: Path, results: Path) -> None:
    page = opened(browser, html).page
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy as markdown").first.click()
    page.get_by_text("Copied as markdown.").wait_for()
    (chapter,) = chapters(leaderboard.load(results))
    ours = rendered("\n".join(section_lines(chapter.tables[0])))
    assert rendered(page.evaluate("navigator.clipboard.readText()")).tables == ours.tables
    page.close()


def shown_ticks(page: Any) -> set[str]:
    labels = [each.get_attribute("aria-label") for each in page.locator("button.strip").all()]
    assert len(labels) == 4
    return {re.sub(r".* at (.*) kimg.*", r"\1", label) for label in labels}


def test_the_slider_moves_all_cells_by_keyboard_and_by_mouse(page: Any) -> None:
    slider = page.get_by_role("slider")
    assert shown_ticks(page) == {"0.3"}
    slider.press("ArrowLeft")
    assert shown_ticks(page) == {"0.2"}
    assert slider.get_attribute("aria-valuetext") == "0.2 kimg"
    box = slider.bounding_box()
    page.mouse.click(box["x"] + 3, box["y"] + box["height"] / 2)
    assert shown_ticks(page) == {"0.1"}
    image = page.locator("button.strip img").first
    left, frame = image.bounding_box(), page.locator("button.strip").first.bounding_box()
    assert left["x"] == pytest.approx(frame["x"], abs=1)
    assert left["width"] == pytest.approx(3 * frame["width"], abs=1)


def test_a_verdict_shows_the_samples_of_its_tick(page: Any) -> None:
    page.get_by_role("button", name="collapsed at 0.2 kimg").press("Enter")
    assert shown_ticks(page) == {"0.2"}


def test_the_samples_play_to_the_end(page: Any) -> None:
    page.get_by_role("button", name="Play").click()
    assert shown_ticks(page) == {"0.1"}
    page.get_by_role("button", name="Pause").wait_for()
    page.get_by_role("button", name="Play").wait_for()
    assert shown_ticks(page) == {"0.3"}


def test_who_wants_less_motion_moves_one_tick_at_a_time(browser: Any, html: Path) -> None:
    page = opened(browser, html, reduced_motion="reduce").page
    for tick in ("0.1", "0.2"):
        page.get_by_role("button", name="Next tick").click()
        assert shown_ticks(page) == {tick}
    page.wait_for_timeout(700)
    assert shown_ticks(page) == {"0.2"}
    page.close()


@pytest.mark.parametrize("by", ["click", "Enter"])
def test_samples_are_enlarged_and_closed_again(by: str, page: Any) -> None:
    button = page.locator("button.strip").first
    button.click() if by == "click" else button.press("Enter")
    dialog = page.get_by_role("dialog")
    assert "at 0.3 kimg" in dialog.inner_text()
    large, small = dialog.locator(".strip").bounding_box(), button.bounding_box()
    assert large["width"] > 2 * small["width"]
    page.keyboard.press("ArrowLeft")
    assert "at 0.2 kimg" in dialog.inner_text()
    dialog.get_by_role("button", name="Earlier").click()
    assert "at 0.1 kimg" in dialog.inner_text()
    page.keyboard.press("Escape")
    assert not dialog.is_visible()
    assert page.evaluate("document.activeElement.className") == "strip live"


@pytest.mark.parametrize("script", [True, False])
def test_a_phone_shows_the_first_score_and_nothing_is_wider_than_it(
    script: bool, browser: Any, html: Path
) -> None:
    result = opened(browser, html, viewport=PHONE, java_script_enabled=script)
    page = result.page
    unfold(page)
    for name in ("html", "body"):
        box = page.locator(name).bounding_box()
        assert box["width"] <= PHONE["width"]
    if script:
        assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
    page.mouse.wheel(0, -10_000)
    score = page.locator("td", has_text="99.25").first.bounding_box()
    assert score["x"] + score["width"] <= PHONE["width"]
    assert result.said == []
    page.close()


def test_without_javascript_every_tick_can_be_seen(browser: Any, html: Path) -> None:
    page = opened(browser, html, java_script_enabled=False).page
    assert column(page, 4) == ["99.25", "207.5", "700", "1,200"]
    images = page.locator(".strip img")
    assert images.count() == 4
    box = images.first.bounding_box()
    assert box["width"] == pytest.approx(3 * box["height"], rel=0.01)
    assert "0.1, 0.2, 0.3 kimg" in images.first.get_attribute("alt")
    assert page.get_by_role("button").count() == 0
    page.close()


def test_the_policy_blocks_scripts_styles_and_requests_of_others(browser: Any, html: Path) -> None:
    evil = html.with_name("evil.html")
    evil.write_text(
        html.read_text().replace(
            "<header>",
            "<script>document.title = 'evil'</script>"
            "<img src=x onerror=\"document.title = 'evil'\">"
            "<img src='https://evil.example/x.png'>"
            "<p id=evil style='color: #f00'>evil</p><header>",
        )
    )
    result = opened(browser, evil)
    result.page.evaluate(
        "document.body.append(Object.assign(document.createElement('script'), "
        "{textContent: 'document.title = `evil`'}))"
    )
    assert "evil" not in result.page.title()
    colour = result.page.evaluate("getComputedStyle(document.querySelector('#evil')).color")
    assert colour != "rgb(255, 0, 0)"
    blocked = [text for text in result.said if "Content Security Policy" in text]
    assert len(blocked) >= 4
    assert [text for text in blocked if "https://evil.example/x.png" in text]
    result.page.close()


def test_hostile_names_stay_text(browser: Any, tmp_path: Path) -> None:
    for k, text in enumerate(HOSTILE[:3]):
        folder = tmp_path / str(k)
        folder.mkdir()
        write_hostile(folder, text)
        path = tmp_path / f"{k}.html"
        path.write_text(to_html(leaderboard.load(folder)))
        result = opened(browser, path, viewport=PHONE)
        result.page.locator("th button").nth(1).click()
        width = result.page.evaluate("document.documentElement.scrollWidth")
        assert (result.said, width) == ([], PHONE["width"]), text
        assert "evil" in result.page.locator("table").first.inner_text()
        result.page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(scheme: str, browser: Any, html: Path) -> None:
    page = opened(browser, html, color_scheme=scheme).page
    unfold(page)
    page.locator("th button").first.click()
    for _ in range(2):
        axe_finds_nothing(page)
        page.locator("button.strip").first.press("Enter")
    page.close()
