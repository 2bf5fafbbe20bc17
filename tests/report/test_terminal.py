"""Tables in a terminal: names as they are, any width, the best 50 rows."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from laid_rows import sections
from rich.console import Console
from scales import lay_scale

import crowd
from gan_bench.base.text import number
from gan_bench.contract.protocol import MetricSpec
from gan_bench.report import leaderboard
from gan_bench.report.formats import render
from gan_bench.report.section import LABELS, Column, Section
from gan_bench.report.tables import chapters
from gan_bench.report.terminal_table import print_section
from gan_bench.results.layout import PROTOCOL
from gan_bench.results.scale import REAL
from records import FD, protocol, write_cell


def terminal(results: Path, width: int = 400) -> str:
    return render(leaderboard.load(results), "terminal", results, Console(width=width))


def test_a_terminal_shows_the_slug_the_facts_and_the_notes_of_every_protocol(two: Path) -> None:
    write_cell(two, "a", under=protocol(kimg=200))
    write_cell(two, "b", status="failed", reason="[red]boo[/red] :smile: [/]", cost=None)
    (two / "damaged").mkdir()
    (two / "damaged" / PROTOCOL).write_text("{")
    text = terminal(two)
    heads = [line for line in text.splitlines() if "architecture  " in line]
    (one, other) = leaderboard.load(two).boards
    assert len(heads) == len(sections(one)) + len(sections(other))
    assert f"damaged/{PROTOCOL}" in text
    assert "b / hinge / seed0: [red]boo[/red] :smile: [/]" in text
    boards = leaderboard.load(two)
    for board, chapter in zip(boards.boards, chapters(boards), strict=False):
        assert board.slug in text
        assert chapter.cost in text
        for shown in [*(fact for _, fact in chapter.facts), *(n.text for n in chapter.notes)]:
            assert shown in " ".join(text.split())


@pytest.mark.parametrize("width", [20, 40, 60, 80, 300])
def test_a_terminal_of_any_width_shows_names_and_numbers_whole(width: int, two: Path) -> None:
    long = MetricSpec(name="a-metric-with-a-very-long-name", higher_is_better=True, features="eye")
    under = protocol(metrics=(FD, long))
    scores = {"fd-eye": 12.345678, long.name: 0.25}
    write_cell(two, "Q" * 25, "Z" * 17, under=under, scores=scores)
    write_cell(two, "odd", status="failed", reason="words " * 50, cost=None)
    text = terminal(two, width)
    assert max(map(len, text.splitlines())) <= width
    tables = text.count("12.35") + text.count("0.25")
    assert tables == 3  # two protocols by fd-eye, one by the other metric
    names, losses = text.count("Q") / 25, text.count("Z") / 17
    assert names == int(names) == losses > 1
    assert "…" not in text
    text = "".join(text.split())
    assert "good" in text
    assert "words" * 50 in text


@pytest.mark.parametrize("width", range(60, 130, 10))
def test_every_line_of_a_table_is_of_one_row_at_any_width(width: int, tmp_path: Path) -> None:
    copies = MetricSpec(name="copies", higher_is_better=False, features="eye", alarm=0.05)
    under = protocol(metrics=(FD, copies))
    for name, value in (("aa", 0.5), ("bb", 0.75), ("cc", 0.25)):
        for seed, share in enumerate((value, 0.01)):
            scores = {"fd-eye": 100 * value, "copies": share}
            write_cell(tmp_path, name, seed=seed, under=under, scores=scores)
    lay_scale(tmp_path, {"fd-eye": 5.0, "copies": 0.01}, under=under)
    tables = terminal(tmp_path, width).partition("\n±: ")[0]
    for name, value in (("aa", 0.5), ("bb", 0.75), ("cc", 0.25)):
        (line,) = [line for line in tables.splitlines() if f"copies {value} in" in line]
        assert re.match(rf"\d  {name} ", line)
        assert line.rstrip().endswith("in 1 of 2 seeds") or "0.01 to" in line
    assert [line for line in tables.splitlines() if line.startswith(f"   {REAL} ")]


@pytest.mark.parametrize("width", [60, 80, 160])
def test_a_terminal_shows_the_best_50_rows_and_says_so(width: int, tmp_path: Path) -> None:
    names = [f"arch{k}" for k in range(60)]
    crowd.lay_grid(tmp_path, crowd.protocol(), names, ["hinge"], range(1))
    (board,) = leaderboard.load(tmp_path).boards
    text = terminal(tmp_path, width)
    assert text.count("\n50 of 60 rows; --format csv has all\n") == 4  # of four tables
    assert max(map(len, text.splitlines())) <= width
    shown = [line.split() for line in text.partition("fd-eye ↓")[2].splitlines()[2:52]]
    for row, line in zip(board.rows[:50], shown, strict=True):
        assert line[1] == row.architecture
        assert line[2] == number(row.values("fd-eye")[0])  # the ranking metric is whole


def test_a_head_of_a_short_column_beside_a_long_text_does_not_fold_into_letters() -> None:
    columns = [Column("trial"), Column("settings", numeric=False)]
    section = Section("", columns, [["0", "betas 0.5 0.999, " * 4]], [], names=1)
    console = Console(width=40)
    with console.capture() as captured:
        print_section(section, console)
    assert captured.get().splitlines()[0].split() == ["trial", "settings"]


def test_no_word_of_a_name_is_broken_where_the_longest_ones_fit() -> None:
    columns = [*LABELS, Column("fd-efficientnet-lite0 ↓", "n = 100")]
    rows = [["dense", "non-saturating", "1,826"], ["other real images", "", "297.8"]]
    console = Console(width=40)
    with console.capture() as captured:
        print_section(Section("", columns, rows, [], names=2), console)
    words = captured.get().split()
    assert {"architecture", "non-saturating", "other", "images", "1,826", "lite0"} <= {*words}


def test_a_last_column_is_as_wide_as_its_head_if_the_names_leave_the_room() -> None:
    columns = [*LABELS, Column("rank untuned")]
    section = Section("", columns, [["dense", "minimax", "1"]], [], names=2)
    console = Console(width=26)
    with console.capture() as captured:
        print_section(section, console)
    assert "untuned" in captured.get().splitlines()[1]
