"""A pair whose first step gives a number that is not finite is refused by the part that gave it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from networks import IMAGES, SCHEDULE, augmentation, begin, make_loss, pair
from torch import Tensor, nn

from gan_bench import Loss, Schedule, Step
from gan_bench.train.first_step import FirstStep, NotFinite
from gan_bench.train.fresh import Fresh
from gan_bench.train.repeatable import Trial, check_repeatable
from gan_bench.train.state import Training, finite

pytestmark = pytest.mark.usefixtures("one_thread")

NAN, INF = float("nan"), float("inf")


class Spoilt(nn.Module):
    """What its layer gives, times a factor in batches that the checks of a pair do not try."""

    def __init__(self, shape: tuple[int, ...], factor: float, inputs: int) -> None:
        super().__init__()
        self.layer = nn.Linear(inputs, torch.Size(shape).numel())
        self.shape, self.factor = shape, factor

    def forward(self, given: Tensor) -> Tensor:
        images: Tensor = self.layer(given.flatten(1)).tanh().unflatten(1, self.shape)
        return images * self.factor if self.training and len(given) > 2 else images


def spoilt_d(factor: float) -> Any:
    return {"discriminator": lambda _: Spoilt((1,), factor, 3 * 8 * 8)}


def spoilt_g(factor: float) -> Any:
    return {"generator": lambda _: Spoilt((3, 8, 8), factor, 5)}


def times(factor: float) -> Any:
    """A term of the loss, of D's logits for the fakes."""
    return lambda *given: given[-1].mean() * factor


def penalty(factor: float) -> Any:
    return lambda step: step.on_fake.logits.mean() * factor


def root(step: Step) -> Tensor:
    """Its value is 0, and its slope infinite."""
    logits = step.on_fake.logits
    return (logits - logits.detach()).square().sum().sqrt()


def spoil(D: nn.Module) -> None:
    for parameter in D.parameters():
        parameter.fill_(NAN)


BLIND = augmentation("blind", lambda images, _: images * NAN, 1, "real")


def first_step(
    begin: Callable[[], Training], loss: Loss, schedule: Schedule = SCHEDULE
) -> FirstStep:
    return FirstStep(begin, loss, IMAGES, schedule, 0, None)


STABLE = "compute it in a stable form"
CASES: list[tuple[dict[str, Any], dict[str, Any], dict[str, Any], str]] = [
    ({"d_loss": times(NAN)}, {}, {}, f"d_loss of plain is NaN at the first step: {STABLE}"),
    ({"d_loss": times(INF)}, {}, {}, "d_loss of plain is infinite at the first step"),
    ({"g_loss": times(NAN)}, {}, {}, f"g_loss of plain is NaN at the first step: {STABLE}"),
    ({"penalty": penalty(NAN)}, {}, {}, "penalty of plain is NaN at the first step: look for"),
    ({"g_penalty": penalty(NAN)}, {}, {}, "g_penalty of plain is NaN at the first step: look for"),
    ({"penalty": root}, {}, {}, "the gradient of penalty of plain is NaN at the first step: a ro"),
    ({"g_penalty": root}, {}, {}, "the gradient of g_penalty of plain is NaN at the first step"),
    ({}, spoilt_g(NAN), {}, "a pixel of G's images is NaN at the first step: look for a division"),
    ({}, spoilt_g(INF), {}, "a pixel of G's images is infinite at the first step: look for a div"),
    ({}, spoilt_d(NAN), {}, "one of D's logits is NaN at the first step: look for a division"),
    ({}, {}, {"augment": ("blind",)}, "a pixel of the images that D sees is NaN at the first step"),
    ({"after_d": spoil}, {}, {}, "0.weight in D after after_d of plain is NaN at the first step"),
    ({}, {}, {"lr_d": 3e38}, "in D after the optimizer's update is"),
    ({}, {}, {"lr_g": 3e38}, "in G after the optimizer's update is"),
]


@pytest.mark.parametrize(
    ("loss", "arch", "schedule", "said"), CASES, ids=[said for *_, said in CASES]
)
def test_the_part_that_is_not_finite_is_named(
    loss: dict[str, Any], arch: dict[str, Any], schedule: dict[str, Any], said: str
) -> None:
    plain, tiny = make_loss(**loss), pair(**arch)
    changed = SCHEDULE.model_copy(update=schedule)
    augment = [BLIND] if changed.augment else []
    first = first_step(lambda: begin(changed, arch=tiny, augment=augment), plain, changed)
    with pytest.raises(NotFinite) as error:
        first.take(first.begin())
    assert said in str(error.value)


def test_a_divergence_at_a_later_step_is_left_to_the_training(fresh: Fresh) -> None:
    def late(step: Step) -> Tensor:
        factor = torch.where(step.kimg > 0, NAN, 1.0)
        return step.on_fake.logits.mean() * factor

    loss = make_loss(penalty=late)
    first_step(begin, loss).take(training := begin())
    assert finite(training)
    check_repeatable(Trial(begin, loss, IMAGES, None, SCHEDULE, 0), fresh)
