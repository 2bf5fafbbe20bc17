"""What keeps a report of thousands of records quick, without a clock: nothing is done twice, in
vain or for every pair."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from rich.console import Console

import crowd
from gan_bench.base.text import number
from gan_bench.contract.protocol import differences
from gan_bench.report import curves as drawing
from gan_bench.report import leaderboard, sheet
from gan_bench.report.curves import LOSSES, curves
from gan_bench.report.figures import draw, stale
from gan_bench.report.formats import FORMATS, render
from gan_bench.report.page import to_html
from gan_bench.report.selection import first_seeds, what_is_shown
from gan_bench.report.sheet import sample_sheet
from gan_bench.results.reading import read_bytes
from given import Command

ARCHITECTURES = [f"arch{k:02d}" for k in range(14)]


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """14 rows of 8 seeds, of which no more than 12 rows and 6 seeds fit into a picture."""
    results = tmp_path_factory.mktemp("many")
    crowd.lay_grid(results, crowd.protocol(), ARCHITECTURES, ["hinge"], range(8))
    return results


@pytest.fixture(scope="module")
def several(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three protocols of four cells."""
    results = tmp_path_factory.mktemp("several")
    for lr in (1e-4, 2e-4, 3e-4):
        crowd.lay_grid(results, crowd.protocol(lr=lr), ["one", "other"], ["hinge"], range(2))
    return results


