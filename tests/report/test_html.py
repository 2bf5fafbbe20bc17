"""The page: one file with its style and pictures, which asks for nothing from elsewhere."""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from hashlib import sha256
from html import unescape
from io import BytesIO
from pathlib import Path

import pytest
from markupsafe import escape
from PIL import Image

from gan_bench.report import leaderboard
from gan_bench.report.markdown import to_markdown
from gan_bench.report.page.axes import axis
from gan_bench.report.page.document import to_html
from gan_bench.report.page.quality import quality
from gan_bench.report.page.samples import ACROSS, CELLS, TICKS, samples
from gan_bench.report.tables import chapters
from gan_bench.results import layout
from gan_bench.results.atomic import append_line
from gan_bench.results.layout import TICKS as TICK_FILE
from parsed import Page, rendered
from records import protocol, spread, write_cell, write_contact_sheet, write_training


def page(results: Path) -> str:
    return to_html(leaderboard.load(results))


def test_the_page_has_the_tables_facts_and_notes_of_the_other_formats(two: Path) -> None:
    write_cell(two, "good", under=protocol(kimg=200), scores={"fd-eye": 1.0})
    write_cell(two, "bad", seed=1, status="failed", reason="no memory", cost=None)
    text, boards = page(two), leaderboard.load(two)
    assert Page(text).tables == rendered(to_markdown(boards, two)).tables
    for chapter in chapters(boards):
        for name, fact in chapter.facts:
            assert f"<dt>{name}</dt><dd>{escape(fact)}</dd>" in text
        for note in chapter.notes:
            assert f">{escape(note.text)}</li>" in text
        (lead, badly), answers = chapter.headline, re.findall('<p class="answer">(.*?)</p>', text)
        assert f"{escape(lead)}; <span>{escape(badly)}.</span>" in answers or not badly
        assert unescape(chapter.answer) in [unescape(re.sub("<.*?>", "", said)) for said in answers]
    assert '<li class="fault">bad / hinge / seed1: no memory</li>' in text


def test_a_number_stands_on_the_right_and_a_word_on_the_left(two: Path) -> None:
    text = page(two)
    assert '<th scope="col" class="number">fd-eye ↓ <small>(n = 500)</small></th>' in text
    assert '<td class="number">12.35</td>' in text
    assert '<td class="name">good</td>' in text


def test_several_protocols_have_a_table_of_contents_and_one_has_none(two: Path) -> None:
    assert "<nav" not in page(two)
    write_cell(two, "a", under=protocol(kimg=200))
    text = page(two)
    links = re.findall(r'<a href="#(.*?)">(.*?)</a>', text)
    assert [slug for _, slug in links] == [board.slug for board in leaderboard.load(two).boards]
    for place, slug in links:
        assert f'<h2 id="{place}">{slug}</h2>' in text


