"""StyleGAN2's path length (1912.04958, section 3.2), for any G; its mean is a state of the loss."""

import torch
from torch import nn

from gan_bench import Loss, hookimpl


class Mean(nn.Module):
    def __init__(self):
        super().__init__()
        self.length = nn.Buffer(torch.zeros(()))


def path_length(step):
    images = step.make(z := step.z.detach().requires_grad_())
    noise = torch.randn_like(images) / images[0].numel() ** 0.5
    (slope,) = torch.autograd.grad((images * noise).sum(), z, create_graph=True)
    lengths = slope.norm(dim=1)
    mean = step.state.length.lerp_(lengths.mean().detach(), 0.01)
    return 2 * (lengths - mean).square().mean()


@hookimpl
def gan_bench_losses():
    given = {"d_loss": lambda real, fake: (1 - real).relu().mean() + (1 + fake).relu().mean()}
    given |= {"g_loss": lambda _, fake: -fake.mean(), "g_penalty": path_length, "state": Mean}
    return [Loss(name="path-length-state", source="1912.04958", g_penalty_every=4, **given)]
