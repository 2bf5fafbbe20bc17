"""On CUDA, record each kind of training step once as a graph, and replay it for later batches.

Launching hundreds of small kernels from Python leaves a GPU idle; a graph launches them at once.
A replay repeats what the networks did while they were recorded. Plain Python values would stay as
they were then, so a pair that keeps such values is trained eagerly.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable
from typing import Generic, Protocol, TypeVar

import torch
from torch import nn

from gan_bench.train.batches import Batch

FIRST = 3  # eager steps before a recording: optimisers make their state, cudnn picks algorithms
Do = Callable[[], None]
K = TypeVar("K", bound=Hashable)  # a kind: its steps do the same work


class Recorder(Protocol):
    """Records work on a device, to be repeated."""

    def aside(self, do: Do) -> None:
        """Do it where it could be recorded."""

    def record(self, do: Do) -> Do:
        """Record it without doing it; the result repeats it. Raises if it cannot be recorded."""


class RecordedStep(Generic[K]):
    """A training step: of each kind eager at first, and replayed from one recording after that.

    The eager steps are steps of the training like any other, so nothing has to be undone. Without
    a recorder, or if a recording fails, every step is eager; `refused` says what went wrong.
    """

    def __init__(self, step: Callable[[Batch, K], None], recorder: Recorder | None) -> None:
        self.refused: str | None = None
        self._step = step
        self._recorder = recorder
        self._taken = Counter[K]()
        self._replays: dict[K, Do] = {}
        self._recorded_batch: Batch | None = None  # every later batch is copied to its memory

    @property
    def recorded(self) -> bool:
        """Whether all steps but the first few are replayed from a recording."""
        return self._recorder is not None and self.refused is None

    def __call__(self, batch: Batch, kind: K) -> None:
        """Take one step."""
        if self._recorder is None:
            self._step(batch, kind)
            return
        if self._taken[kind] >= FIRST and kind not in self._replays and self.refused is None:
            self._record(self._recorder, batch, kind)
        replay = None if self.refused else self._replays.get(kind)
        if replay is None or self._recorded_batch is None:
            self._recorder.aside(lambda: self._step(batch, kind))
        else:
            self._recorded_batch.copy_(batch)
            replay()
        self._taken[kind] += 1

    def _record(self, recorder: Recorder, batch: Batch, kind: K) -> None:
        """Record the step on memory of its own, which all kinds share."""
        recorded = self._recorded_batch = self._recorded_batch or batch.clone()
        before = torch.get_rng_state()
        try:
            self._replays[kind] = recorder.record(lambda: self._step(recorded, kind))
            if not torch.equal(torch.get_rng_state(), before):  # it would be the same for ever
                self.refused = "the step draws random numbers on the CPU"
        except Exception as error:  # a plugin may do anything that a recording forbids
            first, *_ = str(error).splitlines() or [""]  # torch's goes on for many lines
            self.refused = f"{type(error).__name__}: {first}"


def recorder_for(device: str, *networks: nn.Module) -> Recorder | None:
    """What records the steps of these networks; None where a step has to be eager."""
    if not device.startswith("cuda") or keeps_plain_values(*networks):
        return None
    return CudaRecorder(device)


def keeps_plain_values(*networks: nn.Module) -> bool:
    """Whether some layer has extra state: plain values, which a recording would freeze."""
    return any(name.endswith("_extra_state") for each in networks for name in each.state_dict())


class CudaRecorder:
    """Records CUDA graphs, on a stream of its own: the default stream cannot be recorded."""

    def __init__(self, device: str) -> None:
        self.device = device
        self.stream = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]

    def aside(self, do: Do) -> None:
        """Do it on the stream, after the work launched so far and before the work to come."""
        current = torch.cuda.current_stream(self.device)
        self.stream.wait_stream(current)
        with torch.cuda.stream(self.stream):
            do()
        current.wait_stream(self.stream)

    def record(self, do: Do) -> Do:
        """Record it as one graph. Raises if a graph forbids what it does; then nothing was done."""
        graph = torch.cuda.CUDAGraph()
        try:
            # of this thread only: the thread that prepares batches may pin memory meanwhile
            with torch.cuda.graph(graph, stream=self.stream, capture_error_mode="thread_local"):
                do()
        except BaseException:
            self._replace_generator()
            raise
        return graph.replay

    def _replace_generator(self) -> None:
        """Give torch a new random generator: the old one waits for the end of the recording."""
        index = torch.cuda.current_device()
        torch.cuda.synchronize(index)
        used = torch.cuda.default_generators[index]
        fresh = torch.Generator(torch.device("cuda", index)).manual_seed(used.initial_seed())
        used.graphsafe_set_state(fresh.graphsafe_get_state())
