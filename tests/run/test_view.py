"""The view of a run as a pure function of the states of its cells, on terminals of all sizes."""

from __future__ import annotations

import io
from collections.abc import Sequence
from math import nan
from pathlib import Path

import pytest
from rich.console import Console
from watching import PROTOCOL

from gan_bench.results.records import Record, Status, VerdictKind
from gan_bench.run.states import Clock, Ended, State
from gan_bench.run.time_left import TimeLeft, time_left
from gan_bench.run.view import Shown, plain_lines, view

ARCHITECTURES = ("dcgan", "dense", "stylegan2-small", "wgan-gp-resnet")
LOSSES = ("minimax", "label-smoothing", "non-saturating")
LEFT = TimeLeft(860, "all")


def cells(count: int) -> list[State]:
    """Cells that wait, of twelve pairs or fewer."""
    seeds = -(-count // 12)
    names = [
        Path("p", a, b, f"seed{k}") for a in ARCHITECTURES for b in LOSSES for k in range(seeds)
    ]
    return [State(name, "waiting") for name in names[:count]]


def at_work(cell: State, kimg: float = 2.5, verdict: VerdictKind | None = None) -> State:
    return State(
        cell.folder,
        "training",
        kimg=kimg,
        loss_d=1.25,
        loss_g=0.5,
        images_per_second=500.0,
        scores=(400.0, nan, 200.0, 45.25),
        verdict=verdict,
        verdict_kimg=1.5 if verdict else None,
        clock=Clock(since_point=1, begin=5, training=5, ticks=8, ticks_counted=4),
    )


def ended(cell: State, status: Status = "finished") -> State:
    record = Record(architecture="a", loss="b", seed=0, status=status, ended="now")
    return State(cell.folder, "ended", ended=Ended(record, 0, None))


def drawn(states: Sequence[State], width: int = 80, height: int = 24, **more: str) -> list[str]:
    said = io.StringIO()
    console = Console(file=said, width=width, height=height)
    console.print(view(Shown(PROTOCOL, states, LEFT, **more), width, height))
    return [line.rstrip() for line in said.getvalue().splitlines()]


def test_one_cell_shows_its_curve_of_scores_and_its_verdict_with_the_date() -> None:
    lines = drawn([at_work(cells(1)[0], verdict="collapsed"), *cells(3)[1:]])
    assert lines[:2] == [
        "dcgan / minimax / seed0  training 2.5 of 10 kimg  collapsed at 1.5 kimg",
        "  █ ▄▁ 45.25 fd-eye ↓  loss D 1.25, G 0.5  500 images/s",
    ]
    assert lines[2] == "0 of 3 done"
    assert lines[3].endswith("about 14 min 20 s left")


def test_twelve_cells_at_work_have_a_line_each() -> None:
    states = [at_work(cell, k / 2) for k, cell in enumerate(cells(12))]
    states[1] = at_work(states[1], verdict="degraded")
    lines = drawn(states)
    assert lines[0] == "12 cells at work: of 10 kimg, fd-eye ↓"
    assert lines[1].split() == ["dcgan", "/", "minimax", "/", "seed0", "0.0", "█", "▄▁", "45.25"]
    assert lines[2].endswith("2.5 █ ▄▁ 45.25 degraded at 1.5")
    assert len(lines) == 15


def test_five_hundred_cells_at_work_have_a_line_for_each_pair() -> None:
    states = [at_work(cell, 1 + k % 5) for k, cell in enumerate(cells(500))]
    states[0], states[1] = (at_work(state, verdict="collapsed") for state in states[:2])
    lines = drawn(states)
    assert lines[0].startswith("500 cells at work")
    assert " ".join(lines[1].split()) == "dcgan / minimax: 42 1.0-5.0 45.25 2 collapsed"
    assert len(lines) == 15
    assert "dcgan: 126" in drawn(states, height=10)[1]  # a line for each architecture
    assert drawn(states, height=7)[2] == "and 374 more cells at work"


def test_the_cells_that_are_done_are_summed_up_and_the_worst_comes_first() -> None:
    states = cells(500)
    endings: list[Status] = ["finished", "collapsed", "failed", "finished"]
    done = [ended(state, status) for state, status in zip(states, endings, strict=False)]
    unreadable = State(states[4].folder, "unreadable")
    lines = drawn([*done, unreadable, *states[5:]], 90, energy="GPU 412 W, 35.2 Wh")
    assert lines[:2] == [
        "waiting for a cell to start",
        "5 of 500 done: 1 unreadable, 1 failed, 1 collapsed, 2 finished  GPU 412 W, 35.2 Wh",
    ]


def test_when_all_are_done_none_is_waited_for() -> None:
    lines = drawn([ended(state, "finished") for state in cells(2)], 90)
    assert lines[:2] == ["no cell is left", "2 of 2 done: 2 finished"]


@pytest.mark.parametrize("count", [1, 2, 12, 20, 500])
@pytest.mark.parametrize(("width", "height"), [(80, 24), (40, 24), (200, 60), (40, 10), (20, 5)])
def test_whatever_the_size_nothing_scrolls_or_wraps_and_the_whole_run_is_seen(
    count: int, width: int, height: int
) -> None:
    for working in {1, count // 2, count} - {0}:
        verdict: VerdictKind = "collapsed"
        states = cells(count)
        states[:working] = [at_work(cell, 3.0, verdict) for cell in states[:working]]
        lines = drawn(states, width, height)
        assert len(lines) <= height - 1
        assert max(map(len, lines)) <= width
        assert len(lines[-1]) <= width - len("^C^C")  # a terminal echoes it there: it must not wrap
        if width >= 40:
            assert lines[-2].startswith(f"0 of {count} done")
            assert lines[-1].endswith("about 14 min 20 s left")
        if height >= 24:
            assert any("3.0" in line for line in lines)  # it moves
            assert any("collapsed" in line for line in lines)


def test_a_label_that_is_too_long_keeps_what_tells_it_from_others() -> None:
    cell = State(Path("p", "x" * 60, "minimax", "seed12"), "waiting")
    first = drawn([at_work(cell)], width=40)[0]
    assert first.startswith("xxx")
    assert first.endswith("…xxx/minimax/seed12"[-16:])
    assert len(first) == 40


def test_a_verdict_is_in_colour_on_a_terminal() -> None:
    said = io.StringIO()
    console = Console(file=said, width=80, height=24, force_terminal=True, color_system="standard")
    states = [at_work(cells(1)[0], verdict="collapsed"), ended(cells(2)[1])]
    console.print(view(Shown(PROTOCOL, states, LEFT), 80, 24))
    assert "\x1b[31mcollapsed at 1.5 kimg" in said.getvalue()
    assert "\x1b[32m1 finished" in said.getvalue()


def test_a_terminal_without_unicode_gets_no_blocks() -> None:
    said = io.StringIO()
    shown = Shown(PROTOCOL, [at_work(cells(1)[0])], LEFT, blocks=False)
    Console(file=said, width=80, height=24).print(view(shown, 80, 24))
    assert "kimg  45.25 fd-eye\n" in said.getvalue()


def test_the_plain_lines_have_the_same_and_the_energy() -> None:
    states = [at_work(cells(1)[0], verdict="collapsed"), ended(cells(2)[1])]
    left = time_left(states, PROTOCOL, 1, 0)
    assert plain_lines(Shown(PROTOCOL, states, left, "GPU 412 W, 35.2 Wh")) == [
        "1 of 2 done: 1 finished, about 30 s left, GPU 412 W, 35.2 Wh",
        "dcgan / minimax / seed0: training 2.5 of 10 kimg, collapsed at 1.5 kimg, "
        "█ ▄▁ 45.25 fd-eye ↓, loss D 1.25, G 0.5, 500 images/s",
    ]
