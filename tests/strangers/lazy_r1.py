"""R1 at every 16th step, as StyleGAN2 computes it (1912.04958, appendix B)."""

import torch
from torch.nn.functional import softplus

from gan_bench import Loss, hookimpl


def r1(step):
    x = step.x.detach().requires_grad_()
    (slope,) = torch.autograd.grad(step.judge(x).logits.sum(), x, create_graph=True)
    return 5 * slope.square().sum((1, 2, 3)).mean()


@hookimpl
def gan_bench_losses():
    return [
        Loss(
            name="lazy-r1",
            source="Karras et al. 2020, appendix B",
            d_loss=lambda real, fake: softplus(-real).mean() + softplus(fake).mean(),
            g_loss=lambda _, fake: softplus(-fake).mean(),
            penalty=r1,
            penalty_every=16,
        )
    ]
