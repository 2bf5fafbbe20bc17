"""DRAGAN: the slope is pulled to 1 around real images (1705.07215)."""

import torch
from torch.nn.functional import softplus

from gan_bench import Loss, hookimpl


def around(step):
    noise = 0.5 * step.x.std() * torch.rand_like(step.x)
    near = (step.x + noise).detach().requires_grad_()
    (slope,) = torch.autograd.grad(step.judge(near).logits.sum(), near, create_graph=True)
    return 10 * (slope.flatten(1).norm(dim=1) - 1).square().mean()


@hookimpl
def gan_bench_losses():
    return [
        Loss(
            name="around-the-data",
            source="Kodali et al. 2017",
            d_loss=lambda real, fake: softplus(-real).mean() + softplus(fake).mean(),
            g_loss=lambda _, fake: softplus(-fake).mean(),
            penalty=around,
        )
    ]
