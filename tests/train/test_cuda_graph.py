"""A step that is recorded once: what is replayed is the training that there would have been."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
import torch
from networks import (
    LOSS,
    SCHEDULE,
    augmentation,
    begin,
    blot,
    d_loss,
    make_loss,
    points,
    run,
    shade,
    weights_of,
)
from torch import Tensor, nn

from gan_bench import Augmentation, Loss, Schedule
from gan_bench.train.batches import Batch
from gan_bench.train.cuda_graph import FIRST, Do, RecordedStep, Recorder, recorder_for
from gan_bench.train.loop import Point
from gan_bench.train.state import Computed, Training

pytestmark = pytest.mark.usefixtures("one_thread")

EMA = SCHEDULE.model_copy(update={"ema_kimg": 0.05})


class FakeGraph:
    """Stands in for CUDA: records a step without taking it, and replays it in its own memory."""

    def __init__(self, refuses: bool = False) -> None:
        self.refuses = refuses
        self.recorded = self.replayed = self.eager = 0

    def aside(self, do: Do) -> None:
        self.eager += 1
        do()

    def record(self, do: Do) -> Do:
        self.recorded += 1
        if self.refuses:
            raise RuntimeError("operation not permitted when stream is capturing\nand more")

        def replay() -> None:
            self.replayed += 1
            do()

        return replay


SHADED = EMA.model_copy(update={"augment": ("shade", "blot")})
BOTH = (augmentation("shade", shade, 1, "real"), augmentation("blot", blot, 2, "real and fake"))


def trained(
    recorder: Recorder | None = None, schedule: Schedule = EMA, augment: Sequence[Augmentation] = ()
) -> tuple[list[Any], bytes, Computed]:
    training = begin(schedule, augment=augment)
    training.recorder = recorder
    return run(training, schedule=schedule), weights_of(training), training.computed


@pytest.mark.parametrize(("schedule", "augment"), [(EMA, ()), (SHADED, BOTH)])
def test_a_recorded_training_is_the_same_training(
    schedule: Schedule, augment: Sequence[Augmentation]
) -> None:
    graph = FakeGraph()
    *plain, eager = trained(None, schedule, augment)
    *replayed, computed = trained(graph, schedule, augment)
    assert replayed == plain
    assert (eager.step, computed.step) == ("eager", "cuda graph")
    assert (graph.eager, graph.recorded, graph.replayed) == (FIRST, 1, EMA.updates - FIRST)


def test_what_cannot_be_recorded_is_trained_eagerly_and_says_why() -> None:
    graph = FakeGraph(refuses=True)
    *result, computed = trained(graph)
    assert result == list(trained()[:2])
    assert graph.recorded == 1  # it is not tried again
    assert computed.step == "eager"
    assert computed.graph_refused == (
        "RuntimeError: operation not permitted when stream is capturing"
    )


def test_replaying_reads_the_new_batch_from_the_memory_of_the_recording() -> None:
    seen: list[tuple[float, int]] = []
    take_step = RecordedStep(
        lambda batch, _: seen.append((float(batch.z), batch.z.data_ptr())), FakeGraph()
    )
    none = torch.zeros(1)
    for k in range(FIRST + 4):
        take_step(Batch(none, torch.tensor(float(k)), none, none), "plain")
    assert [value for value, _ in seen] == [float(k) for k in range(FIRST + 4)]
    assert len({place for _, place in seen[FIRST:]}) == 1


class Counting(nn.Module):
    """Keeps a plain value, which a recording would freeze."""

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


def test_a_pair_that_keeps_plain_values_and_one_on_a_cpu_are_never_recorded() -> None:
    assert recorder_for("cuda", nn.Linear(1, 1), nn.Sequential(Counting())) is None
    assert recorder_for("cpu", nn.Linear(1, 1)) is None


def on_cuda(loss: Loss = LOSS, graph: bool = True) -> tuple[list[Point], Training]:
    training = begin(EMA, device="cuda")
    if not graph:
        training.recorder = None
    return points(run(training, loss, EMA)), training


@pytest.mark.gpu
def test_a_cuda_graph_trains_as_the_steps_themselves_do() -> None:
    recorded, training = on_cuda()
    steps, _ = on_cuda(graph=False)
    assert training.computed.step == "cuda graph"
    for column in ("loss_d", "loss_g"):
        expected = [getattr(point, column) for point in steps]
        assert [getattr(p, column) for p in recorded] == pytest.approx(expected, rel=1e-3)


@pytest.mark.gpu
def test_an_augmented_step_is_recorded_too() -> None:
    training = begin(SHADED, augment=BOTH, device="cuda")
    run(training, schedule=SHADED)
    assert training.computed.step == "cuda graph"


@pytest.mark.gpu
def test_a_loss_that_asks_the_gpu_a_question_is_trained_eagerly() -> None:
    def asking(real: Tensor, fake: Tensor) -> Tensor:
        return d_loss(real, fake) * (2 if real.mean().item() > 1e9 else 1)

    curve, training = on_cuda(make_loss(name="asks", d_loss=asking))
    assert training.computed.step == "eager"
    assert training.computed.graph_refused
    assert len(curve) == EMA.updates
