"""The command that runs one cell, for the engines, and the environment that it needs."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from gan_bench.contract.errors import StorageError
from gan_bench.contract.protocol import Cell, RunEnvironment
from gan_bench.results.layout import CELL, RECORD
from gan_bench.results.measurements import environment_of, waiting
from gan_bench.results.reading import read_model

# Threads that wait for each other spin for a while, then sleep. With GNU OpenMP's own 300,000
# turns a training ran at 0.4 times this speed beside two busy processes; with none, at 0.7 times
# on an idle machine (a small convolutional pair at 32 px, batch 32, two cores).
SPIN = {"GOMP_SPINCOUNT": "30000"}


def cell_command(folder: Path) -> tuple[list[str], dict[str, str]]:
    """The words that run the cell in this folder, and all environment variables of its process.

    Its standard input must be a pipe: the cell ends when nobody holds the other end.
    """
    # -P: a types.py in the user's folder is not Python's; --: a folder may begin with a dash
    words = [sys.executable, "-P", "-m", "gan_bench.run.cell", "--attached", "--", str(folder)]
    return words, SPIN | os.environ | _threads(folder)


def _threads(folder: Path) -> dict[str, str]:
    """The number of threads, which OpenMP and BLAS read when they are loaded."""
    try:
        threads = environment_now(folder).threads
    except StorageError:  # the cell will say it
        return {}
    return {} if threads is None else {"OMP_NUM_THREADS": str(threads)}


def environment_now(folder: Path) -> RunEnvironment:
    """Where the cell is trained, or measured if it is trained. StorageError if unreadable."""
    if (folder / RECORD).exists() and (asked := waiting(folder)):
        return environment_of(folder, asked[0])
    return read_model(folder / CELL, Cell).environment
