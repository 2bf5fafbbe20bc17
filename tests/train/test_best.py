"""Which metric decides on the best tick."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import numpy as np

from gan_bench.contract.protocol import Evaluation, MetricSpec, Schedule
from gan_bench.measure.evaluator import Evaluator
from gan_bench.train.checkpoint import Checkpoints
from gan_bench.train.samples import Latents
from gan_bench.train.saved import States
from gan_bench.train.session import Session
from gan_bench.train.verdicts import Look

FD, KD = (MetricSpec(name=n, higher_is_better=False, features="eye") for n in ("fd", "kd"))


def test_the_best_tick_is_that_of_the_metric_of_the_ticks(tmp_path: Path) -> None:
    def best(tick_metric: MetricSpec | None) -> tuple[str, float, float] | None:
        evaluation = Evaluation(
            samples=20, features="eye", digests={}, metrics=(FD,), tick_metric=tick_metric
        )
        nothing, z = cast(Evaluator, None), np.zeros((20, 5), np.float32)
        checkpoints = States(Checkpoints(tmp_path / "c", {}))
        session = Session(tmp_path, Schedule(kimg=1), evaluation, nothing, Latents(z), checkpoints)
        session.looks = [Look(0.5, {"fd": 1.0, "kd": 4.0}), Look(1.0, {"fd": 2.0, "kd": 3.0})]
        found = session.best()
        return found and (found.metric, found.value, found.final)

    assert best(None) == ("fd", 1.0, 2.0)
    assert best(KD) == ("kd", 3.0, 3.0)
