"""StyleGAN2's path length, whose running mean is a buffer of G (1912.04958, section 3.2)."""

import torch
from torch import nn

from gan_bench import Architecture, Loss, hookimpl


class Mapped(nn.Module):
    def __init__(self, shape):
        super().__init__()
        self.shape, self.mean_length = shape, nn.Buffer(torch.zeros(()))
        self.mapping = nn.Sequential(nn.Linear(8, 16), nn.LeakyReLU(0.2))
        self.synthesis = nn.Sequential(nn.Linear(16, torch.Size(shape).numel()), nn.Tanh())

    def forward(self, z):
        return self.synthesis(self.mapping(z)).unflatten(1, self.shape)


def path_length(step):
    images = step.G.synthesis(w := step.G.mapping(step.z))
    noise = torch.randn_like(images) / images[0].numel() ** 0.5
    (slope,) = torch.autograd.grad((images * noise).sum(), w, create_graph=True)
    lengths = slope.norm(dim=1)
    mean = step.G.mean_length.lerp(lengths.mean().detach(), 0.01)
    step.G.mean_length.copy_(mean)
    return 2 * (lengths - mean).square().mean()


@hookimpl
def gan_bench_architectures():
    given = {"discriminator": lambda _: nn.Sequential(nn.Flatten(), nn.LazyLinear(1))}
    return [Architecture(name="mapped", source="mine", z_dim=8, generator=Mapped, **given)]


@hookimpl
def gan_bench_losses():
    given = {"d_loss": lambda real, fake: (1 - real).relu().mean() + (1 + fake).relu().mean()}
    given |= {"g_loss": lambda _, fake: -fake.mean(), "g_penalty": path_length}
    return [Loss(name="path-length", source="1912.04958", g_penalty_every=4, **given)]
