"""A session: what is measured at the ticks, what a verdict leads to, and how it is resumed.

The evaluator is a script: it gives every tick the scores that the test wants.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from math import nan
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from networks import IMAGES, LOSS, SHAPE, d_loss, flat, make_loss
from torch import Tensor

from gan_bench import Loss
from gan_bench.base import rng
from gan_bench.contract.protocol import Data, Evaluation, Gauge, MetricSpec, Protocol, Schedule
from gan_bench.measure.evaluator import Evaluator
from gan_bench.results.layout import CHECKPOINTS, CURVE, SAMPLES, SPEED, TICKS
from gan_bench.results.reading import read_lines
from gan_bench.train.checkpoint import Checkpoints
from gan_bench.train.samples import generate
from gan_bench.train.session import LINES, Session, Stopped
from gan_bench.train.state import Training, begin

GAUGE = Gauge(name="variety", higher_is_better=True, features="eye", floor=0.1)
FINE, POOR = {"fd": 9.0, "variety": 0.9}, {"fd": 9.0, "variety": 0.01}

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(autouse=True)
def grown_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Verdicts from the first update on, so that tests need but a few."""
    monkeypatch.setattr("gan_bench.train.session.YOUNG", 0)


class Script:
    """An evaluator with scores for every tick; it keeps the images that it was shown."""

    def __init__(self, scores: Sequence[dict[str, float]], seconds: float = 0) -> None:
        self.scores = iter(scores)
        self.seconds = seconds
        self.shown: list[np.ndarray] = []

    def look(self, images: np.ndarray) -> dict[str, float]:
        self.shown.append(images)
        time.sleep(self.seconds)
        return dict(next(self.scores))


def protocol(on_collapse: str, ticks: int) -> Protocol:
    schedule: dict[str, Any] = {"kimg": 0.01 * ticks, "batch": 5, "ticks": ticks}  # 2 updates each
    return Protocol(
        data=Data(name="noise", fingerprint="ab", shape=SHAPE, train=30, held_out=0),
        schedule=Schedule(on_collapse=on_collapse, **schedule),
        evaluation=Evaluation(
            samples=20,
            tick_samples=12,
            features="eye",
            digests={},
            metrics=(MetricSpec(name="fd", higher_is_better=False, features="eye"),),
            gauges=(GAUGE,),
        ),
    )


def follow(
    folder: Path,
    scores: Sequence[dict[str, float]],
    on_collapse: str = "continue",
    loss: Loss = LOSS,
    stopping: Callable[[Training], bool] | None = None,
    seconds: float = 0,
) -> tuple[Session, Training, Script]:
    """Train with one tick for each of the scores; go on from what is in the folder."""
    folder.mkdir(exist_ok=True)
    plan = protocol(on_collapse, len(scores))
    training = begin(flat(), SHAPE, plan.schedule, 0, "cpu")
    looked = len(read_lines(folder / TICKS)) if stopping else 0
    evaluator = Script(scores[looked:], seconds)
    checkpoints = Checkpoints(folder / CHECKPOINTS, {"cell": "this"})
    z = rng.normal(0, "z-eval", 20, 5)
    session = Session(folder, plan, cast(Evaluator, evaluator), z, checkpoints)
    session.follow(training, loss, IMAGES, 0, lambda: bool(stopping and stopping(training)))
    return session, training, evaluator


def verdicts(session: Session) -> list[tuple[str, float]]:
    return [(verdict.kind, round(verdict.kimg, 6)) for verdict in session.verdicts]


def diverging(*at: int) -> Loss:
    """Its d_loss is not a number at these steps, counted from 1."""
    steps = iter(range(1, 1000))
    return make_loss(d_loss=lambda *both: d_loss(*both) * (nan if next(steps) in at else 1))


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


