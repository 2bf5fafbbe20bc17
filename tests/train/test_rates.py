"""Learning rates that fall in the course of a schedule."""

from __future__ import annotations

import copy

import pytest
import torch
from networks import IMAGES, LOSS, SCHEDULE, begin, weights_of
from torch import nn

from gan_bench.contract.protocol import Schedule
from gan_bench.train.loop import train
from gan_bench.train.rates import rates_of
from gan_bench.train.state import Training, full_state, restore, resume, snapshot

pytestmark = pytest.mark.usefixtures("one_thread")


def falling(decay: str, **more: object) -> Schedule:
    return SCHEDULE.model_copy(update={"lr_decay": decay, "kimg": 0.08, "lr_d": 2e-2} | more)


def used(schedule: Schedule) -> list[tuple[float, float]]:
    """The rates of G and of D at each step."""
    training, seen = begin(schedule), []
    for name in ("opt_g", "opt_d"):
        getattr(training, name).register_step_pre_hook(
            lambda optimizer, *_: seen.append(optimizer.param_groups[0]["lr"])
        )
    list(train(training, LOSS, IMAGES, schedule, 0))
    return list(zip(seen[1::2], seen[::2], strict=True))


@pytest.mark.parametrize(
    ("decay", "factors"),
    [
        ("constant", [1.0] * 10),
        ("linear", [1, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1]),
        ("cosine", [1, 0.976, 0.905, 0.794, 0.655, 0.5, 0.345, 0.206, 0.095, 0.024]),
    ],
)
def test_both_rates_fall_by_one_factor(decay: str, factors: list[float]) -> None:
    schedule = falling(decay)
    rates = [(schedule.lr_g * factor, schedule.lr_d * factor) for factor in factors]
    assert used(schedule) == [pytest.approx(pair, abs=1e-5) for pair in rates]


def go(training: Training, schedule: Schedule, until: int = 10) -> None:
    list(train(training, LOSS, IMAGES, schedule, 0, lambda: training.step >= until))


@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
@pytest.mark.parametrize("decay", ["linear", "cosine"])
def test_a_training_resumed_while_the_rate_falls_ends_in_the_same_bytes(
    decay: str, optimizer: str
) -> None:
    schedule = falling(decay, optimizer=optimizer)
    whole, cut, resumed = begin(schedule), begin(schedule), begin(schedule, seed=1)
    go(whole, schedule)
    go(cut, schedule, until=6)
    resume(resumed, copy.deepcopy(full_state(cut)))
    go(resumed, schedule)
    assert weights_of(resumed) == weights_of(whole)


def test_after_a_return_the_rate_is_that_of_the_step_and_not_of_the_state() -> None:
    schedule = falling("linear")
    training = begin(schedule)
    kept = snapshot(training)
    go(training, schedule, until=5)
    restore(training, kept)
    go(training, schedule, until=6)
    assert training.opt_g.param_groups[0]["lr"] == schedule.lr_g * 0.5


def test_a_rate_in_a_tensor_is_filled_where_it_is() -> None:
    schedule = falling("linear")
    rate = torch.tensor(0.1)
    optimizer = torch.optim.SGD([nn.Parameter(torch.ones(2))], rate)
    rates_of([optimizer], schedule).set_for(schedule, 5)
    assert optimizer.param_groups[0]["lr"] is rate
    assert float(rate) == pytest.approx(0.05)


def test_an_optimizer_with_groups_keeps_their_proportions() -> None:
    schedule = falling("linear")
    groups = [{"params": [nn.Parameter(torch.ones(1))], "lr": lr} for lr in (0.1, 0.4)]
    optimizer = torch.optim.SGD(groups)
    rates_of([optimizer], schedule).set_for(schedule, 5)
    assert [group["lr"] for group in optimizer.param_groups] == [0.05, 0.2]


@pytest.mark.gpu
@pytest.mark.parametrize("optimizer", ["adam", "adamw", "rmsprop", "sgd"])
def test_a_recorded_step_sees_the_rate_fall(optimizer: str) -> None:
    schedule = falling("linear", optimizer=optimizer, kimg=0.2)
    weights = []
    for graph in (True, False):
        training = begin(schedule, device="cuda")
        training.recorder = training.recorder if graph else None
        go(training, schedule, until=25)
        assert training.computed.step == ("cuda graph" if graph else "eager")
        weights.append(torch.cat([p.detach().flatten().cpu() for p in training.G.parameters()]))
    torch.testing.assert_close(*weights, rtol=1e-3, atol=1e-4)
