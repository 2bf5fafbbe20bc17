"""--keep best: the generator of the best tick, whatever happens to the training."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from following import FINE, POOR, diverging, follow
from torch import Tensor

from gan_bench.results.layout import CHECKPOINTS
from gan_bench.train.best_tick import Kept
from gan_bench.train.checkpoint import Checkpoints
from gan_bench.train.session import Session, Stopped

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(autouse=True)
def grown_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Verdicts from the first update on, so that tests need but a few."""
    monkeypatch.setattr("gan_bench.train.verdicts.YOUNG", 0)


def ticks(*values: float, variety: float = 0.9) -> list[dict[str, float]]:
    return [{"fd": value, "variety": variety} for value in values]


def kept(session: Session) -> Kept:
    generator = session.best_tick.of(session.best())
    assert generator is not None
    return generator


def equal(one: dict[str, Tensor], other: dict[str, Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[k], other[k]) for k in one)


def test_it_is_the_generator_that_was_scored_at_the_best_tick(tmp_path: Path) -> None:
    session, training, _ = follow(tmp_path / "a", ticks(9, 5, 6), keep_best=True)
    short = follow(tmp_path / "b", ticks(9, 5))[1]  # the same training up to that tick
    assert kept(session)["kimg"] == 0.02
    assert equal(kept(session)["state"], short.ema.state_dict())
    assert not equal(kept(session)["state"], training.ema.state_dict())


def test_without_the_wish_nothing_is_kept_and_checkpoints_are_as_before(tmp_path: Path) -> None:
    session, _, _ = follow(tmp_path, ticks(9, 5, 6))
    assert session.best_tick.of(session.best()) is None
    assert session.best_tick.notes(session.best()) == []
    state, _ = Checkpoints(tmp_path / CHECKPOINTS, {"cell": "this"}).newest("cpu")
    assert state is not None
    assert "best" not in state


# the third tick is the best one, but a rollback drops it: then the first is
DROPPED = [*ticks(4, 4.2), *ticks(3, 8, 8, variety=0.01), *ticks(4.3, 4.4)]
SCRIPTS = {"continue": ticks(9, 5, 6, 4, 7), "rollback": DROPPED}


@pytest.mark.parametrize(
    ("policy", "step"),
    [*(("continue", step) for step in (1, 5, 8)), *(("rollback", step) for step in (1, 6, 7, 11))],
)
def test_a_stopped_training_ends_with_the_same_generator(
    policy: str, step: int, tmp_path: Path
) -> None:
    scores = SCRIPTS[policy]
    whole = follow(tmp_path / "whole", scores, policy, keep_best=True)[0]
    folder = tmp_path / "cut"
    with pytest.raises(Stopped):
        follow(folder, scores, policy, stopping=lambda each: each.step >= step, keep_best=True)
    session = follow(folder, scores, policy, stopping=lambda _: False, keep_best=True)[0]
    best = whole.best()
    assert session.best() == best
    assert best is not None
    assert kept(session)["kimg"] == kept(whole)["kimg"] == best.kimg
    assert equal(kept(session)["state"], kept(whole)["state"])


def test_a_rollback_returns_to_the_best_tick_before_it(tmp_path: Path) -> None:
    session, _, _ = follow(tmp_path / "a", DROPPED, "rollback", keep_best=True)
    assert session.rollbacks == 1
    assert kept(session)["kimg"] == 0.01
    first = follow(tmp_path / "b", ticks(4))[1]
    assert equal(kept(session)["state"], first.ema.state_dict())


def test_a_diverged_training_leaves_its_best_tick(tmp_path: Path) -> None:
    session, _, _ = follow(tmp_path, ticks(9, 5, 6, 7), loss=diverging(7), keep_best=True)
    assert session.holds is not None
    assert session.holds.kind == "diverged"
    assert kept(session)["kimg"] == 0.02


def test_a_training_that_began_without_the_wish_keeps_no_other_tick_for_the_best(
    tmp_path: Path,
) -> None:
    scores = [FINE, {**FINE, "fd": 2.0}, FINE, POOR]
    with pytest.raises(Stopped):
        follow(tmp_path, scores, stopping=lambda each: each.step >= 5)
    session = follow(tmp_path, scores, stopping=lambda _: False, keep_best=True)[0]
    best = session.best()
    assert best is not None
    assert best.kimg == 0.02
    assert session.best_tick.of(best) is None
    assert "began without --keep best" in session.best_tick.notes(best)[0]
