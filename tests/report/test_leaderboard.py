"""Rows, ranks, ties, equal time: from records written by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gan_bench.contract.protocol import Gauge, MetricSpec, Protocol, differences
from gan_bench.report import leaderboard
from gan_bench.report.documents import to_json
from gan_bench.report.equal_time import EqualTime
from gan_bench.report.facts import protocol_lines
from gan_bench.report.markdown import to_markdown
from gan_bench.report.tables import chapters, sections
from gan_bench.results.atomic import append_line
from gan_bench.results.layout import SPEED, TICKS, cells_in
from gan_bench.results.records import read_record, write_record
from records import DIVERSITY, FD, PLAIN, lay, protocol

GOOD = [10.0, 11.0, 12.0, 10.5, 11.5, 10.2]
BAD = [20.0, 21.0, 22.0, 20.5, 21.5, 20.2]
FD_EAR = MetricSpec(name="fd-ear", higher_is_better=False, features="ear")


def seeds(results: Path, name: str, values: list[float], **more: Any) -> None:
    for seed, value in enumerate(values):
        lay(results, name, seed=seed, scores={"fd-eye": value}, **more)


def only(results: Path) -> leaderboard.Board:
    (board,) = leaderboard.load(results).boards
    return board


def first_table(results: Path) -> list[list[str]]:
    section = sections(only(results))[0]
    return [[column.text for column in section.columns], *section.rows]


def said(results: Path) -> str:
    found = chapters(leaderboard.load(results))
    return "\n".join(note.text for chapter in found for note in chapter.notes)


# Seeds


def test_from_four_seeds_on_a_row_has_an_interval_and_a_letter(tmp_path: Path) -> None:
    seeds(tmp_path, "good", GOOD)
    seeds(tmp_path, "bad", BAD)
    seeds(tmp_path, "twin", [value + 0.01 for value in BAD])
    columns, *rows = first_table(tmp_path)
    assert columns[2:4] == ["fd-eye ↓", "tie"]
    assert [row[3] for row in rows] == ["a", "b", "b"]
    assert rows[0][2] == "10.87 ± 0.82"  # t(5) = 2.571, s = 0.779


def test_under_four_seeds_nothing_is_claimed(tmp_path: Path) -> None:
    seeds(tmp_path, "good", GOOD[:3])
    seeds(tmp_path, "bad", BAD[:3])
    columns, *rows = first_table(tmp_path)
    assert "tie" not in columns
    assert rows[0][2] == "10 to 12"
    block = dict(protocol_lines(PLAIN, only(tmp_path).cells))["±"]
    assert block.startswith("no interval with fewer than 4 seeds")


def test_a_row_of_few_seeds_beside_one_of_many_has_no_letter(tmp_path: Path) -> None:
    seeds(tmp_path, "good", GOOD)
    seeds(tmp_path, "few", BAD[:2])
    assert [row[3] for row in first_table(tmp_path)[1:]] == ["a", "–"]


def test_training_and_sampling_are_told_apart(tmp_path: Path) -> None:
    for seed, value in enumerate([1.0, 3.0, 5.0, 7.0]):
        folder = lay(tmp_path, "a", seed=seed, scores={"fd-eye": value})
        record = read_record(folder)
        score = record.scores["fd-eye"].model_copy(update={"error": 1.0})
        write_record(folder, record.model_copy(update={"scores": {"fd-eye": score}}))
    row = json.loads(to_json(leaderboard.load(tmp_path)))["protocols"][0]["rows"][0]
    found = row["metrics"]["fd-eye"]
    assert found["sd_seeds"] == pytest.approx((20 / 3) ** 0.5)
    assert found["sd_sampling"] == 1.0
    assert found["sd_training"] == pytest.approx((20 / 3 - 1) ** 0.5)
    assert (found["low"] + found["high"]) / 2 == pytest.approx(4.0)


# Final and best


def test_the_table_ranks_by_the_final_score_and_shows_the_best_tick_and_the_drop(
    tmp_path: Path,
) -> None:
    best = {"metric": "fd-eye", "value": 20.0, "kimg": 40.0, "final": 32.0}
    lay(tmp_path, "falling", scores={"fd-eye": 30.0}, best=best)
    lay(tmp_path, "steady", scores={"fd-eye": 25.0}, best=best | {"value": 27.0, "final": 27.0})
    columns, *rows = first_table(tmp_path)
    assert columns[4:6] == ["best @ kimg (n = 256)", "lost since"]
    assert [[row[0], *row[4:6]] for row in rows] == [
        ["steady", "27 @ 40", "0"],
        ["falling", "20 @ 40", "12"],
    ]


# Verdicts


def test_a_verdict_is_told_with_its_date_and_a_rollback_marks_the_row(tmp_path: Path) -> None:
    verdict = {"kind": "collapsed", "kimg": 12.0, "reason": "diversity 0.01, 0.01, 0.00"}
    lay(
        tmp_path, "a", scores={"fd-eye": 3.0}, status="collapsed", verdicts=[verdict], rollbacks=2,
        reason=verdict["reason"],
    )  # fmt: skip
    assert first_table(tmp_path)[1][-1] == "1 collapsed, 2 rollbacks"
    assert "a / hinge / seed0: collapsed at 12 kimg: diversity 0.01, 0.01, 0.00" in said(tmp_path)
    assert "rolled back 2 times" in said(tmp_path)
    assert said(tmp_path).count("diversity 0.01") == 1


def test_a_verdict_that_no_longer_holds_says_so(tmp_path: Path) -> None:
    verdict = {"kind": "degraded", "kimg": 12.0, "reason": "fd-eye 9, 9"}
    lay(tmp_path, "a", scores={"fd-eye": 3.0}, verdicts=[verdict])
    assert "degraded at 12 kimg (but finished in the end): fd-eye 9, 9" in said(tmp_path)


def test_the_notes_of_a_record_are_told(tmp_path: Path) -> None:
    lay(tmp_path, "a", scores={"fd-eye": 3.0}, notes=["a checkpoint was damaged"])
    assert "a / hinge / seed0: a checkpoint was damaged" in said(tmp_path)


def test_a_metric_that_refused_says_why_once(tmp_path: Path) -> None:
    for seed in range(2):
        lay(tmp_path, "a", seed=seed, scores={"fd-eye": 3.0}, unscored={"diversity": "all alike"})
    assert "diversity: no score for 2 cells: all alike" in said(tmp_path)
    assert first_table(tmp_path)[1][3] == "–"


def test_the_words_of_many_cells_are_those_of_one_seed_a_row(tmp_path: Path) -> None:
    for seed in range(12):
        lay(tmp_path, "a", seed=seed, scores={"fd-eye": 3.0}, diagnosis="settled")
    assert said(tmp_path).count("settled") == 12
    lay(tmp_path, "b", scores={"fd-eye": 4.0}, diagnosis="settled")
    assert said(tmp_path).count("settled") == 2


# Two protocols


def test_the_report_says_which_field_keeps_two_tables_apart(tmp_path: Path) -> None:
    evaluation = PLAIN.evaluation.model_copy(update={"samples": 900})
    schedule = PLAIN.schedule.model_copy(update={"precision": "bf16"})
    data = PLAIN.data.model_copy(update={"fingerprint": "ef" * 32})
    digests = PLAIN.evaluation.model_copy(update={"digests": {"eye": "99" * 32}})
    changes = {
        "evaluation.samples": {"evaluation": evaluation},
        "schedule.precision": {"schedule": schedule},
        "data.fingerprint": {"data": data},
        "evaluation.digests.eye": {"evaluation": digests},
    }
    for field, change in changes.items():
        other = PLAIN.model_copy(update=change)
        assert list(differences(other, PLAIN)) == [field]
        lay(tmp_path / field, "a", scores={"fd-eye": 1.0})
        lay(tmp_path / field, "a", under=other, scores={"fd-eye": 1.0})
        assert said(tmp_path / field).count(f": {field} is ") == 2
        document = json.loads(to_json(leaderboard.load(tmp_path / field)))
        assert [list(each["differs"]["fields"]) for each in document["protocols"]] == [[field]] * 2


def test_a_gauge_that_differs_by_its_floor_alone_is_a_difference() -> None:
    low = Gauge(name="variety", higher_is_better=True, features="eye", floor=0.1)
    high = low.model_copy(update={"floor": 0.2})
    one, other = (
        PLAIN.model_copy(
            update={"evaluation": PLAIN.evaluation.model_copy(update={"gauges": (gauge,)})}
        )
        for gauge in (low, high)
    )
    assert differences(one, other) == {"evaluation.gauges": ("variety eye 0.1", "variety eye 0.2")}


def test_it_is_compared_with_the_most_similar_one(tmp_path: Path) -> None:
    lay(tmp_path, "a", scores={"fd-eye": 1.0})
    lay(tmp_path, "a", under=protocol(kimg=200), scores={"fd-eye": 1.0})
    far = protocol(kimg=300, metrics=(DIVERSITY,))
    lay(tmp_path, "a", under=far, scores={"diversity": 1.0})
    (line,) = [line for line in said(tmp_path).splitlines() if "kimg is 100.0" in line]
    assert (
        line == f"not in one table with {protocol(kimg=200).slug}: "
        "schedule.kimg is 100.0 here, 200.0 there"
    )


# Rulers


@pytest.fixture
def opinions(tmp_path: Path) -> Path:
    under = protocol(metrics=(FD, FD_EAR, DIVERSITY))
    for name, eye, ear in (("a", 1.0, 3.0), ("b", 2.0, 1.0), ("c", 3.0, 2.0)):
        scores = {"fd-eye": eye, "fd-ear": ear, "diversity": -eye}
        lay(tmp_path, name, under=under, scores=scores)
    return tmp_path


def test_rank_agreement_is_kendalls_tau_in_each_metrics_own_direction(opinions: Path) -> None:
    assert only(opinions).agreements == pytest.approx({"fd-ear": -1 / 3, "diversity": 1.0})
    assert "fd-ear -0.33, diversity 1.00" in said(opinions)


def test_a_winner_that_depends_on_the_ruler_is_told(opinions: Path) -> None:
    assert "the winner depends on the features: a / hinge by eye, b / hinge by ear" in said(
        opinions
    )


def test_one_ruler_cannot_disagree_with_itself(tmp_path: Path) -> None:
    for name, value in (("a", 1.0), ("b", 2.0), ("c", 3.0)):
        lay(tmp_path, name, scores={"fd-eye": value, "diversity": value})
    assert "winner" not in said(tmp_path)


# Equal time


def equal(results: Path) -> EqualTime:
    (board,) = leaderboard.load(results, by_time=True).boards
    return board.equal_time or pytest.fail("no cell has completed the schedule")


def timed(folder: Path, seconds_per_tick: float, scores: list[float]) -> None:
    for k, score in enumerate(scores, start=1):
        row = {"kimg": 25.0 * k, "seconds": seconds_per_tick * k, "images_per_second": 1.0}
        append_line(folder / SPEED, row)
        tick = {"step": k, "kimg": 25.0 * k, "scores": {"fd-eye": score}}
        append_line(folder / TICKS, tick)


def cost(seconds: float) -> dict[str, float]:
    return {
        "train_seconds": seconds,
        "images_per_second": 1.0,
        "evaluate_seconds": 1.0,
        "peak_memory_mib": 1.0,
        "g_parameters": 1,
        "d_parameters": 1,
    }


@pytest.fixture
def race(tmp_path: Path) -> Path:
    fast = lay(tmp_path, "fast", scores={"fd-eye": 50.0}, cost=cost(40))
    slow = lay(tmp_path, "slow", scores={"fd-eye": 5.0}, cost=cost(160))
    timed(fast, 10, [90, 80, 60, 50])
    timed(slow, 40, [70, 30, 10, 5])
    lay(tmp_path, "stuck", status=None)
    return tmp_path


def test_all_curves_are_read_where_the_fastest_had_finished(race: Path) -> None:
    found = equal(race)
    assert found.seconds == 40
    told = [(moment.row.architecture, moment.kimg, moment.scores) for moment in found.moments]
    assert told == [("fast", [100.0], [50]), ("slow", [25.0], [70]), ("stuck", [], [])]


def test_the_order_by_work_may_be_another_one(race: Path) -> None:
    assert [row.architecture for row in only(race).rows] == ["slow", "fast", "stuck"]
    boards = leaderboard.load(race, by_time=True)
    for table in sections(boards.boards[0]):
        assert [row[0] for row in table.rows] == ["fast", "slow", "stuck"]
    assert "after 40 s of training each" in to_markdown(boards, race)
    (document,) = json.loads(to_json(boards))["protocols"]
    assert document["equal_time"]["seconds"] == 40
    assert [row["architecture"] for row in document["rows"]] == ["fast", "slow", "stuck"]


@pytest.mark.parametrize(
    ("status", "ticks"),
    [("diverged", 4), ("failed", 4), ("collapsed", 1), ("degraded", 3), ("finished", 3)],
)
def test_a_cell_that_did_less_than_the_schedule_does_not_set_the_time(
    status: str, ticks: int, race: Path
) -> None:
    timed(lay(race, "early", status=status, cost=cost(4)), 1, [60.0] * ticks)
    assert equal(race).seconds == 40
    assert [row.architecture for row in only(race).rows][:2] == ["slow", "fast"]


@pytest.mark.parametrize("status", ["finished", "collapsed", "degraded"])
def test_a_cell_that_completed_the_schedule_sets_the_time_whatever_the_verdict(
    status: str, race: Path
) -> None:
    timed(lay(race, "faster", status=status, cost=cost(4)), 1, [90, 80, 70, 60])
    assert equal(race).seconds == 4


def test_a_tick_without_a_score_is_passed_over(race: Path) -> None:
    for cell in cells_in(only(race).folder):
        append_line(cell / TICKS, {"kimg": 5.0, "scores": {"fd-eye": None}})
        append_line(cell / TICKS, {"kimg": 5.0, "scores": {}})
    found = equal(race)
    assert [moment.scores for moment in found.moments] == [[50], [70], []]


def test_files_that_cannot_be_read_leave_a_row_without_a_number(race: Path) -> None:
    (only(race).folder / "slow" / "hinge" / "seed0" / TICKS).write_text("{\n")
    assert [moment.scores for moment in equal(race).moments] == [[50], [], []]


def test_without_a_finished_cell_there_is_no_equal_time(tmp_path: Path) -> None:
    lay(tmp_path, "a", status=None)
    text = to_markdown(leaderboard.load(tmp_path, by_time=True), tmp_path)
    assert "| a" in text
    assert "- no cell has completed the schedule" in text


def test_no_protocol_is_its_own_neighbour() -> None:
    assert differences(PLAIN, Protocol.model_validate(PLAIN.model_dump())) == {}
