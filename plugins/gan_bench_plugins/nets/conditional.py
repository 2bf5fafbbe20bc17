"""Pairs that read the class of an image, made of pairs that do not.

The embedding of a class begins like DCGAN's weights, from N(0, 0.02), except where it takes the
place of an input, which is N(0, 1) like z.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from gan_bench import Output


class ClassToG(nn.Module):
    """G([z, e(y)]): the embedding e of the class lengthens z."""

    def __init__(self, G: nn.Module, classes: int, width: int) -> None:
        super().__init__()
        self.G, self.e = G, nn.Embedding(classes, width)

    def forward(self, z: Tensor, y: Tensor) -> Tensor:
        """z (N, z_dim), y (N,) -> images (N, C, H, W)."""
        images: Tensor = self.G(torch.cat([z, self.e(y)], 1))
        return images


class ClassToD(nn.Module):
    """D([x, e(y)]): the embedding e of the class comes as more channels, the same at each pixel."""

    def __init__(self, D: nn.Module, classes: int, width: int) -> None:
        super().__init__()
        self.D, self.e = D, nn.Embedding(classes, width)

    def forward(self, x: Tensor, y: Tensor) -> Output:
        """x (N, C, H, W), y (N,) -> what D returns."""
        maps = self.e(y)[:, :, None, None].expand(-1, -1, *x.shape[2:])
        output: Output = self.D(torch.cat([x, maps.to(x.dtype)], 1))
        return output


class Projection(nn.Module):
    """D(x) + e(y) . phi(x), where phi(x) is the sum of D's features over all positions."""

    def __init__(self, D: nn.Module, classes: int, channels: int) -> None:
        super().__init__()
        self.D, self.e = D, nn.Embedding(classes, channels)
        nn.init.normal_(self.e.weight, 0.0, 0.02)

    def forward(self, x: Tensor, y: Tensor) -> Output:
        """x (N, C, H, W), y (N,) -> logits (N,), features (N, channels, h, w)."""
        output: Output = self.D(x)
        assert output.features is not None
        phi = output.features.sum((2, 3))  # (N, channels)
        return Output(output.logits + (self.e(y) * phi).sum(1), output.features)


class Classifier(nn.Module):
    """D(x), and logits of the classes from the same features. It does not read y."""

    def __init__(self, D: nn.Module, classes: int, numbers: int) -> None:
        super().__init__()
        self.D, self.head = D, nn.Linear(numbers, classes)
        nn.init.normal_(self.head.weight, 0.0, 0.02)

    def forward(self, x: Tensor, _: Tensor) -> Output:
        """x (N, C, H, W) -> logits (N,), features (N, ...), logits of the classes (N, K)."""
        output: Output = self.D(x)
        assert output.features is not None
        return Output(output.logits, output.features, self.head(output.features.flatten(1)))
