"""G looks one step of D ahead, and gradients flow through that step (1611.02163)."""

import torch
from torch.func import functional_call
from torch.nn.functional import softplus

from gan_bench import Loss, hookimpl


def d_loss(real, fake):
    return softplus(-real).mean() + softplus(fake).mean()


def ahead(step):
    now = {name: p.detach().requires_grad_() for name, p in step.D.named_parameters()}
    fake = step.make(step.z)
    real_logits = functional_call(step.D, now, step.x)
    loss = d_loss(real_logits, functional_call(step.D, now, fake))
    slopes = torch.autograd.grad(loss, list(now.values()), create_graph=True)
    later = {name: now[name] - 0.01 * g for name, g in zip(now, slopes, strict=True)}
    return softplus(-functional_call(step.D, later, fake)).mean()


@hookimpl
def gan_bench_losses():
    return [
        Loss(
            name="unrolled",
            source="Metz et al. 2017, one step of gradient descent",
            d_loss=d_loss,
            g_loss=lambda _, fake: 0 * fake.mean(),
            g_penalty=ahead,
        )
    ]
