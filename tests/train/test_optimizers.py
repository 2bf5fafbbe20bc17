"""Optimisers of torch and of plugins: what a return, a resume and a recorded step need of them."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
from networks import ADAM, IMAGES, LOSS, OPTIMIZERS, SCHEDULE, begin, weights_of
from torch import nn

from gan_bench import Optimizer
from gan_bench.contract.protocol import Schedule
from gan_bench.train.loop import train
from gan_bench.train.optimizers import BadOptimizer, bring_back, try_out
from gan_bench.train.state import Training, full_state, restore, resume, snapshot

pytestmark = pytest.mark.usefixtures("one_thread")


def offer(make: Callable[..., Any], name: str = "own") -> Optimizer:
    return Optimizer(name=name, source="a test", make=make)


class Counting(torch.optim.Optimizer):
    """What many people write: steps counted in Python, beside a tensor."""

    def __init__(self, parameters: list[nn.Parameter], lr: Any) -> None:
        super().__init__(parameters, {"lr": lr})

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is not None:
                    state = self.state[p]
                    state["steps"] = state.get("steps", 0) + 1
                    mean = state.setdefault("mean", torch.ones_like(p))
                    mean.lerp_(p.grad, 0.1)
                    p.sub_(mean * (group["lr"] / state["steps"]))


class Forgetting(Counting):
    """Keeps its count in an attribute."""

    count = 0

    def step(self, closure: Any = None) -> None:
        self.count += 1
        for p in self.param_groups[0]["params"]:
            p.data.sub_(p.grad * self.count)


# Neither a step size of Rprop nor the mean above begins with zeros.
RPROP = offer(lambda parameters, lr, betas, on_cuda: torch.optim.Rprop(parameters, lr))
COUNTING = offer(lambda parameters, lr, betas, on_cuda: Counting(parameters, lr))
ALL = [*OPTIMIZERS.values(), RPROP, COUNTING]
by_optimizer = pytest.mark.parametrize(
    "optimizer", ALL, ids=["adam", "adamw", "rmsprop", "sgd", "Rprop", "Counting"]
)


def scheduled(optimizer: Optimizer) -> Schedule:
    return SCHEDULE.model_copy(update={"optimizer": optimizer.name, "kimg": 0.08})  # 10 updates


def go(training: Training, optimizer: Optimizer, until: int) -> None:
    schedule = scheduled(optimizer)
    list(train(training, LOSS, IMAGES, schedule, 0, lambda: training.step >= until))


def fresh(optimizer: Optimizer, seed: int = 0) -> Training:
    return begin(scheduled(optimizer), seed, optimizer=optimizer)


def state_of(training: Training) -> str:
    """All that both optimisers keep, as text."""
    torch.set_printoptions(precision=9, threshold=10**6)
    return repr([opt.state_dict() for opt in (training.opt_g, training.opt_d)])


def tensors(training: Training) -> Iterator[torch.Tensor]:
    for optimizer in (training.opt_g, training.opt_d):
        for state in optimizer.state.values():
            yield from (value for value in state.values() if isinstance(value, torch.Tensor))


@by_optimizer
@pytest.mark.parametrize("step", [0, 4])
def test_a_return_leads_on_as_if_nothing_had_come_after(step: int, optimizer: Optimizer) -> None:
    straight, back = fresh(optimizer), fresh(optimizer)
    go(straight, optimizer, step)
    go(back, optimizer, step)
    kept = snapshot(back)
    for _ in range(2):  # what is kept must survive the first return
        back.step = step
        go(back, optimizer, 7)
        restore(back, kept)
    straight.step = back.step = step
    go(straight, optimizer, 10)
    go(back, optimizer, 10)
    assert weights_of(back) == weights_of(straight)
    assert state_of(back) == state_of(straight)


@by_optimizer
def test_a_resumed_training_ends_in_the_same_bytes(optimizer: Optimizer) -> None:
    whole, cut, resumed = fresh(optimizer), fresh(optimizer), fresh(optimizer, seed=1)
    go(whole, optimizer, 10)
    go(cut, optimizer, 4)
    resume(resumed, copy.deepcopy(full_state(cut)))
    go(resumed, optimizer, 10)
    assert weights_of(resumed) == weights_of(whole)
    assert state_of(resumed) == state_of(whole)


@by_optimizer
@pytest.mark.parametrize("step", [0, 4])
def test_a_return_moves_no_tensor_that_stays(step: int, optimizer: Optimizer) -> None:
    training = fresh(optimizer)
    go(training, optimizer, step)
    kept = snapshot(training)
    go(training, optimizer, 8)
    before = [tensor.data_ptr() for tensor in tensors(training)]
    restore(training, kept)
    after = [tensor.data_ptr() for tensor in tensors(training)]
    begins_with_zeros = optimizer.name in OPTIMIZERS
    assert after == (before if step or begins_with_zeros else [])


def test_a_rate_in_a_tensor_stays_where_a_recorded_step_reads_it() -> None:
    parameter = nn.Parameter(torch.ones(2))
    optimizer = torch.optim.SGD([parameter], torch.tensor(0.1), momentum=0.9)
    kept = copy.deepcopy(optimizer.state_dict())
    rate = optimizer.param_groups[0]["lr"]
    rate.fill_(0.05)
    bring_back(optimizer, kept, zeros_are_fresh=True)
    assert optimizer.param_groups[0]["lr"] is rate
    assert float(rate) == pytest.approx(0.1)


def test_the_default_optimizer_is_torchs_fused_adam_to_the_bit() -> None:
    ours, theirs = (nn.Parameter(torch.linspace(-1, 1, 50)) for _ in range(2))
    made = ADAM.make([ours], 2e-4, (0.5, 0.999), False)
    adam = torch.optim.Adam([theirs], lr=2e-4, betas=(0.5, 0.999), fused=True)
    for k in range(20):
        for parameter, optimizer in ((ours, made), (theirs, adam)):
            parameter.grad = (parameter.detach() * k).cos()
            optimizer.step()
    assert torch.equal(ours, theirs)


@pytest.mark.parametrize(
    ("name", "read"),
    [
        ("adam", {"betas": (0.3, 0.7)}),
        ("adamw", {"betas": (0.3, 0.7), "weight_decay": 0.01}),
        ("rmsprop", {"alpha": 0.7, "momentum": 0}),
        ("sgd", {"momentum": 0.3, "dampening": 0}),
    ],
)
def test_what_each_makes_of_the_betas(name: str, read: dict[str, Any]) -> None:
    made = OPTIMIZERS[name].make([nn.Parameter(torch.ones(2))], 0.01, (0.3, 0.7), False)
    (group,) = made.param_groups
    assert {key: group[key] for key in read} == read
    assert group["lr"] == 0.01


def unlucky(*_: object) -> Any:
    raise ValueError("no such rate")


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (
            lambda parameters, *_: Forgetting(parameters, 0.1),
            "own does not keep all that it ",
        ),
        (lambda parameters, *_: parameters, "must make a torch optimiser, it made a list"),
        (
            lambda *_: torch.optim.SGD([nn.Parameter(torch.ones(1))], 0.1),
            "must train all parameters that it is given, and no other",
        ),
        (lambda parameters, *_: torch.optim.LBFGS(parameters), "own cannot take a step: "),
        (unlucky, "own cannot be made: ValueError: no such rate"),
    ],
)
def test_an_optimizer_that_breaks_the_contract_is_refused(
    make: Callable[..., Any], said: str
) -> None:
    with pytest.raises(BadOptimizer, match=said):
        fresh(offer(make))


def test_an_optimizer_is_tried_without_drawing_random_numbers() -> None:
    before = torch.get_rng_state()
    for each in ALL:
        try_out(each, SCHEDULE, "cpu")
    assert torch.equal(torch.get_rng_state(), before)


def test_on_a_cpu_no_optimizer_is_said_to_forbid_a_graph() -> None:
    assert [try_out(each, SCHEDULE, "cpu").unrecordable for each in ALL] == [None] * len(ALL)
