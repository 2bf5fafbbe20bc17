"""Print the tables of docs/verdicts.md: `python tools/verdicts.py curves FILE.csv`, `... forced`.

FILE.csv has the columns run, step, fid: published training runs. Needs the package
(`pip install -e .`); `curves` takes seconds, `forced` an hour of one core.
"""

from __future__ import annotations

import csv
import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import astuple, dataclass, field, replace
from itertools import accumulate, groupby, product
from pathlib import Path
from typing import Any

import click
import numpy as np
import torch
from torch import nn

from gan_bench import catalogue as catalogues
from gan_bench.base import rng
from gan_bench.contract.offers import Architecture, Dataset, Features, Loss, Metric, Samples, Shape
from gan_bench.contract.protocol import Gauge, MetricSpec, Schedule
from gan_bench.data.cache import prepare
from gan_bench.data.source import Source
from gan_bench.measure.features import extract_all
from gan_bench.results.records import Verdict
from gan_bench.train.loop import Tick, train
from gan_bench.train.samples import generate
from gan_bench.train.state import begin
from gan_bench.train.verdicts import COLLAPSED_TICKS, Look, verdict_at
from gan_bench_plugins.diversity import diversity
from gan_bench_plugins.frechet import frechet_distance
from gan_bench_plugins.modes import modes_hit
from gan_bench_plugins.pixels import spread

FID = MetricSpec(name="fid", higher_is_better=False, features="inception")

Curve = Sequence[float]
Rule = Callable[[Curve], list[bool]]  # does the verdict hold at each evaluation?


@click.group()
def tables() -> None:
    """The tables of docs/verdicts.md."""


def _print_row(*cells: object) -> None:
    print("|", " | ".join(map(str, cells)), "|", flush=True)


def _print_head(*cells: str, words: int = 1) -> None:
    """The first `words` columns hold words, the others numbers."""
    print()
    _print_row(*cells)
    _print_row(*["---"] * words, *["---:"] * (len(cells) - words))


# -- published curves: when is a training degraded? ------------------------------------------------

ENDS = 1.5  # times its own best: a run that ends there or worse was degraded
BACK = 1.25  # times its best: a run that comes back under it had not been


@dataclass(frozen=True)
class Outcome:
    """What a rule said of one run of n evaluations."""

    n: int
    degraded: bool  # the truth
    onset: int  # the first evaluation from which it is never again within BACK of its best
    fired: int | None  # the first verdict that the rest of the run confirmed
    false: int  # verdicts that it did not

    @property
    def saved(self) -> float:
        """The share of the run that was still to come."""
        return 0.0 if self.fired is None else 1 - (self.fired + 1) / self.n


@tables.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def curves(file: Path) -> None:
    """How rules for `degraded` do on published curves: FILE.csv has the columns run, step, fid."""
    runs = read(file)
    _print_runs(runs)
    _print_rules(runs)
    _print_thinned(runs)
    _print_choices(list(runs.values()))


def read(file: Path) -> dict[str, Curve]:
    """The fid of every run, in the order of its steps."""
    with file.open(newline="") as lines:
        rows = sorted(csv.DictReader(lines), key=lambda row: (row["run"], int(row["step"])))
    grouped = groupby(rows, key=lambda row: row["run"])
    return {name: [float(row["fid"]) for row in group] for name, group in grouped}


def shipped(curve: Curve) -> list[bool]:
    """The rule of gan_bench.train.verdicts itself."""
    looks = [Look(float(k), {FID.name: score}) for k, score in enumerate(curve)]
    return [verdict_at(looks[: k + 1], FID, ()) is not None for k in range(len(looks))]


def in_a_row(factor: float, ticks: int) -> Rule:
    """`factor` times its running best at `ticks` evaluations in a row."""

    def rule(curve: Curve) -> list[bool]:
        lengths = accumulate(_ratios(curve), lambda n, r: n + 1 if r >= factor else 0, initial=0)
        return [length >= ticks for length in list(lengths)[1:]]

    return rule


