"""A/A on real trainings: one architecture under two names is not called two architectures.

Every cell is trained by the trainer and scored by a Fréchet distance, at a size where that takes
a fifth of a second. One seed gives the same bytes under either name, which says nothing about
chance: the two names train on seeds of their own.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np
import pytest
import scipy.stats
import torch
from networks import ADAM, LOSS, pair, weights
from torch import nn

from gan_bench import Architecture, Schedule, Shape
from gan_bench.report.comparison import p_value
from gan_bench.report.letters import letters
from gan_bench.report.statistics import ALPHA
from gan_bench.train import loop
from gan_bench.train.samples import generate, latents
from gan_bench.train.state import Training, begin
from gan_bench_plugins.frechet import frechet_distance

pytestmark = pytest.mark.usefixtures("one_thread")

SHAPE = (1, 8, 8)
M = 128  # generated images a score is read from; F = 64 raw pixels
CELLS = 24  # seeds of each name
SEEDS = 6  # seeds of a row in a trial
TRIALS = 400
SCHEDULE = Schedule(kimg=0.96, batch=16, lr_g=2e-3, lr_d=2e-3)  # 60 updates
HALF = SCHEDULE.model_copy(update={"kimg": SCHEDULE.kimg / 2})


def generator(shape: Shape) -> nn.Module:
    """Learns the discs in 60 updates."""
    return nn.Sequential(
        nn.Linear(8, 32),
        nn.BatchNorm1d(32),
        nn.ReLU(),
        nn.Linear(32, prod(shape)),
        nn.Tanh(),
        nn.Unflatten(1, shape),
    )


def discriminator(shape: Shape) -> nn.Module:
    return nn.Sequential(
        nn.Flatten(),
        nn.Linear(prod(shape), 32),
        nn.LeakyReLU(0.2),
        nn.Dropout(0.3),
        nn.Linear(32, 1),
        nn.Flatten(0),
    )


def named(name: str) -> Architecture:
    return pair(8, name=name, generator=generator, discriminator=discriminator)


def discs(count: int) -> np.ndarray:
    """(count, 1, 8, 8) uint8: soft discs, each with a place, a width and a grey of its own."""
    rng = np.random.default_rng(0)
    x, y, width, grey = rng.uniform([2, 2, 1, 120], [6, 6, 3, 255], (count, 4)).T[..., None, None]
    rows, columns = np.mgrid[:8, :8]
    far = np.hypot(rows - y, columns - x) / width  # (count, 8, 8)
    return np.asarray(grey / (1 + far**4), np.uint8)[:, None]


IMAGES = discs(512)


def train(name: str, seed: int, schedule: Schedule = SCHEDULE) -> Training:
    training = begin(named(name), SHAPE, schedule, seed, "cpu", optimizer=ADAM)
    for _ in loop.train(training, LOSS, IMAGES, schedule, seed):
        pass
    return training


def score(training: Training, seed: int) -> float:
    fake = generate(training, latents(training, seed, M, None), M)
    return frechet_distance(IMAGES.reshape(len(IMAGES), -1), fake.reshape(M, -1))


def scores(name: str, seeds: range, schedule: Schedule = SCHEDULE) -> list[float]:
    """One for each seed, of a cell trained and scored."""
    return [score(train(name, seed, schedule), seed) for seed in seeds]


def called_different(a: Sequence[float], b: Sequence[float], trials: int, seed: int = 0) -> int:
    """In how many trials 6 runs drawn from a and 6 drawn from b are told apart."""
    rng = np.random.default_rng(seed)
    drawn = ((rng.choice(a, SEEDS, False), rng.choice(b, SEEDS, False)) for _ in range(trials))
    return sum(p_value(x.tolist(), y.tolist()) <= ALPHA for x, y in drawn)


def relabelled(pool: Sequence[float], seed: int) -> tuple[list[float], list[float]]:
    """The runs dealt anew to two names of equally many."""
    dealt: list[float] = np.random.default_rng(seed).permutation(pool).tolist()
    return dealt[: len(pool) // 2], dealt[len(pool) // 2 :]


@pytest.fixture(scope="module")
def runs() -> dict[str, list[float]]:
    """The scores of two names of one training, and of a training half as long."""
    torch.set_num_threads(1)
    return {
        "one": scores("one", range(CELLS)),
        "other": scores("other", range(CELLS, 2 * CELLS)),
        "half": scores("half", range(2 * CELLS, 2 * CELLS + 12), HALF),
    }


def test_one_seed_gives_the_same_bytes_under_either_name() -> None:
    one, other = train("one", 7), train("other", 7)
    assert weights(one.G, one.D) == weights(other.G, other.D)
    assert weights(one.G) != weights(train("one", 8).G)
    assert score(one, 7) == score(other, 7)


def test_every_cell_has_learned_and_no_two_are_the_same(runs: dict[str, list[float]]) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (M, prod(SHAPE)), dtype=np.uint8)
    pool = runs["one"] + runs["other"]
    assert len(set(pool)) == 2 * CELLS
    assert max(pool) < frechet_distance(IMAGES.reshape(len(IMAGES), -1), noise) / 2


def test_one_training_under_two_names_is_not_told_apart(runs: dict[str, list[float]]) -> None:
    assert letters([runs["one"], runs["other"]]) == ["a", "a"]


def test_of_random_splits_of_real_runs_at_most_5_in_100_are_called_different(
    runs: dict[str, list[float]],
) -> None:
    # Every trial deals the names anew, so that all 48 runs being one training is true of it
    # whatever they are: the count is binomial, with a rate of at most 0.05. The bound is the
    # count that this rate exceeds once in 1,000 times, 34 of 400.
    pool = runs["one"] + runs["other"]
    wrong = sum(called_different(*relabelled(pool, k), trials=1, seed=k) for k in range(TRIALS))
    assert scipy.stats.binomtest(wrong, TRIALS, ALPHA, alternative="greater").pvalue > 0.001


def test_two_names_are_called_different_no_oftener_than_names_dealt_at_random(
    runs: dict[str, list[float]],
) -> None:
    # Trials that draw from two fixed pools are no independent trials: pools of 24 differ by
    # chance, by 0.3 standard deviations or so, and every trial sees the same difference. What
    # the names' count is held against are therefore the counts of names dealt at random.
    pool = runs["one"] + runs["other"]
    seen = called_different(runs["one"], runs["other"], 200)
    dealt = [called_different(*relabelled(pool, k), trials=200) for k in range(200)]
    assert seen < sorted(dealt)[-2]
    assert np.mean(dealt) / 200 == pytest.approx(ALPHA, abs=0.02)


def test_half_the_training_is_told_apart(runs: dict[str, list[float]]) -> None:
    # the check has teeth: what is called the same above is not called so whatever comes
    for name in ("one", "other"):
        assert called_different(runs[name], runs["half"], 100) > 90
