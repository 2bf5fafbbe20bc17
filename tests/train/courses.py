"""Trainings with a known cause, made up: 48 kimg, 200 rows, ten ticks, a little noise."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gan_bench.base.numbers import CURVE_COLUMNS
from gan_bench.contract.protocol import Gauge, MetricSpec, Schedule
from gan_bench.results.records import Verdict
from gan_bench.train.finding import Course, Kind
from gan_bench.train.verdicts import Look

ROWS, KIMG, IMAGES = 200, 48.0, 256
SCHEDULE = Schedule(kimg=KIMG, batch=32, lr_g=2e-4, lr_d=2e-4)
FD = MetricSpec(name="fd-eye", higher_is_better=False, features="eye")
VARIETY = Gauge(name="variety", higher_is_better=True, features="eye", floor=0.05)
HEALTHY = {
    "loss_d": 1.1, "loss_g": 1.5, "real_score": 0.62, "fake_score": 0.38, "grad_d": 4.5,
    "grad_g": 2.5,
}  # fmt: skip
FLAT = [60, 55, 50, 48, 47, 46, 46, 46, 46, 46]
PERFECT = [1400, 700, 300, 120, 60, 40, 35, 34, 33, 33]
FALLING = [1400, 1200, 1000, 850, 720, 610, 520, 440, 370, 310]
NEVER = [1400, 1390, 1410, 1395, 1400, 1405, 1390, 1400, 1395, 1400]

Values = float | Sequence[float] | np.ndarray
Rows = list[dict[str, float | None]]
Scores = Sequence[float | None]


def curve(rows: int = ROWS, kimg: float = KIMG, **columns: Values) -> Rows:
    """A healthy training, with some columns replaced."""
    values = {n: np.broadcast_to(columns.get(n, HEALTHY[n]), rows).tolist() for n in CURVE_COLUMNS}
    return [
        {"kimg": kimg * (row + 1) / rows} | {name: values[name][row] for name in CURVE_COLUMNS}
        for row in range(rows)
    ]


def course(
    rows: Rows | None = None,
    scores: Scores = (),
    metric: MetricSpec = FD,
    variety: Scores = (),
    **more: Any,
) -> Course:
    """A training with these scores at evenly spaced ticks; None is a score that is missing."""
    count = max(len(scores), len(variety))
    columns = {metric.name: scores, VARIETY.name: variety}
    looks = [
        Look(
            KIMG * (k + 1) / count,
            {n: float(v[k]) for n, v in columns.items() if len(v) > k and v[k] is not None},
        )
        for k in range(count)
    ]
    given = {"gauges": (VARIETY,), "images": IMAGES, "schedule": SCHEDULE} | more
    return Course(curve=curve() if rows is None else rows, looks=looks, metric=metric, **given)


def apart(gap: Values, **columns: Values) -> Rows:
    """D's two scores lie this far apart, around 0.5."""
    half = np.asarray(gap) / 2
    return curve(real_score=0.5 + half, fake_score=0.5 - half, **columns)


