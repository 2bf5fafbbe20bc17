"""Files that are damaged or changed by hand: each is named, and the rest is shown.

Every fault is put in place of one file of one cell, and every format is asked for.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from gan_bench import StorageError
from gan_bench.report import leaderboard
from gan_bench.report.figures import draw
from gan_bench.report.formats import FORMATS, render
from gan_bench.report.page import to_html
from gan_bench.results.atomic import append_line
from gan_bench.results.layout import CELL, CURVE, PROTOCOL, RECORD, SCALE, SPEED, TICKS, figure_path
from gan_bench.results.records import read_record
from given import Command
from parsed import Page, rendered
from records import PLAIN, protocol, write_cell

Fault = Callable[[Path], None]


def put(content: bytes) -> Fault:
    def write(path: Path) -> None:
        path.write_bytes(content)

    return write


def huge(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(2**40)  # of which the disk holds nothing


def half(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


FAULTS: dict[str, Fault] = {
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


def damage(path: Path, fault: str) -> None:
    if fault != "half of it":
        path.unlink(missing_ok=True)
    FAULTS[fault](path)


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """Two sound cells, one that is damaged, and a second protocol."""
    write_cell(tmp_path, "good", scores={"fd-eye": 12.345678, "diversity": 0.5})
    write_cell(tmp_path, "bad", scores={"fd-eye": 99.0, "diversity": 0.9})
    write_cell(tmp_path, "odd", scores={"fd-eye": 50.0, "diversity": 0.7})
    write_cell(tmp_path, "other", under=protocol(kimg=200), scores={"fd-eye": 77.0})
    return tmp_path


def odd(results: Path) -> Path:
    return results / PLAIN.slug / "odd" / "hinge" / "seed0"


def shown(results: Path, style: str, gan_bench: Command, *more: str) -> str:
    """What a reader of a report sees, without spaces: a terminal folds long words."""
    result = gan_bench("report", results, "--format", style, *more)
    assert (result.code, "Traceback" in result.err) == (0, False), result.err
    assert not Path("executed").exists()
    if style == "json":
        assert json.loads(result.out, parse_constant=pytest.fail)
    if style in ("html", "markdown"):
        page = Page(result.out) if style == "html" else rendered(result.out)
        return "".join(page.text.split())
    return "".join(result.out.replace(r"\textbackslash{}", "\\").split())


# A record

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


@pytest.mark.parametrize("fault", [*FAULTS, *CHANGES])
def test_a_record_that_is_damaged_or_changed_is_a_row_that_says_so(
    fault: str, results: Path, gan_bench: Command
) -> None:
    path = odd(results) / RECORD
    if fault in FAULTS:
        damage(path, fault)
    else:
        text = path.read_text()
        assert text.count(CHANGES[fault][0]) == 1
        path.write_text(text.replace(*CHANGES[fault]))
    for style in FORMATS:
        text = shown(results, style, gan_bench)
        assert ("12.345678" if style in ("csv", "json") else "12.35") in text
        assert re.search(r"odd.*(unreadable|cannotread)", text)
        assert f"odd/hinge/seed0/{RECORD}" in text
        assert "1unreadable" in text or style in ("csv", "json")
    if fault == "a pipe":
        with pytest.raises(StorageError, match="no regular file"):
            read_record(odd(results))


@pytest.mark.parametrize("fault", [fault for fault in FAULTS if fault != "half of it"])
def test_a_scale_that_is_damaged_is_a_fault_and_the_table_is_shown(
    fault: str, results: Path, gan_bench: Command
) -> None:
    damage(results / PLAIN.slug / SCALE, fault)
    for style in FORMATS:
        text = shown(results, style, gan_bench)
        assert ("12.345678" if style in ("csv", "json") else "12.35") in text
        assert SCALE in text or style == "csv"


def everything(results: Path) -> list[str]:
    """All formats and both orders, as text."""
    orders = [leaderboard.load(results, by_time=by_time) for by_time in (False, True)]
    wide = Console(width=1000)
    return [render(boards, style, results, wide) for boards in orders for style in FORMATS]


@given(data=st.data())
def test_a_document_cut_at_any_byte_is_whole_or_named_as_unreadable(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    results = tmp_path_factory.mktemp("cut")
    folder = write_cell(results, "odd", scores={"fd-eye": 50.0}, reason="é 顔")
    write_cell(results, "other", under=protocol(kimg=200), scores={"fd-eye": 77.0})
    path = data.draw(st.sampled_from([folder / RECORD, folder.parents[2] / PROTOCOL]))
    content = path.read_bytes()
    cut = data.draw(st.integers(0, len(content)))
    path.write_bytes(content[:cut])
    for text in everything(results):
        assert (path.name in text) == (cut < len(content.rstrip()))
        assert "other" in text


BEST = {"metric": "fd-eye", "value": 27.0, "kimg": 40.0, "final": 32.0}
VERDICT = {"kind": "degraded", "kimg": 12.0, "reason": "fd-eye 9, 9"}
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda deeper: st.lists(deeper, max_size=3) | st.dictionaries(st.text(), deeper, max_size=3),
    max_leaves=8,
)


@given(value=values, data=st.data())
def test_a_record_with_any_value_in_any_field_is_read_or_named(
    value: Any, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    results = tmp_path_factory.mktemp("value")
    folder = write_cell(results, "odd", scores={"fd-eye": 50.0}, best=BEST, verdicts=[VERDICT])
    document = json.loads((folder / RECORD).read_text())
    place = document
    while isinstance(place, dict | list) and place:
        where = data.draw(st.sampled_from(list(place) if isinstance(place, dict) else [0]))
        inside = place[where]
        if not isinstance(inside, dict | list) or not inside or data.draw(st.booleans()):
            place[where] = value
            break
        place = inside
    (folder / RECORD).write_text(json.dumps(document))
    assert all("odd" in text for text in everything(results))


# A protocol

PROTOCOL_CHANGES: dict[str, dict[str, Any]] = {
    "a huge kimg": {"schedule": {"kimg": 1e308}},
    "a kimg that is NaN": {"schedule": {"kimg": float("nan")}},
    "a field of tomorrow": {"schedule": {"tomorrow": 1}},
    "a huge shape": {"data": {"shape": [3, 10**9, 10**9]}},
    "an empty shape": {"data": {"shape": [3, 0, 0]}},
    "a short shape": {"data": {"shape": [3]}},
    "no metrics": {"evaluation": {"metrics": []}},
    "digests that are none": {"evaluation": {"digests": "eye"}},
}


@pytest.mark.parametrize("fault", ["gone", *FAULTS, *PROTOCOL_CHANGES])
def test_a_protocol_that_is_damaged_or_changed_is_a_line_that_says_so(
    fault: str, results: Path, gan_bench: Command
) -> None:
    path = results / PLAIN.slug / PROTOCOL
    if fault == "gone":
        path.unlink()
    elif fault in FAULTS:
        damage(path, fault)
    else:
        document = json.loads(path.read_text())
        for part, fields in PROTOCOL_CHANGES[fault].items():
            document[part] |= fields
        path.write_text(json.dumps(document))
    for style in FORMATS:
        text = shown(results, style, gan_bench)
        assert re.search(rf"(unreadable|cannotread)\S*{PLAIN.slug}/{PROTOCOL}", text)
        assert "other" in text
        assert "77" in text


def test_a_report_of_which_nothing_can_be_read_says_so(tmp_path: Path, gan_bench: Command) -> None:
    write_cell(tmp_path, "odd")
    damage(tmp_path / PLAIN.slug / PROTOCOL, "nothing")
    for style in FORMATS:
        assert "unreadable" in shown(tmp_path, style, gan_bench)


# What a table does not need


@pytest.mark.parametrize("fault", FAULTS)
def test_a_cell_file_is_not_needed_to_show_a_record(
    fault: str, results: Path, gan_bench: Command
) -> None:
    damage(odd(results) / CELL, fault)
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


@pytest.mark.parametrize("name", [CURVE, TICKS, SPEED])
@pytest.mark.parametrize("line", LINES)
def test_a_line_of_a_curve_that_is_none_costs_no_table(
    line: str, name: str, results: Path, gan_bench: Command
) -> None:
    (odd(results) / name).write_text(f"{LINES[line]}\n" * 3)
    for more in ((), ("--by", "time")):
        assert "oddhinge" in shown(results, "markdown", gan_bench, *more)


@pytest.mark.parametrize("name", [CURVE, TICKS])
@pytest.mark.parametrize("fault", FAULTS)
def test_a_curve_that_cannot_be_read_is_left_out_and_named(
    fault: str, name: str, results: Path, gan_bench: Command
) -> None:
    sound = {"step": 1, "kimg": 1.0, "loss_d": 1.0, "scores": {"fd-eye": 60.0}}
    append_line(odd(results) / name, sound)
    damage(odd(results) / name, fault)
    result = gan_bench("report", results, "--by", "time")
    assert (result.code, "odd | hinge" in result.out) == (0, True)
    if fault in ("half of it", "nothing"):  # a line that is not complete was never written
        assert result.err == ""
    else:
        assert re.search(rf"no pictures: .*odd/hinge/seed0/{name}", result.err)


@pytest.mark.parametrize("fault", ["a pipe", "a device", "a folder", "a loop", "a terabyte"])
def test_what_is_no_picture_is_not_shown(fault: str, results: Path) -> None:
    boards = leaderboard.load(results, PLAIN.slug)
    picture = figure_path(boards.boards[0].folder, "losses")
    picture.parent.mkdir()
    damage(picture, fault)
    text = to_html(boards)
    assert "base64" not in text
    assert ("alt=" in text) == (fault == "a terabyte")  # a file that is too large leaves its name


@pytest.mark.parametrize("fault", ["a pipe", "a device", "a folder", "a loop"])
def test_what_is_no_file_is_no_sample_grid(fault: str, results: Path) -> None:
    (odd(results) / "samples").mkdir()
    damage(odd(results) / "samples" / "1.png", fault)
    assert draw(leaderboard.load(results, PLAIN.slug).boards[0]) == []
