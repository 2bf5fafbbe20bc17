"""What a loss may do beside adding terms: call G and D again, and change D after its updates."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from networks import IMAGES, SCHEDULE, begin, discriminator, make_loss, pair
from torch import Tensor, nn

import tiny_plugin
from gan_bench import Step
from gan_bench.train import state
from gan_bench.train.loop import train

pytestmark = pytest.mark.usefixtures("one_thread")


class Conditional(nn.Module):
    """The suite's G or D plus a number for the class."""

    def __init__(self, network: nn.Module, classes: int) -> None:
        super().__init__()
        self.network, self.shift = network, nn.Embedding(classes, 1)

    def forward(self, given: Tensor, y: Tensor) -> Tensor:
        output: Tensor = self.network(given)
        return output.mul(0.5) + self.shift(y).tanh().mul(0.5).view(-1, *[1] * (output.ndim - 1))


CONDITIONAL = pair(
    generator=lambda shape, K: Conditional(tiny_plugin.generator(shape, 5), K),
    discriminator=lambda shape, K: Conditional(discriminator(shape), K),
    conditional=True,
)


def one_step(arch: Any, loss: Any, **changes: Any) -> state.Training:
    """The training after one step."""
    schedule = SCHEDULE.model_copy(update=changes)
    labels = torch.arange(len(IMAGES)).remainder(3).numpy()
    training = begin(schedule, arch=arch, classes=3)
    list(train(training, loss, IMAGES, schedule, 0, lambda: training.step > 0, labels))
    return training


@pytest.mark.parametrize("arch", [pair(), CONDITIONAL], ids=["plain", "conditional"])
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_a_loss_calls_g_and_d_alike_whether_they_read_labels_or_not(
    arch: Any, precision: str
) -> None:
    def penalty(step: Step) -> Tensor:
        y = (step.labels,) if arch.conditional else ()
        torch.manual_seed(0)  # dropout
        images, output = step.make(step.z), step.judge(step.x)
        torch.manual_seed(0)
        assert torch.equal(images, step.G(step.z, *y))
        assert torch.equal(output.logits, step.D(step.x, *y))
        assert output.logits.dtype == images.dtype == torch.float32
        return 0 * output.logits.mean()

    one_step(arch, make_loss(penalty=penalty), precision=precision)


def test_a_loss_may_change_d_after_each_of_its_updates_and_g_sees_that_d() -> None:
    calls: list[bool] = []

    def after_d(D: nn.Module) -> None:
        calls.append(torch.is_grad_enabled())
        for parameter in D.parameters():
            parameter.zero_()

    def g_penalty(step: Step) -> Tensor:
        assert not step.on_fake.logits.any()
        return 0 * step.fake.mean()

    training = one_step(pair(), make_loss(after_d=after_d, g_penalty=g_penalty), d_steps=2)
    assert calls == [False, False]
    assert not any(parameter.any() for parameter in training.D.parameters())