def cusum(drift: float, threshold: float) -> Rule:
    """S = max(0, S + log(score / running best) - log(drift)) up to the threshold: Page 1954."""

    def step(total: float, ratio: float) -> float:
        return min(max(0.0, total + math.log(ratio / drift)), threshold)

    def rule(curve: Curve) -> list[bool]:
        totals = list(accumulate(_ratios(curve), step, initial=0.0))[1:]
        return [total >= threshold for total in totals]

    return rule


def _ratios(curve: Curve) -> list[float]:
    return [score / best for score, best in zip(curve, accumulate(curve, min), strict=True)]


SIMPLE = in_a_row(1.5, 3)
FACTORS, TICKS = (1.3, 1.4, 1.5, 1.75, 2.0), (1, 2, 3)
DRIFTS, THRESHOLDS = (1.2, 1.25, 1.3, 1.4, 1.5), (0.4, 0.7, 1.0, 1.4)
RULES = {
    **{f"{f:g} × best, {t} in a row": in_a_row(f, t) for f, t in product(FACTORS, TICKS)},
    **{f"CUSUM, {d:g} ×, over {t:g}": cusum(d, t) for d, t in product(DRIFTS, THRESHOLDS)},
}


def outcome(curve: Curve, rule: Rule) -> Outcome:
    """Verdicts are counted where they begin; one that goes on holding is one."""
    held = rule(curve)
    began = [k for k, holds in enumerate(held) if holds and not (k and held[k - 1])]
    degraded = curve[-1] >= ENDS * min(curve)
    right = [k for k in began if degraded and not _back(curve, k)]
    return Outcome(
        n=len(curve),
        degraded=degraded,
        onset=next(k for k in range(len(curve) + 1) if not _back(curve, k)),
        fired=right[0] if right else None,
        false=len(began) - len(right),
    )


def _back(curve: Curve, since: int) -> bool:
    """Is it ever within BACK times its running best from there on?"""
    return any(ratio < BACK for ratio in _ratios(curve)[since:])


def _print_runs(runs: dict[str, Curve]) -> None:
    _print_head("degraded run", "evaluations", "end / best", "onset", "three in a row", "shipped")
    for name, curve in runs.items():
        simple, ours = outcome(curve, SIMPLE), outcome(curve, shipped)
        if ours.degraded:
            times = f"{curve[-1] / min(curve):.2f}"
            when = (_place(each.fired, each.n) for each in (simple, ours))
            _print_row(_short(name), len(curve), times, _place(ours.onset, ours.n), *when)


def _short(name: str) -> str:
    """`CIFAR10/LSGAN` of `CIFAR10/LSGAN-train-2020_09_15_23_40_37`."""
    return name.split("-train-")[0]


def _place(evaluation: int | None, n: int) -> str:
    """Counted from 1, with the share of the run."""
    return "never" if evaluation is None else f"{evaluation + 1} ({(evaluation + 1) / n:.0%})"


def _print_rules(runs: dict[str, Curve]) -> None:
    _print_head("rule", "detected", "false verdicts", "median delay", "worst delay", "images saved")
    for name, rule in {"**shipped**": shipped, **RULES}.items():
        _print_row(name, *_summary([outcome(curve, rule) for curve in runs.values()]))


def _summary(outcomes: Sequence[Outcome]) -> list[str]:
    ill = [each for each in outcomes if each.degraded]
    delays = [each.fired - each.onset for each in ill if each.fired is not None]
    runs = sum(each.false > 0 for each in outcomes)
    false = sum(each.false for each in outcomes)
    return [
        f"{len(delays)} of {len(ill)}",
        f"{false} in {runs} run{'s' * (runs > 1)}" if false else "0",
        f"{np.median(delays):g}" if delays else "",
        f"{max(delays)}" if delays else "",
        f"{sum(each.saved for each in ill) / len(ill):.0%}",
    ]


