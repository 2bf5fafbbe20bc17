"""The folder of a cell, as a user names it."""

from __future__ import annotations

from pathlib import Path

from gan_bench.contract.errors import UsageError
from gan_bench.contract.names import nearest
from gan_bench.results.layout import CELL


def check_cell(path: Path) -> None:
    """UsageError if this is no cell's folder; it names the nearest one."""
    if not (path / CELL).is_file():
        raise UsageError(_no_cell(path.resolve()))


def _no_cell(path: Path) -> str:
    # no deeper: from the root of a disk it would search for minutes
    deeper = (path.glob("*/" * depth + CELL) for depth in range(1, 5))
    below = next((sorted(files)[0].parent for each in deeper if (files := [*each])), None)
    if below:
        return f"{path} is no cell's folder; one below it is {below}"
    if path.exists():
        return f"{path} is no cell's folder: it has no {CELL}"
    if "*" in str(path):
        return f"no folder is called {path}"  # the shell found none, and left the pattern as it is
    above = next(each for each in path.parents if each.exists())
    missing = path.relative_to(above).parts[0]
    names = sorted(each.name for each in above.iterdir()) if above.is_dir() else []
    return f"there is no {path}: {above} has no {missing}.{nearest(missing, names)}"
