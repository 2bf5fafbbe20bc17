"""BigGAN's regularisation of both networks: rows of a weight stay orthogonal (1809.11096)."""

import torch
from torch.nn.functional import softplus

from gan_bench import Loss, hookimpl


def overlap(network):
    total = 0
    for weight in network.parameters():
        if weight.ndim > 1:
            rows = weight.flatten(1)
            gram = rows @ rows.T
            total = total + (gram - gram.diag().diag()).square().sum()
    return 1e-4 * torch.as_tensor(total)


@hookimpl
def gan_bench_losses():
    return [
        Loss(
            name="orthogonal",
            source="Brock et al. 2019, section 3.1",
            d_loss=lambda real, fake: softplus(-real).mean() + softplus(fake).mean(),
            g_loss=lambda _, fake: softplus(-fake).mean(),
            penalty=lambda step: overlap(step.D),
            g_penalty=lambda step: overlap(step.G),
        )
    ]
