"""Where does the floor of a gauge lie? Trainings that collapse, and others that do not."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass, replace
from itertools import product
from pathlib import Path

import click
import numpy as np
import torch
from torch import nn

from collapse_recipes import BATCH, RECIPES, Recipe
from gan_bench import catalogue as catalogues
from gan_bench.contract.offers import (
    Architecture,
    Dataset,
    Features,
    Loss,
    Metric,
    Optimizer,
    Samples,
    Shape,
)
from gan_bench.contract.protocol import Gauge, MetricSpec
from gan_bench.data.cache import prepare
from gan_bench.data.source import Source
from gan_bench.measure.features import extract_all
from gan_bench.results.records import Verdict
from gan_bench.train.loop import Tick, train
from gan_bench.train.samples import generate, latents
from gan_bench.train.state import begin
from gan_bench.train.verdicts import COLLAPSED_TICKS, Look, counting, verdict_at
from gan_bench_plugins.diversity import diversity
from gan_bench_plugins.frechet import frechet_distance
from gan_bench_plugins.modes import modes_hit
from gan_bench_plugins.spread import spread
from markdown_rows import print_head, print_row

SIZE, TICK_SAMPLES, SAMPLES = 32, 256, 2_048
NETS = ("efficientnet-lite0", "pixels", "toonfaces-judge")
GAUGES = ("diversity", "spread")
FD = MetricSpec(name="fd-efficientnet-lite0", higher_is_better=False, features=NETS[0])


@click.command()
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), required=True)
@click.option("--only", default="", help="Only the runs whose name begins so.")
def forced(out: Path, only: str) -> None:
    """Train the runs of RECIPES, keep their ticks in OUT, and print what the gauges say."""
    torch.set_num_threads(1)
    catalogue = catalogues.load()
    dataset = catalogue.find(Dataset, "toonfaces")
    train = prepare(Source(dataset), SIZE).train
    scale = Scale(catalogue, np.asarray(train), dataset.modes)
    print_head(
        "run", "seen at the end", "verdict at the end", "first at kimg", "diversity", "spread",
        "quietest diversity", "quietest spread", "FD", "modes", words=3,
    )  # fmt: skip
    reports = []
    for number, recipe in enumerate(RECIPES):
        if recipe.name.startswith(only):
            path = out / f"{number:02d}.npz"
            if not path.exists():
                _train(catalogue, recipe, train, path)
            reports.append(_report(scale, recipe, path))
            print_row(*_cells(reports[-1]))
    _print_confusion(reports)
    _print_gaps(reports)


def architectures(catalogue: catalogues.Catalogue) -> dict[str, Architecture]:
    """The built-in ones, and variants without BatchNorm or with a tiny D."""
    dcgan, dense = (catalogue.find(Architecture, name) for name in ("dcgan", "dense"))
    return {
        "dcgan": dcgan,
        "dense": dense,
        "dcgan-nobn": replace(dcgan, generator=_without_norm(dcgan.generator)),
        "dense-nobn": replace(dense, generator=_without_norm(dense.generator)),
        "dcgan-nobn2": replace(
            dcgan,
            generator=_without_norm(dcgan.generator),
            discriminator=_without_norm(dcgan.discriminator),
        ),
        "dcgan-tinyd": replace(dcgan, discriminator=_tiny),
        "dense-tinyd": replace(dense, discriminator=_tiny),
    }


def _without_norm(network: Callable[[Shape], nn.Module]) -> Callable[[Shape], nn.Module]:
    norms = (nn.BatchNorm1d, nn.BatchNorm2d)
    return lambda shape: nn.Sequential(
        *(layer for layer in network(shape).children() if not isinstance(layer, norms))
    )


def _tiny(shape: Shape) -> nn.Module:
    """(N, 3, 32, 32) -> (N,), with 4 channels."""
    return nn.Sequential(
        nn.Conv2d(shape[0], 4, 4, 4),
        nn.LeakyReLU(0.2),
        nn.Conv2d(4, 4, 8),
        nn.LeakyReLU(0.2),
        nn.Flatten(),
        nn.Linear(4, 1),
        nn.Flatten(0),
    )


def _train(catalogue: catalogues.Catalogue, recipe: Recipe, real: np.ndarray, path: Path) -> None:
    """Keep ticks (10, 256, C, H, W) and final (2048, C, H, W) uint8, and points. None diverges."""
    schedule, arch = recipe.schedule, architectures(catalogue)[recipe.architecture]
    shape = (real.shape[1], real.shape[2], real.shape[3])
    cell = begin(
        arch, shape, schedule, recipe.seed, "cpu",
        optimizer=catalogue.find(Optimizer, schedule.optimizer),
    )  # fmt: skip
    given = latents(cell, recipe.seed, SAMPLES, None)
    ticks, points = [], []
    for event in train(cell, catalogue.find(Loss, recipe.loss), real, schedule, recipe.seed):
        if isinstance(event, Tick):
            ticks.append(generate(cell, given.first(TICK_SAMPLES), BATCH))
        else:
            points.append(astuple(event))
    path.parent.mkdir(parents=True, exist_ok=True)
    final = generate(cell, given, 64)
    np.savez(path, ticks=np.array(ticks), points=np.array(points), final=final)


class Scale:
    """The networks, gauges and real images that ticks are scored with."""

    def __init__(
        self, catalogue: catalogues.Catalogue, train: np.ndarray, modes: int | None
    ) -> None:
        nets = {name: catalogue.find(Features, name) for name in NETS}
        self.load = {name: net.load("cpu", None) for name, net in nets.items()}
        self.name_modes, self.modes = nets["toonfaces-judge"].modes, modes
        self.gauges = [_gauge(catalogue.find(Metric, name)) for name in GAUGES]
        self.few, self.many = _evenly(train, TICK_SAMPLES), _evenly(train, SAMPLES)
        self.real = {name: self.features(name, self.few) for name in NETS[:2]}

    def features(self, net: str, images: np.ndarray) -> np.ndarray:
        """(M, F)."""
        return extract_all(self.load[net], images, "cpu")

    def scores(self, images: np.ndarray) -> dict[str, float]:
        """The scores of the images of one tick."""
        deep, flat = (self.features(net, images) for net in NETS[:2])
        return {
            FD.name: frechet_distance(self.real[NETS[0]], deep),
            "diversity": diversity(self.real[NETS[0]], deep),
            "spread": float(spread(Samples(real=self.real[NETS[1]], fake=flat))),
        }

    def modes_of(self, images: np.ndarray) -> float:
        """The number of distinct modes among the images."""
        assert self.name_modes is not None
        real, fake = (self.features(NETS[2], each) for each in (self.many, images))
        named = {"real_modes": self.name_modes(real), "fake_modes": self.name_modes(fake)}
        return modes_hit(Samples(real=real, fake=fake, modes=self.modes, **named))


def _evenly(images: np.ndarray, count: int) -> np.ndarray:
    return np.asarray(images[np.linspace(0, len(images) - 1, count).round().astype(int)])


def _gauge(metric: Metric) -> Gauge:
    assert metric.floor is not None
    return Gauge(
        name=metric.name,
        higher_is_better=metric.higher_is_better,
        features=metric.features or NETS[0],
        floor=metric.floor,
    )


@dataclass(frozen=True)
class Report:
    """The verdicts and scores of a training."""

    recipe: Recipe
    verdicts: list[Verdict | None]  # at each tick that counts
    ticks: dict[str, list[float]]  # by name of the score
    modes: float

    @property
    def collapsed(self) -> bool:
        """Whether a person sees a collapse."""
        return self.recipe.seen.startswith("collapsed")

    @property
    def kind(self) -> str:
        """The kind of the verdict at the end, or nothing."""
        last = self.verdicts[-1]
        return last.kind if last else ""


def _report(scale: Scale, recipe: Recipe, path: Path) -> Report:
    kept = np.load(path)
    images, last = kept["ticks"], kept["points"][-1][1]  # kimg
    looks = [
        Look(last * (k + 1) / len(images), scale.scores(each)) for k, each in enumerate(images)
    ]
    counted = counting(looks, recipe.schedule)
    ends = range(1, len(counted) + 1)
    return Report(
        recipe=recipe,
        verdicts=[verdict_at(counted[:end], FD, scale.gauges, TICK_SAMPLES) for end in ends],
        ticks={name: [look.scores[name] for look in looks] for name in looks[0].scores},
        modes=scale.modes_of(kept["final"]),
    )


def _cells(report: Report) -> list[str]:
    ticks, first = report.ticks, next(filter(None, report.verdicts), None)
    return [
        report.recipe.name,
        report.recipe.seen,
        report.kind,
        f"{first.kimg:.1f}" if first else "",
        *(f"{ticks[name][-1]:.3f}" for name in GAUGES),
        *(_rises(quietest(ticks[name])) for name in GAUGES),
        f"{ticks[FD.name][-1]:,.0f}",
        f"{report.modes:.0f}",
    ]


def _rises(quiet: float) -> str:
    return "rises" if math.isinf(quiet) else f"{quiet:.3f}"


def quietest(scores: Sequence[float]) -> float:
    """The highest floor at which these scores are no collapse; infinite if they rise.

    That is the best score of the worst three ticks in a row, among ticks that set no new best.
    """
    n = COLLAPSED_TICKS
    rows = [scores[k - n : k] for k in range(n + 1, len(scores) + 1)]
    still = [max(row) for k, row in enumerate(rows) if max(scores[: k + 1]) >= max(row)]
    return min(still, default=math.inf)


def _print_confusion(reports: Sequence[Report]) -> None:
    print_head("to the eye", "no verdict", "collapsed", "degraded")
    for word, collapsed in (("collapsed", True), ("not collapsed", False)):
        seen = [each.kind for each in reports if each.collapsed is collapsed]
        print_row(word, *(seen.count(kind) for kind in ("", "collapsed", "degraded")))


def _print_gaps(reports: Sequence[Report]) -> None:
    """The gap in which a floor can lie, on each half of the runs."""
    print_head("gauge", "runs", "collapsed: highest", "not collapsed: lowest", words=2)
    halves = {"every second": reports[::2], "the others": reports[1::2]}
    for gauge, (label, half) in product(GAUGES, halves.items()):
        quiet = {
            value: [quietest(r.ticks[gauge]) for r in half if r.collapsed is value]
            for value in (True, False)
        }
        highest, lowest = max(quiet[True], default=0.0), min(quiet[False], default=math.inf)
        print_row(gauge, label, _rises(highest), _rises(lowest))
