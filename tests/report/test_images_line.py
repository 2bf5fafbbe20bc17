"""What was used and left out of the images stands beside the data, in every format."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from rich.console import Console

from gan_bench.report import leaderboard
from gan_bench.report.formats import render
from gan_bench.results.atomic import write_json
from gan_bench.results.layout import DATA_REPORT, protocol_dir
from records import PLAIN, write_cell

LINE = "900 images; 12 dropped (12 empty); pixels 0 to 255, mean 131"


def reported(results: Path, style: str) -> str:
    return render(leaderboard.load(results), style, results, Console(width=200))


@pytest.mark.parametrize("style", ["terminal", "markdown", "html", "json"])
def test_the_summary_of_the_data_report_is_shown(tmp_path: Path, style: str) -> None:
    write_cell(tmp_path, "dcgan")
    write_json(protocol_dir(tmp_path, PLAIN) / DATA_REPORT, {"summary": LINE})
    assert LINE in reported(tmp_path, style)


@pytest.mark.parametrize(
    "content", [None, b"", b"[]", b'{"reasons": {}}', b'{"summary": 3}', b"\xff", b"{" * 99]
)
def test_an_old_or_damaged_data_report_is_no_line_and_no_error(
    tmp_path: Path, content: bytes | None
) -> None:
    write_cell(tmp_path, "dcgan")
    if content is not None:
        (protocol_dir(tmp_path, PLAIN) / DATA_REPORT).write_bytes(content)
    (board,) = json.loads(reported(tmp_path, "json"))["protocols"]
    assert board["images"] is None
    assert "\nimages" not in reported(tmp_path, "terminal")
