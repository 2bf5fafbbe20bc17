"""Scores beyond the alarm of their metric are flagged in the first table and explained below."""

from __future__ import annotations

from pathlib import Path

import pytest
from laid_rows import sections
from scales import lay_scale

from gan_bench.contract.protocol import MetricSpec
from gan_bench.report import leaderboard
from gan_bench.report.answer import answer
from gan_bench.report.leaderboard import Board
from gan_bench.report.notes import notes
from records import DIVERSITY, FD, GAUGED, VARIETY, protocol, write_cell

COPIES = MetricSpec(name="copies", higher_is_better=False, features="eye", alarm=0.05)
FRESH = MetricSpec(name="fresh", higher_is_better=True, features="eye", alarm=0.9)
UNDER = protocol(metrics=(FD, COPIES, FRESH))


def lay(results: Path, name: str, *seeds: tuple[float, float]) -> None:
    for seed, (copies, fresh) in enumerate(seeds):
        scores = {"fd-eye": 10.0, "copies": copies, "fresh": fresh}
        write_cell(results, name, seed=seed, under=UNDER, scores=scores)


def only(results: Path) -> Board:
    (board,) = leaderboard.load(results).boards
    return board


def warnings(board: Board) -> list[str] | None:
    table = sections(board)[0]
    titles = [column.title for column in table.columns]
    return [row[titles.index("warning")] for row in table.rows] if "warning" in titles else None


@pytest.mark.parametrize(
    ("seeds", "warning"),
    [
        ([(0.87, 1.0)], "copies 0.87"),
        ([(0.05, 1.0), (0.06, 1.0), (0.2, 1.0)], "copies 0.2 in 2 of 3 seeds"),
        ([(0.01, 0.5)], "fresh 0.5"),
        ([(0.3, 1.0), (0.01, 0.8)], "copies 0.3 in 1 of 2 seeds, fresh 0.8 in 1 of 2 seeds"),
    ],
)
def test_any_seed_beyond_the_alarm_is_flagged_with_the_number_of_seeds(
    seeds: list[tuple[float, float]], warning: str, tmp_path: Path
) -> None:
    lay(tmp_path, "a", *seeds)
    lay(tmp_path, "b", (0.0, 1.0))
    assert warnings(only(tmp_path)) == [warning, ""]


def test_without_a_score_beyond_the_alarm_there_is_no_column(tmp_path: Path) -> None:
    lay(tmp_path, "a", (0.05, 0.9))
    assert warnings(only(tmp_path)) is None


def test_a_fault_says_what_the_alarm_means(tmp_path: Path) -> None:
    lay(tmp_path, "a", (0.87, 1.0))
    lay_scale(tmp_path, {"copies": 0.01}, under=UNDER)
    faults = [note.text for note in notes(only(tmp_path)) if note.severity == "fault"]
    assert faults == [
        "a / hinge: copies 0.87, and anything worse than 0.05 is an alarm (other real images score "
        "0.01): its images may be less good than the other scores of this row say"
    ]


# Signs of mode collapse at the end


@pytest.mark.parametrize(
    ("diversity", "status", "said"),
    [(0.0003, "finished", True), (0.06, "finished", False), (0.0003, "collapsed", False)],
)
def test_a_row_that_is_collapsed_at_the_end_is_named_though_no_tick_was(
    diversity: float, status: str, said: bool, tmp_path: Path
) -> None:
    found = {"kind": "collapsed", "kimg": 1.0, "reason": "all alike"}
    more = {"verdicts": [found]} if status == "collapsed" else {}
    scores = {"fd-eye": 10.0, "diversity": diversity}
    write_cell(tmp_path, "a", under=GAUGED, status=status, scores=scores, **more)
    texts = [note.text for note in notes(only(tmp_path)) if note.severity == "fault"]
    words = "a / hinge: diversity 0.0003 at the end, and worse than 0.05 is a sign of mode collapse"
    assert any(text.startswith(words) for text in texts) == said


def test_a_seed_without_a_verdict_is_named_beside_one_that_has_its_own(tmp_path: Path) -> None:
    found = {"kind": "collapsed", "kimg": 0.2, "reason": "all images are alike"}
    for seed, more in enumerate(({}, {"status": "collapsed", "verdicts": [found]})):
        scores = {"fd-eye": 10.0, "diversity": 0.0003 + seed / 1000}
        write_cell(tmp_path, "a", seed=seed, under=GAUGED, scores=scores, **more)
    texts = [note.text for note in notes(only(tmp_path)) if note.severity == "fault"]
    said = "a / hinge: diversity 0.0003 (seed 0) at the end, and worse than 0.05 is a sign of mode "
    assert f"{said}collapse; no tick of this training had a verdict" in texts


@pytest.mark.parametrize("diversity", [0.0003, 0.06])
def test_a_gauge_that_shows_collapse_stays_in_the_table_though_noise_is_better(
    diversity: float, tmp_path: Path
) -> None:
    for name in ("a", "b"):
        scores = {"fd-eye": 10.0, "diversity": diversity}
        write_cell(tmp_path, name, under=GAUGED, scores=scores)
    real, noise = {"fd-eye": 1.0, "diversity": 1.0}, {"fd-eye": 90.0, "diversity": 0.5}
    lay_scale(tmp_path, real=real, noise=noise, under=GAUGED)
    read = only(tmp_path)
    assert DIVERSITY.name in read.floors
    assert (DIVERSITY in read.others) == (diversity < VARIETY.floor)


def test_a_gauge_that_shows_collapse_names_no_leader(tmp_path: Path) -> None:
    for name, diversity in (("a", 0.001), ("b", 0.002)):
        scores = {"fd-eye": 10.0, "diversity": diversity}
        write_cell(tmp_path, name, under=GAUGED, scores=scores)
    lay_scale(tmp_path, real={"diversity": 1.0}, noise={"diversity": 0.5}, under=GAUGED)
    (board,) = leaderboard.load(tmp_path, sort="diversity").boards
    assert answer(board) == "no winner by diversity: no row is better than noise (0.5)."
