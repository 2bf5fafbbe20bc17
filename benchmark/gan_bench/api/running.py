"""`gan_bench.run(...)`: the same run as `gan-bench run`, which returns its leaderboard."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal

from gan_bench.api.asking import checked_by
from gan_bench.api.boards import Board, load
from gan_bench.api.shown import progress_console
from gan_bench.cli.data_options import request_of
from gan_bench.cli.run import run as command
from gan_bench.contract.errors import UsageError
from gan_bench.report.decided import next_step
from gan_bench.run.asked_entries import entries_to_score
from gan_bench.run.names import catalogue_for
from gan_bench.run.train_cells import refusal
from gan_bench.run.whole_run import plan_run, score_asked, train

Text = str | os.PathLike[str]
Names = str | Iterable[str]


def run(
    *,
    archs: Names = (),
    losses: Names = (),
    seeds: int | None = None,
    until_decided: float | None = None,
    most_seeds: int | None = None,
    budget: float | None = None,
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
    entries: Mapping[str, Text] | Text | Iterable[Text] = (),
    z_dim: int | None = None,
    trust: bool = False,
    replace: bool = False,
    track: Names = (),
    plugins: Text | Iterable[Text] = (),
    retry_failed: bool = False,
    results: Text = "results",
    quiet: bool = False,
) -> Board:
    """Train every architecture with every loss on one schedule, and return the leaderboard.

    The arguments are the options of `gan-bench run`: `gan-bench run --help` describes them, and
    what is not given is decided as there. `archs`, `losses`, `metrics`, `features`, `augment` and
    `plugins` take one name or several; `size` is a side in pixels or (height, width); `weights` is
    a file, or a dictionary from a features network to its file; `entries` is a dictionary from a
    name to images or a generator made elsewhere, or paths.

    A finished cell is never trained again: the same call goes on after an interruption. Progress
    is shown on stderr, live on a terminal and, with ipywidgets, in a notebook; `quiet` shows none.
    A cell that fails stands in the leaderboard with its reason. Raises GanBenchError, with the
    sentence that the command line prints, for whatever cannot be run.
    """
    return _run(**checked_by(command, locals()))


def _run(
    results: Path,
    retry_failed: bool,
    entries: tuple[str, ...],
    z_dim: int | None,
    trust: bool,
    replace: bool,
    quiet: bool,
    **asked: Any,
) -> Board:
    request, console = request_of(asked), progress_console(quiet)
    catalogue = catalogue_for(request)
    entries_asked = entries_to_score(entries, request)
    planned, watch = plan_run(request, catalogue, results, console)
    refused = train(planned, watch, catalogue, results, next_step, retry_failed)
    score_asked(entries_asked, planned, results, watch, z_dim, trust, replace)
    if words := refusal(refused):
        raise UsageError(words)
    return load(results, planned.board)[0]
