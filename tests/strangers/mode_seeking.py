"""Other z must give other images (1903.05628)."""

import torch
from torch.nn.functional import softplus

from gan_bench import Loss, hookimpl


def sameness(step):
    other = torch.randn_like(step.z)
    images, others = step.make(step.z), step.make(other)
    apart = (images - others).abs().mean() / (step.z - other).abs().mean()
    return 1 / (apart + 1e-2)


@hookimpl
def gan_bench_losses():
    return [
        Loss(
            name="mode-seeking",
            source="Mao et al. 2019",
            d_loss=lambda real, fake: softplus(-real).mean() + softplus(fake).mean(),
            g_loss=lambda _, fake: softplus(-fake).mean(),
            g_penalty=sameness,
        )
    ]
