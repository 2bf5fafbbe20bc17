"""Networks that are only evaluated: the same features, to rounding, in fewer memory passes."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval


def fuse(network: nn.Module, pairs: Iterable[tuple[str, str]]) -> nn.Module:
    """The network, altered: each BatchNorm is fused into the convolution before it; channels_last.

    `pairs` are the names that a convolution and its BatchNorm have in their parent module. The
    network must be in evaluation mode. Features change by rounding only, about 1e-7 of their size
    and no more than 1e-5.
    """
    pairs = list(pairs)
    for parent in network.modules():
        for conv, norm in pairs:
            first, second = parent._modules.get(conv), parent._modules.get(norm)
            if isinstance(first, nn.Conv2d) and isinstance(second, nn.BatchNorm2d):
                parent._modules[conv] = fuse_conv_bn_eval(first, second)
                parent._modules[norm] = nn.Identity()
    for layer in network.modules():
        if isinstance(layer, nn.ReLU6):
            layer.inplace = True  # nothing else reads its input
    network.to(memory_format=torch.channels_last)
    return network.requires_grad_(False)


class PackedConv(nn.Module):
    """A convolution on a CPU whose weights lie as oneDNN wants them, with ReLU6 in the same pass.

    The operators are those into which torch's own compiler turns a frozen network. `packs` says
    whether they are here.
    """

    def __init__(self, conv: nn.Conv2d, relu6: bool, uneven: bool = False) -> None:
        """`uneven`: a stride of 2, and one more zero at the right and bottom, as TensorFlow pads.

        With two zeros more on all sides the first row and column are too much, and the others the
        same. They are cut off afterwards: that copies a quarter of what padding before would copy.
        """
        super().__init__()
        self.first = int(uneven)
        zeros = [each + 2 * self.first for each in conv.padding]  # type: ignore[operator]
        self.shape = zeros, list(conv.stride), list(conv.dilation), conv.groups
        self.last = ("hardtanh", [0.0, 6.0], "") if relu6 else ("none", [], "")
        weight = conv.weight.detach().to_mkldnn()
        self.weight = torch._C._nn.mkldnn_reorder_conv2d_weight(weight, *self.shape)
        self.bias = conv.bias

    def forward(self, images: Tensor) -> Tensor:
        """(N, C, H, W) float32 -> (N, C', H', W') float32."""
        given = images, self.weight, self.bias
        made: Tensor = torch.ops.mkldnn._convolution_pointwise(*given, *self.shape, *self.last)
        return made[:, :, self.first :, self.first :]


def packs() -> bool:
    """Whether this torch can compute with a `PackedConv`."""
    return (
        torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]
        and hasattr(torch.ops.mkldnn, "_convolution_pointwise")
        and hasattr(torch._C._nn, "mkldnn_reorder_conv2d_weight")
    )
