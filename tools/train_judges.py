"""Trains the judges that come with the package, and says how good they are.

    python tools/train_judges.py toonfaces --out plugins/gan_bench_plugins/weights
    python tools/train_judges.py mnist --data-root DIR --out plugins/gan_bench_plugins/weights

The digest that is printed last belongs into judges.py. Faces to learn from are drawn with another
seed than the data set's, so the judge has seen neither its training images nor the held-out ones;
digits to learn from are MNIST's training images, and its test images are only counted.
"""

from __future__ import annotations

import gzip
import hashlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import click
import numpy as np
import torch
from safetensors.torch import save
from torch import Tensor, nn
from torch.nn import BatchNorm2d as Norm
from torch.nn.functional import (
    adaptive_avg_pool2d,
    affine_grid,
    binary_cross_entropy_with_logits,
    cross_entropy,
    dropout,
    fold,
    grid_sample,
    interpolate,
    unfold,
)
from torch.nn.utils.fusion import fuse_conv_bn_eval
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from gan_bench_plugins import judges, toonfaces
from gan_bench_plugins.judges import JUDGES, STRIDES, Judge

WIDTHS = (32, 48, 64, 96, 128)
FEATURES = 64
BATCH = 96
PER_KIND = 4  # spoilt images of every kind in a batch


@dataclass(frozen=True)
class Examples:
    """Images (N, C, H, W) uint8 and what is on them, (N, factors) int64 in 0..9."""

    images: Tensor
    digits: Tensor

    def batch(self, count: int) -> tuple[Tensor, Tensor]:
        """`count` images drawn at random, (N, C, H, W) float32 in [0, 1], and their digits."""
        rows = torch.randint(len(self.images), (count,))
        return self.images[rows].float() / 255, self.digits[rows]


# -- what to learn from --------------------------------------------------------------------------


def faces(seed: int, indices: range, size: int) -> Examples:
    """Faces drawn at a size, and seen as the judge would see them."""
    rows = np.arange(indices.start, indices.stop)
    images = torch.from_numpy(toonfaces.render(seed, rows, size))
    shown = (judges.seen(JUDGES[0], images) + 1) * 127.5
    digits = torch.from_numpy(toonfaces.factors(seed, rows))
    return Examples(shown.round().to(torch.uint8), digits)


def joined(*parts: Examples) -> Examples:
    """All examples as one."""
    return Examples(torch.cat([p.images for p in parts]), torch.cat([p.digits for p in parts]))


def toonface_examples(_root: Path | None) -> tuple[Examples, dict[str, Examples]]:
    """To learn from: faces of another seed. To count: the held-out ones. At two sizes each."""
    other, first = toonfaces.SEED + 1, toonfaces.TRAIN
    to_learn = [faces(other, range(30_000), 32), faces(other, range(30_000, 42_000), 64)]
    held_out = range(first, first + toonfaces.HELD_OUT)
    counted = {f"{size} px": faces(toonfaces.SEED, held_out, size) for size in (32, 64)}
    return joined(*to_learn), counted


def mnist_examples(root: Path | None) -> tuple[Examples, dict[str, Examples]]:
    """MNIST's training images to learn from, its test images to count."""
    if root is None:
        raise click.UsageError("mnist needs --data-root, a folder with MNIST/raw/*-ubyte.gz.")
    return digits_of(root, "train"), {"test digits": digits_of(root, "t10k")}


def digits_of(root: Path, split: str) -> Examples:
    """One split of MNIST, from the two files that it is published as."""
    content = [
        gzip.decompress((root / "MNIST" / "raw" / f"{split}-{kind}-ubyte.gz").read_bytes())
        for kind in ("images-idx3", "labels-idx1")
    ]
    images = np.frombuffer(content[0], np.uint8, offset=16).reshape(-1, 1, 28, 28)
    labels = np.frombuffer(content[1], np.uint8, offset=8).reshape(-1, 1)
    return Examples(torch.from_numpy(images.copy()), torch.from_numpy(labels.astype(np.int64)))


