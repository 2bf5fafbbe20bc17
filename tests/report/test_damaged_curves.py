"""Files that a table does not need are damaged: it is shown, and what is missing is named."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from faults import DIGITS, FAULTS, damage, odd, shown
from gan_bench.report import leaderboard
from gan_bench.report.figures import draw
from gan_bench.report.page.document import to_html
from gan_bench.results.atomic import append_line
from gan_bench.results.layout import (
    CELL,
    CURVE,
    SPEED,
    TICKS,
)
from given import Command
from parsed import rendered
from records import PLAIN


@pytest.mark.parametrize("fault", FAULTS)
def test_a_cell_file_is_not_needed_to_show_a_record(
    fault: str, results: Path, gan_bench: Command
) -> None:
    damage(odd(results) / CELL, fault)
    table = rendered(gan_bench("report", results).out).tables[0]
    assert [row[1] for row in table[1:]] == ["good", "odd", "bad"]
    assert "cells = 1 finished" in gan_bench("report", results).out


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
        assert "2odd" in shown(results, "markdown", gan_bench, *more)


@pytest.mark.parametrize("name", [CURVE, TICKS])
@pytest.mark.parametrize("fault", FAULTS)
def test_a_curve_that_cannot_be_read_is_left_out_and_named(
    fault: str, name: str, results: Path, gan_bench: Command
) -> None:
    sound = {"step": 1, "kimg": 1.0, "loss_d": 1.0, "scores": {"fd-eye": 60.0}}
    append_line(odd(results) / name, sound)
    damage(odd(results) / name, fault)
    result = gan_bench("report", results, "--by", "time")
    assert (result.code, "| odd |" in result.out) == (0, True)
    if fault in ("half of it", "nothing"):  # a line that is not complete was never written
        assert result.err == ""
    else:
        assert re.search(rf"no pictures: .*odd/hinge/seed0/{name}", result.err)


@pytest.mark.parametrize("fault", ["a pipe", "a device", "a folder", "a loop", "a terabyte"])
@pytest.mark.parametrize("name", ["samples/1.png", CURVE, TICKS])
def test_a_page_has_no_picture_of_what_is_damaged(fault: str, name: str, results: Path) -> None:
    (odd(results) / "samples").mkdir()
    damage(odd(results) / name, fault)
    text = to_html(leaderboard.load(results, PLAIN.slug))
    assert "base64" not in text
    assert '<svg class="panel"' not in text
    assert '<td class="name">odd</td>' in text


@pytest.mark.parametrize("fault", ["a pipe", "a device", "a folder", "a loop"])
def test_what_is_no_file_is_no_sample_grid(fault: str, results: Path) -> None:
    (odd(results) / "samples").mkdir()
    damage(odd(results) / "samples" / "1.png", fault)
    assert draw(leaderboard.load(results, PLAIN.slug).boards[0]) == []
