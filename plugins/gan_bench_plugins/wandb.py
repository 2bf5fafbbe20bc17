"""The tracker `wandb`: a run of Weights & Biases for each cell."""

from __future__ import annotations

import os
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

from gan_bench import TrackedCell, Tracker, hookimpl

PROJECT = "gan-bench"  # unless WANDB_PROJECT names another


class Run:
    """One process of a run. Where it goes, and whether online, the WANDB_ variables say.

    The x axis is a number of our own, `images`: W&B's own steps have to rise from call to call,
    and a curve and its ticks come one after the other.
    """

    def __init__(self, cell: TrackedCell) -> None:
        import wandb

        self.wandb = wandb
        self.run = wandb.init(
            project=os.environ.get("WANDB_PROJECT", PROJECT),
            group=cell.protocol,
            name=cell.label,
            id=cell.id,
            resume="allow",
            dir=cell.folder,
            config=dict(cell.settings),
            settings=wandb.Settings(console="off"),
        )
        self.run.define_metric("images")
        self.run.define_metric("*", step_metric="images")

    def scalars(self, points: Mapping[int, Mapping[str, float]]) -> None:
        """A row of the history for each point."""
        for images, values in points.items():
            self.run.log({"images": images, **values})

    def sheet(self, images: int, path: Path) -> None:
        """The PNG."""
        self.run.log({"images": images, "samples": self.wandb.Image(str(path))})

    def table(self, text: str, scores: Mapping[str, float]) -> None:
        """A table, and the scores in the run's summary, by which W&B sorts runs."""
        rows = [[name, value] for name, value in scores.items()]
        self.run.log({"scores": self.wandb.Table(columns=["metric", "score"], data=rows)})
        self.run.summary.update({f"final/{name}": value for name, value in scores.items()})
        self.run.notes = text

    def close(self) -> None:
        """Send what waits."""
        self.run.finish()


def missing() -> str | None:
    """The library is no dependency of gan-bench."""
    return None if find_spec("wandb") else "pip install 'gan-bench[wandb]'"


@hookimpl
def gan_bench_trackers() -> list[Tracker]:
    """One tracker."""
    source = "wandb.init; the axis `images` counts those that D has seen"
    return [Tracker(name="wandb", source=source, open=Run, missing=missing)]
