"""A session that was interrupted: the next one ends in the same bytes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from following import FINE, POOR, diverging, follow, verdicts
from networks import d_loss, make_loss
from torch import Tensor

from gan_bench.base import rng
from gan_bench.results.layout import CHECKPOINTS, CURVE, SAMPLES, SPEED, TICKS
from gan_bench.results.reading import read_lines
from gan_bench.train.checkpoint import Checkpoints
from gan_bench.train.samples import Latents, generate
from gan_bench.train.session import Session, Stopped
from gan_bench.train.state import Training

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(autouse=True)
def grown_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Verdicts from the first update on, so that tests need but a few."""
    monkeypatch.setattr("gan_bench.train.verdicts.YOUNG", 0)


COLLAPSE = [FINE, POOR, POOR, POOR, FINE]
SCRIPTS = {"continue": COLLAPSE, "stop": COLLAPSE, "rollback": [*COLLAPSE, FINE]}


class Killed(BaseException):
    """Nothing in the package may catch this."""


def left(folder: Path, session: Session, training: Training) -> dict[str, object]:
    """All that a cell is measured by."""
    files = [folder / CURVE, folder / TICKS, *sorted((folder / SAMPLES).iterdir())]
    return {
        "files": [path.read_bytes() for path in files],
        "images": generate(training, Latents(rng.normal(0, "z-eval", 20, 5)), 5).tobytes(),
        "history": (session.verdicts, session.holds, session.rollbacks, session.best()),
        "step": training.step,
    }


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, object]]:
    """What trainings leave that were never interrupted, by policy."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("gan_bench.train.verdicts.YOUNG", 0)
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
