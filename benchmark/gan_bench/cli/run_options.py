"""The options of `gan-bench run` and `tune`, in the groups in which its help shows them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import rich_click as click

from gan_bench.cli import generator_options, options
from gan_bench.cli.data_options import HOW, WHICH
from gan_bench.cli.engine_options import engine_options
from gan_bench.cli.options import Decorator
from gan_bench.cli.values import IMAGES, PATH, SEEDS, Betas, Name, Number, Whole, Word

RETRY = "--retry-failed"
TRAIN, SCHEDULE = "What to train", "Schedule"
MEASURE, RUNNING = "Measuring", "Running"
RATE = Number(0, 1, min_open=True)


ROWS: tuple[Decorator, ...] = (
    options.names(
        "--arch", "architectures", kind="architecture", panel=TRAIN, help="Architectures to train."
    ),
    options.names("--loss", "losses", kind="loss", panel=TRAIN, help="Losses to train with."),
)

# of a run alone: how many seeds rows get, where --seeds does not say it
DECIDING: tuple[Decorator, ...] = (
    click.option(
        "--until-decided",
        type=Number(0, 0.5, min_open=True),
        metavar="ALPHA",
        panel=TRAIN,
        help="Look after every N seeds of --seeds, and train N more only of rows that are not told "
        "apart yet. If rows are alike, a false difference appears in at most ALPHA of all tables, "
        "such as 0.05.",
    ),
    click.option(
        "--most-seeds",
        type=SEEDS,
        metavar="M",
        panel=TRAIN,
        help="With --until-decided, the most seeds of a row: a multiple of --seeds. Default: four "
        "times as many.",
    ),
    click.option(
        "--budget",
        type=Number(0, 1e5, min_open=True),
        metavar="HOURS",
        panel=TRAIN,
        help="Choose the training length and the seeds, the same for all rows, so that the whole "
        "run takes so many hours; one of them is fixed if you give it. One short cell of each row "
        "is trained first.",
    ),
)

SHARED: tuple[Decorator, ...] = (
    click.option(
        "--preset",
        type=Name("preset"),
        metavar="NAME",
        panel=TRAIN,
        help="Schedule, data, size and metrics that belong together; other options override them. "
        "Default: the one for this device.",
    ),
    *WHICH,
    *HOW,
    click.option(
        "--schedule",
        type=PATH,
        metavar="FILE.toml",
        panel=SCHEDULE,
        help="A file with fields of the schedule, such as lr_g = 0.0001. Options override it; the "
        "preset gives the rest.",
    ),
    click.option(
        "--recipes",
        type=click.Choice(["same", "own"]),
        panel=SCHEDULE,
        help="same: one schedule for all. own: architectures and losses override the schedule by "
        "what they were made for; a loss comes before an architecture. Images, data and measuring "
        "stay the same. Default: the preset's.",
    ),
    click.option(
        "--kimg",
        type=Number(0, 1e9, min_open=True),
        metavar="N",
        panel=SCHEDULE,
        help="Length of the training: thousands of real images shown to D. Default: the preset's.",
    ),
    click.option(
        "--epochs",
        type=Number(0, 1e5, min_open=True),
        metavar="N",
        panel=SCHEDULE,
        help="Length of the training in passes over the training images, instead of --kimg.",
    ),
    click.option(
        "--batch",
        type=Whole(2),
        metavar="N",
        panel=SCHEDULE,
        help="Images per batch, 2 or more. Default: the preset's.",
    ),
    click.option(
        "--lr",
        type=RATE,
        metavar="RATE",
        panel=SCHEDULE,
        help="Learning rate of G and of D, at most 1. Default: the preset's.",
    ),
    click.option(
        "--lr-g",
        type=RATE,
        metavar="RATE",
        panel=SCHEDULE,
        help="Learning rate of G alone. With --lr only if both are equal. Default: the preset's.",
    ),
    click.option(
        "--lr-d",
        type=RATE,
        metavar="RATE",
        panel=SCHEDULE,
        help="Learning rate of D alone. With --lr only if both are equal. Default: the preset's.",
    ),
    click.option(
        "--betas",
        type=Betas(),
        metavar="B1,B2",
        panel=SCHEDULE,
        help="Two decay rates of the optimizer, each from 0 to below 1; `gan-bench plugins` says "
        "what it makes of them. Default: the preset's.",
    ),
    click.option(
        "--optimizer",
        type=Name("optimizer"),
        metavar="NAME",
        panel=SCHEDULE,
        help="Optimizer of G and of D. Default: the preset's.",
    ),
    click.option(
        "--lr-decay",
        type=click.Choice(["constant", "linear", "cosine"]),
        panel=SCHEDULE,
        help="How both learning rates fall to 0 by the end of the training. Default: the preset's.",
    ),
    click.option(
        "--d-steps",
        type=Whole(1, 1000),
        metavar="N",
        panel=SCHEDULE,
        help="Updates of D per update of G. Each shows D other images, so that G gets fewer "
        "updates in the same kimg. Default: the preset's.",
    ),
    click.option(
        "--ema-kimg",
        type=Number(0, 1e9),
        metavar="N",
        panel=SCHEDULE,
        help="Half-life of the moving average of G, which is measured, in kimg. 0: no average. "
        "Default: the preset's.",
    ),
    options.names(
        "--augment",
        kind="augmentation",
        panel=SCHEDULE,
        help="Random changes of the images that D sees, which help where there are few.",
    ),
    click.option(
        "--ticks",
        type=Whole(1, 10_000),
        metavar="N",
        panel=SCHEDULE,
        help="How often a cell is scored while it trains. Default: the preset's.",
    ),
    click.option(
        "--precision",
        type=click.Choice(["auto", "fp32", "bf16"]),
        default="auto",
        panel=SCHEDULE,
        help="Number format of the training. auto: bf16 on a device that computes it faster.",
    ),
    click.option(
        "--on-collapse",
        type=click.Choice(["continue", "stop", "rollback"]),
        panel=SCHEDULE,
        help="Action when training collapses. rollback: return to the last healthy state, at most "
        "three times. Default: the preset's.",
    ),
    options.names(
        "--features",
        kind="features",
        panel=MEASURE,
        help="Networks to measure images with. The second one gives a second opinion.",
    ),
    options.names(
        "--metric",
        "metrics",
        kind="metric",
        panel=MEASURE,
        help="Metrics to compute. The first one ranks the table.",
    ),
    click.option(
        "--samples",
        type=IMAGES,
        metavar="N",
        panel=MEASURE,
        help="Images to generate for the metrics, 10 or more. Default: the preset's.",
    ),
    click.option(
        "--reference",
        type=click.Choice(["train", "held-out"]),
        default="train",
        panel=MEASURE,
        help="Real images to compare with: training images, or images that no training has seen.",
    ),
    options.weights(MEASURE),
    click.option(
        "--judge",
        metavar="FILE",
        type=PATH,
        panel=MEASURE,
        help="Judge that names the mode of an image, made by `gan-bench judge`.",
    ),
    options.device(RUNNING, "train"),
    *engine_options(RUNNING, "train", "the preset's."),
    click.option(
        "--cell-timeout",
        "timeout",
        type=Number(0, 1e8, min_open=True),  # three years: the system's alarm takes no more
        metavar="SECONDS",
        panel=RUNNING,
        help="Stop a cell that takes longer and count it as failed. Default: no limit.",
    ),
    click.option(
        "--keep",
        type=click.Choice(["last", "best"]),
        default="last",
        panel=RUNNING,
        help="Generators to keep. best: that of the best tick too, for --best of `gan-bench "
        "sample`. It changes no score.",
    ),
    click.option(
        "--keep-ticks",
        is_flag=True,
        panel=RUNNING,
        help="Keep the whole state at every tick, for `gan-bench branch` and `gan-bench autopsy`. "
        "It takes disk space, which --dry-run estimates, and changes no score.",
    ),
    options.names(
        "--track",
        kind="tracker",
        panel=RUNNING,
        help="Also show in this program how the cells train. It changes no score.",
        default="Default: none.",
    ),
    options.plugin(RUNNING),
    click.option(RETRY, is_flag=True, panel=RUNNING, help="Train failed cells again."),
    click.option(
        "--dry-run", is_flag=True, panel=RUNNING, help="Print what would be run, and train nothing."
    ),
    options.results(
        "Folder for all results. The same command continues there what is not yet finished."
    ),
    options.as_json("Print the leaderboard as JSON; with --dry-run, the plan."),
    options.QUIET,
)

# `tune` has no rows that were not trained here
ENTRIES: tuple[Decorator, ...] = (
    click.option(
        "--entry",
        "entries",
        multiple=True,
        metavar="NAME=PATH",
        type=Word(),
        panel=MEASURE,
        help="Also score these images, or this generator, made elsewhere, and show them in the "
        "table; see `gan-bench score`. Can be repeated.",
    ),
    generator_options.z_dim(MEASURE),
    generator_options.trust(MEASURE),
    options.replace(MEASURE),
)


def run_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options of `run`."""
    seeds = _seeds("1, and 5 with --until-decided")
    return _given((*ROWS, seeds, *DECIDING, *SHARED, *ENTRIES), command)


def tune_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options of `run` that are about what is trained here."""
    return _given((*ROWS, _seeds("1"), *SHARED), command)


def _seeds(default: str) -> Decorator:
    return click.option(
        "--seeds",
        type=SEEDS,
        metavar="N",
        panel=TRAIN,
        help="Train each architecture with each loss N times, from different seeds. "
        f"Default: {default}.",
    )


def _given(options: Sequence[Decorator], command: Callable[..., Any]) -> Callable[..., Any]:
    for option in reversed(options):
        command = option(command)
    return command
