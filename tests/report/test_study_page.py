"""Studies on a page: the tables of the other formats, the figure, and nothing that is obeyed."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
from test_hostile_text import ATTRIBUTES, HOSTILE, OURS

from gan_bench.base.escape import plain
from gan_bench.report.page.axes import Axis
from gan_bench.report.page.study import expected_best
from gan_bench.report.tuning.care import cares, expected_scores
from gan_bench.report.tuning.chapter import chapter_of
from gan_bench.report.tuning.formats import render_study
from gan_bench.report.tuning.trials import read_tuned
from gan_bench.results.atomic import write_json
from gan_bench.results.layout import STUDY, studies_in, study_dir
from given import Command, refused
from laid_study import Outcome, write_trials
from parsed import Page
from records import PLAIN, write_cell

STEADY = [Outcome(50, 51), Outcome(49, 48), Outcome(52, 52)]
TUNABLE = [Outcome(90, 91), Outcome(60, 62, "collapsed"), Outcome(30, 33)]
ROWS = {"steady": STEADY, "tunable": TUNABLE}


def write_hostile_study(results: Path, text: str) -> Path:
    """A study with the text in every name that its files can hold; its folder."""
    folder = write_trials(results, {"evil": STEADY, "good": TUNABLE})
    named = text.replace("/", "∕")[:80]
    document = json.loads((folder / STUDY).read_text())
    document["rows"] = [[named, "hinge"], ["good", named]]
    document["protocol"]["data"]["name"] = text
    for trial in document["trials"]:
        home = folder / trial["protocol"]
        (home / "evil").rename(home / named)
        (home / "good" / "hinge").rename(home / "good" / named)
    write_json(folder / STUDY, document)
    return folder


def test_the_page_of_a_study_has_its_tables_figure_and_notes(
    tmp_path: Path, gan_bench: Command
) -> None:
    folder = write_trials(tmp_path, ROWS)
    said = gan_bench("report", folder, "--format", "html")
    assert said.code == 0, said.err
    page, chapter = Page(said.out), chapter_of(read_tuned(folder))
    shown = [*chapter.tables, *chapter.more]
    assert [[*table[1:]] for table in page.tables] == [[*each.scale, *each.rows] for each in shown]
    for words in (chapter.answer, *chapter.notes, *(section.title for section in shown)):
        assert words in page.text
    assert len(re.findall(r'<path class="line c\d range"', said.out)) == 2
    assert not re.search(r"https?:|<link|url\(|style=|@import| on\w+=", said.out)
    assert said.out == render_study(read_tuned(folder), "html", Path())


def test_the_figure_draws_what_the_table_says(tmp_path: Path) -> None:
    tuned = read_tuned(write_trials(tmp_path, ROWS))
    figure = expected_best(tuned)
    assert figure
    (panel,) = figure.panels
    assert [line.title for line in panel.lines[1::2]] == ["tunable / hinge", "steady / hinge"]
    best = expected_scores(tuned, cares(tuned)[0])
    heights = [float(number) for number in re.findall(r"[\d.]+ ([\d.]+)", panel.lines[1].path)]
    assert heights == [panel.y(each.score) for each in best]
    ends = [float(number) for number in re.findall(r"[\d.]+ ([\d.]+)", panel.lines[0].path)]
    assert ends == [panel.y(end) for each in best for end in (each.low, each.high)]
    assert [text for _, text in panel.x.ticks] == ["1", "2", "3"]
    said = [dot.title for dot in panel.dots if dot.title.endswith("at k = 3")]
    assert said[0].startswith(f"tunable / hinge: {best[2].score:.4g}")
    assert f"tunable / hinge: {best[0].score:.4g} at k = 1" in panel.about


@pytest.mark.parametrize(
    ("count", "expected"), [(2, "1 2"), (8, "1 2 3 4 5 6 7 8"), (16, "2 4 6 8 10 12 14 16")]
)
def test_no_number_stands_between_two_trials(count: int, expected: str) -> None:
    ticks = Axis(0.5, count + 0.5, 0, 100, whole=True).ticks
    assert " ".join(text for _, text in ticks) == expected


def test_studies_stand_below_leaderboards_and_are_linked_above(
    tmp_path: Path, gan_bench: Command
) -> None:
    write_cell(tmp_path, "dcgan", scores={"fd-eye": 1.0})
    folder = write_trials(tmp_path, ROWS)
    out = tmp_path / "page.html"
    said = gan_bench("report", tmp_path, "--out", out)
    assert (said.code, said.err.splitlines()) == (0, [f"written: {out}"])
    links = re.findall(r'<a href="#(.*?)">(.*?)</a>', out.read_text())
    assert links == [("protocol-1", PLAIN.slug), ("study-1", folder.name)]
    for place, slug in links:
        assert f'<h2 id="{place}">{slug}</h2>' in out.read_text()


def test_a_damaged_study_costs_itself_alone(tmp_path: Path, gan_bench: Command) -> None:
    write_cell(tmp_path, "dcgan", scores={"fd-eye": 1.0})
    folder = write_trials(tmp_path, ROWS)
    (folder / STUDY).write_text("{")
    said = gan_bench("report", tmp_path, "--format", "html")
    assert said.code == 0
    assert STUDY in said.err
    assert "dcgan" in said.out
    refused(gan_bench("report", folder), 5, STUDY)


@pytest.mark.parametrize("text", HOSTILE)
def test_no_name_of_a_study_is_markup(text: str, tmp_path: Path, gan_bench: Command) -> None:
    folder = write_hostile_study(tmp_path / "r", text)
    said = gan_bench("report", folder, "--format", "html")
    page = Page(said.out)
    assert page.tags <= {*OURS.split(), "button"}
    assert {name for _, given in page.elements for name in given} <= set(ATTRIBUTES.split())
    assert plain(text) in page.text
    assert said.out.replace("\n", "").isprintable()
    made = gan_bench("site", tmp_path / "r", "-o", tmp_path / "public")
    assert made.code == 0, made.err
    for path in (tmp_path / "public").rglob("*.html"):
        assert Page(path.read_text()).tags <= {*OURS.split(), "article", "button"}
        assert plain(text) in Page(path.read_text()).text


def test_a_site_of_studies_alone_has_a_page_for_each(tmp_path: Path, gan_bench: Command) -> None:
    folder, out = write_trials(tmp_path / "lab", ROWS), tmp_path / "public"
    shutil.copytree(folder, study_dir(tmp_path / "lab", f"{folder.name}-old"))
    said = gan_bench("site", tmp_path / "lab", "-o", out)
    assert said.code == 0, said.err
    assert "0 protocols, 0 rows, 2 studies" in said.out
    index = (out / "index.html").read_text()
    for study in studies_in(tmp_path / "lab"):
        assert f'href="{study.name}/index.html"' in index
        assert (
            chapter_of(read_tuned(study)).answer
            in Page((out / study.name / "index.html").read_text()).text
        )
    refused(gan_bench("site", tmp_path / "lab", "-o", folder / "site"), 2, "are one folder")
