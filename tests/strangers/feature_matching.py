"""G matches the mean of D's features (1606.03498, section 3.1)."""

from math import prod

from torch import nn
from torch.nn.functional import softplus

from gan_bench import Architecture, Loss, Output, hookimpl


class Reader(nn.Module):
    def __init__(self, shape):
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(shape[0], 8, 4, 2, 1), nn.LeakyReLU(0.2), nn.Flatten())
        self.head = nn.LazyLinear(1)

    def forward(self, x):
        features = self.body(x)
        return Output(self.head(features).squeeze(1), features=features)


def generator(shape):
    return nn.Sequential(nn.Linear(8, prod(shape)), nn.Tanh(), nn.Unflatten(1, shape))


def matching(step):
    return (step.on_real.features.mean(0) - step.on_fake.features.mean(0)).square().sum()


@hookimpl
def gan_bench_architectures():
    given = {"generator": generator, "discriminator": Reader, "z_dim": 8}
    return [Architecture(name="with-features", source="Salimans 2016", **given)]


@hookimpl
def gan_bench_losses():
    given = {"d_loss": lambda real, fake: (softplus(-real) + softplus(fake)).mean()}
    given |= {"g_loss": lambda _, fake: 0 * fake.mean(), "g_penalty": matching, "reads_real": True}
    return [Loss(name="matching", source="Salimans 2016", reads=("features",), **given)]
