"""A D that adds Gaussian noise to every image that it sees."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from gan_bench import Output


class InstanceNoise(nn.Module):
    """D(x + sigma e), where e is drawn from N(0, 1) for each pixel. `sigma` () is a buffer."""

    sigma: Tensor

    def __init__(self, D: nn.Module, sigma: float) -> None:
        super().__init__()
        self.D = D
        self.register_buffer("sigma", torch.tensor(sigma))

    def forward(self, x: Tensor) -> Output:
        """(N, C, H, W) -> what D returns for the noisy images."""
        output: Output = self.D(x + self.sigma * torch.randn_like(x))
        return output
