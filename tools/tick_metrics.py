"""Print how metrics follow a training: `python tools/tick_metrics.py --out FOLDER`.

Trains a dcgan on toonfaces of 32 px, keeps images of some ticks in FOLDER, and prints the tables of
docs/metrics.md on the metric of the ticks and on the metrics of the presets. Needs the package
(`pip install -e .`). Takes five minutes of one core. FOLDER must be new for another training: its
images are not made again.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

import click
import numpy as np
import torch

from gan_bench import Architecture, Dataset, Loss, Optimizer, Schedule
from gan_bench import catalogue as catalogues
from gan_bench.base.text import number
from gan_bench.catalogue import Catalogue
from gan_bench.contract.protocol import MetricSpec
from gan_bench.measure.evaluator import Evaluator
from gan_bench.run.plan import make_plan
from gan_bench.run.request import Request
from gan_bench.train.loop import Tick, train
from gan_bench.train.samples import generate, latents
from gan_bench.train.state import begin

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "plugins"))
import corrupted_faces

from markdown_rows import print_head, print_row
from remembered import remember

NET, JUDGE = "efficientnet-lite0", "toonfaces-judge"
SIZE, SAMPLES, TICK_SAMPLES = 32, 2_048, 256  # as in the preset `quick`
SEED, BATCH = 0, 256
EVERY, KEPT = 2, (2, 6, 12, 24, 40)  # kimg between ticks; those whose images are kept
TICK_METRICS = (f"fd-{NET}", f"fd-infinity-{NET}", f"kd-{NET}")
FAMILIES = (
    "precision",
    "recall",
    "density",
    "coverage",
    "clipped-density",
    "clipped-coverage",
    "diversity",
)
PIXELS = ("fwd", "fwd-fine", "ndb", "spread", "copies", "modes", "mode-kl")
METRICS = (*TICK_METRICS, *FAMILIES, *(f"{name}-{JUDGE}" for name in FAMILIES), *PIXELS)
Features = dict[str, np.ndarray]  # net -> (M, F)


@click.command()
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), required=True)
@click.option("--kimg", default=float(max(KEPT)), help="Train for so long; ticks are every 2 kimg.")
@click.option("--batch", default=16)
@click.option("--lr", default=4e-4, help="Of G and of D.")
def tick_metrics(out: Path, kimg: float, batch: int, lr: float) -> None:
    """Train a dcgan with ticks, and score the images of some of them by many metrics."""
    torch.set_num_threads(1)
    known = catalogues.load()
    dataset = known.find(Dataset, "toonfaces")
    request = Request(
        data=dataset.name,
        architectures=("dcgan",),
        preset="quick",
        size=SIZE,
        kimg=kimg,
        batch=batch,
        lr=lr,
        ticks=round(kimg / EVERY),
        features=(NET,),
        metrics=METRICS,
        samples=SAMPLES,
        device="cpu",
    )
    planned = make_plan(request, known)
    protocol, prepared = planned.plan.protocol, planned.prepared
    images = _checkpoints(known, protocol.schedule, np.asarray(prepared.train), out)
    evaluator = Evaluator(known, protocol, dataset, prepared, "cpu")
    remember(evaluator)
    specs = protocol.evaluation.metrics
    sets = {"other real images": corrupted_faces.fresh(SAMPLES, SIZE, 0, SAMPLES), **images}
    features = {name: evaluator.features(fakes, specs) for name, fakes in sets.items()}
    _print_ticks(evaluator, [spec for spec in specs if spec.name in TICK_METRICS], features)
    _print_metrics(evaluator, features)


def _checkpoints(
    known: Catalogue, schedule: Schedule, real: np.ndarray, out: Path
) -> dict[str, np.ndarray]:
    """Images (SAMPLES, C, H, W) uint8 of the averaged G, by the time of their tick."""
    paths = {kimg: out / f"{kimg}-kimg.npy" for kimg in KEPT if kimg <= schedule.kimg}
    if not all(path.exists() for path in paths.values()):
        out.mkdir(parents=True, exist_ok=True)
        shape = (real.shape[1], real.shape[2], real.shape[3])
        cell = begin(
            known.find(Architecture, "dcgan"), shape, schedule, SEED, "cpu",
            optimizer=known.find(Optimizer, schedule.optimizer),
        )  # fmt: skip
        given = latents(cell, SEED, SAMPLES, None)
        for event in train(cell, known.find(Loss, "non-saturating"), real, schedule, SEED):
            if isinstance(event, Tick) and round(event.kimg) in paths:
                np.save(paths[round(event.kimg)], generate(cell, given, BATCH))
    return {f"{kimg} kimg": np.load(path) for kimg, path in paths.items()}


def _print_ticks(
    evaluator: Evaluator, specs: list[MetricSpec], features: Mapping[str, Features]
) -> None:
    """Distances of all images, and of disjoint sets of as many as a tick has."""
    few = (f"`{spec.name}`, {TICK_SAMPLES}" for spec in specs)
    print_head("images", f"`{specs[0].name}`, {SAMPLES:,}", *few)
    for name, by_net in features.items():
        rows = by_net[NET]
        parts = np.split(rows, SAMPLES // TICK_SAMPLES)
        scores = [evaluator.values(specs, {NET: part}) for part in parts]
        columns = [[each[spec.name] for each in scores] for spec in specs]
        cells = [_mean_and_sd(column) for column in columns]
        whole = evaluator.values(specs[:1], {NET: rows})[specs[0].name]
        print_row(name, f"{whole:,.0f}", *cells)


def _mean_and_sd(values: list[float]) -> str:
    return f"{np.mean(values):,.0f} ± {np.std(values, ddof=1):,.0f}"


def _print_metrics(evaluator: Evaluator, features: Mapping[str, Features]) -> None:
    """Every metric of all images."""
    specs = evaluator.protocol.evaluation.metrics
    values = [evaluator.values(specs, by_net) for by_net in features.values()]
    print_head(f"metric, n = {SAMPLES:,}", *features)
    for spec in specs:
        print_row(f"`{spec.name}`", *(_score(each.get(spec.name)) for each in values))


def _score(value: float | None) -> str:
    return "refused" if value is None else number(value, 3)


if __name__ == "__main__":
    tick_metrics()
