"""Four optimisers of torch. What each makes of the schedule's betas is in its source."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gan_bench import Optimizer, hookimpl

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

Betas = tuple[float, float]
# On CUDA each takes the variant that a graph can record, and that reads a rate which is a tensor
# on the device: fused or capturable.


def adam(
    parameters: list[nn.Parameter], lr: float | Tensor, betas: Betas, on_cuda: bool
) -> torch.optim.Optimizer:
    """Adam with both betas."""
    from torch.optim import Adam

    return Adam(parameters, lr, betas, fused=True, capturable=on_cuda)


def adamw(
    parameters: list[nn.Parameter], lr: float | Tensor, betas: Betas, on_cuda: bool
) -> torch.optim.Optimizer:
    """Adam with both betas and a weight decay of 0.01."""
    from torch.optim import AdamW

    return AdamW(parameters, lr, betas, weight_decay=0.01, fused=True, capturable=on_cuda)


def rmsprop(
    parameters: list[nn.Parameter], lr: float | Tensor, betas: Betas, on_cuda: bool
) -> torch.optim.Optimizer:
    """The second beta is the smoothing constant; the first one is not used."""
    from torch.optim import RMSprop

    # only its foreach variant reads a rate from the device
    return RMSprop(parameters, lr, alpha=betas[1], foreach=on_cuda, capturable=on_cuda)


def sgd(
    parameters: list[nn.Parameter], lr: float | Tensor, betas: Betas, on_cuda: bool
) -> torch.optim.Optimizer:
    """The first beta is the momentum; the second one is not used."""
    from torch.optim import SGD

    return SGD(parameters, lr, momentum=betas[0], fused=on_cuda)


@hookimpl
def gan_bench_optimizers() -> list[Optimizer]:
    """`adam`, `adamw`, `rmsprop` and `sgd`."""
    return [
        Optimizer(
            name="adam",
            source="Kingma & Ba 2014, arXiv 1412.6980, algorithm 1, as torch.optim.Adam. Betas: "
            "the decay rates of its two moving averages.",
            make=adam,
        ),
        Optimizer(
            name="adamw",
            source="Loshchilov & Hutter 2017, arXiv 1711.05101, algorithm 2, as torch.optim.AdamW "
            "with its weight decay of 0.01. Betas: as adam.",
            make=adamw,
        ),
        Optimizer(
            name="rmsprop",
            source="Tieleman & Hinton 2012, Coursera, lecture 6.5, as torch.optim.RMSprop without "
            "momentum. Betas: the second one is the smoothing constant, the first is not used.",
            make=rmsprop,
        ),
        Optimizer(
            name="sgd",
            source="Sutskever et al. 2013, On the importance of initialization and momentum in "
            "deep learning, as torch.optim.SGD, which applies the rate after the momentum. Betas: "
            "the first one is the momentum, the second is not used.",
            make=sgd,
        ),
    ]
