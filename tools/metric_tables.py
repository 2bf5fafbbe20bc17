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

from gan_bench import Dataset, Metric
from gan_bench import catalogue as catalogues
from gan_bench.measure import selftest
from gan_bench.measure.corruptions import shift
from gan_bench.measure.evaluator import Evaluator
from gan_bench.run.plan import make_plan
from gan_bench.run.request import Request
from gan_bench_plugins import efficientnet_lite0
from gan_bench_plugins.diversity import diversity
from gan_bench_plugins.frechet import frechet_distance

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "plugins"))
import oracles

Net = Callable[[torch.Tensor], torch.Tensor]
READ = (None, "efficientnet-lite0", "pixels")  # features; None: the evaluation's own
BLOCKS = 6  # disjoint sets of real images: their spread is the unit of the margins


@click.group()
def tables() -> None:
    """The tables of docs/metrics.md."""
    torch.set_num_threads(1)  # CPU seconds are counted, and must not include waiting threads


# -- every oracle by every metric ---------------------------------------------------------------


@tables.command()
@click.option("--samples", default=2_048)
@click.option("--size", "sizes", multiple=True, type=int, default=(32, 64))
@click.option("--columns", default=7, help="Metrics in a table, at most.")
def scores(samples: int, sizes: tuple[int, ...], columns: int) -> None:
    """What the ruler of a cell says of sets whose quality is known."""
    for size in sizes:
        ruler = _ruler(samples, size)
        metrics = [judged.name for judged in ruler.protocol.evaluation.metrics]
        rows = {name: _row(ruler, images, metrics) for name, images in _sets(samples, size)}
        for k in range(0, len(metrics), columns):
            print()
            _print_row(f"{size} px", *metrics[k : k + columns])
            _print_row("---", *["---:"] * len(metrics[k : k + columns]))
            for name, row in rows.items():
                _print_row(name.replace("1 modes", "1 mode"), *row[k : k + columns])


def _ruler(samples: int, size: int) -> Evaluator:
    """The ruler of a `run` on these faces that asks for every metric there is for them."""
    known = catalogues.load()
    dataset = known.find(Dataset, "toonfaces")
    names = tuple(
        metric.name
        for metric in sorted(known.all(Metric), key=lambda m: ("blur" not in m.sees, m.name))
        if metric.features in READ
        and not metric.unsuited(dataset)
        and not metric.name.endswith("-pixels")  # the families of a net that no preset takes
    )
    request = Request(data=dataset.name, size=size, samples=samples, metrics=names, device="cpu")
    planned = make_plan(request, known)
    return Evaluator(known, planned.plan.protocol, dataset, planned.prepared, "cpu")


def _sets(n: int, size: int) -> Iterator[tuple[str, np.ndarray]]:
    yield from oracles.fakes(n, size)
    for levels in selftest.SHIFTS:
        yield f"brighter by {levels}", shift(oracles.other_real(n, size), levels)


def _row(ruler: Evaluator, images: np.ndarray, metrics: list[str]) -> list[str]:
    found = ruler.measure(images, with_errors=False).scores
    return [selftest.short(found[name].value) if name in found else "refused" for name in metrics]


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
        if ladder in ("lost modes", "blur", "noise") and rung != "only noise"
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
