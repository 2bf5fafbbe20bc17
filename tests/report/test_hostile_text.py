"""Names and reasons with markup or control characters in them are shown and never obeyed."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pandas as pd
import pytest
from PIL import Image

from gan_bench import load
from gan_bench.base.escape import plain
from gan_bench.contract.protocol import MetricSpec
from gan_bench.report import leaderboard
from gan_bench.report.documents import to_csv
from gan_bench.report.figures import draw
from gan_bench.report.formats import FORMATS
from gan_bench.report.section import Column, Section
from gan_bench.report.shown_summary import ShownSummary
from gan_bench.report.summary import Summary
from gan_bench.results.atomic import append_line, write_json
from gan_bench.results.layout import CURVE, PROTOCOL, TICKS
from gan_bench.results.scale import Scale, write_scale
from given import Command
from parsed import Page, rendered
from records import FD, PLAIN, write_cell

HOSTILE = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '" onmouseover="alert(1)',
    "' onclick='alert(1)",
    "</td></table></style><script>alert(1)//",
    "<!--",
    "<style>@import url(//evil)</style>",
    "](javascript:alert(1))",
    "[x](javascript:alert(1))",
    "![x](http://evil/x.png)",
    "<javascript:alert(1)>",
    "[x]: javascript:alert(1)",
    "a | b || c \\| d",
    "`` ` `code`",
    "# heading",
    "1. list",
    "~~~\ncode",
    "one\n\n# two\r\n| 1 | 2 |\n| --- | --- |",
    "[red]boo[/red] [link=file:///etc/passwd]x[/link] [/]",
    "\x1b[2J\x1b]0;title\x07\x1b]8;;http://evil\x07",
    "\x9b31m \x90 \x7f \b\b\b",
    "gnp.\u202eexe \u2066x\u2069 \u200f\u200b\ufeff",
    "\u2028 \u2029 \x85 \x0b \x0c",
    "{{ 7 * 7 }} {% include '/etc/passwd' %} ${7*7} %(x)s {0}",
    "=cmd|'/c calc'!A0",
    "$\\frac{$",  # no mathematics
    "$x$ \\(x\\) :smile: @octocat www.evil.org https://evil.org a@evil.org",
)
OURS = (  # all elements that our own page has
    "html head meta title style body h1 h2 h3 dl dt dd div table thead tbody tr th td ul ol li nav "
    "a section figure img figcaption p small details summary script header main b span "
    "svg path text circle desc pre code"
)
ATTRIBUTES = (
    "lang charset http-equiv content name class id tabindex src alt role scope aria-label "
    "aria-labelledby aria-hidden data-kimg data-at width height viewbox d x y cx cy r"
)

IN_A_NOTEBOOK = "h4 p b i ul li table thead tbody tr th td details summary"


def write_hostile(results: Path, text: str) -> None:
    """Results with the text in every field and name that can hold one."""
    metric = MetricSpec(
        name=f"m {text}", higher_is_better=True, features=text, partner=text, alarm=1.0
    )
    tick_metric = metric.model_copy(update={"name": f"t {text}"})
    under = PLAIN.model_copy(
        update={
            "data": PLAIN.data.model_copy(update={"name": text, "fingerprint": text}),
            "evaluation": PLAIN.evaluation.model_copy(
                update={
                    "metrics": (FD, metric),
                    "tick_metric": tick_metric,
                    "features": text,
                    "digests": {text: text},
                }
            ),
        }
    )
    best = {"metric": tick_metric.name, "value": 27.0, "kimg": 40.0, "final": 32.0}
    wrong = {"kind": "degraded", "kimg": 1.0, "reason": text}
    texts = {"reason": text, "device": text, "diagnosis": text, "versions": {text: text}}
    for seed in range(2):
        more = {"unscored": {f"m {text}": text}, "verdicts": [wrong], "best": best}
        write_cell(
            results, "evil", "hinge", seed, PLAIN, "degraded", {"fd-eye": seed}, **texts, **more
        )
    write_cell(results, "worse", status="failed", cost=None, **texts)
    root = write_cell(results, "good", scores={"fd-eye": 12.345678}).parents[2]
    write_json(root / PROTOCOL, under.model_dump(mode="json"))
    write_scale(root, Scale(real=None, why_no_real=text, warnings=(text,)))
    named = text.replace("/", "∕")[:80]
    (root / "worse").rename(root / named)
    root.rename(results / named)


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_of_a_record_is_markup_in_the_page(
    text: str, tmp_path: Path, gan_bench: Command
) -> None:
    write_hostile(tmp_path, text)
    result = gan_bench("report", tmp_path, "--format", "html", "--by", "time")
    page = Page(result.out)
    assert page.tags <= set(OURS.split())
    for own in ("style", "script"):
        assert len([tag for tag, _ in page.elements if tag == own]) == 1
    assert {name for _, attributes in page.elements for name in attributes} <= set(
        ATTRIBUTES.split()
    )
    assert page.attributes("src") == []
    assert plain(text) in page.text
    assert result.out.replace("\n", "").isprintable()


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_of_a_record_is_markup_in_the_markdown(
    text: str, tmp_path: Path, gan_bench: Command
) -> None:
    write_hostile(tmp_path, text)
    result = gan_bench("report", tmp_path, "--format", "markdown")
    page = rendered(result.out)
    allowed = {
        "h2",
        "p",
        "strong",
        "details",
        "summary",
        "ul",
        "li",
        "table",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
        "pre",
        "code",
    }
    assert page.tags <= allowed
    for own in ("pre", "code"):  # the one command that makes the table again
        assert [tag for tag, _ in page.elements].count(own) == 1
    assert page.attributes("href") == page.attributes("src") == []
    assert [len({len(row) for row in table}) for table in page.tables] == [1] * len(page.tables)
    assert " ".join(plain(text).split()) in " ".join(page.text.split())
    assert result.out.replace("\n", "").isprintable()
    # nothing in a block of code becomes a link or a mention
    outside = re.sub(r"^(`{3,})sh\n.*?\n\1$", "", result.out, flags=re.DOTALL | re.MULTILINE)
    assert len(outside) < len(result.out)
    assert not re.search(r"(?<!\\)://|(?i:www)\.|@(?=[a-z])", outside)


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_of_a_record_is_obeyed_by_a_terminal(
    text: str, tmp_path: Path, gan_bench: Command
) -> None:
    write_hostile(tmp_path, text)
    for style in FORMATS:
        result = gan_bench("report", tmp_path, "--format", style)
        assert result.code == 0
        shown = (
            result.out if style != "json" else result.out.replace("\x7f", "")
        )  # which does nothing
        assert shown.replace("\n", "").isprintable()
        assert result.err.replace("\n", "").isprintable()
    result = gan_bench("report", tmp_path, "--format", "terminal")
    assert "".join(plain(text).split()) in "".join(result.out.split())


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_is_markup_in_a_notebook(text: str, tmp_path: Path) -> None:
    write_hostile(tmp_path, text)
    columns = [Column(text, numeric=False), Column("score", detail=text)]
    section = Section(text, columns, [[text, text]], [[text, text]], shared=text)
    summary = Summary([section], text, text, text, notes=[text], more=[section])
    for shown in (load(tmp_path), ShownSummary(summary)):
        page = Page(shown._repr_html_())
        assert page.tags <= set(IN_A_NOTEBOOK.split())
        assert {name for _, given in page.elements for name in given} <= {"style"}
        assert set(page.attributes("style")) <= {"text-align:left", "text-align:right"}
        assert plain(text) in page.text
        assert str(shown).replace("\n", "").isprintable()
        written = rendered(shown._repr_markdown_())
        assert written.attributes("href") == written.attributes("src") == []
        assert not written.tags & {"script", "img", "style"}


def test_a_picture_can_be_drawn_of_any_name(tmp_path: Path) -> None:
    for k, text in enumerate(HOSTILE):
        folder = write_cell(tmp_path, f"row{k}", scores={"fd-eye": float(k)})
        line = {"kimg": 1.0, "loss_d": 1.0, "scores": {"fd-eye": 1.0}}
        append_line(folder / CURVE, line)
        append_line(folder / TICKS, line)
        (folder / "samples").mkdir()
        Image.new("RGB", (146, 146)).save(folder / "samples" / "1.png")
        folder.parents[1].rename(folder.parents[1].with_name(text.replace("/", "∕")[:80]))
    (board,) = leaderboard.load(tmp_path).boards
    assert {path.stem for path in draw(board)} == {"samples", "losses", "quality"}


def test_a_file_name_that_is_no_unicode_is_shown_escaped(
    tmp_path: Path, gan_bench: Command
) -> None:
    folder = write_cell(tmp_path, "good", scores={"fd-eye": 12.345678}).parents[1]
    os.rename(folder, os.fsencode(folder.parent) + b"/b\xffd")
    for style in FORMATS:
        result = gan_bench("report", tmp_path, "--format", style)
        assert result.code == 0
        shown = rendered(result.out).text if style == "markdown" else result.out
        shown = shown.replace(r"\textbackslash{}", "\\")
        assert "b\\udcffd" in "".join(shown.split())


def test_no_cell_of_a_csv_is_a_formula(tmp_path: Path) -> None:
    write_hostile(tmp_path, "=cmd|'/c calc'!A0")
    (tmp_path / "board.csv").write_text(to_csv(leaderboard.load(tmp_path)))
    table = pd.read_csv(tmp_path / "board.csv", dtype=str)
    cells = [*table.columns, *table.to_numpy().ravel()]
    assert "'=cmd|'/c calc'!A0" in cells
    assert not [cell for cell in cells if isinstance(cell, str) and cell.startswith("=")]
