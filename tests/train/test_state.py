"""The state of a training: what a snapshot brings back, and where a resumed one goes on."""

from __future__ import annotations

import copy
from itertools import chain, islice

import pytest
import torch
from networks import IMAGES, LOSS, SCHEDULE, begin, points, run, weights_of

from gan_bench.train.loop import Tick, train
from gan_bench.train.state import Computed, Training, finite, full_state, restore, resume, snapshot

pytestmark = pytest.mark.usefixtures("one_thread")

EMA = SCHEDULE.model_copy(update={"ema_kimg": 0.1, "ticks": 5})


def learned(training: Training) -> bytes:
    """All weights, and the state of both optimisers."""
    moments = [
        state[name].numpy().tobytes()
        for optimiser in (training.opt_g, training.opt_d)
        for state in optimiser.state.values()
        for name in ("step", "exp_avg", "exp_avg_sq")
    ]
    return weights_of(training) + b"".join(moments)


def test_a_snapshot_brings_back_all_that_was_learned_and_not_the_step() -> None:
    training = begin(EMA)
    events = train(training, LOSS, IMAGES, EMA, 0)
    next(event for event in events if isinstance(event, Tick))
    kept, before = snapshot(training), learned(training)
    next(event for event in events if isinstance(event, Tick))
    assert learned(training) != before
    restore(training, kept)
    assert learned(training) == before
    assert training.step == 10
    for _ in range(2):  # training on does not reach into what is kept
        next(events)
    restore(training, kept)
    assert learned(training) == before


def places(training: Training) -> list[int]:
    """Where the weights and the moments lie in memory: a recorded step reads and writes there."""
    weights = chain(*(net.state_dict().values() for net in (training.G, training.D, training.ema)))
    moments = chain(
        *(
            tensors.values()
            for opt in (training.opt_g, training.opt_d)
            for tensors in opt.state.values()
        )
    )
    return [tensor.data_ptr() for tensor in chain(weights, moments)]


@pytest.mark.parametrize("step", [0, 5])
def test_going_back_moves_nothing_to_other_memory(step: int) -> None:
    training = begin(EMA)
    list(train(training, LOSS, IMAGES, EMA, 0, lambda: training.step >= step))
    kept = snapshot(training)
    list(train(training, LOSS, IMAGES, EMA, 0, lambda: training.step >= 10))
    before = places(training)
    restore(training, kept)
    assert places(training) == before


def test_a_return_to_the_start_begins_with_fresh_moments() -> None:
    again, fresh = begin(), begin()
    kept = snapshot(again)
    list(train(again, LOSS, IMAGES, SCHEDULE, 0, lambda: again.step >= 5))
    restore(again, kept)
    for training in (again, fresh):
        training.step = 5
        list(train(training, LOSS, IMAGES, SCHEDULE, 0))
    assert learned(again) == learned(fresh)


@pytest.mark.gpu
def test_a_recorded_training_goes_on_after_a_return_as_an_eager_one() -> None:
    curves = []
    for graph in (True, False):
        training = begin(EMA, device="cuda")
        training.recorder = training.recorder if graph else None
        events = train(training, LOSS, IMAGES, EMA, 0)
        seen = list(islice(events, 6))
        kept = snapshot(training)
        seen += islice(events, 6)
        restore(training, kept)
        curves.append([point.loss_d for point in points([*seen, *events])])
        assert training.computed.step == ("cuda graph" if graph else "eager")
    assert curves[0] == pytest.approx(curves[1], rel=1e-3)


def test_after_going_back_new_z_come() -> None:
    training = begin()
    seen: list[bytes] = []
    training.G.register_forward_pre_hook(lambda _, z: seen.append(z[0].numpy().tobytes()))
    kept = snapshot(training)
    events = train(training, LOSS, IMAGES, SCHEDULE, 0)
    while training.step < 5:
        next(events)
    restore(training, kept)
    list(events)
    assert len(set(seen)) == len(seen) == SCHEDULE.updates


@pytest.mark.parametrize("step", [0, 1, 7, 24])
def test_a_training_resumed_in_the_middle_of_a_row_ends_in_the_same_curve_and_weights(
    step: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gan_bench.train.loop.POINTS", 5)  # rows of five steps
    whole, cut, resumed = begin(EMA), begin(EMA), begin(EMA, seed=1)
    curve = points(run(whole, schedule=EMA))
    first = list(train(cut, LOSS, IMAGES, EMA, 0, stopping=lambda: cut.step >= step))
    resume(resumed, copy.deepcopy(full_state(cut)))
    assert points(first) + points(run(resumed, schedule=EMA)) == curve
    assert learned(resumed) == learned(whole)


def test_a_state_is_finite_until_a_number_is_not() -> None:
    training = begin()
    next(train(training, LOSS, IMAGES, SCHEDULE, 0))
    assert finite(training)
    training.totals.fill_(torch.nan)
    training.steps_in_row = 1
    assert not finite(training)


@pytest.mark.parametrize(
    ("computed", "text"),
    [
        (Computed(), {}),
        (
            Computed(images="memory-mapped", step="eager"),
            {"images": "read through a memory map", "step": "made of single operations"},
        ),
        (
            Computed({"fp32": "IEEE"}, "on device", "cuda graph"),
            {"fp32": "IEEE", "images": "on cuda", "step": "one CUDA graph"},
        ),
        (
            Computed({}, "streamed", "eager", "it asks"),
            {
                "images": "streamed to cuda",
                "step": "made of single operations: no CUDA graph, it asks",
            },
        ),
    ],
)
def test_the_record_says_in_words_how_a_training_was_computed(
    computed: Computed, text: dict[str, str]
) -> None:
    assert computed.as_text("cuda") == text
