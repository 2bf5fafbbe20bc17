"""What the tests of architectures share: pairs with a fixed seed, and a short training of one."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from gan_bench import Architecture, Output, Schedule, Shape
from gan_bench.train import state
from gan_bench.train.loop import train
from gan_bench.train.state import Training
from gan_bench_plugins.losses import gan_bench_losses
from gan_bench_plugins.optimizers import gan_bench_optimizers

SMALL = (3, 16, 16)
LOSS = next(loss for loss in gan_bench_losses() if loss.name == "non-saturating")
STEPS = 3
BATCH = 4


def pair(arch: Architecture, shape: Shape = SMALL) -> tuple[nn.Module, nn.Module]:
    torch.manual_seed(0)
    return arch.generator(shape), arch.discriminator(shape)


def layers(network: nn.Module, *kinds: type[nn.Module]) -> list[nn.Module]:
    return [layer for layer in network.modules() if isinstance(layer, kinds)]


ADAM = next(each for each in gan_bench_optimizers() if each.name == "adam")


def schedule(precision: str) -> Schedule:
    return Schedule.model_validate(
        {
            "kimg": BATCH * STEPS / 1000,
            "batch": BATCH,
            "ema_kimg": 0.02,
            "precision": precision,
            "ticks": 1,
        }
    )


def logits_of(output: Tensor | Output) -> Tensor:
    """The logits of what a D returned; images of a G as they are."""
    return output if isinstance(output, Tensor) else output.logits


def start(arch: Architecture, precision: str = "fp32") -> Training:
    return state.begin(arch, SMALL, schedule(precision), 0, "cpu", optimizer=ADAM)


def go_on(training: Training, until: int = STEPS, precision: str = "fp32") -> Training:
    """Train up to that step on sixty-four gradients of grey."""
    ramp = np.linspace(0, 255, 16, dtype=np.uint8)
    images = np.stack([np.broadcast_to(np.roll(ramp, k), SMALL) for k in range(64)])
    plan = schedule(precision)
    for _ in train(training, LOSS, images, plan, 0, lambda: training.step >= until):
        pass
    return training
