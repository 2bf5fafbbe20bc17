"""What is refused before a training: dead terms, sigmoids, states that no checkpoint has."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from networks import (
    IMAGES,
    SCHEDULE,
    SHAPE,
    begin,
    make_loss,
    pair,
    run,
)
from torch import Tensor, nn

from gan_bench import Architecture, Step
from gan_bench.train.fresh import Fresh
from gan_bench.train.pair import BadPair, build_pair, checked
from gan_bench.train.repeatable import Trial, check_repeatable

pytestmark = pytest.mark.usefixtures("one_thread")


def r1(step: Step) -> Tensor:
    x = step.x.detach().requires_grad_()
    (slope,) = torch.autograd.grad(step.judge(x).logits.sum(), x, create_graph=True)
    return slope.square().sum((1, 2, 3)).mean()


@pytest.mark.parametrize(
    ("term", "value", "said"),
    [
        ("penalty", lambda step: step.x.mean(), "penalty of plain depends on no parameter of D"),
        (
            "penalty",
            lambda step: step.judge(step.x).logits,
            "penalty of plain must give one number (), it ",
        ),
        ("penalty", lambda step: 1.0, "penalty of plain must give one number (), it gave float"),
        (
            "g_penalty",
            lambda step: step.judge(step.x).logits.mean(),
            "g_penalty of plain depends on no ",
        ),
    ],
)
def test_a_term_that_would_change_nothing_is_refused(
    term: str, value: Callable[[Step], object], said: str
) -> None:
    loss = checked(make_loss(**{term: value}))
    with pytest.raises(BadPair) as error:
        run(begin(SCHEDULE, 0), loss)
    assert str(error.value).startswith(said)


def test_a_gradient_without_create_graph_is_refused() -> None:
    def penalty(step: Step) -> Tensor:
        x = step.x.detach().requires_grad_()
        (slope,) = torch.autograd.grad(step.judge(x).logits.sum(), x)
        return slope.square().sum()

    with pytest.raises(BadPair, match="needs create_graph=True"):
        run(begin(SCHEDULE, 0), checked(make_loss(penalty=penalty)))


def test_a_d_that_ends_in_a_sigmoid_is_told_to_drop_it() -> None:
    def discriminator(_: object) -> nn.Module:
        return nn.Sequential(
            nn.Flatten(), nn.Linear(3 * 8 * 8, 1), nn.BatchNorm1d(1), nn.Flatten(0), nn.Sigmoid()
        )

    with pytest.raises(BadPair, match="must give logits: remove the sigmoid"):
        build_pair(pair(discriminator=discriminator), SHAPE)


def test_what_is_wrong_only_in_training_is_found_too() -> None:
    class Wild(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.Linear(5, 3 * 8 * 8)

        def forward(self, z: Tensor) -> Tensor:
            images = self.layer(z).view(-1, *SHAPE)
            return images * 50 if self.training else images.tanh()

    with pytest.raises(BadPair, match=r"values in \[-1, 1\] in training mode: end in tanh"):
        build_pair(pair(generator=lambda _: Wild()), SHAPE)


def trial(arch: Architecture, **loss: Any) -> Trial:
    return Trial(
        lambda: begin(SCHEDULE, 0, arch),
        make_loss(**loss), IMAGES, None, SCHEDULE, 0,
    )  # fmt: skip


def test_what_trains_the_same_way_twice_is_let_through(fresh: Fresh) -> None:
    check_repeatable(trial(pair(), penalty=r1, penalty_every=16), fresh)


def test_a_counter_in_a_closure_is_found(fresh: Fresh) -> None:
    calls = 0

    def penalty(step: Step) -> Tensor:
        nonlocal calls
        calls += 1
        return r1(step) if calls % 16 == 1 else 0 * step.on_real.logits.mean()

    with pytest.raises(BadPair, match="the same steps from the same state ended in other weights"):
        check_repeatable(trial(pair(), penalty=penalty), fresh)


def test_a_counter_in_an_attribute_is_found(fresh: Fresh) -> None:
    class Counts(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.head, self.calls = nn.Linear(3 * 8 * 8, 1), 0

        def forward(self, x: Tensor) -> Tensor:
            self.calls += self.training
            return self.head(x.flatten(1)).flatten() / (1 + self.calls)

    with pytest.raises(BadPair, match="ended in other weights: the networks or the loss plain"):
        check_repeatable(trial(pair(discriminator=lambda _: Counts())), fresh)


def test_the_trial_takes_one_thread_and_gives_back_the_others() -> None:
    threads = []

    def penalty(step: Step) -> Tensor:
        threads.append(torch.get_num_threads())
        return r1(step)

    torch.set_num_threads(2)
    loss = make_loss(penalty=penalty)
    trial = Trial(lambda: begin(SCHEDULE, 0), loss, IMAGES, None, SCHEDULE, 0)
    with Fresh() as fresh:
        check_repeatable(trial, fresh)
    assert set(threads) == {1}
    assert torch.get_num_threads() == 2
