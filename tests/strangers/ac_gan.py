"""AC-GAN (1610.09585): D names the class too, and both networks want it right."""

from math import prod

from torch import nn
from torch.nn.functional import cross_entropy

from gan_bench import Architecture, Loss, Output, hookimpl


class G(nn.Module):
    def __init__(self, shape, classes):
        super().__init__()
        self.mix, self.shape = nn.Embedding(classes, 8), shape
        self.paint = nn.Linear(8, prod(shape))

    def forward(self, z, y):
        return self.paint(z * self.mix(y)).tanh().unflatten(1, self.shape)


class D(nn.Linear):
    def __init__(self, shape, classes):
        super().__init__(prod(shape), 1 + classes)

    def forward(self, x, _):
        return Output((out := super().forward(x.flatten(1)))[:, 0], classes=out[:, 1:])


@hookimpl
def gan_bench_architectures():
    both = {"generator": G, "discriminator": D, "conditional": True}
    return [Architecture(name="classifying", source="mine", z_dim=8, **both)]


@hookimpl
def gan_bench_losses():
    wrong = lambda out, step: cross_entropy(out.classes, step.labels)  # noqa: E731
    given = {"d_loss": lambda a, b: (1 + b - a).relu().mean(), "g_loss": lambda _, b: -b.mean()}
    given |= {"penalty": lambda s: wrong(s.on_real, s), "g_penalty": lambda s: wrong(s.on_fake, s)}
    return [Loss(name="classifying", source="mine", reads=("classes",), **given)]
