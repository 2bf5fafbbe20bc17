"""When is a training degraded? Rules for it, on the curves of published trainings."""

from __future__ import annotations

import csv
import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, groupby, product
from pathlib import Path

import click
import numpy as np

from gan_bench.contract.protocol import MetricSpec
from gan_bench.train.verdicts import Look, verdict_at
from markdown_rows import print_head, print_row

FID = MetricSpec(name="fid", higher_is_better=False, features="inception")
IMAGES = 50_000  # of each evaluation; they stand in the reason of a verdict only

Curve = Sequence[float]
Rule = Callable[[Curve], list[bool]]  # whether the verdict holds at each evaluation

ENDS = 1.5  # times its own best: a run that ends there or worse is degraded
BACK = 1.25  # times its best: a run that comes back below it is not


@dataclass(frozen=True)
class Outcome:
    """The verdicts of a rule on one run of n evaluations."""

    n: int
    degraded: bool  # whether the run ended so
    onset: int  # the evaluation from which on it is never again within BACK of its best
    fired: int | None  # the evaluation of the first verdict that the rest of the run confirms
    false: int  # verdicts that the rest of the run refutes

    @property
    def saved(self) -> float:
        """The share of the run that was still to come at the verdict."""
        return 0.0 if self.fired is None else 1 - (self.fired + 1) / self.n


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def curves(file: Path) -> None:
    """Compare rules for `degraded` on published curves.

    FILE.csv has the columns run, step and fid.
    """
    runs = read(file)
    _print_runs(runs)
    _print_rules(runs)
    _print_choices(list(runs.values()))


def read(file: Path) -> dict[str, Curve]:
    """The fid of every run, in the order of its steps."""
    with file.open(newline="") as lines:
        rows = sorted(csv.DictReader(lines), key=lambda row: (row["run"], int(row["step"])))
    grouped = groupby(rows, key=lambda row: row["run"])
    return {name: [float(row["fid"]) for row in group] for name, group in grouped}


def shipped(curve: Curve) -> list[bool]:
    """The rule of gan_bench.train.verdicts."""
    looks = [Look(float(k), {FID.name: score}) for k, score in enumerate(curve)]
    return [verdict_at(looks[: k + 1], FID, (), IMAGES) is not None for k in range(len(looks))]


def in_a_row(factor: float, ticks: int) -> Rule:
    """`factor` times its running best at `ticks` evaluations in a row."""

    def rule(curve: Curve) -> list[bool]:
        lengths = accumulate(_ratios(curve), lambda n, r: n + 1 if r >= factor else 0, initial=0)
        return [length >= ticks for length in list(lengths)[1:]]

    return rule


def lost(share: float, least: float, ticks: int) -> Rule:
    """So much of the best score lost, or of the gain if that is less, at `ticks` in a row.

    As gan_bench.train.verdicts.loss_limit, with other shares. At most half of the best.
    """

    def beyond(curve: Curve, k: int) -> bool:
        best = min(curve[: k + 1])
        gain = curve[0] - best
        half = min(best / 2, share * gain) if gain >= least * best else best / 2
        return curve[k] > best and curve[k] - best >= max(half, least * best)

    def rule(curve: Curve) -> list[bool]:
        far = [beyond(curve, k) for k in range(len(curve))]
        lengths = accumulate(far, lambda n, each: n + 1 if each else 0, initial=0)
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
SHARES, LEASTS = {"1/3": 1 / 3, "1/2": 1 / 2, "2/3": 2 / 3}, (0, 0.1, 0.2, 0.3)
RULES = {
    **{f"{f:g} × best, {t} in a row": in_a_row(f, t) for f, t in product(FACTORS, TICKS)},
    **{
        f"{name} of the gain, at least {least:g} of the best, {t} in a row": lost(share, least, t)
        for (name, share), least, t in product(SHARES.items(), LEASTS, TICKS)
    },
    **{f"CUSUM, {d:g} ×, over {t:g}": cusum(d, t) for d, t in product(DRIFTS, THRESHOLDS)},
}


def outcome(curve: Curve, rule: Rule) -> Outcome:
    """Apply the rule to a curve. A verdict that holds for several evaluations counts once."""
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
    """Whether it is ever within BACK times its running best from there on."""
    return any(ratio < BACK for ratio in _ratios(curve)[since:])


def _print_runs(runs: dict[str, Curve]) -> None:
    print_head("degraded run", "evaluations", "end / best", "onset", "three in a row", "shipped")
    for name, curve in runs.items():
        simple, ours = outcome(curve, SIMPLE), outcome(curve, shipped)
        if ours.degraded:
            times = f"{curve[-1] / min(curve):.2f}"
            when = (_place(each.fired, each.n) for each in (simple, ours))
            print_row(_short(name), len(curve), times, _place(ours.onset, ours.n), *when)


