"""What a step is fed: the same bytes wherever the images lie, and whoever makes them."""

from __future__ import annotations

from itertools import islice

import numpy as np
import pytest
import torch

from gan_bench import Schedule
from gan_bench.base import rng
from gan_bench.train.batches import Batches

IMAGES = np.random.default_rng(0).integers(0, 256, (50, 3, 8, 8), dtype=np.uint8)
SCHEDULE = Schedule(kimg=0.2, batch=8, d_steps=2)


def feed(device: str = "cpu", room: int | None = None, seed: int = 3) -> Batches:
    return Batches(IMAGES, SCHEDULE, seed, 5, device, room)


def fed(feed: Batches, step: int = 0, steps: int = 9) -> list[tuple[bytes, bytes]]:
    with_both = islice(feed.batches(step), steps)
    return [(batch.pixels.numpy().tobytes(), batch.z.numpy().tobytes()) for batch in with_both]


def test_a_step_is_fed_the_images_and_z_of_its_place_in_the_streams() -> None:
    batch = next(feed().batches(4))
    order = rng.DataOrder(3, 50)
    for k in range(2):
        rows = order.rows((4 * 2 + k) * 8, 8)
        assert np.array_equal(batch.pixels[k].numpy(), IMAGES[rows])
        assert np.array_equal(batch.z[k].numpy(), rng.normal(3, "z-train", 8, 5, 4 * 2 + k))


def test_a_feed_that_begins_later_goes_on_as_one_that_ran_all_along() -> None:
    assert fed(feed(), step=5, steps=4) == fed(feed())[5:]


def test_a_set_that_does_not_fit_streams_the_same_bytes() -> None:
    whole, streamed = feed(), feed(room=IMAGES.nbytes - 1)
    assert (whole.where(), streamed.where()) == ("memory-mapped", "streamed to cpu")
    assert feed(room=IMAGES.nbytes).where() == "memory-mapped"
    assert fed(streamed) == fed(whole)


class Made(Batches):
    """A feed that is made ahead by its thread, as for a GPU, on a machine that has none."""

    def _sent(self, made: torch.Tensor, z: torch.Tensor) -> object:  # type: ignore[override]
        self.device = "cpu"
        return super()._sent(made, z)


def test_what_a_thread_makes_ahead_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    ahead = Made(IMAGES, SCHEDULE, 3, 5, "cpu", room=0)
    ahead.device = "elsewhere"
    assert fed(ahead) == fed(feed())


def test_the_thread_ends_with_the_training() -> None:
    import threading

    ahead = Made(IMAGES, SCHEDULE, 3, 5, "cpu", room=0)
    ahead.device = "elsewhere"
    before = threading.active_count()
    batches = ahead.batches(0)
    next(batches)
    assert threading.active_count() == before + 1
    batches.close()
    assert threading.active_count() == before


def test_on_a_gpu_the_images_are_indexed_there_or_streamed_as_there_is_room() -> None:
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device here")
    for room, where in ((None, "on cuda"), (0, "streamed to cuda")):
        there = feed("cuda", room)
        assert there.where() == where
        told = [
            (batch.pixels.cpu().numpy().tobytes(), batch.z.cpu().numpy().tobytes())
            for batch in islice(there.batches(0), 9)
        ]
        assert told == fed(feed())
