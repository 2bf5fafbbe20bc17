"""LeCam regularisation (2104.03310), whose moving averages of the logits are the loss's state."""

import torch
from torch import nn

from gan_bench import Loss, hookimpl


class Means(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("means", torch.zeros(2))  # of the logits: real, fake


def lecam(step):
    real, fake = step.on_real.logits, step.on_fake.logits
    now = torch.stack([real.mean(), fake.mean()]).detach()
    means = step.state.means.lerp_(now, 0.01)
    return 0.3 * ((real - means[1]).square().mean() + (fake - means[0]).square().mean())


@hookimpl
def gan_bench_losses():
    given = {"d_loss": lambda real, fake: (1 - real).relu().mean() + (1 + fake).relu().mean()}
    given |= {"g_loss": lambda _, fake: -fake.mean(), "penalty": lecam, "state": Means}
    return [Loss(name="lecam-state", source="Tseng et al. 2021", **given)]
