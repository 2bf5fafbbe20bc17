"""G matches the mean of D's features (1606.03498, section 3.1)."""

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
    pixels = shape[0] * shape[1] * shape[2]
    return nn.Sequential(nn.Linear(8, pixels), nn.Tanh(), nn.Unflatten(1, shape))


def matching(step):
    real, fake = step.on_real.features, step.on_fake.features
    return (real.mean(0) - fake.mean(0)).square().sum()


@hookimpl
def gan_bench_architectures():
    given = {"generator": generator, "discriminator": Reader}
    return [Architecture(name="with-features", source="Salimans 2016", z_dim=8, **given)]


@hookimpl
def gan_bench_losses():
    given = {"d_loss": lambda real, fake: softplus(-real).mean() + softplus(fake).mean()}
    given |= {"g_loss": lambda _, fake: 0 * fake.mean(), "g_penalty": matching}
    return [Loss(name="matching", source="Salimans 2016", reads_real=True, **given)]
