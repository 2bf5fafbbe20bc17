"""Doubling of maps by bilinear interpolation.

torch's own bilinear `interpolate` adds up its gradients on CUDA in no fixed order, so that two
trainings would differ in their last bits.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


def bilinear_up(x: Tensor) -> Tensor:
    """(N, C, H, W) -> (N, C, 2H, 2W), as torch's `interpolate` with align_corners=False."""
    return _double(_double(x, 2), 3)


def _double(x: Tensor, dim: int) -> Tensor:
    """Along one axis: each pixel becomes two, 3/4 of itself and 1/4 of the neighbour."""
    n = x.shape[dim]
    before = torch.cat([x.narrow(dim, 0, 1), x.narrow(dim, 0, n - 1)], dim)
    after = torch.cat([x.narrow(dim, 1, n - 1), x.narrow(dim, n - 1, 1)], dim)
    both = torch.stack([x.lerp(before, 0.25), x.lerp(after, 0.25)], dim + 1)
    return both.flatten(dim, dim + 1)


class Double(nn.Module):
    """`bilinear_up` as a layer."""

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C, 2H, 2W)."""
        return bilinear_up(x)
