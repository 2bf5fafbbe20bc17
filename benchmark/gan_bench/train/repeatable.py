"""Whether a pair trains the same way twice, so that an interrupted training loses nothing of it."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from gan_bench.contract.offers import Loss
from gan_bench.contract.schedule import Schedule
from gan_bench.train.loop import train
from gan_bench.train.pair import BadPair
from gan_bench.train.samples import generate, latents
from gan_bench.train.state import Training, full_state, resume

STEPS = 17  # of two images each: a term that is computed at every 16th step comes twice
SECONDS = 2.0  # for all three times; a slower pair takes fewer steps, but 4 at least
# what a trial changes of a schedule: so long that its first steps have neither Point nor Tick
SHORT = Schedule(kimg=1e6, batch=2, d_steps=1, precision="fp32")


@dataclass(frozen=True)
class Trial:
    """A pair and what it is trained with for a few steps, on the CPU in fp32."""

    begin: Callable[[], Training]
    loss: Loss
    images: np.ndarray  # (n, C, H, W) uint8
    labels: np.ndarray | None  # (n,) int64
    schedule: Schedule
    seed: int

    def train(self, training: Training, last: int) -> None:
        """Take all steps up to this one."""
        update = SHORT.model_dump(include=SHORT.model_fields_set)
        schedule = self.schedule.model_copy(update=update)

        def stopping() -> bool:
            return training.step >= last

        steps = train(training, self.loss, self.images, schedule, self.seed, stopping, self.labels)
        list(steps)


def check_repeatable(trial: Trial) -> None:
    """Take the same steps again from the same state, and in a training that was saved and resumed.

    Raises BadPair if the bytes differ: something is kept where no checkpoint finds it.
    """
    training = trial.begin()
    start = _saved(training)
    trial.train(training, 1)  # not timed: the first step is slower
    began = time.perf_counter()
    trial.train(training, 2)
    fitting = int(SECONDS / 3 / (time.perf_counter() - began))
    count = min(max(fitting, 4), STEPS)
    trial.train(training, max(count // 2, 2))
    half = _saved(training)
    trial.train(training, count)
    end = list(_numbers(full_state(training)))

    _load(training, start)
    trial.train(training, count)
    if list(_numbers(full_state(training))) != end:
        raise BadPair(_words("the same steps from the same state", trial.loss))
    resumed = trial.begin()
    _load(resumed, half)
    trial.train(resumed, count)
    if list(_numbers(full_state(resumed))) != end:
        raise BadPair(_words("a training that was saved and resumed", trial.loss))
    _check_average(trial, training)


def _check_average(trial: Trial, training: Training) -> None:
    """BadPair if the network that is measured is more than its weights."""
    fresh = trial.begin()
    fresh.ema.load_state_dict(training.ema.state_dict())
    fresh.step = training.step
    given = latents(training, trial.seed, 4, trial.labels)
    if not np.array_equal(generate(fresh, given, 4), generate(training, given, 4)):
        raise BadPair(
            "a new G with the weights of the one that is measured makes other images: a function "
            "in G holds another copy of G, as a lambda does that names self, or a value that is "
            "neither parameter, buffer nor extra state"
        )


def _saved(training: Training) -> bytes:
    file = io.BytesIO()
    torch.save(full_state(training), file)
    return file.getvalue()


def _load(training: Training, state: bytes) -> None:
    resume(training, torch.load(io.BytesIO(state), weights_only=True))


def _numbers(state: Mapping[Any, Any]) -> Iterator[bytes | str]:
    """All that a state holds, in its order."""
    for key, value in state.items():
        if isinstance(value, Mapping):
            yield from _numbers(value)
        elif isinstance(value, Tensor):
            yield value.numpy().tobytes()
        else:
            yield f"{key} {value!r}"


def _words(what: str, loss: Loss) -> str:
    return (
        f"{what} ended in other weights: the networks or the loss {loss.name} keep something, such "
        "as a counter, that no checkpoint has. Keep it in a buffer of a network, or use the "
        "penalty_every of a loss and step.kimg or step.progress; draw random numbers from torch's "
        "default generator only"
    )
