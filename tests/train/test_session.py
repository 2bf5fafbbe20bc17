"""A session: what is measured at the ticks, and what a verdict leads to."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest
from following import FINE, POOR, diverging, follow, verdicts

from gan_bench.base import rng
from gan_bench.results.layout import CURVE, TICKS
from gan_bench.results.reading import read_lines
from gan_bench.train.samples import Latents, generate
from gan_bench.train.session import LINES

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(autouse=True)
def grown_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Verdicts from the first update on, so that tests need but a few."""
    monkeypatch.setattr("gan_bench.train.verdicts.YOUNG", 0)


# At the ticks


def test_every_tick_is_a_row_with_scores_on_the_first_samples(tmp_path: Path) -> None:
    session, _, evaluator = follow(tmp_path, [FINE] * 4)
    rows = read_lines(tmp_path / TICKS)
    assert [row["step"] for row in rows] == [2, 4, 6, 8]
    assert [row["kimg"] for row in rows] == [0.01, 0.02, 0.03, 0.04]
    assert rows[0]["scores"] == FINE
    assert (rows[0]["verdict"], rows[0]["rollbacks"]) == (None, 0)
    assert [len(images) for images in evaluator.shown] == [12] * 4
    assert (session.verdicts, session.holds, session.rollbacks) == ([], None, 0)
    assert session.diagnosis()


def test_the_best_tick_and_the_last_are_those_by_the_ranking_metric(tmp_path: Path) -> None:
    scores = [{"fd": value, "variety": 0.9} for value in (9.0, 5.0, 6.0)]
    best = follow(tmp_path / "a", scores)[0].best()
    assert best is not None
    assert (best.metric, best.value, best.kimg, best.final) == ("fd", 5.0, 0.02, 6.0)
    assert follow(tmp_path / "b", [{"variety": 0.9}] * 2)[0].best() is None


def test_looking_is_not_counted_as_training(tmp_path: Path) -> None:
    began = time.perf_counter()
    session, _, _ = follow(tmp_path, [FINE] * 4, seconds=0.3)
    assert session.looking >= 4 * 0.3
    assert session.seconds() + session.looking <= time.perf_counter() - began


# Continue and stop


def test_three_ticks_under_the_floor_are_a_verdict_with_its_date_and_numbers(
    tmp_path: Path,
) -> None:
    session, _, _ = follow(tmp_path, [FINE, POOR, POOR, POOR, POOR])
    assert verdicts(session) == [("collapsed", 0.04)]
    assert session.holds is not None
    assert "variety 0.01, 0.01, 0.01" in session.holds.reason
    rows = read_lines(tmp_path / TICKS)
    assert [row["verdict"] for row in rows] == [None, None, None, "collapsed", "collapsed"]
    assert rows[-1]["reason"] == session.holds.reason


@pytest.mark.parametrize(("policy", "steps"), [("continue", 10), ("stop", 8)])
def test_a_training_goes_on_and_may_recover_or_stops_at_the_verdict(
    policy: str, steps: int, tmp_path: Path
) -> None:
    session, training, _ = follow(tmp_path, [FINE, POOR, POOR, POOR, FINE], policy)
    assert verdicts(session) == [("collapsed", 0.04)]  # the date stays
    assert (session.holds is None) == (policy == "continue")
    assert training.step == len(read_lines(tmp_path / CURVE)) == steps