def _short(name: str) -> str:
    """`CIFAR10/LSGAN` of `CIFAR10/LSGAN-train-2020_09_15_23_40_37`."""
    return name.split("-train-")[0]


def _place(evaluation: int | None, n: int) -> str:
    """Counted from 1, with the share of the run."""
    return "never" if evaluation is None else f"{evaluation + 1} ({(evaluation + 1) / n:.0%})"


def _print_rules(runs: dict[str, Curve]) -> None:
    """Each rule on all evaluations, and what it finds with 20 and 10 of them."""
    print_head(
        "rule", "detected", "false verdicts", "median delay", "worst delay", "images saved",
        "20 looks: detected", "false", "10 looks: detected", "false",
    )  # fmt: skip
    for name, rule in {"**shipped**": shipped, **RULES}.items():
        whole = _summary([outcome(curve, rule) for curve in runs.values()])
        few = [
            _summary([outcome(thinned(curve, ticks), rule) for curve in runs.values()])[:2]
            for ticks in (20, 10)
        ]
        print_row(name, *whole, *few[0], *few[1])


def _summary(outcomes: Sequence[Outcome]) -> list[str]:
    degraded = [each for each in outcomes if each.degraded]
    delays = [each.fired - each.onset for each in degraded if each.fired is not None]
    runs = sum(each.false > 0 for each in outcomes)
    false = sum(each.false for each in outcomes)
    return [
        f"{len(delays)} of {len(degraded)}",
        f"{false} in {runs} run{'s' * (runs > 1)}" if false else "0",
        f"{np.median(delays):g}" if delays else "",
        f"{max(delays)}" if delays else "",
        f"{sum(each.saved for each in degraded) / len(degraded):.0%}",
    ]


def thinned(curve: Curve, ticks: int) -> Curve:
    """Evenly chosen evaluations, the last one among them, as ticks are."""
    places = np.linspace(0, len(curve), min(ticks, len(curve)) + 1)[1:].round().astype(int) - 1
    return [curve[k] for k in places]


def _print_choices(curves: list[Curve], halves: int = 500) -> None:
    """How much the choice of a rule was tuned: choose it on some runs, apply it to the others."""
    outcomes = {name: [outcome(curve, rule) for curve in curves] for name, rule in RULES.items()}
    degraded = [curve[-1] >= ENDS * min(curve) for curve in curves]
    runs = range(len(curves))
    splits = {
        "all but one": [([k for k in runs if k != out], [out]) for out in runs],
        "a half": list(_halves(degraded, halves)),
    }
    print_head(
        "chosen on", "rules", "what was chosen most often", "detected", "false verdicts", words=3
    )
    for label, family in product(splits, ("", "1/2 of the gain", "1.5 × best")):
        table = {name: found for name, found in outcomes.items() if name.startswith(family)}
        picks = [_choice(table, chosen) for chosen, _ in splits[label]]
        pairs = zip(picks, splits[label], strict=True)
        held = [table[name][k] for name, (_, left) in pairs for k in left]
        often = ", ".join(
            f"{name} ({times / len(picks):.0%})" for name, times in Counter(picks).most_common(2)
        )
        print_row(label, f"{len(table)}", often, *_shares(held))


def _halves(degraded: Sequence[bool], count: int) -> Iterator[tuple[list[int], list[int]]]:
    """Random halves of the degraded runs with halves of the others."""
    random = np.random.default_rng(0)
    for _ in range(count):
        bad, good = (
            random.permutation([k for k, each in enumerate(degraded) if each is wanted])
            for wanted in (True, False)
        )
        a, b = len(bad) // 2, len(good) // 2
        yield [*bad[:a], *good[:b]], [*bad[a:], *good[b:]]


def _choice(table: dict[str, list[Outcome]], runs: Sequence[int]) -> str:
    """The rule with the fewest false verdicts, then the most detected, then the most saved."""

    def merit(name: str) -> tuple[int, int, float]:
        seen = [table[name][k] for k in runs]
        return (
            -sum(each.false > 0 for each in seen),
            sum(each.fired is not None for each in seen),
            sum(each.saved for each in seen),
        )

    return max(table, key=merit)


def _shares(outcomes: Sequence[Outcome]) -> list[str]:
    degraded = [each for each in outcomes if each.degraded]
    detected = sum(each.fired is not None for each in degraded)
    false = sum(each.false > 0 for each in outcomes)
    return [f"{detected / len(degraded):.0%}", f"{false / len(outcomes):.1%} of runs"]
