"""Images of the G that is measured, and the sample grid of a tick."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from gan_bench.base import pictures, rng
from gan_bench.results.layout import GRID_PADDING, GRID_SIDE
from gan_bench.train.loop import Diverged
from gan_bench.train.state import Training

GRID = GRID_SIDE**2  # images of a sample grid
Make = Callable[[Tensor, Tensor | None], Tensor]  # z (N, z_dim) and classes (N,) -> (N, C, H, W)


@dataclass(frozen=True)
class Latents:
    """What G makes M images of."""

    z: np.ndarray  # (M, z_dim) float32
    labels: np.ndarray | None = None  # (M,) int64, the class of each; None: G is given none

    def __len__(self) -> int:
        return len(self.z)

    def first(self, count: int) -> Latents:
        """Of the first images only."""
        return Latents(self.z[:count], None if self.labels is None else self.labels[:count])


def latents(
    training: Training, seed: int, count: int, labels: np.ndarray | None, draw: str = "eval"
) -> Latents:
    """What a cell of this seed is measured with; each `draw` has random streams of its own.

    Classes come in the proportions of `labels`, those of the training images (n,), and are the same
    for every conditional pair.
    """
    z = rng.normal(seed, f"z-{draw}", count, training.z_dim)
    if not training.pair.conditional or labels is None:
        return Latents(z)
    return Latents(z, labels[rng.rows(seed, f"y-{draw}", count, len(labels))])


def per_class(training: Training, z: np.ndarray, labels: np.ndarray, batch: int) -> np.ndarray:
    """The images of a conditional G's sample grid: each row is one class, each column one z."""
    z = np.tile(z[:GRID_SIDE], (GRID_SIDE, 1))
    rows = np.resize(np.unique(labels), GRID_SIDE)
    return generate(training, Latents(z, np.repeat(rows, GRID_SIDE)), batch)


def grid(images: np.ndarray, across: int = GRID_SIDE) -> bytes:
    """(M, C, H, W) uint8 as the bytes of one PNG: `across` in a row, white pixels between them."""
    return pictures.png(pictures.tiled(images, across, GRID_PADDING))


def generate(training: Training, given: Latents, batch: int) -> np.ndarray:
    """The images of `draw` in one array (M, C, H, W) uint8."""
    return np.concatenate([images.cpu().numpy() for images in draw(training, given, batch)])


def generate_rows(training: Training, given: Latents, rows: np.ndarray, batch: int) -> np.ndarray:
    """The images (R, C, H, W) of these rows (R,), exactly as `draw` makes them among all others.

    All batches up to the last of these rows are drawn: a G may draw noise of its own.
    """
    wanted, places = np.unique(rows, return_inverse=True)
    batches = -(-(int(wanted[-1]) + 1) // batch)
    images = draw(training, given.first(batches * batch), batch)
    parts = []
    for start, made in zip(range(0, batches * batch, batch), images, strict=True):
        inside = wanted[(start <= wanted) & (wanted < start + batch)] - start
        parts.append(made.cpu().numpy()[inside])
    return np.concatenate(parts)[places]


def draw(training: Training, given: Latents, batch: int) -> Iterator[Tensor]:
    """Images of M latents, in batches of (N, C, H, W) uint8 on the device.

    G is in eval mode, so that an image depends on its z and class alone and not on its batch.
    Raises Diverged if an image is not finite, which uint8 would hide.
    """
    G, was_training = training.ema, training.ema.training
    measured = replace(training.pair, G=G)
    G.eval()
    try:
        yield from made(measured.make, given, batch, training.device, f" at step {training.step}")
    finally:
        G.train(was_training)


def made(make: Make, given: Latents, batch: int, device: str, when: str = "") -> Iterator[Tensor]:
    """The images that `make` makes of M latents and their classes, as `draw` gives them."""
    # a G that draws noise of its own draws the same, at every tick and in every process
    torch.manual_seed(rng.key(0, "noise", 0))
    for k in range(0, len(given), batch):
        with torch.no_grad():
            z = torch.from_numpy(given.z[k : k + batch]).to(device)
            y = None if given.labels is None else torch.from_numpy(given.labels[k : k + batch])
            images = make(z, None if y is None else y.to(device)).float()
            if not images.isfinite().all():
                raise Diverged(f"the images of G are not finite{when}")
            yield ((images + 1) * 127.5).round().clamp(0, 255).to(torch.uint8)
