"""Print the tables of docs/metrics.md: `python tools/metric_tables.py scores` and `... sides`.

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
import corrupted_faces

from markdown_rows import print_row

Net = Callable[[torch.Tensor], torch.Tensor]
OWN = ("pixels", "spectrum", "haar-packets")  # read by some metrics only; no preset takes them
NETS = (None, "efficientnet-lite0", *OWN)  # None: the evaluation's own features
BLOCKS = 6  # disjoint sets of real images; the std of their scores is the unit of the margins


@click.group()
def tables() -> None:
    """The tables of docs/metrics.md."""
    torch.set_num_threads(1)  # CPU time must not include waiting threads


@tables.command()
@click.option("--samples", default=2_048)
@click.option("--size", "sizes", multiple=True, type=int, default=(32, 64))
@click.option("--columns", default=7, help="Metrics in a table, at most.")
def scores(samples: int, sizes: tuple[int, ...], columns: int) -> None:
    """Score corrupted images of known quality by every metric."""
    for size in sizes:
        evaluator = _evaluator(samples, size)
        metrics = [spec.name for spec in evaluator.protocol.evaluation.metrics]
        rows = {name: _row(evaluator, images, metrics) for name, images in _sets(samples, size)}
        for k in range(0, len(metrics), columns):
            print()
            print_row(f"{size} px", *metrics[k : k + columns])
            print_row("---", *["---:"] * len(metrics[k : k + columns]))
            for name, row in rows.items():
                print_row(name.replace("1 modes", "1 mode"), *row[k : k + columns])


def _evaluator(samples: int, size: int) -> Evaluator:
    """The evaluator of a `run` on these faces with every metric that suits them."""
    known = catalogues.load()
    dataset = known.find(Dataset, "toonfaces")
    names = tuple(
        metric.name
        for metric in sorted(known.all(Metric), key=lambda m: ("blur" not in m.sees, m.name))
        if metric.features in NETS
        and not metric.unsuited(dataset)
        and not metric.name.endswith(tuple(f"-{net}" for net in OWN))
    )
    request = Request(data=dataset.name, size=size, samples=samples, metrics=names, device="cpu")
    planned = make_plan(request, known)
    return Evaluator(known, planned.plan.protocol, dataset, planned.prepared, "cpu")


def _sets(n: int, size: int) -> Iterator[tuple[str, np.ndarray]]:
    yield "other real images", corrupted_faces.other_real(n, size)
    yield from ((each.name, each.images) for each in corrupted_faces.corruptions(n, size))
    for levels in selftest.SHIFTS:
        yield f"brighter by {levels}", shift(corrupted_faces.other_real(n, size), levels)


def _row(evaluator: Evaluator, images: np.ndarray, metrics: list[str]) -> list[str]:
    scores = evaluator.measure(images, with_errors=False).scores
    return [selftest.short(scores[name].value) if name in scores else "refused" for name in metrics]


def _features(net: Net, images: np.ndarray) -> np.ndarray:
    """(N, C, H, W) -> (N, F), in parts, as the evaluator does it."""
    parts = np.array_split(images, max(1, len(images) // 256))
    return np.concatenate([net(torch.from_numpy(part)).numpy() for part in parts])


@tables.command()
@click.option("--samples", default=1_024)
@click.option("--size", "sizes", multiple=True, type=int, default=(32, 64))
@click.option("--side", "sides", multiple=True, type=int, default=(32, 64, 96, 128, 224))
def sides(samples: int, sizes: tuple[int, ...], sides: tuple[int, ...]) -> None:
    """How well EfficientNet-Lite0 sees the mildest corruptions, by the side of its input."""
    mildest = [
        "500 modes",
        "200 modes",
        f"blur {corrupted_faces.BLURS[0]}",
        f"noise {corrupted_faces.NOISES[0]}",
    ]
    print_row("images", "side", "CPU ms / image", "FD, real", *mildest, "out of order", "diversity")
    print_row("---", *["---:"] * 9)
    for size in sizes:
        for side in sides:
            print_row(f"{size} px", str(side), *_side(samples, size, side, mildest))


def _side(n: int, size: int, side: int, mildest: list[str]) -> list[str]:
    net = efficientnet_lite0.load("cpu", None, side)
    cost, count = 0.0, 0

    def features(images: np.ndarray) -> np.ndarray:
        nonlocal cost, count
        started = time.process_time()
        rows = _features(net, images)
        cost, count = cost + time.process_time() - started, count + len(images)
        return rows

    real = features(corrupted_faces.real(n, size))
    perfect = [features(corrupted_faces.other_real(n, size, block)) for block in range(BLOCKS)]
    distances = [frechet_distance(real, fake) for fake in perfect]
    mean, spread = float(np.mean(distances)), float(np.std(distances, ddof=1))
    corrupted = {
        each.name: (each.fault, frechet_distance(real, features(each.images)))
        for each in corrupted_faces.corruptions(n, size)
        if each.fault in ("lost modes", "blur", "noise") and each.name != "only noise"
    }
    varied = [diversity(real, fake) for fake in perfect]
    margins = [f"{(corrupted[name][1] - mean) / spread:.1f}" for name in mildest]
    return [
        f"{1e3 * cost / count:.1f}",
        f"{mean:.2f} ± {spread:.2f}",
        *margins,
        str(_out_of_order(corrupted.values())),
        f"{min(varied):.3f} to {max(varied):.3f}",
    ]


def _out_of_order(corrupted: Iterable[tuple[str, float]]) -> int:
    """How many corruptions (fault, distance) are no farther away than the milder one before."""
    return sum(a[0] == b[0] and a[1] >= b[1] for a, b in pairwise(corrupted))


if __name__ == "__main__":
    tables()
