"""G learns from its best images only, fewer and fewer of them (2002.06224)."""

import torch
from torch.nn.functional import softplus

from gan_bench import Loss, hookimpl


def best(step):
    logits = step.on_fake.logits
    rank = logits.detach().argsort(descending=True).argsort()
    share = 1 - 0.5 * step.progress  # a tensor: the k of torch.topk would be a plain number
    kept = (rank < share * len(logits)).float()
    return (kept * softplus(-logits)).sum() / kept.sum()


def best_half(_, fake):
    return softplus(-torch.topk(fake, (len(fake) + 1) // 2, dim=0).values).mean()


@hookimpl
def gan_bench_losses():
    def d_loss(real, fake):
        return softplus(-real).mean() + softplus(fake).mean()

    return [
        Loss(name="top-half", source="Sinha et al. 2020", d_loss=d_loss, g_loss=best_half),
        Loss(
            name="top-k",
            source="Sinha et al. 2020",
            d_loss=d_loss,
            g_loss=lambda _, fake: 0 * fake.mean(),
            g_penalty=best,
        ),
    ]
