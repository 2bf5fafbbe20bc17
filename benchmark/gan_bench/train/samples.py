"""Images of the G that is measured, and the sample grid of a tick."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torchvision.utils import make_grid

from gan_bench.base import pictures, rng
from gan_bench.results.layout import GRID_PADDING, GRID_SIDE
from gan_bench.train.loop import Diverged
from gan_bench.train.state import Training

GRID = GRID_SIDE**2  # images of a sample grid


def grid(images: np.ndarray) -> bytes:
    """(M, C, H, W) uint8 as the bytes of one PNG: eight in a row, white pixels between them."""
    shown = torch.from_numpy(pictures.shown(images))
    sheet = make_grid(shown, nrow=GRID_SIDE, padding=GRID_PADDING, pad_value=255)
    return pictures.png(Image.fromarray(sheet.permute(1, 2, 0).numpy()))


def generate(training: Training, z: np.ndarray, batch: int) -> np.ndarray:
    """The images of `draw` in one array (M, C, H, W) uint8."""
    return np.concatenate([images.cpu().numpy() for images in draw(training, z, batch)])


def draw(training: Training, z: np.ndarray, batch: int) -> Iterator[Tensor]:
    """Images of z (M, z_dim), in batches of (N, C, H, W) uint8 on the device.

    G is in eval mode, so that an image depends on its z alone and not on its batch. Raises
    Diverged if an image is not finite, which uint8 would hide.
    """
    G, was_training = training.ema, training.ema.training
    # a G that draws noise of its own draws the same, whatever ran in this process before
    torch.manual_seed(rng.key(0, "noise", training.step))
    G.eval()
    try:
        for k in range(0, len(z), batch):
            with torch.no_grad():
                images = G(torch.from_numpy(z[k : k + batch]).to(training.device)).float()
                if not images.isfinite().all():
                    raise Diverged(f"the images of G are not finite at step {training.step}")
                yield ((images + 1) * 127.5).round().clamp(0, 255).to(torch.uint8)
    finally:
        G.train(was_training)