def test_a_training_of_a_few_updates_is_too_young_for_a_verdict(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gan_bench.train.session.YOUNG", 10)
    four, five = ([FINE, *[POOR] * more] for more in (3, 4))
    assert verdicts(follow(tmp_path / "a", four)[0]) == []
    assert verdicts(follow(tmp_path / "b", five)[0]) == [("collapsed", 0.05)]


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


@pytest.mark.parametrize("first", [FINE, POOR])
def test_it_returns_to_the_healthy_state_itself_or_begins_anew(
    first: dict[str, float], tmp_path: Path
) -> None:
    """With the verdict at the last tick, what is measured is the state that it returned to."""
    session, training, evaluator = follow(tmp_path, [first, POOR, POOR, POOR], "rollback")
    assert (session.rollbacks, training.step) == (1, 8)
    z = rng.normal(0, "z-eval", 20, 5)[:12]
    fresh = begin(flat(), SHAPE, session.protocol.schedule, 0, "cpu")
    expected = evaluator.shown[0] if first == FINE else generate(fresh, z, 5)
    assert np.array_equal(generate(training, z, 5), expected)


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


# Interrupted and resumed

COLLAPSE = [FINE, POOR, POOR, POOR, FINE]
SCRIPTS = {"continue": COLLAPSE, "stop": COLLAPSE, "rollback": [*COLLAPSE, FINE]}


class Killed(BaseException):
    """Nothing in the package may catch this."""


def left(folder: Path, session: Session, training: Training) -> dict[str, object]:
    """All that a cell is measured by."""
    files = [folder / CURVE, folder / TICKS, *sorted((folder / SAMPLES).iterdir())]
    return {
        "files": [path.read_bytes() for path in files],
        "images": generate(training, rng.normal(0, "z-eval", 20, 5), 5).tobytes(),
        "history": (session.verdicts, session.holds, session.rollbacks, session.best()),
        "step": training.step,
    }


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, object]]:
    """What trainings leave that were never interrupted, by policy."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("gan_bench.train.session.YOUNG", 0)
        return {
            policy: left(folder, *follow(folder, scores, policy)[:2])
            for policy, scores in SCRIPTS.items()
            for folder in [tmp_path_factory.mktemp(policy)]
        }


@pytest.mark.parametrize("end", [Stopped, Killed])
@pytest.mark.parametrize("step", range(1, 12))
@pytest.mark.parametrize("policy", SCRIPTS)
def test_a_training_that_was_interrupted_at_any_step_ends_in_the_same_bytes(
    policy: str, step: int, end: type[BaseException], whole: dict[str, Any], tmp_path: Path
) -> None:
    def killed(real: Tensor, fake: Tensor) -> Tensor:
        if next(steps) == step:
            raise Killed
        return d_loss(real, fake)

    steps, scores = iter(range(100)), SCRIPTS[policy]
    if step >= whole[policy]["step"]:
        return
    interrupted: dict[type, dict[str, Any]] = {
        Stopped: {"stopping": lambda training: training.step >= step},
        Killed: {"loss": make_loss(d_loss=killed)},
    }
    with pytest.raises(end):
        follow(tmp_path, scores, policy, **interrupted[end])
    session, training, _ = follow(tmp_path, scores, policy, stopping=lambda _: False)
    assert left(tmp_path, session, training) == whole[policy]


def test_the_names_in_a_checkpoint_are_those_of_older_versions(tmp_path: Path) -> None:
    """A checkpoint that an older version wrote must still be resumed."""
    follow(tmp_path, [FINE] * 2, "rollback")
    state, _ = Checkpoints(tmp_path / CHECKPOINTS, {"cell": "this"}).newest("cpu")
    assert state is not None
    assert " ".join(state) == "training safe course lines"
    assert " ".join(state["training"]) == "learned step row"
    assert " ".join(state["training"]["row"]) == "totals since good"
    assert " ".join(state["lines"]) == "curve speed vitals"
    history = "looks verdicts holds rollbacks notes seconds looking memory"
    assert " ".join(json.loads(state["course"])) == history


def test_time_goes_on_where_it_was(tmp_path: Path) -> None:
    with pytest.raises(Stopped):
        follow(tmp_path, [FINE] * 4, stopping=lambda training: training.step >= 5)
    before = read_lines(tmp_path / SPEED)[-1]["seconds"]
    session, _, _ = follow(tmp_path, [FINE] * 4, stopping=lambda _: False)
    assert session.seconds() > before
    seconds = [row["seconds"] for row in read_lines(tmp_path / SPEED)]
    assert (seconds, len(seconds)) == (sorted(seconds), 8)


def test_the_last_checkpoint_before_a_divergence_is_finite_and_stays(tmp_path: Path) -> None:
    session, training, _ = follow(tmp_path / "a", [FINE] * 4, loss=diverging(6))
    assert verdicts(session) == [("diverged", 0.03)]
    assert session.last_finite(training)
    assert training.step == 4
    assert all(p.isfinite().all() for p in training.G.parameters())
    session, training, _ = follow(tmp_path / "b", [FINE] * 4, loss=diverging(1))
    assert not session.last_finite(training)  # there was none
