"""A request and a space -> a study: the same rows planned at every point, on the same images."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from gan_bench.base.text import plural
from gan_bench.catalogue import Catalogue
from gan_bench.contract.engine import Engine, Resources
from gan_bench.contract.errors import DataError, GanBenchError
from gan_bench.contract.space import Space
from gan_bench.data.stream import Progress
from gan_bench.results.layout import study_dir
from gan_bench.results.studies import HALVES, Row, Study, Trial
from gan_bench.run.choose_space import choose_space
from gan_bench.run.folders import folders_of
from gan_bench.run.plan import Planned, choose, make_plan, plan_on
from gan_bench.run.points import points
from gan_bench.run.request import Request
from gan_bench.run.schedule_text import settings_text

LEAST = 32  # images of a half: scores of fewer would choose by chance


@dataclass(frozen=True)
class PlannedStudy:
    """A study and the plan of each of its trials; the first one is the default schedule."""

    study: Study
    trials: tuple[Planned, ...]
    folder: Path

    def cells(self) -> list[Path]:
        """The folders of all cells: all of one trial before any of the next.

        So there is a table of a few trials early, in which all rows had the same care.
        """
        return [cell for planned in self.trials for cell in folders_of(planned, self.folder)]

    def by_row(self) -> dict[Row, dict[int, list[Path]]]:
        """The folders of all cells by row and trial, one a seed."""
        found: dict[Row, dict[int, list[Path]]] = {row: {} for row in self.study.rows}
        for k, planned in enumerate(self.trials):
            folders = folders_of(planned, self.folder)
            for cell, folder in zip(planned.plan.cells, folders, strict=True):
                found[cell.architecture, cell.loss].setdefault(k, []).append(folder)
        return found

    @property
    def engine(self) -> Engine:
        """What starts the cells."""
        return self.trials[0].engine

    @property
    def resources(self) -> Resources:
        """What the engine is given for the cells of all trials."""
        return self.trials[0].resources

    @property
    def notes(self) -> tuple[str, ...]:
        """The notes of the default schedule; the trials would repeat them."""
        return self.trials[0].notes


def plan_study(
    request: Request,
    space: Path | None,
    trials: int,
    catalogue: Catalogue,
    results: Path,
    progress: Progress = lambda *_: None,
) -> PlannedStudy:
    """Plan every trial, with the images prepared. Raises a GanBenchError for what cannot run."""
    default = make_plan(request, catalogue, progress, results, trials)
    schedule = default.plan.protocol.schedule
    chosen = choose_space(space, schedule, catalogue)
    settings = points(chosen, trials, schedule)
    others = [_trial(default, k, each, catalogue) for k, each in enumerate(settings) if k]
    planned = (default, *others)
    study = _study(planned, chosen, settings)
    _check_halves(study)
    return PlannedStudy(study, planned, study_dir(results, study.slug))


def trial_request(request: Request, settings: Mapping[str, Any]) -> Request:
    """What a user would have asked for to get these settings, on one schedule for all rows."""
    rates = {
        name: settings.get(name, request.lr or getattr(request, name)) for name in ("lr_g", "lr_d")
    }
    return replace(request, lr=None, recipes="same", **{**settings, **rates})


def _trial(default: Planned, k: int, settings: dict[str, Any], catalogue: Catalogue) -> Planned:
    request = trial_request(default.choice.request, settings)
    with naming_trial(k, settings):
        choice = choose(request, catalogue, default.choice.plans)
        labelled = default.prepared.classes is not None
        plan, notes = plan_on(choice, default.prepared.data, catalogue, labelled)
    return Planned(plan, default.prepared, choice, (*choice.notes, *notes))


@contextmanager
def naming_trial(k: int, settings: Mapping[str, Any]) -> Iterator[None]:
    """An error in the block says which trial it is about; that of the default needs no name."""
    try:
        yield
    except GanBenchError as error:
        if not k:
            raise
        raise type(error)(f"trial {k} ({settings_text(settings)}): {error}") from error


def _study(planned: Sequence[Planned], space: Space, settings: Sequence[dict[str, Any]]) -> Study:
    cells = planned[0].plan.cells
    return Study(
        protocol=planned[0].plan.protocol,
        space=space,
        rows=tuple(dict.fromkeys((cell.architecture, cell.loss) for cell in cells)),
        seeds=1 + max(cell.seed for cell in cells),
        trials=tuple(
            Trial(settings=each, protocol=trial.plan.protocol.slug)
            for each, trial in zip(settings, planned, strict=True)
        ),
    )


def _check_halves(study: Study) -> None:
    """DataError if there are too few real images to choose on one half and report on the other."""
    data, evaluation = study.protocol.data, study.protocol.evaluation
    images = evaluation.on_half(HALVES[0], data).samples
    if images < LEAST:
        raise DataError(
            f"{data.name}: trials would be chosen by {plural(images, 'image')}, and {LEAST} are "
            "needed in each half of the reference: add images, or give more --samples"
        )
