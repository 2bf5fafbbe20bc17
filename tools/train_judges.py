"""Train the judges that come with the package, and print how good they are.

    python tools/train_judges.py toonfaces --out plugins/gan_bench_plugins/weights
    python tools/train_judges.py mnist --data-root DIR --out plugins/gan_bench_plugins/weights

Copy the digest that is printed last into judges.py. Faces to learn from are drawn with another
seed than the data set's, so the judge has seen neither its training images nor the held-out ones.
Digits to learn from are MNIST's training images; its test images are only used to test.
"""

from __future__ import annotations

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
from torch.nn.utils.fusion import fuse_conv_bn_eval

from gan_bench.measure.judging.examples import TESTED, Examples, none_of
from gan_bench.measure.judging.network import Network, learnt
from gan_bench_plugins import judges
from gan_bench_plugins.judges import JUDGES, Judge
from judge_examples import mnist_examples, toonface_examples


def folded(net: Network) -> dict[str, Tensor]:
    """The weights as the package keeps them: float16, BatchNorms folded into convolutions."""
    named: dict[str, nn.Module] = {"embed": net.embed, "heads": net.heads}
    for k, (conv, norm) in enumerate(zip(net.convs, net.norms, strict=True)):
        named[f"conv{k}"] = fuse_conv_bn_eval(cast("nn.Conv2d", conv), cast("Norm", norm))
    tensors = {f"{n}.{p}": t for n, m in named.items() for p, t in m.state_dict().items()}
    return {name: t.half().contiguous() for name, t in sorted(tensors.items())}


def modes(judge: Judge, tensors: dict[str, Tensor], images: Tensor) -> np.ndarray:
    """(N, C, S, S) in [0, 1] -> (N,) modes, by the code of the package."""
    weights = {name: t.float() for name, t in tensors.items()}
    with torch.inference_mode():
        parts = [judges.embedded(weights, part * 2 - 1) for part in torch.split(images, 500)]
    logits = torch.cat(parts) @ weights["heads.weight"].T + weights["heads.bias"]
    return judges.mode_of(logits.numpy(), judge.factors)


def findings(
    judge: Judge, tensors: dict[str, Tensor], tested: dict[str, Examples]
) -> Iterator[str]:
    """How often the judge is right; a rejected real image counts as wrong in every factor."""
    for name, examples in tested.items():
        named = modes(judge, tensors, examples.images.float() / 255)
        places = 10 ** np.arange(judge.factors)[::-1]
        right = (named[:, None] // places % 10 == examples.values.numpy()) & (named >= 0)[:, None]
        rates = " ".join(f"{rate:.2%}" for rate in right.mean(0))
        every, none = right.all(1).mean(), (named < 0).mean()
        yield f"{name}: factors {rates}, all {every:.2%}, rejected {none:.2%}"
    x, digits = next(iter(tested.values())).batch(2000)
    for spoil in TESTED:
        named = modes(judge, tensors, none_of(spoil, x, digits))
        yield f"{spoil.__name__}: rejected {(named < 0).mean():.2%}"


@dataclass(frozen=True)
class Recipe:
    """How a judge is trained."""

    judge: Judge
    examples: Callable[[Path | None], tuple[Examples, dict[str, Examples]]]
    steps: int
    strength: float  # of augmentation: digits vary more than faces


RECIPES = {
    "toonfaces": Recipe(JUDGES[0], toonface_examples, steps=3200, strength=0.04),
    "mnist": Recipe(JUDGES[1], mnist_examples, steps=5000, strength=0.13),
}


@click.command()
@click.argument("name", type=click.Choice(list(RECIPES)))
@click.option("--data-root", type=click.Path(path_type=Path), help="Folder that holds MNIST/raw.")
@click.option(
    "--out", type=click.Path(path_type=Path), required=True, help="Folder to write the weights to."
)
def main(name: str, data_root: Path | None, out: Path) -> None:
    """Train a judge, write its weights and print what it can do."""
    torch.manual_seed(0)
    recipe = RECIPES[name]
    to_learn, tested = recipe.examples(data_root)
    judge, started = recipe.judge, time.monotonic()

    def progress(step: int, loss: float) -> None:
        click.echo(f"step {step} loss {loss:.3f} {time.monotonic() - started:.0f} s", err=True)

    net = Network(judge.channels, judge.size, 10, judge.factors)
    tensors = folded(learnt(net, to_learn, recipe.steps, recipe.strength, progress))
    content = save(tensors)
    (out / recipe.judge.path.name).write_bytes(content)
    for line in findings(recipe.judge, tensors, tested):
        click.echo(line)
    click.echo(f"{len(content):,} bytes, sha256 {hashlib.sha256(content).hexdigest()}")


if __name__ == "__main__":
    main()
