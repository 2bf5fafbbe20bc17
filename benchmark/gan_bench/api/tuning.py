"""`gan_bench.tune(...)`: the same study as `gan-bench tune`, as data and to look at."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from gan_bench.api.asking import checked_by
from gan_bench.api.shown import Shown
from gan_bench.base.text import plural
from gan_bench.contract.errors import UsageError
from gan_bench.report.shown_summary import ShownSummary
from gan_bench.report.tuning.answer import answer
from gan_bench.report.tuning.care import cares
from gan_bench.report.tuning.chapter import chapter_of
from gan_bench.report.tuning.documents import expected_frame, rows_frame, trials_frame
from gan_bench.report.tuning.trials import Tuned, read_tuned
from gan_bench.results.layout import settings_path

if TYPE_CHECKING:
    import pandas as pd

Text = str | os.PathLike[str]
Names = str | Iterable[str]


class Study(Shown):
    """A study of `tune`, as it was when it was read. A notebook shows its table."""

    def __init__(self, tuned: Tuned) -> None:
        self._tuned = tuned

    @property
    def slug(self) -> str:
        """The name of the study."""
        return self._tuned.study.slug

    @property
    def folder(self) -> Path:
        """The folder of the study: `load(folder, protocol)` reads the leaderboard of a trial."""
        return self._tuned.folder

    @property
    def answer(self) -> str:
        """Which row is best untuned, and which with the same care: one sentence."""
        return answer(self._tuned, cares(self._tuned))

    @property
    def settings(self) -> dict[tuple[str, str], Path]:
        """Architecture and loss -> the file with the best settings, for `run(schedule=...)`."""
        rows = (row.names for row in self._tuned.rows)
        files = {names: settings_path(self.folder, *names) for names in rows}
        return {names: path for names, path in files.items() if path.is_file()}

    def frame(self) -> pd.DataFrame:
        """One row a row of the table and trial; a score is the mean of the seeds.

        Columns: study, architecture, loss, trial, status of each seed, "METRIC choosing", "METRIC
        reporting", "METRIC whole", a column for each setting, protocol. A trial without a setting
        has that of the default schedule.
        """
        return trials_frame(self._tuned)

    def rows(self) -> pd.DataFrame:
        """One row a row of the table, the best tuned one first; none before all have had a trial.

        Columns: architecture, loss, untuned, tuned, chosen_trial, trained, ended_badly.
        """
        return rows_frame(self._tuned)

    def expected(self) -> pd.DataFrame:
        """One row a row of the table and k: the expected best of k trials, and its range.

        Columns: architecture, loss, k, expected, low, high. Empty if trials were stopped early.
        """
        return expected_frame(self._tuned)

    def table(self) -> ShownSummary:
        """The tables and notes as `gan-bench report` shows them."""
        return ShownSummary(chapter_of(self._tuned))

    def __repr__(self) -> str:
        return f"<Study {self.slug}: {plural(len(self._tuned.rows), 'row')}>"


def read_study(folder: Path) -> Study:
    """The study in this folder. StorageError if its plan cannot be read."""
    return Study(read_tuned(folder))


def tune(
    *,
    trials: int = 8,
    space: Text | None = None,
    halve: bool = False,
    archs: Names = (),
    losses: Names = (),
    seeds: int | None = None,
    preset: str | None = None,
    data: Text | None = None,
    data_root: Text | None = None,
    download: bool = False,
    size: int | tuple[int, int] | None = None,
    max_bad: float = 0.1,
    folder: str | None = None,
    min_size: int | None = None,
    blurry: float | None = None,
    dedupe: bool = False,
    group_by: Literal["folder", "name-prefix"] | None = None,
    frames: Literal["first", "all"] = "first",
    grey: bool = False,
    alpha: bool = False,
    schedule: Text | None = None,
    recipes: Literal["same", "own"] | None = None,
    kimg: float | None = None,
    epochs: float | None = None,
    batch: int | None = None,
    lr: float | None = None,
    lr_g: float | None = None,
    lr_d: float | None = None,
    betas: tuple[float, float] | None = None,
    optimizer: str | None = None,
    lr_decay: Literal["constant", "linear", "cosine"] | None = None,
    d_steps: int | None = None,
    ema_kimg: float | None = None,
    augment: Names = (),
    ticks: int | None = None,
    precision: Literal["auto", "fp32", "bf16"] = "auto",
    on_collapse: Literal["continue", "stop", "rollback"] | None = None,
    features: Names = (),
    metrics: Names = (),
    samples: int | None = None,
    reference: Literal["train", "held-out"] = "train",
    weights: Text | Mapping[str, Text] | None = None,
    judge: Text | None = None,
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto",
    engine: str | None = None,
    jobs: int | None = None,
    cpus_per_cell: float | None = None,
    gpus_per_cell: float | None = None,
    address: str | None = None,
    partition: str | None = None,
    minutes_per_cell: float | None = None,
    timeout: float | None = None,
    keep: Literal["last", "best"] = "last",
    keep_ticks: bool = False,
    track: Names = (),
    plugins: Text | Iterable[Text] = (),
    retry_failed: bool = False,
    results: Text = "results",
    quiet: bool = False,
) -> Study:
    """Give every architecture with every loss the same number of trials, and compare them then.

    The arguments are the options of `gan-bench tune`: `gan-bench tune --help` describes them. Those
    that `run` has as well have the same forms as there. `space` is a file that says what is tuned.

    A finished cell is never trained again: the same call goes on after an interruption. Raises
    GanBenchError, with the sentence of the command line, for what cannot be tuned.
    """
    asked = dict(locals())
    from gan_bench.cli.tune import tune as command

    return _tune(**checked_by(command, asked))


def _tune(
    trials: int,
    space: Path | None,
    halve: bool,
    results: Path,
    retry_failed: bool,
    quiet: bool,
    **asked: Any,
) -> Study:
    from gan_bench.api.shown import progress_console
    from gan_bench.cli.data_options import request_of
    from gan_bench.report.tuning.settings import write_settings
    from gan_bench.run.names import catalogue_for
    from gan_bench.run.train_cells import refusal
    from gan_bench.run.whole_study import begin_study, train_study

    request, console = request_of(asked), progress_console(quiet)
    catalogue = catalogue_for(request)
    planned, watch = begin_study(request, space, trials, catalogue, results, console)
    refused = train_study(planned, watch, retry_failed, halve)
    write_settings(tuned := read_tuned(planned.folder))
    if words := refusal(refused):
        raise UsageError(words)
    return Study(tuned)
