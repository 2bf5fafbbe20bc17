"""A training under observation, by a ruler that says what the test wants to hear."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import nan, prod
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from torch import Tensor, nn
from torch.nn.functional import softplus

from gan_bench import Architecture, Loss, Shape
from gan_bench.base import rng
from gan_bench.contract.protocol import Data, Evaluation, Gauge, MetricSpec, Protocol, Schedule
from gan_bench.measure.evaluator import Evaluator
from gan_bench.results.reading import read_lines
from gan_bench.train.checkpoint import Checkpoints
from gan_bench.train.loop import Training, begin
from gan_bench.train.samples import generate
from gan_bench.train.session import LINES, Session, Stopped

SHAPE = (3, 8, 8)
IMAGES = np.random.default_rng(0).integers(0, 256, (30, *SHAPE)).astype(np.uint8)
GAUGE = Gauge(name="variety", higher_is_better=True, features="eye", floor=0.1)
FINE, POOR = {"fd": 9.0, "variety": 0.9}, {"fd": 9.0, "variety": 0.01}

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(autouse=True)
def grown_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Verdicts from the first update on, so that tests need but a few."""
    monkeypatch.setattr("gan_bench.train.session.YOUNG", 0)


class Script:
    """A ruler with a score for every tick; it keeps the first bytes of what it was shown."""

    def __init__(self, scores: Sequence[dict[str, float]]) -> None:
        self.scores = iter(scores)
        self.shown: list[np.ndarray] = []

    def look(self, images: np.ndarray) -> dict[str, float]:
        self.shown.append(images)
        return dict(next(self.scores))


def generator(shape: Shape) -> nn.Module:
    return nn.Sequential(nn.Linear(5, prod(shape)), nn.Tanh(), nn.Unflatten(1, shape))


def discriminator(shape: Shape) -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(prod(shape), 1), nn.Flatten(0))


def d_loss(real: Tensor, fake: Tensor) -> Tensor:
    return softplus(-real).mean() + softplus(fake).mean()


def g_loss(_: Tensor | None, fake: Tensor) -> Tensor:
    return softplus(-fake).mean()


ARCHITECTURE = Architecture(
    name="tiny", source="a test", z_dim=5, generator=generator, discriminator=discriminator
)
LOSS = Loss(name="plain", source="a test", d_loss=d_loss, g_loss=g_loss)


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
    ticks: int | None = None,
    stopping: Callable[[Training], bool] | None = None,
) -> tuple[Session, Training, Script]:
    folder.mkdir(exist_ok=True)
    plan = protocol(on_collapse, ticks or len(scores))
    training = begin(ARCHITECTURE, SHAPE, plan.schedule, 0, "cpu")
    looked = len(read_lines(folder / "vitals.jsonl")) if stopping else 0
    ruler = Script(scores[looked:])
    kept = Checkpoints(folder / "checkpoint", {"cell": "this"})
    z = rng.normal(0, "z-eval", 20, 5)
    course = Session(folder, plan, cast(Evaluator, ruler), z, kept)
    course.follow(training, loss, IMAGES, 0, lambda: bool(stopping and stopping(training)))
    return course, training, ruler


def verdicts(course: Session) -> list[tuple[str, float]]:
    return [(verdict.kind, round(verdict.kimg, 6)) for verdict in course.verdicts]


def diverging(*at: int) -> Loss:
    """Its d_loss is no number at these steps, counted from 1."""
    steps = iter(range(1, 1000))

    def bad(real: Tensor, fake: Tensor) -> Tensor:
        return d_loss(real, fake) * (nan if next(steps) in at else 1)

    return Loss(name="bad", source="a test", d_loss=bad, g_loss=g_loss)


# Seen


