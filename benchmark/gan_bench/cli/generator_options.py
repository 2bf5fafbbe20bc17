"""Options of the commands that use a trained generator."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import rich_click as click

from gan_bench.cli.options import OUTPUT, Decorator, results
from gan_bench.cli.values import OUT_FILE, PATH, Whole

if TYPE_CHECKING:
    from gan_bench.train.generator import Generator

GENERATOR = "Generator"
ABOUT_CELL = (
    "The cell as architecture/loss/seed0, or the path of its folder. The file of `gan-bench export "
    "--to safetensors` will do, too."
)

CELL = click.argument("cell", type=PATH, metavar="CELL", panel=GENERATOR, help=ABOUT_CELL)
CELLS = click.argument(
    "cells", type=PATH, metavar="CELL...", nargs=-1, required=True, panel=GENERATOR, help=ABOUT_CELL
)
WHERE = results("Results folder in which a cell is looked up by its name.", GENERATOR)
BEST = click.option(
    "--best",
    is_flag=True,
    panel=GENERATOR,
    help="Take the generator of the best tick, kept by `gan-bench run --keep best`, not the last.",
)
PLUGIN = click.option(
    "--plugin",
    "plugins",
    multiple=True,
    metavar="FILE.py",
    type=PATH,
    panel=GENERATOR,
    help="Load the architecture from this Python file, if it has moved since the training. Can be "
    "repeated. Default: the files that the cell was trained with.",
)
SEED = click.option(
    "--seed",
    type=Whole(0),
    default=0,
    metavar="N",
    panel=GENERATOR,
    help="Seed of z: equal seeds give equal images.",
)
CLASS = click.option(
    "--class",
    "chosen",
    metavar="CLASS",
    panel=GENERATOR,
    help="Class of all images, for a conditional generator: its number, counted from 0, or the "
    "name of its folder. Default: all classes in turn.",
)
MOVING = click.option(
    "-o",
    "--out",
    type=OUT_FILE,
    metavar="FILE",
    required=True,
    panel=OUTPUT,
    help="File to write: .gif, or .mp4 with `pip install 'gan-bench[mp4]'`.",
)


def found(cell: Path, results: Path) -> Path:
    """The folder of a cell, which may be named as `gan-bench list` prints it; or a file.

    UsageError if there is none, before anything imports torch.
    """
    from gan_bench.results.finding import find_cell_folder

    # a path may be too long to be one
    return cell if os.path.isfile(cell) else find_cell_folder(results, cell)


def read_generator(cell: Path, best: bool, plugins: Iterable[Path]) -> Generator:
    """The generator of a cell."""
    from gan_bench.train.generator import generator

    return generator(cell, best=best, plugins=plugins)


def z_dim(panel: str) -> Decorator:
    """--z-dim: what a generator in a file may not say."""
    return click.option(
        "--z-dim",
        type=Whole(1, 100_000),
        metavar="N",
        panel=panel,
        help="Length of z, for a TorchScript or ONNX generator. Default: it is found out.",
    )


def trust(panel: str) -> Decorator:
    """--trust: a file that is a program may be run."""
    return click.option(
        "--trust",
        is_flag=True,
        panel=panel,
        help="Run a TorchScript generator. It is a program, which can read and write your files: "
        "say this of a file whose maker you know.",
    )