def _print_thinned(runs: dict[str, Curve]) -> None:
    """What a run that is looked at less often would have seen of the same trainings."""
    _print_head(
        "looked at", "rule", "detected", "false verdicts", "median delay", "worst delay",
        "images saved", words=2,
    )  # fmt: skip
    rules = {"**shipped**": shipped, "three in a row": SIMPLE}
    rules |= {name: RULES[name] for name in ("CUSUM, 1.3 ×, over 0.7", "CUSUM, 1.25 ×, over 1.4")}
    for ticks, (name, rule) in product((20, 10), rules.items()):
        thin = [outcome(thinned(curve, ticks), rule) for curve in runs.values()]
        _print_row(f"{ticks} times", name, *_summary(thin))


def thinned(curve: Curve, ticks: int) -> Curve:
    """Evenly chosen evaluations, the last one among them, as ticks are."""
    places = np.linspace(0, len(curve), min(ticks, len(curve)) + 1)[1:].round().astype(int) - 1
    return [curve[k] for k in places]


# -- how far that was tuned on the same runs -------------------------------------------------------


def _print_choices(curves: list[Curve], halves: int = 500) -> None:
    """Choose a rule on some of the runs, and apply it to the others."""
    said = {name: [outcome(curve, rule) for curve in curves] for name, rule in RULES.items()}
    everyone = range(len(curves))
    splits = {
        "all but one": [([k for k in everyone if k != out], [out]) for out in everyone],
        "a half": list(_halves([each.degraded for each in said["1.5 × best, 2 in a row"]], halves)),
    }
    _print_head(
        "chosen on", "rules", "what was chosen most often", "detected", "false verdicts", words=3
    )
    for label, family in product(splits, ("", "1.5 × best", "1.5 × best, 3")):
        table = {name: found for name, found in said.items() if name.startswith(family)}
        picks = [_choice(table, chosen) for chosen, _ in splits[label]]
        pairs = zip(picks, splits[label], strict=True)
        held = [table[name][k] for name, (_, left) in pairs for k in left]
        often = ", ".join(
            f"{name} ({times / len(picks):.0%})" for name, times in Counter(picks).most_common(2)
        )
        _print_row(label, f"{len(table)}", often, *_shares(held))


def _halves(degraded: Sequence[bool], count: int) -> Iterator[tuple[list[int], list[int]]]:
    """Random halves of the degraded runs with halves of the others."""
    random = np.random.default_rng(0)
    for _ in range(count):
        ill, well = (
            random.permutation([k for k, each in enumerate(degraded) if each is wanted])
            for wanted in (True, False)
        )
        a, b = len(ill) // 2, len(well) // 2
        yield [*ill[:a], *well[:b]], [*ill[a:], *well[b:]]


def _choice(table: dict[str, list[Outcome]], runs: Sequence[int]) -> str:
    """No false verdicts if that can be had, then the most detected, then the most saved."""

    def merit(name: str) -> tuple[int, int, float]:
        seen = [table[name][k] for k in runs]
        return (
            -sum(each.false > 0 for each in seen),
            sum(each.fired is not None for each in seen),
            sum(each.saved for each in seen),
        )

    return max(table, key=merit)


def _shares(outcomes: Sequence[Outcome]) -> list[str]:
    ill = [each for each in outcomes if each.degraded]
    found, false = sum(each.fired is not None for each in ill), sum(e.false > 0 for e in outcomes)
    return [f"{found / len(ill):.0%}", f"{false / len(outcomes):.1%} of runs"]


# -- forced collapses: where does a gauge's floor lie? ---------------------------------------------

SIZE, BATCH, TICK_SAMPLES, SAMPLES = 32, 32, 256, 2_048
NETS = ("efficientnet-lite0", "pixels", "toonfaces-judge")
GAUGES = ("diversity", "spread")
FD = MetricSpec(name="fd-efficientnet-lite0", higher_is_better=False, features=NETS[0])