def test_every_tick_is_a_row_with_scores_on_the_first_samples(tmp_path: Path) -> None:
    course, _, ruler = follow(tmp_path, [FINE] * 4)
    rows = read_lines(tmp_path / "vitals.jsonl")
    assert [(row["step"], row["kimg"]) for row in rows] == [
        (2, 0.01), (4, 0.02), (6, 0.03), (8, 0.04),
    ]  # fmt: skip
    assert rows[0]["scores"] == FINE
    assert (rows[0]["verdict"], rows[0]["rollbacks"]) == (None, 0)
    assert [len(images) for images in ruler.shown] == [12] * 4
    assert (course.verdicts, course.holds, course.rollbacks) == ([], None, 0)


def test_the_best_tick_and_the_last_are_told_of_the_ranking_metric(tmp_path: Path) -> None:
    scores = [{"fd": value, "variety": 0.9} for value in (9.0, 5.0, 6.0)]
    best = follow(tmp_path, scores)[0].best()
    assert best is not None
    assert (best.metric, best.value, best.kimg, best.final) == ("fd", 5.0, 0.02, 6.0)


def test_ticks_without_a_score_have_no_best(tmp_path: Path) -> None:
    assert follow(tmp_path, [{"variety": 0.9}] * 2)[0].best() is None


def test_looking_is_not_counted_as_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter(range(10_000))
    monkeypatch.setattr("gan_bench.train.session.time.perf_counter", lambda: float(next(clock)))
    course, _, _ = follow(tmp_path, [FINE] * 4)
    # the clock is read before and after each look, and each writing of a checkpoint
    assert course.looking == 8


# Continue and stop


def test_three_ticks_under_the_floor_are_a_verdict_with_its_date_and_numbers(
    tmp_path: Path,
) -> None:
    course, training, _ = follow(tmp_path, [FINE, POOR, POOR, POOR, POOR])
    assert verdicts(course) == [("collapsed", 0.04)]
    assert course.holds is not None
    assert "variety 0.01, 0.01, 0.01" in course.holds.reason
    assert training.step == 10
    rows = read_lines(tmp_path / "vitals.jsonl")
    assert [row["verdict"] for row in rows] == [None, None, None, "collapsed", "collapsed"]
    assert rows[-1]["reason"] == course.holds.reason


