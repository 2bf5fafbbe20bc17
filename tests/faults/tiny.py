"""A plugin that trains in milliseconds, and a run of it inside this process."""

from __future__ import annotations

import hashlib
import shlex
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from textwrap import dedent

from gan_bench import Engine
from gan_bench import catalogue as catalogues
from gan_bench.cli.run import SOME_CELLS_FAILED
from gan_bench.contract.errors import GanBenchError
from gan_bench.results.layout import protocol_dir
from gan_bench.results.locks import alone_in
from gan_bench.results.records import read_record
from gan_bench.run.cell import main
from gan_bench.run.folders import failed, folders_of, lay_out
from gan_bench.run.plan import make_plan
from gan_bench.run.request import Request
from gan_bench.run.scheduler import run_cells
from given import Place

PLUGIN = """
    import ctypes, os, sys, time
    from math import prod

    import torch
    from torch import nn
    from torch.nn.functional import softplus
    from gan_bench import Architecture, Features, Loss, Metric, hookimpl

    class Slow(nn.Module):
        '''Takes TINY_SECONDS for a step, so that there is time to kill it.'''

        def forward(self, z):
            if self.training:
                time.sleep(float(os.environ.get("TINY_SECONDS", "0")))
            return z

    def generator(shape):
        return nn.Sequential(
            Slow(), nn.Linear(6, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.1),
            nn.Linear(8, prod(shape)), nn.Tanh(), nn.Unflatten(1, shape),
        )

    def discriminator(shape):
        return nn.Sequential(nn.Flatten(), nn.Linear(prod(shape), 1), nn.Flatten(0))

    @hookimpl
    def gan_bench_architectures():
        return [offer("tiny", generator)] + [offer(name, later(act)) for name, act in ACTS.items()]

    def offer(name, G):
        return Architecture(name=name, source="a test", z_dim=6, generator=G,
                            discriminator=discriminator)

    def later(act):
        '''What the rehearsal does not see: a fault in the 50th step.'''
        class Faulty(nn.Module):
            def __init__(self, shape):
                super().__init__()
                self.inner, self.steps = generator(shape), 0

            def forward(self, z):
                self.steps += self.training
                if self.steps == 50:
                    act()
                return self.inner(z)
        return Faulty

    ACTS = {
        "hangs": lambda: time.sleep(1000),
        "exits": lambda: sys.exit(5),
        "crashes": lambda: ctypes.string_at(0),
        "greedy": lambda: torch.empty(2**60),
        "killed": lambda: os.kill(os.getpid(), 9),
    }

    @hookimpl
    def gan_bench_features():
        def load(device, weights):
            return lambda images: images.flatten(1).float()
        return [Features(name="eye", source="a test", digest=lambda _: "aa", load=load)]

    @hookimpl
    def gan_bench_metrics(features):
        def brightness(samples):
            return samples.fake.mean() - samples.real.mean()
        return [Metric(name="brightness", source="a test", higher_is_better=True,
                       features="eye", compute=brightness)]
"""


WORDS = shlex.split(
    "--plugin tiny.py --loss minimax --data ../shapes --size 8 --batch 8 --kimg 1.6 --samples 16 "
    "--features eye --metric brightness --device cpu"
)  # 200 updates
Make = Callable[..., Place]


def write_plugin(folder: Path) -> Path:
    path = folder / "tiny.py"
    path.write_text(dedent(PLUGIN))
    return path


def _start(cells: Sequence[Path], slots: int) -> Iterator[tuple[Path, int]]:
    for folder in cells:
        yield folder, main([str(folder)])


INSIDE = Engine(name="inside", source="a test", start=_start)


def run(plugin: Path, shapes: Path, results: Path) -> int:
    """`gan-bench run` of two cells, four updates and two ticks each; the exit code."""
    request = Request(
        architectures=("tiny",),
        losses=("minimax",),
        data=str(shapes),
        size=8,
        kimg=0.032,
        batch=8,
        seeds=2,
        features=("eye",),
        metrics=("brightness",),
        samples=16,
        device="cpu",
        plugins=(plugin,),
    )
    try:
        planned = make_plan(request, catalogues.load([plugin]))
        with alone_in(protocol_dir(results, planned.plan.protocol)):
            lay_out(planned, results)
            folders = folders_of(planned, results)
            list(run_cells(INSIDE, folders))
    except GanBenchError as error:
        return error.exit_code
    return SOME_CELLS_FAILED if any(map(failed, folders)) else 0


def outcome(results: Path) -> dict[str, str]:
    """What a run is judged by: the digest of all that must be the same bytes every time."""
    found = {}
    for path in sorted(results.rglob("*")):
        name = path.relative_to(results).as_posix()
        if (
            path.name in ("curve.jsonl", "vitals.jsonl", "generator.safetensors", "protocol.json")
            or path.parent.name == "samples"
        ):
            found[name] = hashlib.sha256(path.read_bytes()).hexdigest()
        elif path.name == "record.json":
            record = read_record(path.parent)
            told = record.status, record.scores, record.verdicts, record.best, record.diagnosis
            found[name] = repr(told)
    return found


def cell_of(here: Place, architecture: str = "tiny", seed: int = 0) -> Path:
    """The folder of a cell."""
    return here.protocol / architecture / "minimax" / f"seed{seed}"
