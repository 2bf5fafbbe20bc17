"""What the changes of a branch make of the state that it begins with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from networks import begin, make_loss

from gan_bench.contract.errors import StorageError
from gan_bench.contract.protocol import Schedule
from gan_bench.train.checkpoint import Checkpoints
from gan_bench.train.saved import Change, States
from gan_bench.train.state import Training, full_state

SCHEDULE = Schedule(kimg=0.4, batch=8, lr_g=1e-2, lr_d=1e-2)  # 50 updates


def state_at(training: Training) -> dict[str, Any]:
    return {"training": full_state(training), "safe": None, "course": "{}", "lines": {}}


def trained(schedule: Schedule = SCHEDULE, **more: Any) -> Training:
    """A training that has taken some steps."""
    training = begin(schedule, **more)
    for optimizer, network in ((training.opt_g, training.G), (training.opt_d, training.D)):
        for parameter in network.parameters():
            parameter.grad = torch.ones_like(parameter)
        optimizer.step()
    training.step = 20
    return training


def taken_up(now: Schedule, then: Schedule = SCHEDULE, same_loss: bool = True) -> dict[str, Any]:
    """What the branch begins with."""
    state = state_at(trained(then))
    changed: dict[str, Any] = Change(then, now, same_loss).of(state, begin(now))["training"]
    return changed


def test_nothing_changed_is_the_very_state() -> None:
    state = state_at(trained())
    changed = Change(SCHEDULE, SCHEDULE, True).of(state, begin(SCHEDULE))
    for name, part in state["training"]["learned"].items():
        assert changed["training"]["learned"][name] is part
    assert changed["training"]["row"] is state["training"]["row"]
    assert changed["training"]["step"] == 20


def test_other_rates_keep_the_memory_of_the_optimizer() -> None:
    before = full_state(trained())["learned"]["opt_d"]
    now = SCHEDULE.model_copy(update={"lr_d": 1e-4, "betas": (0.1, 0.9)})
    after = taken_up(now)["learned"]["opt_d"]
    assert after["param_groups"][0]["lr"] == 1e-4
    assert after["param_groups"][0]["betas"] == (0.1, 0.9)
    assert torch.equal(after["state"][0]["exp_avg"], before["state"][0]["exp_avg"])


def test_another_optimizer_begins_without_memory() -> None:
    before = state_at(trained())
    fresh = begin(SCHEDULE)
    now = SCHEDULE.model_copy(update={"optimizer": "sgd"})
    after = Change(SCHEDULE, now, True).of(before, fresh)["training"]["learned"]
    assert after["opt_g"]["state"] == {}
    assert after["G"] is before["training"]["learned"]["G"]


@pytest.mark.parametrize(("d_steps", "step"), [(1, 20), (2, 10), (3, 7), (40, 1)])
def test_another_number_of_d_steps_goes_on_at_the_same_image_or_the_next(
    d_steps: int, step: int
) -> None:
    now = SCHEDULE.model_copy(update={"d_steps": d_steps})
    changed = taken_up(now)
    assert changed["step"] == step
    assert 0 <= now.shown(step) - SCHEDULE.shown(20) < now.shown(1)
    assert changed["row"]["since"] == 0


def test_without_an_average_g_itself_is_measured() -> None:
    then = SCHEDULE.model_copy(update={"ema_kimg": 1})
    state = state_at(trained(then))
    learned = Change(then, SCHEDULE, True).of(state, begin(SCHEDULE))["training"]["learned"]
    assert learned["ema"] is state["training"]["learned"]["G"]


def test_the_states_at_ticks_stay_and_the_others_are_two(tmp_path: Path) -> None:
    ticks = Checkpoints(tmp_path / "ticks", {}, kept=None)
    states = States(Checkpoints(tmp_path / "newest", {}), ticks)
    for folder in states.folders:
        folder.mkdir()
    for step in range(1, 7):
        states.save(step, {"step": step}, at_tick=step % 2 == 0)
    assert ticks.steps() == [2, 4, 6]
    assert states.checkpoints.steps() == [5, 6]
    assert [ticks.at(step, "cpu")["step"] for step in (2, 4, 6)] == [2, 4, 6]


def test_a_branch_without_a_checkpoint_begins_with_its_origin(tmp_path: Path) -> None:
    states = States(Checkpoints(tmp_path, {}), origin=lambda _: {"step": 3})
    assert states.newest("cpu") == ({"step": 3}, [])
    states.save(5, {"step": 5}, at_tick=False)
    assert states.newest("cpu")[0] == {"step": 5}


def test_a_damaged_tick_is_refused(tmp_path: Path) -> None:
    ticks = Checkpoints(tmp_path, {}, kept=None)
    ticks.save(2, {"step": 2})
    assert ticks.damage(2) is None
    (tmp_path / "000000002.pt").write_bytes(b"half")
    assert ticks.damage(2)
    with pytest.raises(StorageError, match="is damaged"):
        ticks.at(2, "cpu")


def test_a_tick_that_was_never_completed_does_not_count(tmp_path: Path) -> None:
    ticks = Checkpoints(tmp_path, {}, kept=None)
    ticks.save(2, {"step": 2})
    (tmp_path / "000000002.pt.sha256").unlink()
    assert ticks.steps() == []


def test_a_loss_with_a_state_begins_it_anew_where_the_loss_changes() -> None:
    kept = begin(SCHEDULE, loss=make_loss(state=lambda: torch.nn.BatchNorm1d(1, affine=False)))
    state = state_at(begin(SCHEDULE))
    learned = Change(SCHEDULE, SCHEDULE, False).of(state, kept)["training"]["learned"]
    assert set(learned["loss"]) == set(kept.loss_state.state_dict() if kept.loss_state else ())
    back = Change(SCHEDULE, SCHEDULE, False).of(state_at(kept), begin(SCHEDULE))
    assert "loss" not in back["training"]["learned"]
