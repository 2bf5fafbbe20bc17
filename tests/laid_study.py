"""A study written by hand: what each row scored in each trial."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from gan_bench.contract.protocol import RunEnvironment
from gan_bench.contract.space import Axis, Space
from gan_bench.results.layout import study_dir
from gan_bench.results.measurements import Measurement, ask_for, write_measurement
from gan_bench.results.records import Score, Status
from gan_bench.results.studies import HALVES, Study, Trial, write_study
from records import PLAIN, write_cell

SPACE = Space(axes={"lr_g": Axis(log=(1e-5, 1e-3))})
HERE = RunEnvironment(device="cpu", named=True)


class Outcome(NamedTuple):
    """One training: its costs on the two halves, None if it has none, and how it ended."""

    choosing: float | None
    reporting: float | None
    status: Status = "finished"


def trial_protocols(count: int) -> list[Trial]:
    schedules = [PLAIN.schedule.model_copy(update={"lr_g": 1e-3 * k}) for k in range(1, count)]
    protocols = [PLAIN, *(PLAIN.model_copy(update={"schedule": each}) for each in schedules)]
    settings = [{}, *({"lr_g": each.lr_g} for each in schedules)]
    return [
        Trial(settings=each, protocol=protocol.slug)
        for each, protocol in zip(settings, protocols, strict=True)
    ]


def write_trials(
    results: Path,
    rows: Mapping[str, Sequence[Outcome | None]],
    stopped: Sequence[tuple[str, str, int]] = (),
) -> Path:
    """Write a study of these rows, architecture -> trials; None: not done. Its folder."""
    count = max(map(len, rows.values()))
    study = Study(
        protocol=PLAIN,
        space=SPACE,
        rows=tuple((name, "hinge") for name in rows),
        seeds=1,
        trials=tuple(trial_protocols(count)),
        stopped=tuple(stopped),
    )
    folder = study_dir(results, study.slug)
    write_study(folder, study)
    for name, outcomes in rows.items():
        for k, outcome in enumerate(outcomes):
            _write_training(folder, study, name, k, outcome)
    return folder


def _write_training(folder: Path, study: Study, name: str, k: int, outcome: Outcome | None) -> None:
    changed = {} if k == 0 else {"lr_g": 1e-3 * k}
    under = PLAIN.model_copy(update={"schedule": PLAIN.schedule.model_copy(update=changed)})
    status = outcome.status if outcome else None
    cell = write_cell(folder, name, under=under, status=status, scores={})
    for half in HALVES:
        evaluation = study.evaluation(half)
        ask_for(cell, evaluation, HERE)
        if outcome is None:
            continue
        value: float | None = getattr(outcome, half)
        score = {"higher_is_better": False, "features": "eye", "n": 450, "reference": "train"}
        scores = {} if value is None else {"fd-eye": Score(value=value, reference_n=450, **score)}
        found = Measurement(scores=scores, device="cpu", seconds=1, ended="now")
        write_measurement(cell, evaluation.slug, found)
