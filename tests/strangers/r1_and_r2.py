"""The relativistic pairing loss with R1 and R2 (2501.05441)."""

import torch
from torch.nn.functional import softplus

from gan_bench import Loss, hookimpl


def slope_of(step, images):
    images = images.detach().requires_grad_()
    (slope,) = torch.autograd.grad(step.judge(images).logits.sum(), images, create_graph=True)
    return slope.square().sum((1, 2, 3)).mean()


@hookimpl
def gan_bench_losses():
    return [
        Loss(
            name="r1-and-r2",
            source="Huang et al. 2024",
            d_loss=lambda real, fake: softplus(fake - real).mean(),
            g_loss=lambda real, fake: softplus(real - fake).mean(),
            reads_real=True,
            penalty=lambda step: slope_of(step, step.x) + slope_of(step, step.fake),
        )
    ]