def fading(end: float, rows: int = ROWS) -> np.ndarray:
    """From 1 to this value within the first half, then flat."""
    return np.append(np.geomspace(1, end, rows // 2), [end] * (rows - rows // 2))


def swings(period: float, phase: float = 0.0, **columns: Values) -> Rows:
    """G's loss and the distance between D's scores swing in a period of so many kimg."""
    wave = np.sin(2 * np.pi * (np.arange(ROWS) * KIMG / ROWS / period + phase))
    both = {"loss_g": 5 + 4.5 * wave, "fake_score": 0.3 + 0.2 * wave, "loss_d": 1.0}
    return curve(**{**both, **columns})


def spikes(usual: float, spike: float) -> np.ndarray:
    """One row in ten is far off."""
    return np.where(np.arange(ROWS) % 10 == 0, spike, usual)


def shaken(rows: Rows, noise: np.random.Generator, size: float = 0.05) -> Rows:
    """The curve with noise on every value."""

    def shake(value: float | None) -> float | None:
        return None if value is None else value * float(noise.lognormal(0, size))

    return [{n: v if n == "kimg" else shake(v) for n, v in row.items()} for row in rows]


def _lost(rows: Rows) -> Rows:
    """The last row has a loss that is not finite."""
    return [*rows[:-1], rows[-1] | {"loss_g": float("nan")}]


DIVERGED = Verdict(kind="diverged", kimg=24, reason="loss_d not finite from step 750")
COLLAPSED = Verdict(kind="collapsed", kimg=24, reason="variety 0, 0, 0 at 14, 19, 24 kimg")
BUMP = np.sin(np.linspace(0, np.pi, ROWS))  # one rise and fall
DRIFT = np.sin(np.linspace(0, 8 * np.pi, ROWS))

COURSES: dict[str, tuple[Callable[[], Course], Kind]] = {
    # nothing is wrong with these
    "perfect: D ends at 0.5": (
        lambda: course(apart(0.6 * fading(0.001), grad_g=2.5 * fading(0.2)), PERFECT), "settled"
    ),
    "perfect before the first tick": (
        lambda: course(
            apart(0.6 * fading(0.001)), [36, 35, 34, 34, 33, 33, 33, 33, 33, 33]
        ), "settled",
    ),
    "perfect with R1, where gradients fade and the scores stay close": (
        lambda: course(apart(0.04, grad_g=2.5 * fading(0.03)), PERFECT), "settled"
    ),
    "non-saturating": (lambda: course(curve(), FLAT), "settled"),
    "hinge": (
        lambda: course(curve(loss_d=1.4, loss_g=0.2, real_score=0.66, fake_score=0.3), FLAT),
        "settled",
    ),
    "label smoothing": (
        lambda: course(curve(loss_d=0.9, real_score=0.82, fake_score=0.12), FLAT), "settled"
    ),
    "least squares": (
        lambda: course(curve(loss_d=0.45, loss_g=0.3, real_score=0.63, fake_score=0.58), FLAT),
        "settled",
    ),
    "a Wasserstein critic, whose scores have no zero": (
        lambda: course(
            curve(
                loss_d=-0.3, loss_g=3 * DRIFT, real_score=0.57 + 0.3 * DRIFT,
                fake_score=0.52 + 0.3 * DRIFT,
            ), FLAT,
        ), "settled",
    ),
    "a Wasserstein critic that keeps them apart": (
        lambda: course(curve(loss_d=-12.0, real_score=0.999, fake_score=0.001), FLAT), "settled"
    ),
    "G's loss rises and falls once": (
        lambda: course(curve(loss_g=0.5 + 6 * BUMP, fake_score=0.1 + 0.4 * BUMP), FLAT), "settled"
    ),
    "some wild batches": (
        lambda: course(curve(loss_g=spikes(1.5, 30), fake_score=spikes(0.38, 0.9)), FLAT),
        "settled",
    ),
    "too short a training": (lambda: course(curve(), FALLING), "improving"),
    # these have a fault of D or G
    "D is always right": (
        lambda: course(curve(real_score=0.999, fake_score=0.001), FLAT), "D too strong"
    ),
    "D is ahead and has nothing left to learn": (
        lambda: course(apart(0.6, grad_d=4.5 * fading(0.02)), FLAT), "D too strong"
    ),
    "D is too small to tell them apart": (lambda: course(apart(0.002), NEVER), "D too weak"),
    "D prefers fakes": (
        lambda: course(curve(real_score=0.42, fake_score=0.6), FLAT), "D too weak"
    ),
    "minimax saturates": (
        lambda: course(
            curve(real_score=0.98, fake_score=0.02, grad_g=2.5 * fading(0.005)), NEVER
        ), "saturated",
    ),
    **{
        f"swings with a period of {period} kimg, from {phase} of it on": (
            lambda period=period, phase=phase: course(swings(period, phase), FLAT), "oscillating"
        )
        for period in (1.5, 3, 6, 12, 24) for phase in (0, 0.3, 0.7)
    },
    "a loss is not finite at the end": (lambda: course(_lost(curve()), FALLING), "diverged"),
    "diverged, where the curve ends before the row that is not finite": (
        lambda: course(curve(100, 24), FALLING[:5], verdict=DIVERGED), "diverged"
    ),
    "collapsed, with a score that still falls": (
        lambda: course(curve(), FALLING, verdict=COLLAPSED), "collapsed"
    ),
    # and these a score to talk about
    "drops modes": (
        lambda: course(
            curve(), FLAT, variety=[0.1, 0.2, 0.3, 0.31, 0.3, 0.25, 0.2, 0.15, 0.12, 0.1]
        ), "losing variety",
    ),
    "past its best": (
        lambda: course(curve(), [61, 50, 41, 45, 50, 55, 60, 65, 70, 74]), "past its best"
    ),
    "never better than at first": (lambda: course(curve(), NEVER), "no gain"),
    "twenty updates": (lambda: course(curve(20), FALLING), "too short"),
}  # fmt: skip
