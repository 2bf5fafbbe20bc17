"""Shifts and blurs of images: every row of the result is a weighted sum of rows, then columns.

Each image has a matrix for its rows and one for its columns. Products of matrices have the same
gradient in every run, and a CUDA graph can record them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

LEAST = -20.0  # exponent of a weight: exp(-20) = 2e-9


def along_both(images: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """A x B^T for each image x: (N, C, H, W), A (N, H, H), B (N, W, W) -> (N, C, H, W)."""
    return rows[:, None] @ images @ columns[:, None].transpose(2, 3)


def shifts(pixels: Tensor, side: int, repeat_edge: bool = False) -> Tensor:
    """(N,) whole numbers of pixels -> (N, side, side): row i becomes row i + pixels.

    What comes from beyond the edge is 0, or the row at the edge.
    """
    import torch

    here = torch.arange(side, device=pixels.device)
    origin = here - pixels[:, None]  # (N, side)
    if repeat_edge:
        origin = origin.clamp(0, side - 1)
    return (origin[:, :, None] == here).float()


def blurs(sigma: Tensor, side: int) -> Tensor:
    """(N,) pixels -> (N, side, side): weights of a Gaussian, with a sum of 1 at the edge too."""
    import torch

    here = torch.arange(side, device=sigma.device)
    distance = (here[:, None] - here).float()
    # the exponent of the pixel itself is 0, whatever sigma is
    exponent = -(distance**2) / (2 * sigma[:, None, None] ** 2).clamp(min=1e-6)
    # far pixels have the weight 0: a processor is slow with numbers that are nearly 0
    weights = exponent.clamp(min=LEAST).exp() * (exponent > LEAST)
    return weights / weights.sum(2, keepdim=True)


def whole_number(u: Tensor, least: int, most: int) -> Tensor:
    """u uniform in [0, 1) -> least, ..., most, each with the same probability."""
    # u may be so near to 1 that the product is rounded up
    return (u * (most - least + 1)).floor().clamp(max=most - least) + least
