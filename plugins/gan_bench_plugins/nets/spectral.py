"""Spectral norm: a layer whose weights are divided by their largest singular value.

torch's own version keeps both singular vectors in buffers. The moving average of a G would average
them too, and averages of unit vectors are too short: the weights would come out too large. Here
one vector is kept, and only its direction is used.
"""

from __future__ import annotations

from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize
from torch.nn.utils.parametrize import register_parametrization

Layer = TypeVar("Layer", nn.Conv2d, nn.Linear)
WARM_UP = 15  # power iterations before the first step


class SpectralNorm(nn.Module):
    """W -> W / sigma(W), where sigma is found by power iteration (1802.05957, algorithm 1).

    A pass in training mode moves the estimate on by one iteration; in evaluation mode it stays.
    """

    u: Tensor  # (out,) the estimate of the first left singular vector

    def __init__(self, weight: Tensor) -> None:
        super().__init__()
        matrix = weight.detach().flatten(1)
        u = torch.randn(len(matrix))
        for _ in range(WARM_UP):
            u = normalize(matrix @ (matrix.T @ u), dim=0)
        self.register_buffer("u", u)

    def forward(self, weight: Tensor) -> Tensor:
        """W / u^T W v, with gradients through W but not through u and v, as in algorithm 1."""
        # Sums of products, because autocast would compute @ in half precision
        matrix = weight.flatten(1)  # (out, in * kernel)
        with torch.no_grad():
            v = normalize((matrix * self.u[:, None]).sum(0), dim=0)
            u = normalize((matrix * v).sum(1), dim=0)
            if self.training:
                self.u.copy_(u)
        return weight / (matrix * v).sum(1).mul(u).sum()


def spectral_norm(layer: Layer) -> Layer:
    """The layer, altered: every use of its weights divides them by their spectral norm."""
    register_parametrization(layer, "weight", SpectralNorm(layer.weight))
    return layer
