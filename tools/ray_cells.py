"""What Ray adds to a cell: python tools/ray_cells.py [CELLS]; 1,000 by default, on this machine.

The cells are empty: `true` in place of the process that trains. What is left is what the engine
costs: a task with its order, a process with its log, an answer, and the exit code in the hands of
the run. The same cells by the engine `local` stand beside it, and the time to start Ray.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from gan_bench import Resources
from gan_bench_plugins import local, ray_engine

SITE = """
import sys
if any("default_worker" in word for word in sys.orig_argv):
    sys.executable = {true!r}
"""
Start = Callable[[list[Path], Resources], Iterator[tuple[Path, int]]]


def timed(start: Start, cells: list[Path], resources: Resources) -> float:
    """Seconds that this engine takes for these cells."""
    began = time.perf_counter()
    codes = [code for _, code in start(cells, resources)]
    assert codes == [0] * len(cells)
    return time.perf_counter() - began


def main() -> None:
    """Print a line for each number of cells."""
    most = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    true = shutil.which("true")
    with tempfile.TemporaryDirectory() as top:
        (Path(top) / "sitecustomize.py").write_text(SITE.format(true=true))
        os.environ["PYTHONPATH"] = os.pathsep.join([top, os.environ.get("PYTHONPATH", "")])
        python, sys.executable = sys.executable, str(true)
        two = Resources(jobs=2, gpus_per_cell=0)
        for count in (most // 10, most):
            cells = [Path(top) / f"local{count}" / "p" / "a" / "l" / f"{k}" for k in range(count)]
            for cell in cells:
                cell.mkdir(parents=True)
            took = timed(local.start, cells, two)
            print(f"local, {count:,} cells: {took:.1f} s, {1000 * took / count:.0f} ms for each")
        sys.executable = python
        began = time.perf_counter()
        ray_engine.join(None)
        print(f"ray starts in {time.perf_counter() - began:.1f} s")
        for count in (most // 10, most):
            cells = [Path(top) / f"ray{count}" / "p" / "a" / "l" / f"{k}" for k in range(count)]
            for cell in cells:
                cell.mkdir(parents=True)
            took = timed(ray_engine.start, cells, Resources(gpus_per_cell=0))
            print(f"ray, {count:,} cells: {took:.1f} s, {1000 * took / count:.0f} ms for each")


if __name__ == "__main__":
    main()
