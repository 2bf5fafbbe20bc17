"""Self-attention over the positions of a map (Zhang et al. 2019, 1805.08318, section 3)."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn


class SelfAttention(nn.Module):
    """y = x + gamma v(sum_i beta_ji h(x_i)), beta_ji = softmax_i f(x_i)^T g(x_j); gamma is 0 first.

    f, g and h are 1 x 1 convolutions to an eighth of the channels, v one back to all of them.
    """

    def __init__(self, channels: int, wrap: Callable[[nn.Conv2d], nn.Conv2d]) -> None:
        super().__init__()
        inner = max(channels // 8, 1)
        self.f, self.g, self.h = (wrap(nn.Conv2d(channels, inner, 1, bias=False)) for _ in range(3))
        self.v = wrap(nn.Conv2d(inner, channels, 1, bias=False))
        self.gamma = nn.Parameter(torch.zeros(()))

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C, H, W)."""
        f, g, h = (part(x).flatten(2) for part in (self.f, self.g, self.h))  # (N, C / 8, HW)
        beta = (g.transpose(1, 2) @ f).softmax(2)  # (N, HW, HW), each row adds up to 1
        seen = (h @ beta.transpose(1, 2)).unflatten(2, x.shape[2:])
        y: Tensor = x + self.gamma * self.v(seen)
        return y
