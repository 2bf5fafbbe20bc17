"""A step that is recorded once: what is replayed is the training that there would have been."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from gan_bench import Architecture, Loss, Schedule
from gan_bench.train.batches import Batch
from gan_bench.train.cuda_graph import FIRST, RecordedStep, keeps_plain_values
from gan_bench.train.loop import begin, train

pytestmark = pytest.mark.usefixtures("one_thread")

SHAPE = (3, 8, 8)
IMAGES = np.random.default_rng(0).integers(0, 256, (50, *SHAPE), dtype=np.uint8)
SCHEDULE = Schedule(kimg=0.2, batch=8, ema_kimg=0.05)
LOSS = Loss(
    name="plain",
    source="a test",
    d_loss=lambda real, fake: softplus(-real).mean() + softplus(fake).mean(),
    g_loss=lambda _, fake: softplus(-fake).mean(),
)


def generator(_: object) -> nn.Module:
    return nn.Sequential(nn.Linear(5, 192), nn.BatchNorm1d(192), nn.Tanh(), nn.Unflatten(1, SHAPE))


def discriminator(_: object) -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Dropout(0.3), nn.Linear(192, 1), nn.Flatten(0))


PAIR = Architecture(
    name="pair", source="a test", z_dim=5, generator=generator, discriminator=discriminator
)


class Graph:
    """Stands in for CUDA: records a step without taking it, and replays it in its own memory."""

    def __init__(self) -> None:
        self.recorded = self.replayed = self.aside_ = 0

    def aside(self, do: Callable[[], None]) -> None:
        self.aside_ += 1
        do()

    def record(self, do: Callable[[], None]) -> Callable[[], None]:
        self.recorded += 1

        def replay() -> None:
            self.replayed += 1
            do()

        return replay


def trained(monkeypatch: pytest.MonkeyPatch, graph: Any = None) -> tuple[list[Any], bytes, str]:
    if graph is not None:
        monkeypatch.setattr(
            "gan_bench.train.loop._fastest",
            lambda cell, step: RecordedStep(step, graph.aside, graph.record),
        )
    cell = begin(PAIR, SHAPE, SCHEDULE, 0, "cpu")
    curve = list(train(cell, LOSS, IMAGES, SCHEDULE, 0))
    networks = (cell.G, cell.D, cell.ema)
    weights = [v.numpy().tobytes() for each in networks for v in each.state_dict().values()]
    return curve, b"".join(weights), cell.how["step"]


def test_a_recorded_training_is_the_same_training(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = trained(monkeypatch)
    graph = Graph()
    replayed = trained(monkeypatch, graph)
    assert replayed[:2] == plain[:2]
    assert (plain[2], replayed[2]) == ("step by step", "one CUDA graph")
    assert (graph.aside_, graph.recorded) == (FIRST, 1)
    assert graph.replayed == SCHEDULE.updates - FIRST


def test_what_cannot_be_recorded_is_trained_all_the_same_and_says_why(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Forbidden(Graph):
        def record(self, do: Callable[[], None]) -> Callable[[], None]:
            self.recorded += 1
            raise RuntimeError("operation not permitted when stream is capturing\nand more")

    graph = Forbidden()
    curve, weights, how = trained(monkeypatch, graph)
    monkeypatch.undo()
    assert (curve, weights) == trained(monkeypatch)[:2]
    assert graph.recorded == 1  # it is not tried again
    assert how == (
        "step by step: no CUDA graph, RuntimeError: operation not permitted when stream is "
        "capturing"
    )


def test_replaying_reads_the_new_batch_from_the_memory_of_the_recording() -> None:
    seen: list[tuple[float, int]] = []
    graph = Graph()

    def step(batch: Batch) -> None:
        seen.append((float(batch.z), batch.z.data_ptr()))

    take = RecordedStep(step, graph.aside, graph.record)
    batches = [Batch(torch.zeros(1), torch.tensor(float(k))) for k in range(FIRST + 4)]
    for batch in batches:
        take(batch)
    assert [value for value, _ in seen] == [float(k) for k in range(FIRST + 4)]
    assert len({place for _, place in seen[FIRST:]}) == 1


def test_a_pair_that_keeps_plain_values_is_never_recorded() -> None:
    class Counting(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.calls = 0

        def forward(self, x: Tensor) -> Tensor:
            self.calls += 1
            return x

        def get_extra_state(self) -> int:
            return self.calls

        def set_extra_state(self, state: int) -> None:
            self.calls = state

    assert keeps_plain_values(nn.Linear(1, 1), nn.Sequential(Counting()))
    assert not keeps_plain_values(nn.BatchNorm1d(1), nn.Dropout())


needs_cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here")


def on_cuda(loss: Loss = LOSS) -> tuple[list[Any], str]:
    cell = begin(PAIR, SHAPE, SCHEDULE, 0, "cuda")
    curve = [e for e in train(cell, loss, IMAGES, SCHEDULE, 0) if hasattr(e, "loss_d")]
    return curve, cell.how["step"]


@needs_cuda
def test_a_cuda_graph_trains_as_the_steps_themselves_do(monkeypatch: pytest.MonkeyPatch) -> None:
    graph, how = on_cuda()
    monkeypatch.setattr("gan_bench.train.loop._fastest", lambda cell, step: step)
    steps, _ = on_cuda()
    assert how == "one CUDA graph"
    for one, other in zip(graph, steps, strict=True):
        assert one.loss_d == pytest.approx(other.loss_d, rel=1e-3)
        assert one.loss_g == pytest.approx(other.loss_g, rel=1e-3)


@needs_cuda
def test_a_loss_that_asks_the_gpu_a_question_is_trained_step_by_step() -> None:
    def d_loss(real: Tensor, fake: Tensor) -> Tensor:
        return LOSS.d_loss(real, fake) * (2 if real.mean().item() > 1e9 else 1)

    curve, how = on_cuda(Loss(name="asks", source="a test", d_loss=d_loss, g_loss=LOSS.g_loss))
    assert "no CUDA graph" in how
    assert len(curve) == SCHEDULE.updates
