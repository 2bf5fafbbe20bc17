"""Minimax with targets drawn between 0.7 and 1.2, or 0 and 0.3, and 5 % of them swapped."""

import torch
from torch.nn.functional import binary_cross_entropy_with_logits as bce

from gan_bench import Loss, hookimpl


def d_loss(real, fake):
    high, low = 0.7 + 0.5 * torch.rand_like(real), 0.3 * torch.rand_like(fake)
    swapped = torch.rand_like(real) < 0.05
    return bce(real, torch.where(swapped, low, high)) + bce(fake, low)


@hookimpl
def gan_bench_losses():
    return [
        Loss(
            name="noisy-labels",
            source="Chintala, ganhacks 6",
            d_loss=d_loss,
            g_loss=lambda _, fake: bce(fake, torch.ones_like(fake)),
        )
    ]
