"""A session whose evaluator is a script: it gives every tick the scores that the test wants."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from math import nan
from pathlib import Path
from typing import Any, cast

import numpy as np
from networks import IMAGES, LOSS, SHAPE, begin, d_loss, flat, make_loss

from gan_bench import Loss
from gan_bench.base import rng
from gan_bench.contract.protocol import Data, Evaluation, Gauge, MetricSpec, Protocol, Schedule
from gan_bench.measure.evaluator import Evaluator
from gan_bench.results.layout import CHECKPOINTS, TICKS
from gan_bench.results.reading import read_lines
from gan_bench.train.checkpoint import Checkpoints
from gan_bench.train.samples import Latents
from gan_bench.train.saved import States
from gan_bench.train.session import Session
from gan_bench.train.state import Training

GAUGE = Gauge(name="variety", higher_is_better=True, features="eye", floor=0.1)
FINE, POOR = {"fd": 9.0, "variety": 0.9}, {"fd": 9.0, "variety": 0.01}


class Script:
    """An evaluator with scores for every tick; it keeps the images that it was shown."""

    def __init__(self, scores: Sequence[dict[str, float]], seconds: float = 0) -> None:
        self.scores = iter(scores)
        self.seconds = seconds
        self.shown: list[np.ndarray] = []

    def look(self, images: np.ndarray) -> dict[str, float]:
        self.shown.append(images)
        time.sleep(self.seconds)
        return dict(next(self.scores))


def protocol(on_collapse: str, ticks: int) -> Protocol:
    schedule: dict[str, Any] = {"kimg": 0.01 * ticks, "batch": 5, "ticks": ticks}  # 2 updates each
    return Protocol(
        data=Data(name="noise", fingerprint="ab", shape=SHAPE, train=30, held_out=0),
        schedule=Schedule(on_collapse=on_collapse, **schedule),
        evaluation=Evaluation(
            samples=20,
            tick_samples=12,
            features="eye",
            digests={},
            metrics=(MetricSpec(name="fd", higher_is_better=False, features="eye"),),
            gauges=(GAUGE,),
        ),
    )


def follow(
    folder: Path,
    scores: Sequence[dict[str, float]],
    on_collapse: str = "continue",
    loss: Loss = LOSS,
    stopping: Callable[[Training], bool] | None = None,
    seconds: float = 0,
    keep_best: bool = False,
) -> tuple[Session, Training, Script]:
    """Train with one tick for each of the scores; go on from what is in the folder."""
    folder.mkdir(exist_ok=True)
    plan = protocol(on_collapse, len(scores))
    training = begin(plan.schedule, arch=flat())
    looked = len(read_lines(folder / TICKS)) if stopping else 0
    evaluator = Script(scores[looked:], seconds)
    checkpoints = Checkpoints(folder / CHECKPOINTS, {"cell": "this"})
    given = Latents(rng.normal(0, "z-eval", 20, 5))
    scripted = cast(Evaluator, evaluator)
    states = States(checkpoints)
    session = Session(folder, plan.schedule, plan.evaluation, scripted, given, states, keep_best)
    session.follow(training, loss, IMAGES, 0, lambda: bool(stopping and stopping(training)))
    return session, training, evaluator


def verdicts(session: Session) -> list[tuple[str, float]]:
    return [(verdict.kind, round(verdict.kimg, 6)) for verdict in session.verdicts]


def diverging(*at: int) -> Loss:
    """Its d_loss is not a number at these steps, counted from 1."""
    steps = iter(range(1, 1000))
    return make_loss(d_loss=lambda *both: d_loss(*both) * (nan if next(steps) in at else 1))
