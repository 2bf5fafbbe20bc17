"""Where a report goes: into a pipe, to nobody, to a terminal without Unicode."""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from records import write_cell, write_training


def printed(results: Path, words: str, env: dict[str, str]) -> tuple[int, bytes, bytes]:
    """`gan-bench report RESULTS`, and what a shell does with it: exit code, stdout, stderr."""
    command = [sys.executable, "-m", "gan_bench.cli", "report", str(results)]
    line = f"set -o pipefail; {shlex.join(command)} {words}"
    done = subprocess.run(["bash", "-c", line], env=env, capture_output=True, timeout=60)
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("style", ["markdown", "html", "csv", "json"])
def test_a_reader_of_one_line_is_no_fault(style: str, two: Path, outside: dict[str, str]) -> None:
    write_cell(two, "long", status="failed", reason="a long reason " * 20_000, cost=None)
    code, out, err = printed(two, f"--format {style} | head -1", outside)
    assert (code, err) == (0, b"")
    assert out.count(b"\n") == 1


def test_closed_streams_are_no_fault(two: Path, outside: dict[str, str]) -> None:
    assert printed(two, ">&-", outside) == (0, b"", b"")
    assert printed(two, "2>&-", outside)[0] == 0
    assert printed(two, ">&- 2>&- <&-", outside) == (0, b"", b"")


@pytest.mark.parametrize(
    "env",
    [{"LC_ALL": "C"}, {"PYTHONIOENCODING": "ascii"}, {"LC_ALL": "C", "PYTHONUTF8": "0"}],
    ids=str,
)
def test_where_there_is_no_unicode_nothing_is_lost(
    env: dict[str, str], two: Path, outside: dict[str, str]
) -> None:
    write_training(write_cell(two, "good", scores={"fd-eye": 1.0}, reason="é 顔 \U0001f600"))
    for style in ("terminal", "markdown", "html"):
        code, out, err = printed(two, f"--format {style}", outside | env)
        assert (code, err) == (0, b"")
        assert "é 顔 \U0001f600" in out.decode()


def test_a_report_needs_no_home(two: Path, outside: dict[str, str]) -> None:
    write_training(write_cell(two, "good", scores={"fd-eye": 1.0}))
    homeless = {name: value for name, value in outside.items() if name not in ("HOME", "USER")}
    code, out, err = printed(two, "", homeless)
    assert (code, err) == (0, b"")
    assert b"losses.png" in out
