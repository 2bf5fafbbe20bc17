"""Documents that are damaged or changed by hand: each is named, and the rest is shown.

Every fault is put in place of one file, and every format is asked for.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from faults import DIGITS, FAULTS, damage, odd, shown
from gan_bench import StorageError
from gan_bench.report import leaderboard
from gan_bench.report.formats import FORMATS, render
from gan_bench.results.layout import (
    PLANS,
    PROTOCOL,
    RECORD,
    SCALE,
)
from gan_bench.results.records import read_record
from given import Command
from records import PLAIN, protocol, write_cell

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
    _is_named(SCALE, results, gan_bench)


@pytest.mark.parametrize("fault", ["no UTF-8", "a number", "a folder", "a loop", "zeros"])
def test_plans_that_are_damaged_are_a_fault_with_one_seed_too(
    fault: str, results: Path, gan_bench: Command
) -> None:
    damage(results / PLAIN.slug / PLANS, fault)
    _is_named(PLANS, results, gan_bench)


def _is_named(file: str, results: Path, gan_bench: Command) -> None:
    for style in FORMATS:
        text = shown(results, style, gan_bench)
        assert ("12.345678" if style in ("csv", "json") else "12.35") in text
        assert file in text or style == "csv"


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


def test_a_report_of_which_nothing_can_be_read_says_so_and_fails(
    tmp_path: Path, gan_bench: Command
) -> None:
    write_cell(tmp_path, "odd")
    damage(tmp_path / PLAIN.slug / PROTOCOL, "nothing")
    for style in FORMATS:
        assert "unreadable" in shown(tmp_path, style, gan_bench, code=StorageError.exit_code)
