"""What a user waits for before anything happens: the help, and a report over many records."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from crowd import lay_grid, protocol
from race import Note, Times, race

pytestmark = pytest.mark.speed


def output_of(*words: str, here: Path) -> str:
    """`gan-bench ...` as a process of its own, which must succeed."""
    done = subprocess.run(
        [sys.executable, "-m", "gan_bench.cli", *words],
        cwd=here,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def seconds(times: Times) -> dict[str, float | bool]:
    """What a figure in seconds says of itself."""
    return {"more_is_better": False, "noise": times.spread}


def test_help_is_there_at_once(tmp_path: Path, note: Note) -> None:
    (times,) = race({"help": lambda: output_of("--help", here=tmp_path)}, rounds=9).values()
    note("`gan-bench --help`", times.median, "{:.2f} s", most=0.25, **seconds(times))


def names(word: str, count: int) -> list[str]:
    return [f"{word}{k}" for k in range(count)]


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One protocol: 50 architectures x 20 losses x 10 seeds."""
    root = tmp_path_factory.mktemp("one")
    lay_grid(root / "results", protocol(), names("arch", 50), names("loss", 20), range(10))
    return root


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """50 protocols of 10 architectures x 2 losses x 10 seeds."""
    root = tmp_path_factory.mktemp("many")
    for k in range(50):
        under = protocol(kimg=100 + k)
        lay_grid(root / "results", under, names("arch", 10), names("loss", 2), range(10))
    return root


@pytest.mark.parametrize("style", ["terminal", "markdown", "html", "csv", "json", "latex"])
@pytest.mark.parametrize("shape", ["one", "many"])
def test_a_report_over_10_000_records_takes_six_seconds_at_most(
    shape: str, style: str, request: pytest.FixtureRequest, note: Note
) -> None:
    here: Path = request.getfixturevalue(shape)
    report = {style: lambda: output_of("report", "--format", style, here=here)}
    (times,) = race(report, rounds=3).values()
    records = {"one": "10,000 records, one protocol", "many": "10,000 records, many protocols"}
    what = f"`gan-bench report --format {style}`, {records[shape]}"
    note(what, times.median, "{:.1f} s", most=6.0, **seconds(times))
