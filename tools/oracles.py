"""Print the tables of docs/metrics.md: `python tools/oracles.py scores` and `... sides`.

Needs the package (`pip install -e .`); `scores` takes minutes, `sides` half an hour of one core.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise
from pathlib import Path

import click
import numpy as np
import torch

from gan_bench import Samples
from gan_bench_plugins import efficientnet_lite0, judges
from gan_bench_plugins.diversity import diversity
from gan_bench_plugins.frechet import frechet_distance
from gan_bench_plugins.modes import mode_kl, modes_hit

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "plugins"))
import oracles

Net = Callable[[torch.Tensor], torch.Tensor]
BLOCKS = 6  # disjoint sets of real images: their spread is the unit of the margins


@click.group()
def tables() -> None:
    """The tables of docs/metrics.md."""
    torch.set_num_threads(1)  # CPU seconds are counted, and must not include waiting threads


# -- every oracle by every metric ---------------------------------------------------------------


@tables.command()
@click.option("--samples", default=2_048)
@click.option("--size", "sizes", multiple=True, type=int, default=(32, 64))
def scores(samples: int, sizes: tuple[int, ...]) -> None:
    """What the metrics say of sets whose quality is known."""
    for size in sizes:
        _print_row(f"{size} px", "fd-efficientnet-lite0", "diversity", "modes", "mode-kl")
        _print_row("---", *["---:"] * 4)
        for name, row in _scores(samples, size):
            _print_row(name, *row)


def _scores(n: int, size: int) -> Iterator[tuple[str, list[str]]]:
    net, judge = efficientnet_lite0.load("cpu"), _judge()
    real = oracles.real(n, size)
    real_features, real_modes = _features(net, real), judge(real)
    for name, images in oracles.fakes(n, size):
        fake, named = _features(net, images), judge(images)
        seen = Samples(
            real=real_features,
            fake=fake,
            real_modes=real_modes,
            fake_modes=named,
            modes=oracles.MODES,
        )
        distance, varied = frechet_distance(real_features, fake), diversity(real_features, fake)
        hit, divergence = modes_hit(seen), mode_kl(seen)
        yield name, [f"{distance:,.1f}", f"{varied:.3f}", f"{hit:,.0f}", f"{divergence:.2f}"]


def _judge() -> Callable[[np.ndarray], np.ndarray]:
    offer = next(f for f in judges.gan_bench_features() if f.name == "toonfaces-judge")
    net, modes = offer.load("cpu", None), offer.modes
    assert modes is not None
    return lambda images: modes(_features(net, images))


def _features(net: Net, images: np.ndarray) -> np.ndarray:
    """In parts, as an evaluation does it."""
    parts = np.array_split(images, max(1, len(images) // 256))
    return np.concatenate([net(torch.from_numpy(part)).numpy() for part in parts])


# -- the side that images are resized to --------------------------------------------------------


@tables.command()
@click.option("--samples", default=1_024)
@click.option("--size", "sizes", multiple=True, type=int, default=(32, 64))
@click.option("--side", "sides", multiple=True, type=int, default=(32, 64, 96, 128, 224))
def sides(samples: int, sizes: tuple[int, ...], sides: tuple[int, ...]) -> None:
    """How well each side of EfficientNet-Lite0's input tells known defects from none."""
    mildest = ["500 modes", "200 modes", f"blur {oracles.BLURS[0]}", f"noise {oracles.NOISES[0]}"]
    _print_row(
        "images", "side", "CPU ms / image", "FD, real", *mildest, "out of order", "diversity"
    )
    _print_row("---", *["---:"] * 9)
    for size in sizes:
        for side in sides:
            _print_row(f"{size} px", str(side), *_side(samples, size, side, mildest))


def _side(n: int, size: int, side: int, mildest: list[str]) -> list[str]:
    net = efficientnet_lite0.load("cpu", None, side)
    cost, count = 0.0, 0

    def features(images: np.ndarray) -> np.ndarray:
        nonlocal cost, count
        started = time.process_time()
        found = _features(net, images)
        cost, count = cost + time.process_time() - started, count + len(images)
        return found

    real = features(oracles.real(n, size))
    perfect = [features(oracles.other_real(n, size, block)) for block in range(BLOCKS)]
    distances = [frechet_distance(real, fake) for fake in perfect]
    mean, spread = float(np.mean(distances)), float(np.std(distances, ddof=1))
    ladders = [
        (ladder, rung, features(images))
        for ladder, rung, images in oracles.ladders(n, size)
        if ladder != "repeats"
    ]
    found = {rung: (ladder, frechet_distance(real, fake)) for ladder, rung, fake in ladders}
    varied = [diversity(real, fake) for fake in perfect]
    margins = [f"{(found[rung][1] - mean) / spread:.1f}" for rung in mildest]
    return [
        f"{1e3 * cost / count:.1f}",
        f"{mean:.2f} ± {spread:.2f}",
        *margins,
        str(_out_of_order(found.values())),
        f"{min(varied):.3f} to {max(varied):.3f}",
    ]


def _out_of_order(rungs: Iterable[tuple[str, float]]) -> int:
    """How many rungs of a ladder are no farther away than the milder one before."""
    return sum(a[0] == b[0] and a[1] >= b[1] for a, b in pairwise(rungs))


def _print_row(*cells: str) -> None:
    print("|", " | ".join(cells), "|", flush=True)


if __name__ == "__main__":
    tables()
