"""Metrics that say nothing about the rows are left out, and those that need another stand by it."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from laid_rows import sections
from scales import lay_scale

from gan_bench.contract.protocol import MetricSpec, Protocol
from gan_bench.report import leaderboard
from gan_bench.report.answer import answer
from gan_bench.report.documents import to_csv, to_json
from gan_bench.report.floors import side_by_side
from gan_bench.report.leaderboard import Board
from gan_bench.report.notes import notes
from gan_bench.results.atomic import append_line
from gan_bench.results.layout import SPEED, TICKS, protocol_dir
from gan_bench.results.scale import Scale, Scored, write_scale
from records import FD, PLAIN, protocol, write_cell


def spec(name: str, up: bool = True, **more: Any) -> MetricSpec:
    return MetricSpec(name=name, higher_is_better=up, features="eye", **more)


SHARE, COPIES = spec("share"), spec("copies", up=False, alarm=0.05)


def board_of(
    results: Path, metrics: tuple[MetricSpec, ...], scores: list[dict[str, float]], **scale: Any
) -> Board:
    """Rows a, b, ... with these scores by FD, and the given ones by the other metrics."""
    under: Protocol = protocol(metrics=(FD, *metrics))
    for k, given in enumerate(scores):
        write_cell(results, "abcdef"[k], under=under, scores={"fd-eye": 10.0 + k} | given)
    if scale:
        lay_scale(results, under=under, **scale)
    (board,) = leaderboard.load(results).boards
    return board


def titles(board: Board) -> list[str]:
    return [column.title for table in sections(board) for column in table.columns]


def texts(board: Board) -> list[str]:
    return [note.text for note in notes(board)]


@pytest.mark.parametrize(
    ("rows", "real", "noise", "left_out"),
    [
        ([0.0, 0.0], 0.7, 0.0, True),
        ([0.1, 0.1], 0.7, 0.2, True),  # worse than noise
        ([0.0, 0.1], 0.7, 0.0, False),
        ([0.5, 0.5], 0.7, 0.0, False),  # equal, but better than noise
        ([0.2, 0.3], 0.7, 0.9, False),  # noise is good by this metric
        ([0.0, 0.0], 0.7, 0.9, True),  # so it says nothing, but all rows are equal
        ([0.0, 0.0], None, None, True),
        ([0.3, 0.3], None, None, True),
        ([0.0, 0.1], None, None, False),
        ([0.0], None, None, False),  # one row is always equal to itself
        ([0.0], 0.7, 0.0, True),
    ],
)
def test_a_metric_by_which_no_row_is_better_than_noise_or_all_are_equal_is_left_out(
    rows: list[float], real: float | None, noise: float | None, left_out: bool, tmp_path: Path
) -> None:
    known = real is not None and noise is not None
    scale = {"real": {"share": real}, "noise": {"share": noise}} if known else {}
    board = board_of(tmp_path, (SHARE,), [{"share": value} for value in rows], **scale)
    assert ("share ↑" in titles(board)) != left_out
    assert any(text.startswith("share: ") and "left out" in text for text in texts(board)) == (
        left_out
    )


def test_metrics_left_out_for_one_reason_share_a_remark_and_documents_keep_them(
    tmp_path: Path,
) -> None:
    zero = {"share": 0.0, "other": 0.0}
    board = board_of(
        tmp_path, (SHARE, spec("other")), [zero, zero, zero], real={"share": 0.7, "other": 0.7},
        noise={"share": 0.0, "other": 0.0},
    )  # fmt: skip
    assert "share, other: no row is better than noise (0): left out" in texts(board)
    boards = leaderboard.load(tmp_path)
    (document,) = json.loads(to_json(boards))["protocols"]
    assert document["rows"][0]["metrics"]["share"]["values"] == [0.0]
    assert list(document["floors"]) == ["share", "other"]
    assert pd.read_csv(io.StringIO(to_csv(boards)))["share"].tolist() == [0, 0, 0]


def test_a_metric_at_its_floor_has_no_rank_agreement(tmp_path: Path) -> None:
    scores = [{"share": value, "other": 0.5 - value} for value in (0.0, 0.1, 0.2)]
    board = board_of(
        tmp_path, (SHARE, spec("other")), scores, real={"share": 0.7}, noise={"share": 0.3}
    )
    assert list(board.agreements) == ["other"]


def test_the_ranking_metric_stays_and_the_remark_says_what_its_order_is_worth(
    tmp_path: Path,
) -> None:
    scores = [{"share": value} for value in (0.1, 0.2, 0.3)]
    board = board_of(tmp_path, (SHARE,), scores, real={"fd-eye": 1.0}, noise={"fd-eye": 9.0})
    assert "fd-eye ↓" in titles(board)
    said = "fd-eye: no row is better than noise (9): the order of the rows means nothing"
    assert said in texts(board)
    assert board.agreements == {}


@pytest.mark.parametrize(
    ("colour", "why"),
    [
        (9.0, "no row is better than one colour (9)"),
        (5.0, "no row is better than noise (8) or one colour (5)"),
        (20.0, None),
    ],
)
def test_rows_that_do_not_beat_one_colour_have_no_winner(
    colour: float, why: str | None, tmp_path: Path
) -> None:
    noise = 8.0 if colour == 5 else 99.0
    board = board_of(
        tmp_path, (SHARE,), [{"share": 0.5}, {"share": 0.6}],
        real={"fd-eye": 1.0}, noise={"fd-eye": noise}, colour={"fd-eye": colour},
    )  # fmt: skip
    assert board.floors.get("fd-eye") == why
    assert ("no winner by fd-eye" in answer(board)) == (why is not None)


def test_noise_is_no_floor_for_a_metric_with_an_alarm_if_the_real_score_is_unknown(
    tmp_path: Path,
) -> None:
    scores = [{"copies": 0.02}, {"copies": 0.01}]
    board = board_of(tmp_path, (COPIES,), scores, real={}, noise={"copies": 0.0})
    assert "copies ↓" in titles(board)


# At equal time


@pytest.mark.parametrize(
    ("ticks", "noise", "floored"),
    [((90.0, 80.0), 70.0, True), ((90.0, 60.0), 70.0, False), ((90.0, 80.0), None, False)],
)
def test_at_equal_time_the_scores_are_compared_with_noise_at_a_tick(
    ticks: tuple[float, float], noise: float | None, floored: bool, tmp_path: Path
) -> None:
    for name, score in zip("ab", ticks, strict=True):
        folder = write_cell(tmp_path, name, scores={"fd-eye": 10.0})
        append_line(folder / SPEED, {"kimg": 100.0, "seconds": 9.0})
        append_line(folder / TICKS, {"kimg": 100.0, "scores": {"fd-eye": score}})
    bad = {"noise": Scored(tick={} if noise is None else {"fd-eye": noise})}
    write_scale(protocol_dir(tmp_path, PLAIN), Scale(real=Scored(tick={"fd-eye": 5.0}), bad=bad))
    (board,) = leaderboard.load(tmp_path, by_time=True).boards
    said = "fd-eye at equal time: no row is better than noise (70): the order of the rows means"
    assert any(text.startswith(said) for text in texts(board)) == floored
    (document,) = json.loads(to_json(leaderboard.load(tmp_path, by_time=True)))["protocols"]
    assert (document["equal_time"]["floor"] is not None) == floored
    (by_work,) = leaderboard.load(tmp_path).boards
    assert not any("noise" in text for text in texts(by_work))


# Partners

PRECISION, RECALL = spec("precision", partner="recall"), spec("recall")
DENSITY, COVERAGE = spec("density", partner="coverage"), spec("coverage")


@pytest.mark.parametrize(
    ("given", "placed"),
    [
        ("PRDC", "PRDC"),
        ("RCDP", "RPCD"),
        ("PDRC", "PRDC"),
        ("PXR", "PRX"),
    ],
)
def test_a_metric_stands_beside_its_partner(given: str, placed: str) -> None:
    metrics = {"P": PRECISION, "R": RECALL, "D": DENSITY, "C": COVERAGE, "X": SHARE}
    assert side_by_side([metrics[k] for k in given]) == [metrics[k] for k in placed]


def test_a_metric_in_the_first_table_brings_its_partner(tmp_path: Path) -> None:
    under = protocol(metrics=(PRECISION, *(spec(f"m{k}") for k in range(4)), RECALL))
    scores = {metric.name: 0.5 for metric in under.evaluation.metrics}
    write_cell(tmp_path, "a", under=under, scores=scores)
    (board,) = leaderboard.load(tmp_path).boards
    first, second = (table.columns for table in sections(board)[:2])
    assert [column.title for column in first[2:4]] == ["precision ↑", "recall ↑"]  # after names
    assert "m3 ↑" in [column.title for column in second]


@pytest.mark.parametrize(
    ("precision", "recall", "shown"),
    [(0.5, 0.5, {"precision", "recall"}), (0.5, 0.0, set()), (0.0, 0.5, {"recall"})],
)
def test_a_metric_whose_partner_is_left_out_is_left_out(
    precision: float, recall: float, shown: set[str], tmp_path: Path
) -> None:
    both = {"precision": precision, "recall": recall}
    board = board_of(
        tmp_path, (PRECISION, RECALL), [both, {name: value * 0.9 for name, value in both.items()}],
        real={"precision": 0.7, "recall": 0.7}, noise={"precision": 0.0, "recall": 0.0},
    )  # fmt: skip
    assert {metric.name for metric in board.others} == shown
    said = (
        "precision: it misleads without recall, by which no row is better than noise (0): left out"
    )
    assert (said in texts(board)) == (not shown)


def test_the_answer_says_why_the_partner_of_the_ranking_metric_is_left_out(tmp_path: Path) -> None:
    scores = [{"precision": value, "recall": 0.0} for value in (0.5, 0.4)]
    board_of(tmp_path, (PRECISION, RECALL), scores)
    (board,) = leaderboard.load(tmp_path, sort="precision").boards
    assert answer(board) == (
        "no winner by precision: it misleads without recall, by which every row scores 0."
    )
