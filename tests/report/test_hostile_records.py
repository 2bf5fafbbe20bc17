"""Results that someone else wrote, or half wrote: rubbish is told, the rest is shown, none obeyed.

Every fault is put in place of one file of one cell, and every format is asked for.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from rich.console import Console

from gan_bench import StorageError
from gan_bench.base.escape import plain
from gan_bench.contract.protocol import MetricSpec
from gan_bench.report import leaderboard
from gan_bench.report.documents import to_csv
from gan_bench.report.figures import draw
from gan_bench.report.formats import FORMATS, render
from gan_bench.report.page import to_html
from gan_bench.results.atomic import append_line, write_json
from gan_bench.results.layout import figure_path
from gan_bench.results.records import read_record
from given import Command, Said
from parsed import Page, rendered
from records import FD, PLAIN, lay, protocol


def put(content: bytes) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        path.write_bytes(content)

    return write


def huge(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(2**40)  # of which the disk holds nothing


def half(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


IN_ITS_PLACE: dict[str, Callable[[Path], None]] = {
    "half of it": half,
    "nothing": put(b""),
    "zeros": put(bytes(512) + b"\n"),
    "no UTF-8": put(b'{"loss": "\xff\xfe"}\n'),
    "UTF-16": put('{"seed": 0}\n'.encode("utf-16")),
    "a list": put(b"[1, 2]\n"),
    "a number": put(b"7\n"),
    "null": put(b"null\n"),
    "a pickle": put(b"cos\nsystem\n(S'touch executed'\ntR.\n"),
    "deep nesting": put(b"[" * 10_000_000 + b"\n"),
    "deep objects": put(b'{"a":' * 2_000_000 + b"\n"),
    "a terabyte": huge,
    "a folder": Path.mkdir,
    "a pipe": os.mkfifo,
    "a device": lambda path: path.symlink_to("/dev/zero"),
    "a loop": lambda path: path.symlink_to(path.name),
    "a link to nowhere": lambda path: path.symlink_to("nowhere"),
}


def replaced(path: Path, fault: str) -> None:
    if fault != "half of it":
        path.unlink(missing_ok=True)
    IN_ITS_PLACE[fault](path)


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """Two sound cells, an odd one, and a protocol of its own for whoever damages that."""
    lay(tmp_path, "good", scores={"fd-eye": 12.345678, "diversity": 0.5})
    lay(tmp_path, "bad", scores={"fd-eye": 99.0, "diversity": 0.9})
    lay(tmp_path, "odd", scores={"fd-eye": 50.0, "diversity": 0.7})
    lay(tmp_path, "other", under=protocol(kimg=200), scores={"fd-eye": 77.0})
    return tmp_path


def odd(results: Path) -> Path:
    return results / PLAIN.slug / "odd" / "hinge" / "seed0"


def told(said: Said, style: str) -> str:
    """What a reader sees, without spaces: a terminal folds long words."""
    assert (said.code, "Traceback" in said.err) == (0, False), said.err
    assert not Path("executed").exists()
    if style == "json":
        assert json.loads(said.out, parse_constant=pytest.fail)
    if style in ("html", "markdown"):
        page = Page(said.out) if style == "html" else rendered(said.out)
        return "".join(page.text.split())
    return "".join(said.out.replace(r"\textbackslash{}", "\\").split())


def number(style: str) -> str:
    return "12.345678" if style in ("csv", "json") else "12.35"


# A record


def shows_a_row_that_is_unreadable(said: Said, style: str) -> None:
    text = told(said, style)
    assert number(style) in text
    assert re.search(r"odd.*(unreadable|cannotread)", text)
    assert "odd/hinge/seed0/record.json" in text
    if style not in ("csv", "json"):
        assert "1unreadable" in text


@pytest.mark.parametrize("style", FORMATS)
@pytest.mark.parametrize("fault", IN_ITS_PLACE)
def test_a_record_that_is_none_is_a_row_that_says_so(
    fault: str, style: str, results: Path, gan_bench: Command
) -> None:
    replaced(odd(results) / "record.json", fault)
    shows_a_row_that_is_unreadable(gan_bench("report", results, "--format", style), style)


def score(text: str) -> str:
    return f'"fd-eye": {{"value": {text}, "higher_is_better": false, "features": "e", "n": 5, '


DIGITS = "7" * 5000
CHANGES = {
    "an older schema": ('"schema_number": 1', '"schema_number": 0'),
    "a newer schema": ('"schema_number": 1', '"schema_number": 2'),
    "a field of tomorrow": ('"seed": 0', '"seed": 0, "tomorrow": 1'),
    "a status nobody knows": ('"finished"', '"splendid"'),
    "a word for a number": ('"value": 50.0', '"value": "fifty"'),
    "a list for a number": ('"value": 50.0', '"value": [50.0]'),
    "no number": ('"value": 50.0', '"value": null'),
    "NaN": ('"value": 50.0', '"value": NaN'),
    "Infinity": ('"value": 50.0', '"value": Infinity'),
    "minus Infinity": ('"value": 50.0', '"value": -Infinity'),
    "1e999": ('"value": 50.0', '"value": 1e999'),
    "1.7e308, of which a sum overflows": ('"value": 50.0', '"value": 1.7e308'),
    "a value of 5,000 digits": ('"value": 50.0', f'"value": {DIGITS}'),
    "a seed of 5,000 digits": ('"seed": 0', f'"seed": {DIGITS}'),
    "a count of 400 digits": ('"g_parameters": 1200000', f'"g_parameters": {DIGITS[:400]}'),
    "a number for a name": ('"loss": "hinge"', '"loss": 5'),
    "half a surrogate": ('"loss": "hinge"', '"loss": "\\ud800"'),
    "scores that are none": ('"unscored": {}', '"unscored": []'),
}


@pytest.mark.parametrize("style", FORMATS)
@pytest.mark.parametrize("change", CHANGES)
def test_a_record_changed_by_hand_is_a_row_that_says_so(
    change: str, style: str, results: Path, gan_bench: Command
) -> None:
    path = odd(results) / "record.json"
    text = path.read_text()
    assert text.count(CHANGES[change][0]) == 1
    path.write_text(text.replace(*CHANGES[change]))
    shows_a_row_that_is_unreadable(gan_bench("report", results, "--format", style), style)


def everything(results: Path) -> list[str]:
    """All formats and both orders, as text."""
    orders = [leaderboard.load(results, by_time=by_time) for by_time in (False, True)]
    wide = Console(width=1000)
    return [render(boards, style, results, wide) for boards in orders for style in FORMATS]


@given(data=st.data())
def test_a_document_cut_at_any_byte_is_told_or_whole(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    results = tmp_path_factory.mktemp("cut")
    folder = lay(results, "odd", scores={"fd-eye": 50.0}, reason="é 顔")
    lay(results, "other", under=protocol(kimg=200), scores={"fd-eye": 77.0})
    path = data.draw(st.sampled_from([folder / "record.json", folder.parents[2] / "protocol.json"]))
    content = path.read_bytes()
    cut = data.draw(st.integers(0, len(content)))
    path.write_bytes(content[:cut])
    for text in everything(results):
        assert (path.name in text) == (cut < len(content.rstrip()))
        assert "other" in text


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda deeper: st.lists(deeper, max_size=3) | st.dictionaries(st.text(), deeper, max_size=3),
    max_leaves=8,
)


@given(value=values, data=st.data())
def test_a_record_with_any_value_in_any_field_is_read_or_told(
    value: Any, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    results = tmp_path_factory.mktemp("value")
    folder = lay(results, "odd", scores={"fd-eye": 50.0}, best=BEST, verdicts=[VERDICT])
    document = json.loads((folder / "record.json").read_text())
    place = document
    while isinstance(place, dict | list) and place:
        where = data.draw(st.sampled_from(list(place) if isinstance(place, dict) else [0]))
        inside = place[where]
        if not isinstance(inside, dict | list) or not inside or data.draw(st.booleans()):
            place[where] = value
            break
        place = inside
    (folder / "record.json").write_text(json.dumps(document))
    assert all("odd" in text for text in everything(results))


BEST = {"metric": "fd-eye", "value": 27.0, "kimg": 40.0, "final": 32.0}
VERDICT = {"kind": "degraded", "kimg": 12.0, "reason": "fd-eye 9, 9"}


# A protocol


def shows_a_line_that_it_is_unreadable(said: Said, style: str) -> None:
    text = told(said, style)
    assert re.search(rf"(unreadable|cannotread)\S*{PLAIN.slug}/protocol\.json", text)
    assert "other" in text
    assert "77" in text


@pytest.mark.parametrize("style", FORMATS)
@pytest.mark.parametrize("fault", IN_ITS_PLACE)
def test_a_protocol_that_is_none_is_a_line_that_says_so(
    fault: str, style: str, results: Path, gan_bench: Command
) -> None:
    replaced(results / PLAIN.slug / "protocol.json", fault)
    shows_a_line_that_it_is_unreadable(gan_bench("report", results, "--format", style), style)


@pytest.mark.parametrize("style", FORMATS)
@pytest.mark.parametrize(
    "change",
    [
        {"schedule": {"kimg": 1e308}},
        {"schedule": {"kimg": float("nan")}},
        {"schedule": {"tomorrow": 1}},
        {"data": {"shape": [3, 10**9, 10**9]}},
        {"data": {"shape": [3, 0, 0]}},
        {"data": {"shape": [3]}},
        {"evaluation": {"metrics": []}},
        {"evaluation": {"digests": "eye"}},
    ],
    ids=str,
)
def test_a_protocol_changed_by_hand_is_a_line_that_says_so(
    change: dict[str, Any], style: str, results: Path, gan_bench: Command
) -> None:
    path = results / PLAIN.slug / "protocol.json"
    document = json.loads(path.read_text())
    for part, fields in change.items():
        document[part] |= fields
    path.write_text(json.dumps(document))
    shows_a_line_that_it_is_unreadable(gan_bench("report", results, "--format", style), style)


def test_results_of_which_nothing_can_be_read_are_told_too(
    tmp_path: Path, gan_bench: Command
) -> None:
    lay(tmp_path, "odd")
    replaced(tmp_path / PLAIN.slug / "protocol.json", "nothing")
    for style in FORMATS:
        assert "unreadable" in told(gan_bench("report", tmp_path, "--format", style), style)


# What a table does not need


@pytest.mark.parametrize("fault", IN_ITS_PLACE)
def test_a_cell_file_is_not_needed_to_show_a_record(
    fault: str, results: Path, gan_bench: Command
) -> None:
    replaced(odd(results) / "cell.json", fault)
    table = rendered(gan_bench("report", results).out).tables[0]
    assert [row[0] for row in table[1:]] == ["good", "odd", "bad"]
    assert table[2][-1] == "1 finished"


LINES = {
    "words": '{"step": "1", "kimg": "1", "seconds": "1", "loss_d": "x", "scores": "y"}',
    "lists": '{"step": [1], "kimg": [1], "seconds": [1], "loss_d": [1], "scores": [1]}',
    "nothing": '{"step": null, "kimg": null, "seconds": null, "scores": null}',
    "no key": "{}",
    "NaN": '{"kimg": NaN, "seconds": NaN, "loss_d": NaN, "scores": {"fd-eye": NaN}}',
    "Infinity": '{"kimg": Infinity, "seconds": 1, "loss_d": -Infinity, "scores": {"fd-eye": 1}}',
    "1e999": '{"kimg": 1e999, "seconds": 1e999, "loss_d": 1e999, "scores": {"fd-eye": 1e999}}',
    "400 digits": f'{{"kimg": {DIGITS[:400]}, "seconds": {DIGITS[:400]}, "loss_d": 1}}',
    "5,000 digits": f'{{"kimg": {DIGITS}, "seconds": {DIGITS}, "loss_d": 1}}',
    "a score within a score": '{"kimg": 1, "seconds": 1, "scores": {"fd-eye": {"fd-eye": 1}}}',
    "a list": "[1, 2]",
    "a number": "7",
}


@pytest.mark.parametrize("name", ["curve.jsonl", "vitals.jsonl", "speed.jsonl"])
@pytest.mark.parametrize("line", LINES)
def test_a_line_of_a_curve_that_is_none_costs_no_table(
    line: str, name: str, results: Path, gan_bench: Command
) -> None:
    (odd(results) / name).write_text(f"{LINES[line]}\n" * 3)
    for more in ((), ("--by", "time")):
        text = told(gan_bench("report", results, "--format", "markdown", *more), "markdown")
        assert "oddhinge" in text


@pytest.mark.parametrize("name", ["curve.jsonl", "vitals.jsonl"])
@pytest.mark.parametrize("fault", IN_ITS_PLACE)
def test_a_curve_that_cannot_be_read_is_left_out_with_a_word(
    fault: str, name: str, results: Path, gan_bench: Command
) -> None:
    sound = {"step": 1, "kimg": 1.0, "loss_d": 1.0, "scores": {"fd-eye": 60.0}}
    append_line(odd(results) / name, sound)
    replaced(odd(results) / name, fault)
    said = gan_bench("report", results, "--by", "time")
    assert "oddhinge" in told(said, "markdown")
    if fault in ("half of it", "nothing"):  # a line that is not complete was never written
        assert said.err == ""
    else:
        assert re.search(rf"no pictures: .*odd/hinge/seed0/{name}", said.err)


@pytest.mark.parametrize("fault", ["a pipe", "a device", "a folder", "a loop"])
def test_what_is_no_file_is_no_sample_grid(fault: str, results: Path) -> None:
    (odd(results) / "samples").mkdir()
    replaced(odd(results) / "samples" / "1.png", fault)
    board = next(board for board in leaderboard.load(results).boards if board.slug == PLAIN.slug)
    assert draw(board) == []


@pytest.mark.parametrize("fault", ["a pipe", "a device", "a folder", "a loop", "a terabyte"])
def test_what_is_no_picture_is_not_shown(fault: str, results: Path) -> None:
    board = next(board for board in leaderboard.load(results).boards if board.slug == PLAIN.slug)
    path = figure_path(board.folder, "losses")
    path.parent.mkdir()
    replaced(path, fault)
    assert "base64" not in to_html(leaderboard.load(results))


# Names and reasons with markup in them

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
    "a section figure img figcaption p"
)
ATTRIBUTES = "lang charset http-equiv content name class id tabindex src alt"


def hostile(results: Path, text: str) -> None:
    """The text wherever another hand can put one."""
    metric = MetricSpec(name=f"m {text}", higher_is_better=True, features=text)
    under = PLAIN.model_copy(
        update={
            "data": PLAIN.data.model_copy(update={"name": text, "fingerprint": text}),
            "evaluation": PLAIN.evaluation.model_copy(
                update={"metrics": (FD, metric), "features": text, "digests": {text: text}}
            ),
        }
    )
    wrong = {"kind": "degraded", "kimg": 1.0, "reason": text}
    texts = {"reason": text, "device": text, "diagnosis": text, "versions": {text: text}}
    for seed in range(2):
        more = {"unscored": {f"m {text}": text}, "verdicts": [wrong], "best": BEST}
        lay(results, "evil", "hinge", seed, PLAIN, "degraded", {"fd-eye": seed}, **texts, **more)
    lay(results, "worse", status="failed", cost=None, **texts)
    root = lay(results, "good", scores={"fd-eye": 12.345678}).parents[2]
    write_json(root / "protocol.json", under.model_dump(mode="json"))
    named = text.replace("/", "∕")[:80]
    (root / "worse").rename(root / named)
    root.rename(results / named)


@pytest.mark.parametrize("text", HOSTILE)
def test_no_markup_of_a_stranger_is_in_the_page(
    text: str, tmp_path: Path, gan_bench: Command
) -> None:
    hostile(tmp_path, text)
    said = gan_bench("report", tmp_path, "--format", "html", "--by", "time")
    page = Page(said.out)
    assert page.tags <= set(OURS.split())
    assert len([tag for tag, _ in page.elements if tag == "style"]) == 1
    assert {name for _, found in page.elements for name in found} <= set(ATTRIBUTES.split())
    assert page.attributes("src") == []
    assert plain(text) in page.text
    assert said.out.replace("\n", "").isprintable()


@pytest.mark.parametrize("text", HOSTILE)
def test_no_markup_of_a_stranger_is_in_the_markdown(
    text: str, tmp_path: Path, gan_bench: Command
) -> None:
    hostile(tmp_path, text)
    said = gan_bench("report", tmp_path, "--format", "markdown")
    page = rendered(said.out)
    assert page.tags <= {"h2", "p", "ul", "li", "table", "thead", "tbody", "tr", "th", "td"}
    assert page.attributes("href") == page.attributes("src") == []
    assert [len({len(row) for row in table}) for table in page.tables] == [1] * len(page.tables)
    assert " ".join(plain(text).split()) in " ".join(page.text.split())
    assert said.out.replace("\n", "").isprintable()
    assert not re.search(r"(?<!\\)://|(?i:www)\.|@(?=[a-z])", said.out)


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_of_a_stranger_is_obeyed_by_a_terminal(
    text: str, tmp_path: Path, gan_bench: Command
) -> None:
    hostile(tmp_path, text)
    for style in FORMATS:
        said = gan_bench("report", tmp_path, "--format", style)
        assert said.code == 0
        shown = said.out if style != "json" else said.out.replace("\x7f", "")  # which does nothing
        assert shown.replace("\n", "").isprintable()
        assert said.err.replace("\n", "").isprintable()
    said = gan_bench("report", tmp_path, "--format", "terminal")
    assert "".join(plain(text).split()) in "".join(said.out.split())


def test_a_picture_can_be_drawn_of_any_name(tmp_path: Path) -> None:
    for k, text in enumerate(HOSTILE):
        folder = lay(tmp_path, f"row{k}", scores={"fd-eye": float(k)})
        line = {"kimg": 1.0, "loss_d": 1.0, "scores": {"fd-eye": 1.0}}
        append_line(folder / "curve.jsonl", line)
        append_line(folder / "vitals.jsonl", line)
        (folder / "samples").mkdir()
        Image.new("RGB", (146, 146)).save(folder / "samples" / "1.png")
        folder.parents[1].rename(folder.parents[1].with_name(text.replace("/", "∕")[:80]))
    (board,) = leaderboard.load(tmp_path).boards
    assert {path.stem for path in draw(board)} == {"samples", "losses", "quality"}


def test_a_file_name_that_is_no_unicode_can_be_told(tmp_path: Path, gan_bench: Command) -> None:
    lay(tmp_path, "good", scores={"fd-eye": 12.345678})
    folder = tmp_path / PLAIN.slug / "good"
    os.rename(folder, os.fsencode(folder.parent) + b"/b\xffd")
    for style in FORMATS:
        assert "b\\udcffd" in told(gan_bench("report", tmp_path, "--format", style), style)


def test_no_cell_of_a_csv_is_a_formula(tmp_path: Path) -> None:
    hostile(tmp_path, "=cmd|'/c calc'!A0")
    (tmp_path / "board.csv").write_text(to_csv(leaderboard.load(tmp_path)))
    table = pd.read_csv(tmp_path / "board.csv", dtype=str)
    cells = [*table.columns, *table.to_numpy().ravel()]
    assert "'=cmd|'/c calc'!A0" in cells
    assert not [cell for cell in cells if isinstance(cell, str) and cell.startswith("=")]


def test_an_unreadable_file_is_an_error_for_whoever_asks_for_it_alone(results: Path) -> None:
    replaced(odd(results) / "record.json", "a pipe")
    with pytest.raises(StorageError, match="no regular file"):
        read_record(odd(results))
