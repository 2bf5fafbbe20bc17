"""Runs of the tiny plugin: as a process, inside this one, and what they end in."""

from __future__ import annotations

import hashlib
import shlex
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import tiny_plugin
from gan_bench import Engine, Resources
from gan_bench import catalogue as catalogues
from gan_bench.cli.run import SOME_CELLS_FAILED
from gan_bench.contract.errors import GanBenchError
from gan_bench.results.layout import (
    CURVE,
    GENERATOR,
    PROTOCOL,
    RECORD,
    SAMPLES,
    TICKS,
    protocol_dir,
)  # fmt: skip
from gan_bench.results.locks import alone_in
from gan_bench.results.records import Record, read_record, write_record
from gan_bench.run.cell import main
from gan_bench.run.folders import failed, folders_of, lay_out
from gan_bench.run.plan import make_plan
from gan_bench.run.request import Request
from gan_bench.run.scheduler import run_cells
from gan_bench.run.task import read_task
from given import Place

WORDS = shlex.split(
    "--plugin tiny.py --loss minimax --data ../shapes --size 8 --batch 8 --kimg 1.6 --samples 16 "
    "--features eye --metric brightness --device cpu"
)  # 200 updates
TINY = [*WORDS, "--arch", "tiny"]
Make = Callable[..., Place]


def write_plugin(folder: Path) -> Path:
    return Path(shutil.copy(tiny_plugin.PATH, folder / "tiny.py"))


def _start(cells: Sequence[Path], _: Resources) -> Iterator[tuple[Path, int]]:
    for folder in cells:
        yield folder, main([str(folder)])


INSIDE = Engine(name="inside", source="a test", start=_start)


def request_for(plugin: Path, shapes: Path, **more: Any) -> Request:
    """Cells of the plugin, of four updates and two ticks each."""
    asked: dict[str, Any] = {
        "losses": ("minimax",), "data": str(shapes), "size": 8, "kimg": 0.032, "batch": 8,
        "features": ("eye",), "metrics": ("brightness",), "samples": 16, "device": "cpu",
        "plugins": (plugin,),
    }  # fmt: skip
    return Request(**asked | more)


def lay_cell(here: Place) -> Path:
    """The folder of the cell that `gan-bench run WORDS --arch tiny` trains, not yet begun."""
    plugin, shapes = here.folder / "tiny.py", here.folder.parent / "shapes"
    asked = request_for(plugin, shapes, architectures=("tiny",), kimg=1.6)
    planned = make_plan(asked, catalogues.load(asked.plugins))
    lay_out(planned, here.folder / "results")
    (folder,) = folders_of(planned, here.folder / "results")
    return folder


def run(plugin: Path, shapes: Path, results: Path) -> int:
    """`gan-bench run` of two cells; the exit code."""
    request = request_for(plugin, shapes, architectures=("tiny",), seeds=2)
    try:
        planned = make_plan(request, catalogues.load([plugin]))
        with alone_in(protocol_dir(results, planned.plan.protocol), "training"):
            lay_out(planned, results)
            folders = folders_of(planned, results)
            list(run_cells(INSIDE, folders))
    except GanBenchError as error:
        return error.exit_code
    return SOME_CELLS_FAILED if any(map(failed, folders)) else 0


def say_trained(cell: Path) -> None:
    """A record of another seed by the same code: no new process repeats the pair's first step."""
    other = cell.with_name("seed99")
    other.mkdir(exist_ok=True)
    architecture, loss, _ = cell.parts[-3:]
    finished = {"seed": 99, "status": "finished", "ended": "now", "code": read_task(cell).code()}
    write_record(other, Record(architecture=architecture, loss=loss, **finished))


def outcome(results: Path) -> dict[str, str]:
    """The digests of all that must be the same bytes in every run."""
    digests = {}
    for path in sorted(results.rglob("*")):
        name = path.relative_to(results).as_posix()
        if path.name in (CURVE, TICKS, GENERATOR, PROTOCOL) or path.parent.name == SAMPLES:
            digests[name] = hashlib.sha256(path.read_bytes()).hexdigest()
        elif path.name == RECORD:
            record = read_record(path.parent)
            digests[name] = repr(
                (record.status, record.scores, record.verdicts, record.best, record.diagnosis)
            )
    return digests


def cell_of(here: Place, architecture: str = "tiny", seed: int = 0) -> Path:
    """The folder of a cell."""
    return here.protocol / architecture / "minimax" / f"seed{seed}"


def goes_on(here: Place, reference: dict[str, str]) -> str:
    """The same command again ends in the bytes of a run that nothing happened to."""
    done = here.run(*TINY)
    assert done.returncode == 0, done.stderr
    assert outcome(here.folder / "results") == reference
    return done.stderr
