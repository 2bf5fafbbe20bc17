"""When is a training degraded? Trainings that are damaged at half time, and others that are not."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, product
from pathlib import Path

import click
import numpy as np
import torch
from torch import nn

from forced_collapses import FD, TICK_SAMPLES, Scale, architectures
from gan_bench import catalogue as catalogues
from gan_bench.contract.offers import Dataset, Loss, Optimizer
from gan_bench.contract.protocol import MetricSpec, Schedule
from gan_bench.data.cache import prepare
from gan_bench.data.source import Source
from gan_bench.train.loop import Tick, train
from gan_bench.train.samples import generate, latents
from gan_bench.train.state import Training, begin
from gan_bench.train.verdicts import Look, counting, verdict_at
from gan_bench_plugins.kernel import kernel_distance
from markdown_rows import print_head, print_row
from published_curves import in_a_row

SIZE, TICKS = 16, 10
USUAL = in_a_row(1.5, 2)
KD = MetricSpec(name="kd-efficientnet-lite0", higher_is_better=False, features=FD.features)
SCHEDULE = Schedule(
    kimg=16, batch=16, lr_g=4e-4, lr_d=4e-4, ema_kimg=2, ema_rampup=0.05, ticks=TICKS
)


@dataclass(frozen=True)
class Damage:
    """What happens to a training after the fifth of ten ticks; by default nothing."""

    rate_g: float = 1  # the learning rates are multiplied by these
    rate_d: float = 1
    forget: bool = False  # D begins again with random weights

    @property
    def name(self) -> str:
        """`lr_g × 30`; `none` for a training that goes on as it was."""
        rates = [("lr_g", self.rate_g), ("lr_d", self.rate_d)]
        words = [f"{name} × {rate:g}" for name, rate in rates if rate != 1]
        return ", ".join([*words, *(["D forgets"] if self.forget else [])]) or "none"


NONE = Damage()
RECIPES: dict[tuple[str, str, int], tuple[Damage, ...]] = {
    ("dcgan", "non-saturating", 1): (NONE, Damage(30), Damage(1, 0), Damage(30, 30)),
    ("dcgan", "non-saturating", 2): (NONE, Damage(100), Damage(1, 100), Damage(forget=True)),
    ("dense", "non-saturating", 1): (NONE, Damage(100), Damage(30, 30), Damage(1, 0)),
}


@click.command()
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), required=True)
def late(out: Path) -> None:
    """Train the runs of RECIPES, keep their ticks in OUT, and print what the rules say."""
    torch.set_num_threads(1)
    catalogue = catalogues.load()
    dataset = catalogue.find(Dataset, "toonfaces")
    real = np.asarray(prepare(Source(dataset), SIZE).train)
    scale = Scale(catalogue, real, dataset.modes)
    print_head(
        "run", "damage", "metric", "scores at the ticks", "verdict", "first at kimg", words=5
    )
    for (architecture, loss, seed), damages in RECIPES.items():
        name = f"{architecture} {loss} {seed}"
        paths = [out / f"{name}, {damage.name}.npz" for damage in damages]
        if not all(path.exists() for path in paths):
            arch = architectures(catalogue)[architecture]
            shape = (real.shape[1], real.shape[2], real.shape[3])
            cell = begin(
                arch, shape, SCHEDULE, seed, "cpu",
                optimizer=catalogue.find(Optimizer, SCHEDULE.optimizer),
            )  # fmt: skip
            run = Run(cell, catalogue.find(Loss, loss), real, seed, scale)
            for path, ticks in zip(paths, run.damaged(damages), strict=True):
                _keep(path, ticks)
        for path, metric in product(paths, (FD, KD)):
            print_row(name, path.stem.partition(", ")[2], *_cells(metric, np.load(path)))


@dataclass(frozen=True)
class Row:
    """What is kept of one tick: images (256, C, H, W) uint8, and scores by name."""

    kimg: float
    images: np.ndarray
    scores: dict[str, float]


@dataclass(frozen=True)
class Run:
    """A training, and what it is scored with."""

    cell: Training
    loss: Loss
    real: np.ndarray
    seed: int
    scale: Scale

    def damaged(self, damages: Sequence[Damage]) -> Iterator[list[Row]]:
        """The ticks of the training with each of the damages; all share its first half."""
        first = list(islice(self.ticks(self.cell), TICKS // 2))
        for damage in damages:
            cell = copy.deepcopy(self.cell)
            _damage(cell, damage, self.seed)
            yield [*first, *self.ticks(cell)]

    def ticks(self, cell: Training) -> Iterator[Row]:
        """Train, and score 256 images at every tick."""
        given = latents(cell, self.seed, TICK_SAMPLES, None)
        for event in train(cell, self.loss, self.real, SCHEDULE, self.seed):
            if isinstance(event, Tick):
                images = generate(cell, given, 64)
                features = self.scale.features(FD.features, images)
                kd = kernel_distance(self.scale.real[FD.features], features)
                yield Row(event.kimg, images, self.scale.scores(images) | {KD.name: kd})


def _damage(cell: Training, damage: Damage, seed: int) -> None:
    for optimiser, rate in ((cell.opt_g, damage.rate_g), (cell.opt_d, damage.rate_d)):
        for group in optimiser.param_groups:
            group["lr"] *= rate
    if damage.forget:
        torch.manual_seed(seed)
        for layer in cell.D.modules():
            if isinstance(layer, nn.Linear | nn.Conv2d | nn.BatchNorm2d):
                layer.reset_parameters()


def _keep(path: Path, ticks: Sequence[Row]) -> None:
    """Images (ticks, 256, C, H, W) uint8, kimg and scores, in one file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    columns = {name: [tick.scores[name] for tick in ticks] for name in ticks[0].scores}
    images = np.array([tick.images for tick in ticks])
    np.savez(path, images=images, kimg=[tick.kimg for tick in ticks], **columns)


def _cells(metric: MetricSpec, kept: Mapping[str, np.ndarray]) -> list[str]:
    pairs = zip(kept["kimg"], kept[metric.name], strict=True)
    looks = counting([Look(float(kimg), {metric.name: float(s)}) for kimg, s in pairs], SCHEDULE)
    verdicts = [verdict_at(looks[: k + 1], metric, (), TICK_SAMPLES) for k in range(len(looks))]
    usual = USUAL([look.scores[metric.name] for look in looks])
    return [
        metric.name,
        ", ".join(f"{score:,.0f}" for score in kept[metric.name]),
        _first(looks, usual),
        _first(looks, [verdict is not None for verdict in verdicts]),
        "yes" if verdicts[-1] else "",
    ]


def _first(looks: Sequence[Look], held: Sequence[bool]) -> str:
    """The kimg at which a verdict was first given."""
    return next((f"{look.kimg:g}" for look, holds in zip(looks, held, strict=True) if holds), "")
