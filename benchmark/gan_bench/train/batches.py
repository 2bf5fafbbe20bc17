"""The input of every step: real images and z on the device, as a pure function of the step."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count, islice
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from gan_bench.base import rng
from gan_bench.contract.protocol import Schedule

AHEAD = 2  # batches that are prepared while a GPU works on the step before them
USES = 3  # of augmentation in an update of D, each with numbers of its own: see Batch
SHARE = 0.5  # of a GPU's free memory: a larger data set is streamed

# A CPU reads the memory map in place. Another device holds a copy, or is sent what each step needs.
Placement = Literal["memory-mapped", "on device", "streamed"]


@dataclass(frozen=True)
class Batch:
    """The input of one step, on the device: one batch for each of its updates of D."""

    pixels: Tensor  # (d_steps, N, C, H, W) uint8
    z: Tensor  # (d_steps, N, z_dim) float32
    # (d_steps, 3, N, draws) float32, uniform in [0, 1), for augmentation: of real images, of fakes
    # in D's step, and of fakes in G's step, which the last update of D comes before
    numbers: Tensor
    labels: Tensor  # (d_steps, N) int64, the classes of the images; (d_steps, 0) if there are none

    def clone(self) -> Batch:
        """The same batch, in memory of its own."""
        return Batch(*(tensor.clone() for tensor in self._tensors()))

    def copy_(self, other: Batch) -> None:
        """Overwrite this batch with the other, in the same memory."""
        for mine, new in zip(self._tensors(), other._tensors(), strict=True):
            mine.copy_(new)

    def updates(self) -> Iterator[tuple[Tensor, ...]]:
        """Of each update of D: its pixels, z, numbers and labels."""
        return zip(*self._tensors(), strict=True)

    def _tensors(self) -> tuple[Tensor, ...]:
        return self.pixels, self.z, self.numbers, self.labels


class Batches:
    """The batches of one training, in the order that the seed gives.

    A data set (n, C, H, W) uint8 that fits is copied to the device and indexed there. A larger one
    is streamed: rows are gathered from the memory map and sent from pinned memory. The bytes are
    the same either way. For a GPU a thread prepares the next batches while a step runs.
    """

    def __init__(
        self,
        images: np.ndarray,
        schedule: Schedule,
        seed: int,
        z_dim: int,
        device: str,
        room: int | None = None,
        draws: int = 0,
        labels: np.ndarray | None = None,
    ) -> None:
        """`room`: bytes that the data set may take on the device; None: a share of what is free.

        `draws`: random numbers that augmentation takes for each image. `labels`: (n,) int64.
        """
        room = room_for_images(device) if room is None else room
        self.schedule = schedule
        self.seed = seed
        self.z_dim = z_dim
        self.draws = draws
        self.labels = labels
        self.device = device
        streamed = room is not None and images.nbytes > room
        source = torch.from_numpy(images)  # no copy of a memory map
        self._images = source if streamed else source.to(device)
        self._indexed = self._images.device.type != "cpu"
        self._order = rng.DataOrder(seed, len(images))
        self.placement: Placement = (
            "streamed" if streamed else "on device" if self._indexed else "memory-mapped"
        )

    def from_step(self, step: int) -> Generator[Batch]:
        """The batch of this step, the next step, and so on without end."""
        steps = count(step)
        if self.device == "cpu":  # a thread would only compete with the step for the cores
            yield from (self._send(*self._prepare(k)) for k in steps)
            return
        with ThreadPoolExecutor(1) as thread:
            prepared = deque(thread.submit(self._prepare, k) for k in islice(steps, AHEAD))
            while True:
                tensors = prepared.popleft().result()
                prepared.append(thread.submit(self._prepare, next(steps)))
                yield self._send(*tensors)

    def _prepare(self, step: int) -> tuple[Tensor, ...]:
        """The tensors of a Batch in the host's memory; rows where the pixels are on the device."""
        N, d_steps = self.schedule.batch, self.schedule.d_steps
        rows = torch.from_numpy(self._order.rows(step * d_steps * N, d_steps * N))
        positions = range(step * d_steps, (step + 1) * d_steps)
        z = [rng.normal(self.seed, "z-train", N, self.z_dim, k) for k in positions]
        numbers = [
            rng.uniform(self.seed, "augment", USES * N, self.draws, k).reshape(USES, N, self.draws)
            for k in positions
        ]
        labels = torch.empty(d_steps, 0, dtype=torch.int64)
        if self.labels is not None:
            labels = torch.from_numpy(self.labels[rows.numpy()]).view(d_steps, N)
        rows_or_pixels = rows if self._indexed else self._images.index_select(0, rows)
        return (
            self._pin(rows_or_pixels.view(d_steps, N, *rows_or_pixels.shape[1:])),
            self._pin(torch.from_numpy(np.stack(z))),
            self._pin(torch.from_numpy(np.stack(numbers))),
            self._pin(labels),
        )

    def _pin(self, tensor: Tensor) -> Tensor:
        """Pinned memory is copied to a GPU without blocking; an empty tensor has none to pin."""
        pinned = self.device.startswith("cuda") and tensor.numel() > 0
        return tensor.pin_memory() if pinned else tensor

    def _send(self, *tensors: Tensor) -> Batch:
        sent, *others = (tensor.to(self.device, non_blocking=True) for tensor in tensors)
        return Batch(self._images[sent] if self._indexed else sent, *others)


def room_for_images(device: str) -> int | None:
    """Bytes that a data set may take on this device; None for a CPU, which copies nothing."""
    if device.startswith("cuda"):
        return int(SHARE * torch.cuda.mem_get_info(device)[0])
    if device == "mps":
        free = torch.mps.recommended_max_memory() - torch.mps.driver_allocated_memory()
        return int(SHARE * free)
    return None
