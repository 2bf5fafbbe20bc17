"""The batches: the same bytes wherever the images lie, and whoever prepares them."""

from __future__ import annotations

import threading
from itertools import islice

import numpy as np
import pytest
import torch
from networks import IMAGES

from gan_bench import Schedule
from gan_bench.base import rng
from gan_bench.train.batches import Batch, Batches

SCHEDULE = Schedule(kimg=0.2, batch=8, d_steps=2)


def batches(device: str = "cpu", room: int | None = None) -> Batches:
    return Batches(IMAGES, SCHEDULE, 3, 5, device, room, draws=4)


def content(source: Batches, step: int = 0, steps: int = 9) -> list[list[bytes]]:
    return [
        [tensor.cpu().numpy().tobytes() for tensor in (batch.pixels, batch.z, batch.numbers)]
        for batch in islice(source.from_step(step), steps)
    ]


def test_a_batch_has_the_images_z_and_numbers_of_its_place_in_the_streams() -> None:
    batch = next(batches().from_step(4))
    order = rng.DataOrder(3, 50)
    for k in range(2):
        rows = order.rows((4 * 2 + k) * 8, 8)
        assert np.array_equal(batch.pixels[k].numpy(), IMAGES[rows])
        assert np.array_equal(batch.z[k].numpy(), rng.normal(3, "z-train", 8, 5, 4 * 2 + k))
        numbers = rng.uniform(3, "augment", 3 * 8, 4, 4 * 2 + k)
        assert np.array_equal(batch.numbers[k].numpy(), numbers.reshape(3, 8, 4))


def test_without_augmentation_a_batch_has_no_numbers() -> None:
    batch = next(Batches(IMAGES, SCHEDULE, 3, 5, "cpu").from_step(0))
    assert batch.numbers.shape == (2, 3, 8, 0)


def test_a_later_step_has_the_batches_that_it_would_have_had_all_along() -> None:
    assert content(batches(), step=5, steps=4) == content(batches())[5:]


def test_a_data_set_that_does_not_fit_streams_the_same_bytes() -> None:
    whole, streamed = batches(), batches(room=IMAGES.nbytes - 1)
    assert (whole.placement, streamed.placement) == ("memory-mapped", "streamed")
    assert batches(room=IMAGES.nbytes).placement == "memory-mapped"
    assert content(streamed) == content(whole)


class Ahead(Batches):
    """Batches that a thread prepares, as for a GPU, on a machine that has none."""

    def __init__(self) -> None:
        super().__init__(IMAGES, SCHEDULE, 3, 5, "cpu", room=0, draws=4)
        self.device = "elsewhere"

    def _send(self, *tensors: torch.Tensor) -> Batch:
        self.device = "cpu"
        return super()._send(*tensors)


def test_what_a_thread_prepares_is_the_same() -> None:
    assert content(Ahead()) == content(batches())


def test_the_thread_ends_with_the_training() -> None:
    before = threading.active_count()
    ahead = Ahead().from_step(0)
    next(ahead)
    assert threading.active_count() == before + 1
    ahead.close()
    assert threading.active_count() == before


@pytest.mark.gpu
@pytest.mark.parametrize(("room", "placement"), [(None, "on device"), (0, "streamed")])
def test_a_gpu_is_given_the_same_bytes_from_its_memory_or_streamed(
    room: int | None, placement: str
) -> None:
    there = batches("cuda", room)
    assert there.placement == placement
    assert content(there) == content(batches())
