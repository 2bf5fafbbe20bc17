"""Print tables of docs/metrics.md and docs/audit.md: `python tools/metric_tables.py sides`, `bad`.

Needs the package (`pip install -e .`). `sides` takes half an hour of one core; so does `bad`, for
10,000 images. tools/audit.py makes all the other tables of scores.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable
from itertools import pairwise
from pathlib import Path

import click
import numpy as np
import torch

from gan_bench import Dataset
from gan_bench import catalogue as catalogues
from gan_bench.measure import selftest
from gan_bench.measure.corruptions import Change, one_colour, only_noise, repeat
from gan_bench.measure.evaluator import Evaluator
from gan_bench.results.records import Score
from gan_bench.run.plan import make_plan
from gan_bench.run.request import Request
from gan_bench_plugins import efficientnet_lite0
from gan_bench_plugins.diversity import diversity
from gan_bench_plugins.frechet import frechet_distance

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "plugins"))
import corrupted_faces

from markdown_rows import print_head, print_row
from remembered import remember

Net = Callable[[torch.Tensor], torch.Tensor]
BAD: dict[str, Change] = {
    "other real images": lambda images: images,
    "one image repeated": lambda images: repeat(images, 1),
    "one colour": lambda images: one_colour(images.shape),
    "only noise": lambda images: only_noise(images.shape),
}
BLOCKS = 6  # disjoint sets of real images; the std of their scores is the unit of the margins


@click.group()
def tables() -> None:
    """Tables of docs/metrics.md and docs/audit.md."""
    torch.set_num_threads(1)  # CPU time must not include waiting threads


@tables.command()
@click.option("--preset", default="standard")
@click.option("--samples", type=int, help="Instead of those of the preset.")
def bad(preset: str, samples: int | None) -> None:
    """Score other real images, one image, one colour and noise as a preset scores them."""
    known = catalogues.load()
    dataset = known.find(Dataset, "toonfaces")
    request = Request(data=dataset.name, preset=preset, samples=samples, device="cpu")
    planned = make_plan(request, known)
    evaluator = Evaluator(known, planned.plan.protocol, dataset, planned.prepared, "cpu")
    remember(evaluator)
    evaluation, size = planned.plan.protocol.evaluation, planned.prepared.data.shape[1]
    real = corrupted_faces.fresh(evaluation.samples, size, 0, evaluation.samples)
    scores = {
        name: evaluator.measure(change(real), with_errors=False).scores
        for name, change in BAD.items()
    }
    print_head(f"{preset}: {size} px, n = {evaluation.samples:,}", *BAD)
    for spec in evaluation.metrics:
        print_row(f"`{spec.name}`", *(_score(each.get(spec.name)) for each in scores.values()))


def _score(score: Score | None) -> str:
    return "refused" if score is None else selftest.short(score.value)


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
    mildest = ["500 modes", "100 modes", "blur 0.25", "noise 4"]
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
    material = corrupted_faces.material(n, size)
    corrupted = {
        each.name: (each.fault, frechet_distance(real, features(each.make(material))))
        for each in corrupted_faces.AUDITED
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
