"""A D made of layers that returns, beside its logits, the features that its last layer reads."""

from __future__ import annotations

from torch import Tensor, nn

from gan_bench import Output


class WithFeatures(nn.Sequential):
    """Layers, of which the last two make the logits: a convolution or matrix, and a flattening."""

    def forward(self, x: Tensor) -> Output:
        """(N, C, H, W) -> logits (N,), features (N, ...)."""
        *body, head, flatten = self
        for layer in body:
            x = layer(x)
        return Output(flatten(head(x)), features=x)
