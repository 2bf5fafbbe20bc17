"""Whether a pair trains the same way twice, so that an interrupted training loses nothing of it."""

from __future__ import annotations

import hashlib
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
from gan_bench.train.fresh import CallFailed, Fresh
from gan_bench.train.loop import Diverged, train
from gan_bench.train.pair import BadPair
from gan_bench.train.samples import generate, latents
from gan_bench.train.state import Training, full_state, resume

STEPS = 17  # of two images each: a term that is computed at every 16th step comes twice
THREADS = 1  # a step has two images: with 16 threads it took a minute on 16 cores
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
    # makes the same trial in another process, of plugins that are loaded there: a function of a
    # module, or a partial of one; None: that cannot be
    again: Callable[[], Trial] | None = None

    def train(self, training: Training, last: int) -> None:
        """Take all steps up to this one."""
        update = SHORT.model_dump(include=SHORT.model_fields_set)
        schedule = self.schedule.model_copy(update=update)

        def stopping() -> bool:
            return training.step >= last

        steps = train(training, self.loss, self.images, schedule, self.seed, stopping, self.labels)
        list(steps)


def check_repeatable(trial: Trial, fresh: Fresh) -> None:
    """Take the same steps again from the same state, and half of them in a fresh process.

    The fresh process loads the plugins anew and resumes the state that was saved half-way, as an
    interrupted training does. A trial that cannot be made there is resumed in this process.
    Raises BadPair if the bytes differ: something is kept where no checkpoint finds it.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(THREADS)
    try:
        _check_repeatable(trial, fresh)
    finally:
        torch.set_num_threads(threads)


def _check_repeatable(trial: Trial, fresh: Fresh) -> None:
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
    end = _digest(training)

    if trial.again is not None:  # it resumes while this process repeats all steps
        fresh.ask(_resumed_again, trial.again, half, count)
    _load(training, start)
    trial.train(training, count)
    if _digest(training) != end:
        raise BadPair(_words("the same steps from the same state", trial.loss))
    try:
        resumed = fresh.answer() if trial.again is not None else _resumed(trial, half, count)
    except CallFailed as error:
        raise BadPair(
            f"the same steps, resumed in a new process from a saved state, failed there ({error}): "
            f"{_keeps(trial.loss)}"
        ) from error
    if resumed != end:
        raise BadPair(_words("a training that was saved and resumed", trial.loss))
    _check_average(trial, training)


def _resumed_again(again: Callable[[], Trial], half: bytes, last: int) -> str:
    """In a fresh process: `_resumed`, with as many threads, which determine the last bits."""
    torch.set_num_threads(THREADS)
    return _resumed(again(), half, last)


def _resumed(trial: Trial, half: bytes, last: int) -> str:
    """The digest after the last step of a training that resumes the state `half`."""
    training = trial.begin()
    _load(training, half)
    trial.train(training, last)
    return _digest(training)


def _check_average(trial: Trial, training: Training) -> None:
    """BadPair if the network that is measured is more than its weights."""
    fresh = trial.begin()
    fresh.ema.load_state_dict(training.ema.state_dict())
    fresh.step = training.step
    given = latents(training, trial.seed, 4, trial.labels)
    try:
        same = np.array_equal(generate(fresh, given, 4), generate(training, given, 4))
    except Diverged:  # with two images a step, which says little of the real training
        return
    if not same:
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


def _digest(training: Training) -> str:
    """One SHA-256 of all that a checkpoint would hold."""
    digest = hashlib.sha256()
    for value in _numbers(full_state(training)):
        digest.update(value)
    return digest.hexdigest()


def _numbers(state: Mapping[Any, Any]) -> Iterator[bytes]:
    """All that a state holds, in its order."""
    for key, value in state.items():
        if isinstance(value, Mapping):
            yield from _numbers(value)
        elif isinstance(value, Tensor):
            yield value.numpy().tobytes()
        else:
            yield f"{key} {value!r}".encode()


def _words(what: str, loss: Loss) -> str:
    return f"{what} ended in other weights: {_keeps(loss)}"


def _keeps(loss: Loss) -> str:
    return (
        f"the networks or the loss {loss.name} keep something, such as a counter, that no "
        "checkpoint has. Keep it in a buffer of a network, or use the penalty_every of a loss and "
        "step.kimg or step.progress; draw random numbers from torch's default generator only"
    )