def test_a_training_of_a_few_updates_is_too_young_for_a_verdict(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gan_bench.train.session.YOUNG", 10)
    assert verdicts(follow(tmp_path / "a", [FINE, POOR, POOR, POOR])[0]) == []
    assert verdicts(follow(tmp_path / "b", [FINE, POOR, POOR, POOR, POOR])[0]) == [
        ("collapsed", 0.05)
    ]


def test_a_training_that_recovers_keeps_the_date_but_not_the_verdict(tmp_path: Path) -> None:
    course, _, _ = follow(tmp_path, [FINE, POOR, POOR, POOR, FINE])
    assert verdicts(course) == [("collapsed", 0.04)]
    assert course.holds is None


def test_stop_ends_the_training_at_the_verdict(tmp_path: Path) -> None:
    course, training, _ = follow(tmp_path, [FINE, POOR, POOR, POOR, FINE], "stop")
    assert training.step == 8
    assert course.holds is not None
    assert len(read_lines(tmp_path / "curve.jsonl")) == 8


@pytest.mark.parametrize("on_collapse", ["continue", "stop"])
def test_a_loss_that_is_no_number_ends_the_training(on_collapse: str, tmp_path: Path) -> None:
    course, training, _ = follow(tmp_path, [FINE] * 4, on_collapse, diverging(5))
    assert verdicts(course) == [("diverged", 0.025)]
    assert "from step 5" in course.verdicts[0].reason
    assert training.step == 5


# Rollback


def test_rollback_returns_to_the_last_healthy_state_and_goes_on_with_the_budget(
    tmp_path: Path,
) -> None:
    scores = [FINE, POOR, POOR, POOR, FINE, FINE]
    course, training, ruler = follow(tmp_path, scores, "rollback")
    assert course.rollbacks == 1
    assert verdicts(course) == [("collapsed", 0.04)]
    assert course.holds is None
    assert training.step == 12  # what was thrown away is counted
    assert len(read_lines(tmp_path / "curve.jsonl")) == 12
    assert [look.kimg for look in course.looks] == pytest.approx([0.01, 0.05, 0.06])
    rows = read_lines(tmp_path / "vitals.jsonl")
    assert [row["rollbacks"] for row in rows] == [0, 0, 0, 0, 1, 1]
    straight = follow(tmp_path / "other", [FINE] * 6)[2]  # the same, never rolled back
    for k in range(4):
        assert np.array_equal(ruler.shown[k], straight.shown[k])
    assert not np.array_equal(ruler.shown[4], straight.shown[4])


def test_it_returns_to_that_very_state(tmp_path: Path) -> None:
    """With the verdict at the last tick, what is measured is the healthy state itself."""
    scores = [FINE, POOR, POOR, POOR]
    _, training, ruler = follow(tmp_path, scores, "rollback")
    z = rng.normal(0, "z-eval", 20, 5)[:12]
    assert np.array_equal(generate(training, z, 5), ruler.shown[0])
    assert training.step == 8


def test_without_a_healthy_state_it_begins_anew(tmp_path: Path) -> None:
    course, training, _ = follow(tmp_path, [POOR] * 4, "rollback")
    assert course.rollbacks == 1
    fresh = begin(ARCHITECTURE, SHAPE, course.protocol.schedule, 0, "cpu")
    z = rng.normal(0, "z-eval", 20, 5)
    assert np.array_equal(generate(training, z, 5), generate(fresh, z, 5))


def test_after_three_rollbacks_it_goes_on_as_it_is(tmp_path: Path) -> None:
    course, training, _ = follow(tmp_path, [POOR] * 18, "rollback")
    assert course.rollbacks == 3
    assert verdicts(course) == [("collapsed", kimg) for kimg in (0.04, 0.08, 0.12, 0.16)]
    assert course.holds is not None
    assert training.step == 36


def test_a_diverged_training_is_rolled_back_too(tmp_path: Path) -> None:
    loss = diverging(5)
    course, training, _ = follow(tmp_path, [FINE] * 4, "rollback", loss)
    assert verdicts(course) == [("diverged", 0.025)]
    assert (course.rollbacks, course.holds) == (1, None)
    assert training.step == 8


def test_one_that_diverges_again_and_again_is_given_up(tmp_path: Path) -> None:
    course, training, _ = follow(tmp_path, [FINE] * 9, "rollback", diverging(3, 5, 7, 9))
    assert course.rollbacks == 3
    assert course.holds is not None
    assert course.holds.kind == "diverged"
    assert training.step == 9


# Written down


def test_two_runs_leave_the_same_bytes(tmp_path: Path) -> None:
    names = ("curve.jsonl", "vitals.jsonl")
    for folder in ("one", "other"):
        follow(tmp_path / folder, [FINE, POOR, POOR, POOR, FINE], "rollback")
    for name in names:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "other" / name).read_bytes()


def test_a_second_try_trains_nothing_and_leaves_what_was_written(tmp_path: Path) -> None:
    follow(tmp_path, [FINE] * 3)
    before = {name: (tmp_path / f"{name}.jsonl").read_bytes() for name in LINES}
    follow(tmp_path, [FINE] * 3, loss=diverging(1, 2, 3))
    assert {name: (tmp_path / f"{name}.jsonl").read_bytes() for name in LINES} == before


def test_the_curves_are_put_into_words(tmp_path: Path) -> None:
    assert follow(tmp_path, [FINE] * 2)[0].diagnosis()


# Interrupted, and gone on with

COURSES = {
    "continue": [FINE, POOR, POOR, POOR, FINE],
    "stop": [FINE, POOR, POOR, POOR, FINE],
    "rollback": [FINE, POOR, POOR, POOR, FINE, FINE],
}


class Killed(BaseException):
    """Nothing in the package may catch this."""


