"""What every step is fed: real images and z on the device, as a pure function of the step."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count, islice

import numpy as np
import torch
from torch import Tensor

from gan_bench.base import rng
from gan_bench.contract.protocol import Schedule

AHEAD = 2  # steps whose input is made while a GPU works on the one before them
SHARE = 0.5  # of a GPU's free memory: a set that needs more stays where it is


@dataclass(frozen=True)
class Batch:
    """The input of one step, on the device: one batch for each of its updates of D."""

    pixels: Tensor  # (d_steps, N, C, H, W) uint8
    z: Tensor  # (d_steps, N, z_dim) float32

    def copy_(self, other: Batch) -> None:
        """Become the other, in the same memory."""
        self.pixels.copy_(other.pixels)
        self.z.copy_(other.z)


class Batches:
    """The batches of one training, in the order that the seed says.

    A set (n, C, H, W) uint8 that fits lies on the device and is indexed there. A larger one
    streams: its rows are gathered from the memory map and sent from pinned memory. Either way
    the same bytes arrive. On a GPU both are done ahead of the steps, by a thread.
    """

    def __init__(
        self,
        images: np.ndarray,
        schedule: Schedule,
        seed: int,
        z_dim: int,
        device: str,
        room: int | None = None,
    ) -> None:
        """`room`: the bytes that the set may take on the device, if not what is found there."""
        room = room_for_images(device) if room is None else room
        self.schedule = schedule
        self.seed = seed
        self.z_dim = z_dim
        self.device = device
        self.streamed = room is not None and images.nbytes > room
        source = torch.from_numpy(images)  # no copy of a memory map: a CPU reads it in place
        self._images = source if self.streamed else source.to(device)
        self._indexed = self._images.device.type != "cpu"
        self._order = rng.DataOrder(seed, len(images))

    def where(self) -> str:
        """Where the images are, for the record."""
        if self.streamed:
            return f"streamed to {self.device}"
        return f"on {self.device}" if self._indexed else "memory-mapped"

    def batches(self, step: int) -> Generator[Batch]:
        """From this step on, without end."""
        steps = count(step)
        if self.device == "cpu":  # which has nothing to do meanwhile
            yield from (self._sent(*self._made(k)) for k in steps)
            return
        with ThreadPoolExecutor(1) as thread:
            ready = deque(thread.submit(self._made, k) for k in islice(steps, AHEAD))
            while True:
                made = ready.popleft().result()
                ready.append(thread.submit(self._made, next(steps)))
                yield self._sent(*made)

    def _made(self, step: int) -> tuple[Tensor, Tensor]:
        """(d_steps N,) rows, or their pixels, and (d_steps N, z_dim) z, in the host's memory."""
        N, updates = self.schedule.batch, self.schedule.d_steps
        rows = torch.from_numpy(self._order.rows(step * updates * N, updates * N))
        z = [
            rng.normal(self.seed, "z-train", N, self.z_dim, step * updates + k)
            for k in range(updates)
        ]
        made = rows if self._indexed else self._images.index_select(0, rows)
        return self._pinned(made), self._pinned(torch.from_numpy(np.concatenate(z)))

    def _pinned(self, made: Tensor) -> Tensor:
        """From pinned memory a GPU fetches by itself, and nobody waits for it."""
        return made.pin_memory() if self.device.startswith("cuda") else made

    def _sent(self, made: Tensor, z: Tensor) -> Batch:
        made, z = (each.to(self.device, non_blocking=True) for each in (made, z))
        pixels = self._images.index_select(0, made) if self._indexed else made
        updates = self.schedule.d_steps
        return Batch(*(each.view(updates, -1, *each.shape[1:]) for each in (pixels, z)))


def room_for_images(device: str) -> int | None:
    """Bytes that a set may take on this device; None where it need not be copied at all."""
    if device.startswith("cuda"):
        return int(SHARE * torch.cuda.mem_get_info(device)[0])
    if device == "mps":
        free = torch.mps.recommended_max_memory() - torch.mps.driver_allocated_memory()
        return int(SHARE * free)
    return None
