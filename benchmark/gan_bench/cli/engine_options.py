"""The options that say what starts the cells of a run, and what each of them may use."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import rich_click as click

from gan_bench.cli import options
from gan_bench.cli.options import Decorator
from gan_bench.cli.values import Name, Number, Whole, Word

RUNNING = "Running"


def engine_options(panel: str, verb: str, default: str) -> tuple[Decorator, ...]:
    """--engine and what it takes; `verb` is what is done to the cells."""
    return (
        click.option(
            "--engine",
            type=Name("engine"),
            metavar="NAME",
            panel=panel,
            help=f"What starts the cells. Default: {default}",
        ),
        click.option(
            "--jobs",
            type=Whole(1),
            metavar="N",
            panel=panel,
            help=f"Cells to {verb} at the same time; they share the threads of the CPU. Default: "
            "on this machine 1, or 1 for each GPU; on a cluster as many as it has room for.",
        ),
        click.option(
            "--cpus-per-cell",
            type=Number(0, 1e4, min_open=True),
            metavar="N",
            panel=panel,
            help="Cores that a cluster keeps for each cell, and its threads. Default: 1.",
        ),
        click.option(
            "--gpus-per-cell",
            type=Number(0, 1e3),
            metavar="N",
            panel=panel,
            help="GPUs for each cell that computes on one: with 0.25, four cells share a GPU. "
            "Default: 1, or with --jobs as many cells on a GPU as that takes.",
        ),
        click.option(
            "--address",
            type=Word(),
            metavar="ADDRESS",
            panel=panel,
            help="Cluster that runs already: auto, or its address. Default: one that is started "
            "on this machine, for this run.",
        ),
        click.option(
            "--partition",
            type=Word(),
            metavar="NAME",
            panel=panel,
            help="Part of the cluster whose queue the cells wait in. Default: the cluster's.",
        ),
        click.option(
            "--minutes-per-cell",
            type=Number(0, 1e6, min_open=True),
            metavar="N",
            panel=panel,
            help="Time that the queue gives a cell. One that needs more goes on from its "
            "checkpoint, in another job. Default: the cluster's.",
        ),
    )


def with_engine(panel: str, verb: str, default: str) -> Decorator:
    """Give a command the options of its engine."""

    def declare(command: Callable[..., Any]) -> Callable[..., Any]:
        for option in reversed(engine_options(panel, verb, default)):
            command = option(command)
        return command

    return declare


def training_on(panel: str) -> Decorator:
    """Give a command what trained cells are trained on with: their images and nets, an engine."""

    def declare(command: Callable[..., Any]) -> Callable[..., Any]:
        given = (
            options.data_now(panel),
            options.weights(panel),
            options.plugin(panel),
            options.device(RUNNING, "train"),
            with_engine(RUNNING, "train", "what started the cell."),
        )
        for option in reversed(given):
            command = option(command)
        return command

    return declare