def left(folder: Path, course: Session, training: Training) -> dict[str, object]:
    """All that a cell is judged by."""
    images = generate(training, rng.normal(0, "z-eval", 20, 5), 5)
    return {
        "curve": (folder / "curve.jsonl").read_bytes(),
        "vitals": (folder / "vitals.jsonl").read_bytes(),
        "samples": [path.read_bytes() for path in sorted((folder / "samples").iterdir())],
        "images": images.tobytes(),
        "verdicts": course.verdicts,
        "holds": course.holds,
        "rollbacks": course.rollbacks,
        "best": course.best(),
        "step": training.step,
    }


@pytest.mark.parametrize("step", range(1, 12))
@pytest.mark.parametrize("policy", COURSES)
def test_a_training_that_was_stopped_after_any_step_ends_in_the_same_bytes(
    policy: str, step: int, tmp_path: Path
) -> None:
    scores = COURSES[policy]
    course, training, _ = follow(tmp_path / "whole", scores, policy)
    if step >= training.step:
        return
    with pytest.raises(Stopped):
        follow(tmp_path / "cut", scores, policy, stopping=lambda cell: cell.step >= step)
    again, resumed, _ = follow(tmp_path / "cut", scores, policy, stopping=lambda _: False)
    assert left(tmp_path / "cut", again, resumed) == left(tmp_path / "whole", course, training)


@pytest.mark.parametrize("step", range(1, 12))
@pytest.mark.parametrize("policy", COURSES)
def test_a_training_that_was_killed_in_any_step_ends_in_the_same_bytes(
    policy: str, step: int, tmp_path: Path
) -> None:
    def d(real: Tensor, fake: Tensor) -> Tensor:
        if next(steps) == step:
            raise Killed
        return d_loss(real, fake)

    scores, steps = COURSES[policy], iter(range(100))
    course, training, _ = follow(tmp_path / "whole", scores, policy)
    if step >= training.step:
        return
    with pytest.raises(Killed):
        follow(tmp_path / "cut", scores, policy, Loss(**vars(LOSS) | {"d_loss": d}))
    # the curve has points of steps that are taken again, the vitals none: they are two steps apart
    again, resumed, _ = follow(tmp_path / "cut", scores, policy, stopping=lambda _: False)
    assert left(tmp_path / "cut", again, resumed) == left(tmp_path / "whole", course, training)


def test_at_most_two_checkpoints_are_kept_while_it_trains(tmp_path: Path) -> None:
    follow(tmp_path, [FINE] * 5)
    names = sorted(path.name for path in (tmp_path / "checkpoint").iterdir())
    assert names == [
        "000000008.pt", "000000008.pt.sha256", "000000010.pt", "000000010.pt.sha256",
    ]  # fmt: skip


def test_time_goes_on_where_it_was(tmp_path: Path) -> None:
    with pytest.raises(Stopped):
        follow(tmp_path, [FINE] * 4, stopping=lambda cell: cell.step >= 5)
    before = read_lines(tmp_path / "speed.jsonl")[-1]["seconds"]
    course, _, _ = follow(tmp_path, [FINE] * 4, stopping=lambda _: False)
    assert course.seconds() > before
    seconds = [row["seconds"] for row in read_lines(tmp_path / "speed.jsonl")]
    assert seconds == sorted(seconds)
    assert len(seconds) == 8


def test_the_last_checkpoint_before_a_divergence_is_finite_and_stays(tmp_path: Path) -> None:
    course, training, _ = follow(tmp_path, [FINE] * 4, loss=diverging(6))
    assert verdicts(course) == [("diverged", 0.03)]
    assert course.last_finite(training)
    assert training.step == 4
    assert all(p.isfinite().all() for p in training.G.parameters())


def test_a_divergence_before_the_first_tick_leaves_nothing_finite(tmp_path: Path) -> None:
    course, training, _ = follow(tmp_path, [FINE] * 4, loss=diverging(1))
    assert not course.last_finite(training)