def test_looks_of_the_first_updates_count_neither_as_evidence_nor_as_best(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A tick every 2 updates, so that the first two ticks of six are young."""
    monkeypatch.setattr("gan_bench.train.verdicts.YOUNG", 6)
    lucky = {"fd": 1.0, "variety": 0.02}  # better than all that follows, by accident
    session = follow(tmp_path / "a", [lucky, lucky, *[POOR] * 3])[0]
    assert verdicts(session) == []
    session = follow(tmp_path / "b", [lucky, lucky, *[POOR] * 4])[0]
    assert verdicts(session) == [("collapsed", 0.06)]
    best = session.best()
    assert best is not None
    assert (best.value, best.kimg) == (9.0, 0.03)


def test_a_young_state_is_none_to_return_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gan_bench.train.verdicts.YOUNG", 4)
    session, _, _ = follow(tmp_path, [FINE, *[POOR] * 4, FINE], "rollback")
    assert session.rollbacks == 1
    assert [look.kimg for look in session.looks] == pytest.approx([0.06])  # it began anew


@pytest.mark.parametrize("on_collapse", ["continue", "stop"])
def test_a_loss_that_is_no_number_ends_the_training(on_collapse: str, tmp_path: Path) -> None:
    session, training, _ = follow(tmp_path, [FINE] * 4, on_collapse, diverging(5))
    assert verdicts(session) == [("diverged", 0.025)]
    assert "from step 5" in session.verdicts[0].reason
    assert training.step == 5


# Rollback


def test_rollback_goes_on_with_the_budget_and_with_other_images(tmp_path: Path) -> None:
    scores = [FINE, POOR, POOR, POOR, FINE, FINE]
    session, training, evaluator = follow(tmp_path, scores, "rollback")
    assert verdicts(session) == [("collapsed", 0.04)]
    assert (session.rollbacks, session.holds) == (1, None)
    assert training.step == len(read_lines(tmp_path / CURVE)) == 12  # all steps are counted
    assert [look.kimg for look in session.looks] == pytest.approx([0.01, 0.05, 0.06])
    assert [row["rollbacks"] for row in read_lines(tmp_path / TICKS)] == [0, 0, 0, 0, 1, 1]
    straight = follow(tmp_path / "other", [FINE] * 6)[2]  # the same, never rolled back
    alike = [np.array_equal(evaluator.shown[k], straight.shown[k]) for k in range(5)]
    assert alike == [True] * 4 + [False]


def test_with_the_verdict_at_the_last_tick_it_returns_to_the_healthy_state_itself(
    tmp_path: Path,
) -> None:
    session, training, evaluator = follow(tmp_path, [FINE, POOR, POOR, POOR], "rollback")
    assert (session.rollbacks, training.step, session.holds) == (1, 8, None)
    given = Latents(rng.normal(0, "z-eval", 20, 5)[:12])
    assert np.array_equal(generate(training, given, 5), evaluator.shown[0])


def test_at_the_end_it_does_not_return_to_a_network_that_was_never_trained(
    tmp_path: Path,
) -> None:
    session, training, evaluator = follow(tmp_path, [POOR] * 4, "rollback")
    assert (session.rollbacks, training.step) == (0, 8)
    assert session.holds is not None
    assert session.holds.kind == "collapsed"
    given = Latents(rng.normal(0, "z-eval", 20, 5)[:12])
    assert np.array_equal(generate(training, given, 5), evaluator.shown[-1])


def test_after_three_rollbacks_it_goes_on_as_it_is(tmp_path: Path) -> None:
    session, training, _ = follow(tmp_path, [POOR] * 18, "rollback")
    assert verdicts(session) == [("collapsed", kimg) for kimg in (0.04, 0.08, 0.12, 0.16)]
    assert session.holds is not None
    assert (session.rollbacks, training.step) == (3, 36)


def test_a_diverged_training_is_rolled_back_too_and_given_up_after_three(tmp_path: Path) -> None:
    session, training, _ = follow(tmp_path / "once", [FINE] * 4, "rollback", diverging(5))
    assert verdicts(session) == [("diverged", 0.025)]
    assert (session.rollbacks, session.holds, training.step) == (1, None, 8)
    again_and_again = diverging(3, 5, 7, 9)
    session, training, _ = follow(tmp_path / "often", [FINE] * 9, "rollback", again_and_again)
    assert (session.rollbacks, training.step) == (3, 9)
    assert session.holds is not None
    assert session.holds.kind == "diverged"


# Written down


def test_a_second_try_trains_nothing_and_leaves_what_was_written(tmp_path: Path) -> None:
    follow(tmp_path, [FINE] * 3)
    before = {name: (tmp_path / name).read_bytes() for name in LINES.values()}
    follow(tmp_path, [FINE] * 3, loss=diverging(1, 2, 3))
    assert {name: (tmp_path / name).read_bytes() for name in LINES.values()} == before
