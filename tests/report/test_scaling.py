"""What keeps a report of thousands of records quick, without a clock: nothing is done twice or in
vain."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

import crowd
from gan_bench.report import leaderboard
from gan_bench.report.figures import draw
from gan_bench.report.formats import FORMATS
from gan_bench.results.layout import CURVE, PLANS, PROTOCOL, RECORD, SPEED, TICKS
from gan_bench.results.reading import read_bytes
from given import Command


@pytest.fixture(scope="module")
def several(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three protocols of four cells, whose pictures are drawn."""
    results = tmp_path_factory.mktemp("several")
    for lr in (1e-4, 2e-4, 3e-4):
        crowd.lay_grid(results, crowd.protocol(lr=lr), ["one", "other"], ["hinge"], range(2))
    for board in leaderboard.load(results).boards:
        draw(board)
    return results


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often which files are read, by their names."""
    count, original = Counter[str](), read_bytes

    def counted(path: Path, *more: Any) -> bytes:
        count[path.name] += 1
        return original(*[path, *more])

    monkeypatch.setattr("gan_bench.results.reading.read_bytes", counted)
    return count


@pytest.mark.parametrize("by", ["work", "time"])
@pytest.mark.parametrize("style", FORMATS)
def test_every_file_is_read_once_and_a_curve_at_equal_time_only(
    style: str, by: str, several: Path, gan_bench: Command, reads: Counter[str]
) -> None:
    more = ("--by", "time") if by == "time" else ()
    assert gan_bench("report", several, "--format", style, *more).code == 0
    expected = {PROTOCOL: 3, PLANS: 3, RECORD: 12}
    if by == "time":
        expected |= {SPEED: 12, TICKS: 12}
    if style == "html":  # it draws its figures itself
        once = 12 if by == "work" else 24  # the table at equal time has read them before
        expected |= {CURVE: 12, SPEED: once, TICKS: once}
    assert reads == expected


def loaded(words: list[str], env: dict[str, str]) -> set[str]:
    """The packages that a command has imported when it ends."""
    code = (
        "import sys\nfrom gan_bench.cli import main as cli\n"
        f"sys.argv = ['gan-bench', *{words!r}]\n"
        "try:\n    cli.main()\n"
        "finally:\n    print({name.split('.')[0] for name in sys.modules}, file=sys.stderr)\n"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=True)
    assert done.stdout
    return set(re.findall(r"\w+", done.stderr))


@pytest.mark.parametrize("style", FORMATS)
def test_where_nothing_changed_nothing_is_loaded_that_draws(
    style: str, several: Path, outside: dict[str, str]
) -> None:
    drawing = {"matplotlib", "scipy", "torch"} | ({"PIL"} if style != "html" else set())
    assert not loaded(["report", str(several), "--format", style], outside) & drawing


@pytest.mark.parametrize("words", [["--help"], ["run", "--help"], ["report", "--help"]])
def test_help_loads_the_command_line_and_nothing_else(
    words: list[str], outside: dict[str, str]
) -> None:
    heavy = {"numpy", "pydantic", "pluggy", "filelock", "jinja2", "PIL", "pandas", "matplotlib"}
    assert not loaded(words, outside) & heavy


# Pictures that are not drawn yet


@pytest.fixture
def undrawn(tmp_path: Path) -> Path:
    for lr in (1e-4, 2e-4):
        crowd.lay_grid(tmp_path / "two", crowd.protocol(lr=lr), ["a"], ["hinge"], range(2))
    return tmp_path / "two"


def pictures(results: Path) -> int:
    return len(list(results.glob("*/figures/*.png")))


@pytest.mark.parametrize(
    ("style", "count"), [("markdown", 8), ("csv", 0), ("json", 0), ("latex", 0)]
)
def test_pictures_of_a_few_cells_are_drawn_unless_the_format_has_none(
    style: str, count: int, undrawn: Path, gan_bench: Command
) -> None:
    result = gan_bench("report", undrawn, "--format", style)
    assert (result.code, result.err, pictures(undrawn)) == (0, "", count)


def test_pictures_of_many_cells_of_several_protocols_are_drawn_one_protocol_at_a_time(
    undrawn: Path, gan_bench: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gan_bench.report.figures.CELLS", 3)
    result = gan_bench("report", undrawn)
    assert "2 protocols are out of date; --protocol SLUG draws those of one\n" in result.err
    assert (result.code, pictures(undrawn)) == (0, 0)
    slug = next(undrawn.glob(f"*/{PROTOCOL}")).parent.name
    assert gan_bench("report", undrawn, "--protocol", slug).err == ""
    assert pictures(undrawn) == 4
    assert gan_bench("report", undrawn).err == ""  # only one was left
    assert pictures(undrawn) == 8
