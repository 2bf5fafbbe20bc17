"""A step that is recorded once and then replayed: on CUDA the whole of it is one graph.

Hundreds of small kernels leave a GPU waiting for Python, which a graph does not need. What is
replayed is what the networks did when they were recorded: whatever hangs on plain Python values
would stay as it was then, so a pair that keeps such values is trained step by step.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import nn

from gan_bench.contract.errors import sentence
from gan_bench.train.batches import Batch

FIRST = 3  # steps before the recording: optimisers make their state, cudnn finds its algorithms
Do = Callable[[], None]


class RecordedStep:
    """A step on batches. The first few are taken as they come, then one recording serves all.

    They are steps of the training like any other, so that nothing has to be undone. A step that
    cannot be recorded is taken by itself for ever, and `why` says what stood in the way.
    """

    def __init__(
        self, step: Callable[[Batch], None], aside: Callable[[Do], None], record: Callable[[Do], Do]
    ) -> None:
        """`aside` does something where it can be recorded; `record` gives what repeats it."""
        self.why: str | None = None
        self._step = step
        self._aside = aside
        self._record = record
        self._taken = 0
        self._replay: Do | None = None

    def __call__(self, batch: Batch) -> None:
        """Take one step."""
        if self.why is None and self._taken >= FIRST and self._replay is None:
            self._begin(batch)
        if self._replay is None:
            self._aside(lambda: self._step(batch))
        else:
            self._given.copy_(batch)
            self._replay()
        self._taken += 1

    def _begin(self, batch: Batch) -> None:
        """Record on memory of its own, which every later batch is copied to. Takes no step."""
        self._given = Batch(batch.pixels.clone(), batch.z.clone())
        try:
            self._replay = self._record(lambda: self._step(self._given))
        except Exception as error:  # a plugin may do anything that a recording forbids
            self.why = sentence(error).splitlines()[0]


def keeps_plain_values(*networks: nn.Module) -> bool:
    """Whether some layer has extra state: plain values, which a recording would freeze."""
    return any(name.endswith("_extra_state") for each in networks for name in each.state_dict())


class CudaStream:
    """A stream beside the current one: no graph can be recorded on the default stream."""

    def __init__(self, device: str) -> None:
        self.device = device
        self.stream = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]

    def aside(self, do: Do) -> None:
        """Do it on the stream, after what was begun before it and before what is begun after."""
        current = torch.cuda.current_stream(self.device)
        self.stream.wait_stream(current)
        with torch.cuda.stream(self.stream):
            do()
        current.wait_stream(self.stream)

    def record(self, do: Do) -> Do:
        """The same as one graph; whatever a graph forbids is raised, and nothing was done."""
        graph = torch.cuda.CUDAGraph()
        try:
            # of this thread: the one that makes the next batches may pin memory meanwhile
            with torch.cuda.graph(graph, stream=self.stream, capture_error_mode="thread_local"):
                do()
        except BaseException:
            self._recover()
            raise
        return graph.replay

    def _recover(self) -> None:
        """A recording that broke off leaves torch's generator waiting for its end: a new one."""
        index = torch.cuda.current_device()
        torch.cuda.synchronize(index)
        used = torch.cuda.default_generators[index]
        fresh = torch.Generator(torch.device("cuda", index)).manual_seed(used.initial_seed())
        used.graphsafe_set_state(fresh.graphsafe_get_state())
