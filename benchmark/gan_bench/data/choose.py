"""Which of the decoded images become the set, and which of them are held out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from gan_bench.contract.protocol import Preparation
from gan_bench.data.gather import Gathered
from gan_bench.data.report import DataReport, Pixels, left_out
from gan_bench.data.split import held_out
from gan_bench.data.stream import CHUNK_BYTES, SPLITS, images_at_once


@dataclass(frozen=True)
class Chosen:
    """The images of each split, as rows of what was gathered."""

    gathered: Gathered
    rows: dict[str, np.ndarray]  # split -> (n,) int64, ascending
    channels: int
    report: DataReport

    def chunks(self, split: str) -> Iterator[np.ndarray]:
        """The images of a split, (n, C, H, W) uint8."""
        pixels, rows = self.gathered.pixels, self.rows[split]
        step = images_at_once(CHUNK_BYTES, pixels[0].size)
        for start in range(0, len(rows), step):
            yield pixels[rows[start : start + step], : self.channels]


def choose(gathered: Gathered, preparation: Preparation, name: str) -> Chosen:
    """Apply the options, keep like images on one side, and hold out a tenth."""
    facts = gathered.facts
    count = len(gathered.pixels)
    kept = np.arange(count)
    _, groups = np.unique(facts.digest, axis=0, return_inverse=True)
    held = held_out(groups.ravel(), [row.tobytes() for row in facts.digest])
    rows = dict(zip(SPLITS, (kept[~held], kept[held]), strict=True))
    grey = preparation.grey or bool(count and facts.grey.all())
    channels = 1 if grey else gathered.pixels.shape[1]
    report = DataReport(
        name=name,
        sides=gathered.pixels.shape[2:],
        channels=channels,
        train=len(rows["train"]),
        held_out=len(rows["held_out"]),
        dropped=left_out(gathered.dropped),
        notes=tuple(gathered.notes),
        held_out_names=tuple(gathered.origins[k].name for k in rows["held_out"]),
        pixels=_pixels(gathered),
    )
    return Chosen(gathered, rows, channels, report)


def _pixels(gathered: Gathered) -> Pixels | None:
    facts = gathered.facts
    if not len(facts.mean):
        return None
    return Pixels(int(facts.min.min()), round(float(facts.mean.mean()), 2), int(facts.max.max()))