@dataclass(frozen=True)
class Recipe:
    """A training, and what its last images show to the eye."""

    architecture: str
    loss: str
    seed: int
    seen: str
    changes: dict[str, Any] = field(default_factory=dict)  # of the schedule

    @property
    def name(self) -> str:
        """`dcgan minimax 1` and what differs from the schedule of all."""
        changes = (f"{name} {value:g}" for name, value in self.changes.items())
        return ", ".join([f"{self.architecture} {self.loss} {self.seed}", *changes])

    @property
    def schedule(self) -> Schedule:
        """That of a short quick run."""
        return Schedule(**{"kimg": 32, "batch": BATCH, "ema_kimg": 2, "ticks": 10} | self.changes)


FAST = {"lr_g": 1e-2, "lr_d": 1e-2}
RECIPES = (
    Recipe("dcgan", "non-saturating", 1, "healthy"),
    Recipe("dcgan", "non-saturating", 2, "healthy"),
    Recipe("dcgan", "non-saturating", 3, "healthy"),
    Recipe("dcgan", "non-saturating", 4, "healthy"),
    Recipe("dcgan", "minimax", 1, "healthy"),
    Recipe("dcgan", "non-saturating", 1, "healthy", FAST),
    Recipe("dense-nobn", "non-saturating", 1, "collapsed: one grey face"),
    Recipe("dcgan-tinyd", "non-saturating", 1, "collapsed: one pattern"),
    Recipe("dcgan", "label-smoothing", 1, "healthy"),
    Recipe("dense", "non-saturating", 1, "healthy"),
    Recipe("dcgan", "non-saturating", 1, "healthy", {"lr_g": 5e-2}),
    Recipe("dcgan-nobn", "non-saturating", 1, "collapsed: one yellow grid"),
    Recipe("dense-nobn", "non-saturating", 2, "collapsed: one grey face"),
    Recipe("dense-nobn", "non-saturating", 3, "collapsed: one grey face"),
    Recipe("dcgan-tinyd", "non-saturating", 2, "collapsed: one pattern"),
    Recipe("dense-tinyd", "non-saturating", 1, "collapsed: one pattern, bright or dark"),
    Recipe("dcgan", "non-saturating", 5, "healthy"),
    Recipe("dcgan", "label-smoothing", 2, "healthy"),
    Recipe("dcgan", "label-smoothing", 3, "healthy"),
    Recipe("dcgan", "non-saturating", 2, "healthy", FAST),
    Recipe("dcgan", "non-saturating", 1, "healthy", {"lr_g": 2e-2, "lr_d": 2e-2}),
    Recipe("dcgan", "minimax", 2, "not learned: smudges that differ"),
    Recipe("dcgan-nobn2", "non-saturating", 1, "collapsed: one pattern, its middle varies"),
    Recipe("dcgan", "non-saturating", 3, "healthy", {"lr_g": 5e-3}),
    Recipe("dense-nobn", "minimax", 1, "collapsed: one grey face"),
    Recipe("dcgan", "non-saturating", 6, "healthy"),
    Recipe("dense", "label-smoothing", 2, "healthy"),
    Recipe("dense", "non-saturating", 2, "healthy"),
    Recipe("dense-nobn", "label-smoothing", 1, "collapsed: one grey face"),
    Recipe("dcgan", "label-smoothing", 4, "healthy", {"lr_g": 1e-4, "lr_d": 1e-4}),
)


