"""Corrupted faces and their features, each computed once, when a test first asks for it."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import corrupted_faces
import numpy as np
import pytest
import torch

from gan_bench import Samples
from gan_bench.measure.corruptions import (
    Material,
    blur,
    copies,
    only_noise,
    repeat,
    trace,
)
from gan_bench_plugins import efficientnet_lite0, judges, pixels

N, SIZE = 1_024, 32
SEEN = 512  # of the N, by the one net that is slow
PERFECT = "other real images"

Images = Callable[[str], np.ndarray]
Seen = Callable[[str], Samples]


def _draw(name: str, of: Material) -> np.ndarray:
    """(N, 3, 32, 32) of a corruption, by the name that docs/metrics.md gives it."""
    first, _, last = name.replace(",", "").partition(" ")
    if last == "modes":
        assert of.labelled is not None
        return of.labelled.of_modes(int(first), N)
    if last == "copies":
        return copies(of.other, of.train, float(first.rstrip("%")) / 100, trace)
    if first == "blur":
        return blur(of.other, float(last))
    whole = {"real": of.train, PERFECT: of.other, "only noise": only_noise(of.other.shape)}
    return whole[name] if name in whole else repeat(of.other, int(first))


@pytest.fixture(scope="session")
def images() -> Images:
    """Corrupted faces by name; the faces that they are made of are chosen once."""
    of = corrupted_faces.material(N, SIZE)
    return cache(lambda name: _draw(name, of))


def _cached(net: Callable[[torch.Tensor], torch.Tensor], images: Images, n: int) -> Images:
    return cache(lambda name: net(torch.from_numpy(images(name)[:n])).numpy())


@pytest.fixture(scope="session")
def seen(images: Images) -> Seen:
    """EfficientNet-Lite0 features of real and of corrupted images; a repeated one is seen once."""
    look = _cached(efficientnet_lite0.load("cpu"), images, SEEN)

    def of(name: str) -> np.ndarray:
        repeated = name.endswith("repeated")
        return repeat(look(PERFECT), int(name.split()[0])) if repeated else look(name)

    return lambda name: Samples(real=look("real"), fake=of(name))


@pytest.fixture(scope="session")
def judged(images: Images) -> Seen:
    """Real and corrupted images with the modes that the judge names."""
    judge = next(f for f in judges.gan_bench_features() if f.name == "toonfaces-judge")
    look = _cached(judge.load("cpu", None), images, N)

    @cache
    def named(name: str) -> np.ndarray:
        assert judge.modes is not None
        return judge.modes(look(name))

    return lambda name: Samples(
        real=look("real"),
        fake=look(name),
        real_modes=named("real"),
        fake_modes=named(name),
        modes=corrupted_faces.MODES,
    )


@pytest.fixture(scope="session")
def as_pixels(images: Images) -> Seen:
    """Real and corrupted images as pixels."""
    look = _cached(pixels.load("cpu"), images, N)
    return lambda name: Samples(real=look("real"), fake=look(name))
