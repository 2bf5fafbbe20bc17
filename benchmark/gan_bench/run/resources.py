"""What the cells of a run may use: checked against the engine, and settled for this run."""

from __future__ import annotations

import os
from dataclasses import fields, replace
from typing import Any

from gan_bench.catalogue import Catalogue
from gan_bench.contract.engine import Engine, Resources
from gan_bench.contract.errors import UsageError


def resources_of(asked: dict[str, Any]) -> Resources:
    """Take the options of `Resources` out of what was asked for."""
    return Resources(**{field.name: asked.pop(field.name) for field in fields(Resources)})


def check_engine(engine: Engine, asked: Resources, catalogue: Catalogue) -> None:
    """UsageError if the engine lacks what it needs, or does not take what was asked for."""
    if what := engine.missing():
        raise UsageError(f"--engine {engine.name} cannot work here yet: {what}")
    for field in fields(Resources):
        if field.name != "jobs" and getattr(asked, field.name) is not None:
            _check_taken(field.name, engine, catalogue)


def _check_taken(field: str, engine: Engine, catalogue: Catalogue) -> None:
    if field in engine.takes:
        return
    engines = [catalogue.find(Engine, name) for name in catalogue.names(Engine)]
    named = [each.name for each in engines if field in each.takes]
    option = f"--{field.replace('_', '-')}"
    advice = f"leave it out, or give --engine {' or '.join(named)}" if named else "leave it out"
    raise UsageError(f"{option} says nothing to the engine {engine.name}: {advice}")


def settled(engine: Engine, asked: Resources, device: str, cells: int) -> Resources:
    """What the engine is to be given for so many cells on this device.

    The number of cells at once is that of the whole plan, whatever is done already.
    """
    on_gpu = device.startswith("cuda")
    asked = asked if on_gpu else replace(asked, gpus_per_cell=0.0)
    at_once = engine.at_once(asked)
    return replace(asked, jobs=at_once and max(1, min(at_once, cells)))


def cells_here(engine: Engine, resources: Resources) -> int | None:
    """How many cells at once need this machine's memory; None: they run on other machines."""
    return None if engine.elsewhere else resources.jobs


def threads_of(engine: Engine, resources: Resources) -> int:
    """How many threads a cell gets: of what it was given, or its share of this machine's cores.

    OMP_NUM_THREADS decides where no option does. A cell alone gets torch's own number, and one
    that may run on another machine gets one thread.
    """
    if resources.cpus_per_cell is not None:
        return max(1, int(resources.cpus_per_cell))
    if own := _own_threads():
        return own
    if engine.elsewhere:
        return 1
    if resources.jobs == 1:
        import torch

        return torch.get_num_threads()
    return max(1, cores() // (resources.jobs or 1))


def _own_threads() -> int | None:
    """What the user set in OMP_NUM_THREADS: the first number, of the outermost level."""
    first = os.environ.get("OMP_NUM_THREADS", "").partition(",")[0].strip()
    return int(first) if first.isdecimal() and int(first) else None


def cores() -> int:
    """How many cores of this machine we may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def gpus_here() -> int:
    """How many CUDA devices this machine lets us use."""
    import torch

    return torch.cuda.device_count()