@tables.command()
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), required=True)
@click.option("--only", default="", help="Only the runs whose name begins so.")
def forced(out: Path, only: str) -> None:
    """Train the runs of RECIPES, keep their ticks in OUT, and print what the gauges say."""
    torch.set_num_threads(1)
    catalogue = catalogues.load()
    dataset = catalogue.find(Dataset, "toonfaces")
    train = prepare(Source(dataset), SIZE).train
    scale = Scale(catalogue, np.asarray(train), dataset.modes)
    _print_head(
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
            _print_row(*_cells(reports[-1]))
    _print_confusion(reports)
    _print_gaps(reports)


def architectures(catalogue: catalogues.Catalogue) -> dict[str, Architecture]:
    """The built-in ones, and what is left of them without BatchNorm or with hardly any D."""
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
    """ticks (10, 256, C, H, W) and final (2048, C, H, W) uint8, points. None of them diverges."""
    schedule, arch = recipe.schedule, architectures(catalogue)[recipe.architecture]
    shape = (real.shape[1], real.shape[2], real.shape[3])
    cell = begin(arch, shape, schedule, recipe.seed, "cpu")
    z = rng.normal(recipe.seed, "z-eval", SAMPLES, cell.z_dim)
    ticks, points = [], []
    for event in train(cell, catalogue.find(Loss, recipe.loss), real, schedule, recipe.seed):
        if isinstance(event, Tick):
            ticks.append(generate(cell, z[:TICK_SAMPLES], BATCH))
        else:
            points.append(astuple(event))
    path.parent.mkdir(parents=True, exist_ok=True)
    final = generate(cell, z, 64)
    np.savez(path, ticks=np.array(ticks), points=np.array(points), final=final)


class Scale:
    """What the images of a tick are put on."""

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
        """Of one tick."""
        deep, flat = (self.features(net, images) for net in NETS[:2])
        return {
            FD.name: frechet_distance(self.real[NETS[0]], deep),
            "diversity": diversity(self.real[NETS[0]], deep),
            "spread": float(spread(Samples(real=self.real[NETS[1]], fake=flat))),
        }

    def modes_of(self, images: np.ndarray) -> float:
        """Distinct ones among the last images."""
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
    """What the ticks and the last images of a training say."""

    recipe: Recipe
    verdicts: list[Verdict | None]  # that holds at each tick
    ticks: dict[str, list[float]]  # by name of the score
    modes: float

    @property
    def ill(self) -> bool:
        """To the eye."""
        return self.recipe.seen.startswith("collapsed")

    @property
    def kind(self) -> str:
        """Of the verdict at the end."""
        last = self.verdicts[-1]
        return last.kind if last else ""


def _report(scale: Scale, recipe: Recipe, path: Path) -> Report:
    found = np.load(path)
    images, last = found["ticks"], found["points"][-1][1]  # kimg
    looks = [
        Look(last * (k + 1) / len(images), scale.scores(each)) for k, each in enumerate(images)
    ]
    return Report(
        recipe=recipe,
        verdicts=[verdict_at(looks[: k + 1], FD, scale.gauges) for k in range(len(looks))],
        ticks={name: [look.scores[name] for look in looks] for name in looks[0].scores},
        modes=scale.modes_of(found["final"]),
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
    """The highest floor at which these are no collapse: the best of the worst three ticks.

    Only of ticks without a record, for the others are no collapse at any floor.
    """
    n = COLLAPSED_TICKS
    rows = [scores[k - n : k] for k in range(n + 1, len(scores) + 1)]
    still = [max(row) for k, row in enumerate(rows) if max(scores[: k + 1]) >= max(row)]
    return min(still, default=math.inf)


def _print_confusion(reports: Sequence[Report]) -> None:
    _print_head("to the eye", "no verdict", "collapsed", "degraded")
    for word, ill in (("collapsed", True), ("not collapsed", False)):
        seen = [each.kind for each in reports if each.ill is ill]
        _print_row(word, *(seen.count(kind) for kind in ("", "collapsed", "degraded")))


def _print_gaps(reports: Sequence[Report]) -> None:
    """Between what must lie under a floor and what must not, on each half of the runs."""
    _print_head("gauge", "runs", "collapsed: highest", "not collapsed: lowest", words=2)
    halves = {"every second": reports[::2], "the others": reports[1::2]}
    for gauge, (label, half) in product(GAUGES, halves.items()):
        quiet = {
            ill: [quietest(r.ticks[gauge]) for r in half if r.ill is ill] for ill in (True, False)
        }
        highest, lowest = max(quiet[True], default=0.0), min(quiet[False], default=math.inf)
        _print_row(gauge, label, _rises(highest), _rises(lowest))


if __name__ == "__main__":
    tables()
