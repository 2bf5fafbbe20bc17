"""How steeply D's logits change with its input, which gradient penalties hold down."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

    from gan_bench import Step


def input_gradients(step: Step, images: Tensor) -> Tensor:
    """dD(x) / dx of each image, (N, C, H, W) -> (N, CHW), so that it can be trained on.

    The logits of an image's patches are added up. With BatchNorm in D, an image changes the logits
    of the whole batch, and its gradient is that of their sum.
    """
    from torch.autograd import grad

    x = images.detach().requires_grad_()
    (slopes,) = grad(step.judge(x).logits.sum(), x, create_graph=True)
    return slopes.flatten(1)


def squared_norm(step: Step, images: Tensor) -> Tensor:
    """The mean over N images of |dD(x) / dx|^2, ()."""
    return input_gradients(step, images).square().sum(1).mean()


def distance_from_one(step: Step, images: Tensor) -> Tensor:
    """The mean over N images of (|dD(x) / dx| - 1)^2, ()."""
    norms: Tensor = input_gradients(step, images).norm(dim=1)
    return (norms - 1).square().mean()