@pytest.fixture
def board(many: Path) -> leaderboard.Board:
    (found,) = leaderboard.load(many).boards
    return found


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often which files are read, by their names."""
    count, original = Counter[str](), read_bytes

    def counted(path: Path, *more: Any) -> bytes:
        count[path.name] += 1
        return original(*[path, *more])

    for module in ("results.reading", "report.page"):
        monkeypatch.setattr(f"gan_bench.{module}.read_bytes", counted)
    return count


# Reading


@pytest.mark.parametrize("style", FORMATS)
def test_every_record_is_read_once_and_no_curve(
    style: str, many: Path, board: leaderboard.Board, gan_bench: Command, read: Counter[str]
) -> None:
    draw(board)
    read.clear()
    assert gan_bench("report", many, "--format", style).code == 0
    pictures = {f"{name}.png": 1 for name in ("samples", "quality", "losses", "scores")}
    assert read == {"protocol.json": 1, "record.json": 14 * 8} | (
        pictures if style == "html" else {}
    )


def test_at_equal_time_every_file_is_read_once(
    many: Path, board: leaderboard.Board, gan_bench: Command, read: Counter[str]
) -> None:
    draw(board)
    read.clear()
    assert gan_bench("report", many, "--by", "time").code == 0
    assert set(read.values()) == {1, 14 * 8}
    assert set(read) == {"protocol.json", "record.json", "speed.jsonl", "vitals.jsonl"}


@pytest.mark.parametrize("style", FORMATS)
def test_where_nothing_changed_nothing_is_loaded_that_draws(
    style: str, several: Path, outside: dict[str, str]
) -> None:
    for board in leaderboard.load(several).boards:
        draw(board)
    assert not loaded(["report", str(several), "--format", style], outside) & {
        "matplotlib", "PIL", "scipy", "torch",
    }  # fmt: skip


@pytest.mark.parametrize("words", [["--help"], ["run", "--help"], ["report", "--help"]])
def test_help_loads_the_command_line_and_nothing_else(
    words: list[str], outside: dict[str, str]
) -> None:
    heavy = {"numpy", "pydantic", "pluggy", "filelock", "jinja2", "PIL", "pandas", "matplotlib"}
    assert not loaded(words, outside) & heavy


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


# Protocols


def test_the_nearest_protocol_is_the_first_of_those_with_the_fewest_differences(
    tmp_path: Path,
) -> None:
    changes = [(kimg, lr) for kimg in (50, 100, 200) for lr in (1e-4, 2e-4)]
    for kimg, lr in changes:
        crowd.lay_grid(tmp_path, crowd.protocol(kimg, lr), ["a"], ["hinge"], range(1))
    boards = leaderboard.load(tmp_path).boards
    for board, found in zip(boards, leaderboard.nearest(boards), strict=True):
        told = [
            (other, differences(board.protocol, other.protocol))
            for other in boards
            if other is not board
        ]
        assert found == min(told, key=lambda pair: len(pair[1]))


def test_one_protocol_has_no_neighbour(board: leaderboard.Board) -> None:
    assert leaderboard.nearest([board]) == [None]
    assert leaderboard.nearest([]) == []


# Formats


@pytest.mark.parametrize("width", [60, 80, 160])
def test_a_terminal_shows_the_best_50_rows_and_says_so(width: int, tmp_path: Path) -> None:
    names = [f"arch{k}" for k in range(60)]
    crowd.lay_grid(tmp_path, crowd.protocol(), names, ["hinge"], range(1))
    boards = leaderboard.load(tmp_path)
    text = render(boards, "terminal", tmp_path, Console(width=width))
    assert text.count("\n50 of 60 rows; --format csv has all\n") == 3  # of three tables
    shown = [line.split() for line in text.partition("fd-eye ↓")[2].splitlines()[1:51]]
    assert [line[0] for line in shown] == [row.architecture for row in boards.boards[0].rows[:50]]
    assert max(map(len, text.splitlines())) <= width
    for row, line in zip(boards.boards[0].rows, shown, strict=False):
        assert line[2] == number(row.values("fd-eye")[0])  # the ranking metric is whole


def test_a_page_has_no_more_pictures_than_a_mail_takes_and_says_where_the_others_are(
    several: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    boards = leaderboard.load(several)
    sizes = [sum(path.stat().st_size for path in draw(each)) for each in boards.boards]
    monkeypatch.setattr("gan_bench.report.page.PAGE", sizes[0] + sizes[1])
    text = to_html(boards)
    assert text.count("data:image/png") == 8
    (told,) = re.findall("its pictures would make this page too large: they are in (.*?)<", text)
    assert Path(told) == boards.boards[2].folder / "figures"


# Pictures


def rows_of(
    draw: Callable[[], object], part: str, monkeypatch: pytest.MonkeyPatch
) -> list[tuple[Any, ...]]:
    """What a part of a picture was drawn of, each time."""
    module = sheet if hasattr(sheet, part) else drawing
    seen, original = [], getattr(module, part)

    def noted(*given: Any) -> Any:
        seen.append(given)
        return original(*given)

    monkeypatch.setattr(module, part, noted)
    draw()
    return seen


def losses(board: leaderboard.Board) -> bytes:
    return curves(board, LOSSES, "loss") or pytest.fail("no picture")


def size(picture: bytes, tmp_path: Path) -> tuple[int, int]:
    (tmp_path / "picture.png").write_bytes(picture)
    with Image.open(tmp_path / "picture.png") as opened:
        return opened.size


def test_a_picture_of_many_rows_has_panels_of_the_best(
    board: leaderboard.Board, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    panels = rows_of(lambda: losses(board), "_panel", monkeypatch)
    assert [row for _, row, *_ in panels] == board.rows[:12]
    assert {len(seeds) for _, _, seeds, _ in panels} == {6}
    assert size(losses(board), tmp_path) == (1575, round((4 * 2.3 + 0.95) * 150))  # 3 x 4 panels


def test_a_picture_says_what_it_leaves_out(
    board: leaderboard.Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    ((_, _, note, _),) = rows_of(lambda: losses(board), "_name", monkeypatch)
    assert note == "the best 12 of 14 rows by fd-eye, the first 6 seeds of each"
    (said,) = rows_of(lambda: sample_sheet(board), "_words", monkeypatch)
    assert said == ("the best 12 of 14 rows by fd-eye, the first 2 seeds of each",)
    few = replace(board, rows=board.rows[:12])
    assert what_is_shown(few, few.rows, 8) == ""
    assert what_is_shown(few, few.rows, 1) == "the first seed of each"


def test_the_sheet_of_many_rows_has_the_first_seeds_of_the_best(
    board: leaderboard.Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    strips = rows_of(lambda: sample_sheet(board), "_strip", monkeypatch)
    expected = [f"{row.name} / seed{k}" for row in board.rows[:12] for k in range(2)]
    assert [name for name, *_ in strips] == expected


def test_a_row_without_a_curve_leaves_its_place_to_the_next(
    many: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = crowd.lay_grid(tmp_path, crowd.protocol(), ARCHITECTURES, ["hinge"], range(1))
    (board,) = leaderboard.load(tmp_path).boards
    best = board.rows[0]
    (root / best.architecture / "hinge" / "seed0" / "curve.jsonl").unlink()
    panels = rows_of(lambda: losses(board), "_panel", monkeypatch)
    assert [row for _, row, *_ in panels] == board.rows[1:13]


def test_the_first_seeds_are_those_of_the_lowest_numbers(tmp_path: Path) -> None:
    crowd.lay_grid(tmp_path, crowd.protocol(), ["a"], ["hinge"], range(12))
    ((row,),) = [board.rows for board in leaderboard.load(tmp_path).boards]
    assert [folder.name for folder in first_seeds(row, 3)] == ["seed0", "seed1", "seed2"]


def test_a_picture_is_the_same_whatever_the_table_is_sorted_by(many: Path) -> None:
    boards = [leaderboard.load(many, sort=name).boards[0] for name in ("fd-eye", "kd-eye")]
    assert [row.name for row in boards[0].rows] != [row.name for row in boards[1].rows]
    assert losses(boards[0]) == losses(boards[1])


def test_a_picture_of_which_no_cell_has_anything_is_not_waited_for(tmp_path: Path) -> None:
    root = crowd.lay_grid(tmp_path, crowd.protocol(), ["a"], ["hinge"], range(2))
    (board,) = leaderboard.load(tmp_path).boards
    assert stale(board) == ["samples", "quality", "losses", "scores"]
    for path in root.glob("*/*/*/*.jsonl"):
        path.unlink()
    assert stale(board) == ["samples"]
    draw(board)
    assert stale(board) == []


@pytest.fixture
def undrawn(tmp_path: Path) -> Path:
    for lr in (1e-4, 2e-4):
        crowd.lay_grid(tmp_path / "two", crowd.protocol(lr=lr), ["a"], ["hinge"], range(2))
    return tmp_path / "two"


def drawn(results: Path) -> int:
    return len(list(results.glob("*/figures/*.png")))


def test_the_pictures_of_a_few_cells_are_drawn_by_the_way(
    undrawn: Path, gan_bench: Command
) -> None:
    said = gan_bench("report", undrawn)
    assert (said.code, said.err, drawn(undrawn)) == (0, "", 8)


def test_those_of_many_cells_of_several_protocols_are_left_to_who_asks_for_them(
    undrawn: Path, gan_bench: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gan_bench.report.figures.CELLS", 3)
    said = gan_bench("report", undrawn)
    assert said.err == (
        "the pictures of 2 protocols are out of date; --protocol SLUG draws those of one\n"
    )
    assert (said.code, drawn(undrawn)) == (0, 0)
    one, other = sorted(path.parent.name for path in undrawn.glob("*/protocol.json"))
    assert gan_bench("report", undrawn, "--protocol", one).err == ""
    assert drawn(undrawn) == 4
    assert gan_bench("report", undrawn).err == ""  # only one was left
    assert len(list((undrawn / other / "figures").iterdir())) == 4


@pytest.mark.parametrize("style", ["csv", "json", "latex"])
def test_what_is_for_programs_draws_nothing(style: str, undrawn: Path, gan_bench: Command) -> None:
    said = gan_bench("report", undrawn, "--format", style)
    assert (said.code, said.err, drawn(undrawn)) == (0, "", 0)
