"""Whether G learns an augmentation: of real images it does, and of real and fake ones it does not.

The data set is asymmetric and has no grey: the left half of each image is bright, the right dark.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import pytest
from torch import nn

from gan_bench import Architecture, Augmentation, Schedule, Shape
from gan_bench.base import rng
from gan_bench.train.loop import train
from gan_bench.train.samples import Latents, generate
from gan_bench.train.state import begin
from gan_bench_plugins import augmentations, diffaugment, losses, optimizers

pytestmark = pytest.mark.usefixtures("one_thread")

SHAPE, Z = (3, 16, 16), 8
(ADAM,) = (each for each in optimizers.gan_bench_optimizers() if each.name == "adam")
PIXELS = 3 * 16 * 16
OFFERS = {
    offer.name: offer
    for plugin in (augmentations, diffaugment)
    for offer in plugin.gan_bench_augmentations()
}


def images() -> np.ndarray:
    """(200, 3, 16, 16) uint8: beyond 205 on the left, below 50 on the right."""
    random, sides = np.random.default_rng(0), np.empty((200, *SHAPE), np.uint8)
    sides[..., :8] = random.integers(205, 250, (200, 3, 1, 1))
    sides[..., 8:] = random.integers(5, 50, (200, 3, 1, 1))
    return sides


def generator(shape: Shape) -> nn.Module:
    layers = nn.Linear(Z, 64), nn.ReLU(), nn.Linear(64, PIXELS), nn.Tanh()
    return nn.Sequential(*layers, nn.Unflatten(1, shape))


def discriminator(_: Shape) -> nn.Module:
    leaky = partial(nn.LeakyReLU, 0.2)
    layers = nn.Linear(PIXELS, 64), leaky(), nn.Linear(64, 64), leaky(), nn.Linear(64, 1)
    return nn.Sequential(nn.Flatten(), *layers, nn.Flatten(0))


@dataclass(frozen=True)
class Leaks:
    """Shares of what the data set has none of."""

    mirrored: float  # images
    moved: float  # pixels that are bright on the right or dark on the left
    grey: float  # pixels, as a border or a cutout would be


def leaks(offer: Augmentation, kimg: float = 6, rate: float = 2e-3) -> Leaks:
    """What a G makes that was trained with this augmentation."""
    pair = Architecture(
        name="small", source="a test", z_dim=Z, generator=generator, discriminator=discriminator
    )
    schedule = Schedule(kimg=kimg, batch=32, lr_g=rate, lr_d=rate, augment=(offer.name,))
    training = begin(pair, SHAPE, schedule, 0, "cpu", [offer], optimizer=ADAM)
    loss = next(each for each in losses.gan_bench_losses() if each.name == "non-saturating")
    list(train(training, loss, images(), schedule, 0))
    made = generate(training, Latents(rng.normal(0, "z-eval", 200, Z)), 100) / 127.5 - 1
    left, right = made[..., :8], made[..., 8:]
    mirrored = (left.mean((1, 2, 3)) < 0) & (right.mean((1, 2, 3)) > 0)
    return Leaks(
        mirrored=float(mirrored.mean()),
        moved=float(((left < 0).mean() + (right > 0).mean()) / 2),
        grey=float((abs(made) < 0.3).mean()),
    )


def test_g_learns_nothing_of_what_changes_real_images_and_fakes() -> None:
    clean = leaks(OFFERS["diffaugment"])
    assert clean.mirrored == 0
    assert clean.moved < 0.01
    assert clean.grey < 0.03


def test_g_would_learn_the_same_change_of_real_images_alone() -> None:
    """The test above can fail: this G makes cut, shifted and pale images."""
    leaking = leaks(replace(OFFERS["diffaugment"], changes="real"))
    assert leaking.moved > 0.1
    assert leaking.grey > 0.1


def test_g_learns_to_make_mirrored_images_from_flip_which_is_its_purpose() -> None:
    assert 0.1 < leaks(OFFERS["flip"], kimg=12, rate=1e-3).mirrored < 0.9
