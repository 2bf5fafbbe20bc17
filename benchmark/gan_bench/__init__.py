"""gan-bench: which GAN is better, on my images, for the same work?

All that a plugin needs is here: `from gan_bench import Architecture, hookimpl`. So are runs, their
leaderboards and what was trained: `from gan_bench import run, tune, load, score, generator`.
"""

from __future__ import annotations

TYPE_CHECKING = False  # as typing's, which takes longer to import than all that is here
if TYPE_CHECKING:
    from typing import Any

    from gan_bench.api.auditing import Audit, audit
    from gan_bench.api.boards import Board, Boards, load
    from gan_bench.api.branching import Autopsy, Branches, autopsy, branch
    from gan_bench.api.running import run
    from gan_bench.api.scores import Scores, score
    from gan_bench.api.tuning import Study, tune
    from gan_bench.contract.engine import Engine, Resources
    from gan_bench.contract.errors import (
        DataError,
        GanBenchError,
        NotHere,
        StorageError,
        Unscorable,
        UsageError,
    )
    from gan_bench.contract.evidence import Evidence
    from gan_bench.contract.hooks import hookimpl
    from gan_bench.contract.offers import (
        Architecture,
        Augmentation,
        Dataset,
        Entry,
        Fault,
        Features,
        Images,
        Influence,
        Loss,
        Metric,
        Optimizer,
        Preset,
        Samples,
        Shape,
    )
    from gan_bench.contract.protocol import Schedule
    from gan_bench.contract.remedy import Remedy
    from gan_bench.contract.step import Output, Step
    from gan_bench.contract.tracker import TrackedCell, Tracker, TrackerLog
    from gan_bench.results.layout import engine_dir
    from gan_bench.run.cell_files import CellFiles, cell_files, write_cell_files
    from gan_bench.run.cell_images import images_of, keep_images, lacks_images
    from gan_bench.run.command import cell_command
    from gan_bench.train.generator import generator

__all__ = [
    "Architecture",
    "Audit",
    "Augmentation",
    "Autopsy",
    "Board",
    "Boards",
    "Branches",
    "CellFiles",
    "DataError",
    "Dataset",
    "Engine",
    "Entry",
    "Evidence",
    "Fault",
    "Features",
    "GanBenchError",
    "Images",
    "Influence",
    "Loss",
    "Metric",
    "NotHere",
    "Optimizer",
    "Output",
    "Preset",
    "Remedy",
    "Resources",
    "Samples",
    "Schedule",
    "Scores",
    "Shape",
    "Step",
    "StorageError",
    "Study",
    "TrackedCell",
    "Tracker",
    "TrackerLog",
    "Unscorable",
    "UsageError",
    "audit",
    "autopsy",
    "branch",
    "cell_command",
    "cell_files",
    "engine_dir",
    "generator",
    "hookimpl",
    "images_of",
    "keep_images",
    "lacks_images",
    "load",
    "run",
    "score",
    "tune",
    "write_cell_files",
]

# module -> what is there, of all that is not in the contract
ELSEWHERE = {
    "api.auditing": ("Audit", "audit"),
    "api.boards": ("Board", "Boards", "load"),
    "api.branching": ("Autopsy", "Branches", "autopsy", "branch"),
    "api.scores": ("Scores", "score"),
    "api.tuning": ("Study", "tune"),
    "results.layout": ("engine_dir",),
    "run.cell_files": ("CellFiles", "cell_files", "write_cell_files"),
    "run.cell_images": ("images_of", "keep_images", "lacks_images"),
    "run.command": ("cell_command",),
    "train.generator": ("generator",),  # which imports torch
}


def __dir__() -> list[str]:
    """What is public: a notebook completes it, though it is imported only when it is asked for."""
    return [*__all__]


def __getattr__(name: str) -> Any:
    """Import a name when it is first asked for: `gan-bench --help` must not wait for pydantic."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    if name == "run":  # the package of this name, which can be called
        return import_module("gan_bench.run")
    for module, names in ELSEWHERE.items():
        if name in names:
            return getattr(import_module(f"gan_bench.{module}"), name)
    from gan_bench.contract import engine, errors, evidence, hooks, offers, remedy, step, tracker

    modules = engine, errors, evidence, hooks, offers, remedy, step, tracker
    home = next(each for each in modules if hasattr(each, name))
    return getattr(home, name)