def augmented(x: Tensor, lean: float) -> Tensor:
    """Images that are turned, sheared, scaled, moved, dimmed, softened and speckled a little."""
    n, size = len(x), x.shape[-1]
    matrix = torch.eye(2).expand(n, 2, 2) * (1 + lean * uniform(n, 1, 1))
    matrix = matrix + lean * uniform(n, 1, 1) * torch.tensor([[0.0, 1.0], [-1.0, 0.0]])
    matrix = matrix + lean * 0.7 * uniform(n, 2, 2)
    grid = affine_grid(torch.cat([matrix, 0.12 * uniform(n, 2, 1)], 2), list(x.shape), False)
    x = grid_sample(x, grid, padding_mode="border", align_corners=False)
    soft = interpolate(interpolate(x, size * 3 // 4, mode="area"), size, mode="bilinear")
    x = torch.lerp(x, soft, torch.rand(n, 1, 1, 1) * (torch.rand(n, 1, 1, 1) < 0.3))
    x = x * (1 + 0.06 * uniform(n, 1, 1, 1)) + 0.03 * torch.rand(n, 1, 1, 1) * torch.randn_like(x)
    return x.clamp(0, 1)


def uniform(*shape: int) -> Tensor:
    """Uniform in [-1, 1)."""
    return torch.rand(shape) * 2 - 1


# -- what is none: (x, other) -> as many images that should be rejected; other shows other modes ---


def uniform_noise(x: Tensor, _: Tensor) -> Tensor:
    """Every pixel for itself."""
    return torch.rand_like(x)


def gaussian_noise(x: Tensor, _: Tensor) -> Tensor:
    """Around some colour, more or less strong."""
    n, c = x.shape[:2]
    return torch.rand(n, c, 1, 1) + torch.rand(n, 1, 1, 1) * 0.5 * torch.randn_like(x)


def clouds(x: Tensor, _: Tensor) -> Tensor:
    """Noise of few pixels made large: what an untrained generator shows."""
    coarse = torch.rand(len(x), x.shape[1], *torch.randint(2, 17, (2,)).tolist())
    return interpolate(coarse, x.shape[-2:], mode="bilinear")


def corrupted(x: Tensor, _: Tensor) -> Tensor:
    """What noise has left at most 30 % of."""
    return torch.lerp(torch.rand_like(x), x, 0.3 * torch.rand(len(x), 1, 1, 1))


def blend(x: Tensor, other: Tensor) -> Tensor:
    """Two images through each other, neither winning."""
    return torch.lerp(x, other, 0.35 + 0.3 * torch.rand(len(x), 1, 1, 1))


def even_blend(x: Tensor, other: Tensor) -> Tensor:
    """The worst case of that."""
    return (x + other) / 2


def shuffled(x: Tensor, _: Tensor) -> Tensor:
    """The sixteen patches of an image in another order."""
    side = x.shape[-1] // 4
    patches = unfold(x, side, stride=side)
    return fold(patches[:, :, torch.randperm(16)], x.shape[-2:], side, stride=side)


def halves(x: Tensor, other: Tensor) -> Tensor:
    """The left half of one and the right half of another, or top and bottom."""
    first = torch.arange(x.shape[-1]) < x.shape[-1] // 2
    across = torch.rand(len(x), 1, 1, 1) < 0.5
    return torch.where(torch.where(across, first, first[:, None]), x, other)


def flat(x: Tensor, _: Tensor) -> Tensor:
    """One colour."""
    return torch.rand(*x.shape[:2], 1, 1).expand_as(x)


def blurred(x: Tensor, _: Tensor) -> Tensor:
    """What is left of an image in 4 x 4 pixels."""
    return interpolate(adaptive_avg_pool2d(x, 4), x.shape[-2:], mode="bicubic")


Spoiler = Callable[[Tensor, Tensor], Tensor]
LEARNT: tuple[Spoiler, ...] = (
    *(uniform_noise, gaussian_noise, clouds, corrupted),
    *(blend, blend, blend, shuffled, halves, halves, flat, blurred),
)
COUNTED: tuple[Spoiler, ...] = (
    *(uniform_noise, gaussian_noise, clouds, corrupted),
    *(blend, even_blend, shuffled, halves, flat, blurred),
)


def partners(digits: Tensor) -> tuple[Tensor, Tensor]:
    """Rows of a batch, and for each another row that shows another mode."""
    other = torch.randperm(len(digits))
    rows = (digits != digits[other]).any(1).nonzero()[:, 0]
    return rows, other[rows]


def none_of(spoil: Spoiler, x: Tensor, digits: Tensor) -> Tensor:
    """Spoilt images, of pairs with different modes."""
    rows, other = partners(digits)
    return spoil(x[rows], x[other]).clamp(0, 1)


def spoilt(x: Tensor, digits: Tensor) -> Tensor:
    """A batch in equal parts of every kind."""
    parts = zip(torch.split(x, PER_KIND), torch.split(digits, PER_KIND), LEARNT, strict=False)
    return torch.cat([none_of(spoil, part, labels) for part, labels, spoil in parts])


# -- learning ------------------------------------------------------------------------------------


class Network(nn.Module):
    """The judge while it learns: with BatchNorm and all its heads."""

    def __init__(self, judge: Judge) -> None:
        super().__init__()
        widths = (judge.channels, *WIDTHS)
        self.convs = nn.ModuleList(
            nn.Conv2d(widths[k], widths[k + 1], 3, stride, 1, bias=False)
            for k, stride in enumerate(STRIDES)
        )
        self.norms = nn.ModuleList(nn.BatchNorm2d(width) for width in WIDTHS)
        self.embed = nn.Linear(WIDTHS[-1] * 16, FEATURES)
        self.heads = nn.Linear(FEATURES, 1 + 10 * judge.factors)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, S, S) in [0, 1] -> (N, 1 + 10 factors) logits."""
        x = x * 2 - 1
        for conv, norm in zip(self.convs, self.norms, strict=True):
            x = norm(conv(x)).relu()
        x = dropout(x.flatten(1), 0.2, self.training)
        out: Tensor = self.heads(self.embed(x))
        return out

    def folded(self) -> dict[str, Tensor]:
        """What is shipped: float16, every BatchNorm folded into its convolution."""
        named: dict[str, nn.Module] = {"embed": self.embed, "heads": self.heads}
        for k, (conv, norm) in enumerate(zip(self.convs, self.norms, strict=True)):
            named[f"conv{k}"] = fuse_conv_bn_eval(cast("nn.Conv2d", conv), cast("Norm", norm))
        tensors = {f"{n}.{p}": t for n, m in named.items() for p, t in m.state_dict().items()}
        return {name: t.half().contiguous() for name, t in sorted(tensors.items())}


def learnt(judge: Judge, examples: Examples, steps: int, lean: float) -> Network:
    """A judge trained with AdamW on a one-cycle schedule; the average of its late weights."""
    net = Network(judge).train().to(memory_format=torch.channels_last)
    averaging = get_ema_multi_avg_fn(0.99)  # type: ignore[no-untyped-call]
    mean = AveragedModel(net, multi_avg_fn=averaging, use_buffers=True)
    adam = torch.optim.AdamW(net.parameters(), weight_decay=0.02)
    cycle = torch.optim.lr_scheduler.OneCycleLR(adam, 4e-3, total_steps=steps, pct_start=0.15)
    started = time.monotonic()
    for step in range(steps):
        loss = loss_of(net, *examples.batch(BATCH), *examples.batch(len(LEARNT) * PER_KIND), lean)
        adam.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        adam.step()
        cycle.step()
        mean.update_parameters(net)
        if step % 100 == 0:
            click.echo(f"step {step} loss {loss:.3f} {time.monotonic() - started:.0f} s", err=True)
    return cast("Network", mean.module.eval())


def loss_of(
    net: Network, x: Tensor, digits: Tensor, y: Tensor, y_digits: Tensor, lean: float
) -> Tensor:
    """Real or not for all, and the factors of what is real."""
    none = spoilt(augmented(y, lean), y_digits)
    images = torch.cat([augmented(x, lean), none])
    with torch.autocast("cpu", torch.bfloat16):  # twice as fast, and the heads are averaged anyway
        logits = net(images.contiguous(memory_format=torch.channels_last)).float()
    real = (torch.arange(len(logits)) < len(x)).float()
    factors = logits[: len(x), 1:].reshape(len(x), -1, 10)
    named = cross_entropy(factors.flatten(0, 1), digits.flatten(), label_smoothing=0.02)
    return named + binary_cross_entropy_with_logits(logits[:, 0], real)


# -- counting ------------------------------------------------------------------------------------


def modes(judge: Judge, tensors: dict[str, Tensor], images: Tensor) -> np.ndarray:
    """(N,) modes of (N, C, S, S) in [0, 1], by the very code that the package runs."""
    weights = {name: t.float() for name, t in tensors.items()}
    with torch.inference_mode():
        parts = [judges.embedded(weights, part * 2 - 1) for part in torch.split(images, 500)]
    logits = torch.cat(parts) @ weights["heads.weight"].T + weights["heads.bias"]
    return judges.mode_of(logits.numpy(), judge.factors)


def findings(
    judge: Judge, tensors: dict[str, Tensor], counted: dict[str, Examples]
) -> Iterator[str]:
    """Lines that say how often the judge is right; a rejected real image is an error everywhere."""
    for name, examples in counted.items():
        found = modes(judge, tensors, examples.images.float() / 255)
        places = 10 ** np.arange(judge.factors)[::-1]
        right = (found[:, None] // places % 10 == examples.digits.numpy()) & (found >= 0)[:, None]
        rates = " ".join(f"{rate:.2%}" for rate in right.mean(0))
        every, none = right.all(1).mean(), (found < 0).mean()
        yield f"{name}: factors {rates}, all {every:.2%}, rejected {none:.2%}"
    x, digits = next(iter(counted.values())).batch(2000)
    for spoil in COUNTED:
        found = modes(judge, tensors, none_of(spoil, x, digits))
        yield f"{spoil.__name__}: rejected {(found < 0).mean():.2%}"


@dataclass(frozen=True)
class Recipe:
    """How a judge came about."""

    judge: Judge
    examples: Callable[[Path | None], tuple[Examples, dict[str, Examples]]]
    steps: int
    lean: float  # how far augmentation goes: digits vary more than faces


RECIPES = {
    "toonfaces": Recipe(JUDGES[0], toonface_examples, steps=3200, lean=0.04),
    "mnist": Recipe(JUDGES[1], mnist_examples, steps=5000, lean=0.13),
}


@click.command()
@click.argument("name", type=click.Choice(list(RECIPES)))
@click.option("--data-root", type=click.Path(path_type=Path), help="Folder that holds MNIST/raw.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Where weights go.")
def main(name: str, data_root: Path | None, out: Path) -> None:
    """Train a judge, write its weights and print what it can do."""
    torch.manual_seed(0)
    recipe = RECIPES[name]
    to_learn, counted = recipe.examples(data_root)
    tensors = learnt(recipe.judge, to_learn, recipe.steps, recipe.lean).folded()
    content = save(tensors)
    (out / recipe.judge.path.name).write_bytes(content)
    for line in findings(recipe.judge, tensors, counted):
        click.echo(line)
    click.echo(f"{len(content):,} bytes, sha256 {hashlib.sha256(content).hexdigest()}")


if __name__ == "__main__":
    main()