def test_the_page_allows_one_style_one_script_its_own_pictures_and_nothing_else(two: Path) -> None:
    write_training(write_cell(two, "good", scores={"fd-eye": 1.0}))
    text = page(two)
    (policy,) = re.findall(r'Content-Security-Policy" content="(.*?)"', text, re.DOTALL)
    digests = []
    for tag in ("style", "script"):
        (own,) = re.findall(f"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
        digests.append(f"{tag}-src 'sha256-{b64encode(sha256(own.encode()).digest()).decode()}'")
        assert own
    assert " ".join(policy.split()) == (
        f"default-src 'none'; img-src data:; {'; '.join(digests)}; "
        "base-uri 'none'; form-action 'none'"
    )
    sources = re.findall(r'<img src="(.*?)"', text)
    assert [source.partition(",")[0] for source in sources] == ["data:image/webp;base64"]
    assert not re.search(r"https?:|<link|url\(|style=|@import| on\w+=", text)


def test_the_page_shows_the_same_images_of_every_cell_at_every_tick(two: Path) -> None:
    for name, colour in ("good", 0), ("bad", 200):
        write_training(write_cell(two, name, scores={"fd-eye": 1.0}), ticks=3, colour=colour)
    sources = re.findall(r'<img src="data:image/webp;base64,(.*?)"', page(two))
    for source, red in zip(sources, (200, 0), strict=True):
        image = Image.open(BytesIO(b64decode(source)))
        side = layout.grid_pixels(ACROSS, 16)
        assert image.size == (3 * side, side)
        for k in range(3):
            pixel = image.getpixel((k * side + 10, 10))
            assert pixel == pytest.approx((red, 10 * (k + 1), 0), abs=12)


def test_a_page_shows_some_real_images_if_the_results_have_a_contact_sheet(two: Path) -> None:
    folder = write_cell(two, "good", scores={"fd-eye": 1.0})
    write_training(folder)
    assert "a strip of real images" not in page(two)
    shown = spread(write_contact_sheet(folder.parents[2]), 8)
    text = page(two)
    assert "a strip of real images" in text
    source = re.findall(r'<img src="data:image/webp;base64,(.*?)"', text)[0]
    strip = Image.open(BytesIO(b64decode(source)))
    colours = [strip.getpixel((68 * k + 34, 34)) for k in range(8)]
    assert colours == [pytest.approx(colour, abs=12) for colour in shown]


def test_of_many_cells_one_seed_of_each_row_is_shown(tmp_path: Path) -> None:
    for seed in range(CELLS // 2 + 1):
        for name in ("good", "bad"):
            write_training(write_cell(tmp_path, name, seed=seed), ticks=1, points=1)
    text = page(tmp_path)
    assert text.count('class="strip"') == 2
    assert text.count("data:image/webp") == 4  # the cards of the two rows have one too
    assert "Shown: the first seed of each row." in text


def test_a_long_training_shows_a_few_of_its_ticks_with_the_first_and_the_last(two: Path) -> None:
    write_training(write_cell(two, "good", scores={"fd-eye": 1.0}), ticks=TICKS + 1)
    (kimg,) = re.findall(r'class="samples" data-kimg="(.*?)"', page(two))
    ticks = [float(text) for text in kimg.split()]
    assert (len(ticks), ticks[0], ticks[-1]) == (TICKS, 0.1, (TICKS + 1) / 10)


def test_a_page_has_no_more_pictures_than_a_mail_takes_and_says_how_to_see_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for kimg in (100, 200, 300):
        write_training(write_cell(tmp_path, "a", under=protocol(kimg=kimg)))
    boards = leaderboard.load(tmp_path)
    sizes = [found.size for found in map(samples, boards.boards) if found]
    monkeypatch.setattr("gan_bench.report.page.document.PAGE", sizes[0] + sizes[1])
    text = to_html(boards)
    assert text.count("data:image/webp") == 2
    assert f"gan-bench report --protocol {boards.boards[2].slug} makes a page with them" in text
    assert text.count('<svg class="panel"') == 3 * 2  # vector graphics are small


def write_ticks(folder: Path, *scores: float) -> None:
    for k, score in enumerate(scores, start=1):
        append_line(folder / layout.TICKS, {"kimg": float(k), "scores": {"fd-eye": score}})


def test_a_collapse_is_marked_and_told_where_it_happened(two: Path) -> None:
    verdict = {"kind": "collapsed", "kimg": 2.0, "reason": "no diversity"}
    folder = write_cell(two, "good", scores={"fd-eye": 9.0}, verdicts=[verdict])
    write_ticks(folder, 10.0, 20.0, 30.0)
    text = page(two)
    assert "good / hinge: 10 at 1 kimg, 30 at 3 kimg; good / hinge / seed0 collapsed at 2" in text
    assert "<title>good / hinge / seed0 collapsed at 2 kimg</title>" in text


def test_quality_is_shown_as_the_mean_of_the_seeds_against_kimg_and_time(two: Path) -> None:
    for seed, score in enumerate((10.0, 20.0)):
        folder = write_cell(two, "good", seed=seed, scores={"fd-eye": score})
        write_ticks(folder, score, 2 * score)
        assert "against time" not in page(two)  # of this seed no times are known
        for kimg in (0.5, 2.0):
            append_line(folder / layout.SPEED, {"kimg": kimg, "seconds": 240 * kimg * (seed + 1)})
    text = page(two)
    assert "<title>good / hinge: 15 at 1 kimg</title>" in text
    assert "<title>good / hinge: 30 at 12 min</title>" in text
    assert text.count('<path class="band c0"') == 2


def test_losses_are_drawn_for_each_row_with_the_best_first(two: Path) -> None:
    for name, score in ("good", 1.0), ("bad", 99.0):
        write_training(write_cell(two, name, scores={"fd-eye": score}), points=500)
    losses = re.findall(r'<title id="losses.*?">(.*?)</title>\n<desc.*?>(.*?)</desc>', page(two))
    about = "loss of D goes from 0.457 to 0.00201; loss of G goes from 1.5 to 249, in 1 training."
    assert [name for name, _ in losses] == ["good / hinge", "bad / hinge"]
    assert {text for _, text in losses} == {about}


@pytest.mark.parametrize(
    ("values", "texts"),
    [
        ((0.0, 12.0), ["0", "5", "10"]),
        ((30.0, 1800.0), ["50", "100", "200", "500", "1,000", "2,000"]),
        ((0.001, 5000.0), ["0.001", "0.01", "0.1", "1", "10", "100", "1,000"]),
        ((-3.0, 40000.0), ["0", "20,000", "40,000"]),
        ((7.0, 7.0), ["6.5", "7", "7.5"]),
    ],
)
def test_an_axis_has_round_numbers_at_their_places(
    values: tuple[float, float], texts: list[str]
) -> None:
    drawn = axis(values, 200, 0)
    assert [text for _, text in drawn.ticks] == texts
    places = [place for place, _ in drawn.ticks]
    assert places == sorted(places, reverse=True)
    assert all(0 <= place <= 200 for place in [*places, *map(drawn, values)])
    assert drawn(1e9) == 0


def test_a_column_of_the_first_table_has_an_entry_in_the_glossary(two: Path) -> None:
    text = page(two)
    glossary = text[text.index('<details class="glossary">') :]
    for column in next(chapters(leaderboard.load(two))).tables[0].columns:
        assert f"<dt>{column.title}</dt>" in glossary


def test_the_words_of_a_figure_are_about_each_of_its_rows(tmp_path: Path) -> None:
    for k in range(14):
        folder = write_cell(tmp_path, f"row{k:02}", scores={"fd-eye": 100.0 + k})
        append_line(folder / TICK_FILE, {"kimg": 50.0, "scores": {"fd-eye": 100.0 + k}})
    figure = quality(leaderboard.load(tmp_path).boards[0])
    assert figure is not None
    first = figure.panels[0].about
    rows = figure.legend
    assert all(f"{name}: {100 + int(name[3:5])} at 50 kimg" in first for _, name in rows)
    assert len(rows) == 12  # a figure shows no more
