"""The pictures that a cell keeps for the page: a walk through z, and the evidence of its scores."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch

from gan_bench.base import pictures, rng
from gan_bench.contract.errors import sentence
from gan_bench.contract.evidence import Evidence
from gan_bench.measure.evidence import Evidences
from gan_bench.results.shown import (
    TILE,
    WALK,
    WALK_SIDE,
    Modes,
    Sheet,
    Shown,
    remove_shown,
    sheet_name,
    write_shown,
)
from gan_bench.run.task import Task
from gan_bench.train.samples import Latents, draw, generate_rows
from gan_bench.train.state import Training
from gan_bench.train.walk import square_walk

Made = TypeVar("Made")


def draw_shown(
    cell: Path, task: Task, training: Training, given: Latents, evidences: Evidences
) -> list[str]:
    """Write the pictures of a cell, in place of older ones; a sentence for what cannot be drawn.

    `given` is what the scores are of. Raises StorageError if a file cannot be written. torch's
    random state stays as it was.
    """
    remove_shown(cell)
    drawing, evidence = Drawing(task, training, given), evidences.by_metric
    devices = [training.device] if training.device.startswith("cuda") else []
    with torch.random.fork_rng(devices):
        walk, no_walk = _tried("the walk through z", drawing.walk)
        sheets, no_sheets = _tried("what scores are made of", lambda: drawing.sheets(evidence))
    files = {sheet_name(metric): content for metric, content in (sheets or {}).items()}
    if walk:
        files[WALK] = walk
    shown = Shown(
        walk=walk is not None,
        walk_class=drawing.walk_class if walk else None,
        sheets=tuple(_sheet(metric, evidence[metric]) for metric in sheets or ()),
        modes=tuple(_modes(evidence)),
    )
    write_shown(cell, shown, files)
    return [*evidences.notes, *no_walk, *no_sheets]


@dataclass(frozen=True)
class Drawing:
    """The G that was measured, and all else that a picture of it needs."""

    task: Task
    training: Training
    given: Latents  # (M,) what the scores are of

    @property
    def walk_class(self) -> int | None:
        """The class of all images of the walk; None if G is given none."""
        labels = self.given.labels
        return None if labels is None else int(labels.min())

    def walk(self) -> bytes:
        """WALK_SIDE x WALK_SIDE images of z between four corners.

        The corners are those of the seed: of all architectures with the same length of z.
        """
        corners = rng.normal(self.task.cell.seed, "z-walk", 4, self.training.z_dim)
        z = square_walk(corners, WALK_SIDE)
        chosen = self.walk_class
        labels = None if chosen is None else np.full(len(z), chosen, np.int64)
        batches = draw(self.training, Latents(z, labels), self.task.schedule.batch)
        # reduced at once: 256 images of 1024 px take 0.8 GB
        images = [pictures.reduced(batch.cpu().numpy(), TILE) for batch in batches]
        return _file_of(np.concatenate(images), WALK_SIDE)

    def sheets(self, evidence: Mapping[str, Evidence]) -> dict[str, bytes]:
        """The pictures by metric, of those that show images."""
        fakes, train = self._fakes(evidence), self.task.prepared.train
        files = {}
        for metric, each in evidence.items():
            parts = [
                np.stack([[source[k] for k in row] for row in rows.tolist()])
                for source, rows in ((fakes, each.fake), (train, each.train))
                if rows is not None
            ]
            if parts:
                table = np.concatenate(parts, axis=1)  # (R, A + B, C, H, W)
                files[metric] = _file_of(table.reshape(-1, *table.shape[2:]), table.shape[1])
        return files

    def _fakes(self, evidence: Mapping[str, Evidence]) -> dict[int, np.ndarray]:
        """The generated images (C, H, W) that any metric shows, by their rows."""
        named = [each.fake.ravel() for each in evidence.values() if each.fake is not None]
        if not named:
            return {}
        rows = np.unique(np.concatenate(named))
        images = generate_rows(self.training, self.given, rows, self.task.schedule.batch)
        return dict(zip(rows.tolist(), images, strict=True))


def _file_of(images: np.ndarray, columns: int) -> bytes:
    """(N, C, H, W) uint8 as the bytes of a WebP picture, with so many images in a row."""
    return pictures.webp(pictures.tiled(pictures.reduced(images, TILE), columns))


def _sheet(metric: str, evidence: Evidence) -> Sheet:
    parts = [each for each in (evidence.fake, evidence.train) if each is not None]
    return Sheet(
        metric=metric,
        says=evidence.says,
        headings=evidence.headings,
        rows=len(parts[0]),
        columns=sum(each.shape[1] for each in parts),
    )


def _modes(evidence: Mapping[str, Evidence]) -> Iterator[Modes]:
    for metric, each in evidence.items():
        if each.real_modes is not None and each.fake_modes is not None:
            real, fake = (tuple(counts.tolist()) for counts in (each.real_modes, each.fake_modes))
            yield Modes(metric=metric, says=each.says, real=real, fake=fake)


def _tried(what: str, make: Callable[[], Made]) -> tuple[Made | None, list[str]]:
    """What is made, or None and why."""
    try:
        return make(), []
    except (Exception, SystemExit) as error:
        traceback.print_exc()  # into the cell's log
        return None, [f"there is no picture of {what}: {sentence(error)}"]
