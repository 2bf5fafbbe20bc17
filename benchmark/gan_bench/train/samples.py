"""Images of the G that is judged."""

from __future__ import annotations

import io
from collections.abc import Iterator

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torchvision.utils import make_grid

from gan_bench.base import rng
from gan_bench.train.loop import Diverged, Training

GRID = 64  # images of a sample grid, 8 x 8


def grid(images: np.ndarray) -> bytes:
    """(M, C, H, W) uint8 as the bytes of one PNG, eight in a row, two white pixels between."""
    sheet = make_grid(torch.from_numpy(images), nrow=8, padding=2, pad_value=255)
    buffer = io.BytesIO()
    Image.fromarray(sheet.permute(1, 2, 0).numpy()).save(buffer, "PNG")
    return buffer.getvalue()


def generate(cell: Training, z: np.ndarray, batch: int) -> np.ndarray:
    """Images of the judged G, as `draw` gives them, all together: (M, C, H, W) uint8."""
    return np.concatenate([images.cpu().numpy() for images in draw(cell, z, batch)])


def draw(cell: Training, z: np.ndarray, batch: int) -> Iterator[Tensor]:
    """Images of the judged G in eval mode: z (M, z_dim) -> M of (C, H, W) uint8, in batches.

    Eval mode: each image depends on its z alone, not on the batch it was made in. Raises
    Diverged if an image is not finite, which uint8 would hide.
    """
    G, was_training = cell.ema, cell.ema.training
    # a G that draws noise of its own draws the same, whatever ran in this process before
    torch.manual_seed(rng.key(0, "noise", cell.step))
    G.eval()
    try:
        for k in range(0, len(z), batch):
            with torch.no_grad():
                images = G(torch.from_numpy(z[k : k + batch]).to(cell.device)).float()
                if not images.isfinite().all():
                    raise Diverged(f"the images of G are not finite at step {cell.step}")
                yield ((images + 1) * 127.5).round().clamp(0, 255).to(torch.uint8)
    finally:
        G.train(was_training)
