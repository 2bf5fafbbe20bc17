"""The tracker `tensorboard`: event files in the folder of each cell."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from PIL import Image

from gan_bench import Tracker, hookimpl

FOLDER = "tensorboard"  # in the folder of a cell
# TensorBoard counts steps in whole numbers: ours are images that D has seen
IMAGES = 1000


class Events:
    """Writes the event files of one process of a cell."""

    def __init__(self, folder: Path, label: str) -> None:
        from torch.utils.tensorboard import SummaryWriter

        self.label = label
        self.writer = SummaryWriter(folder / FOLDER)

    def scalars(self, kimg: float, values: Mapping[str, float]) -> None:
        """A curve for each name."""
        for name, value in values.items():
            self.writer.add_scalar(name, value, round(kimg * IMAGES))

    def sheet(self, kimg: float, path: Path) -> None:
        """The sheet as it is on the disk."""
        with Image.open(path) as image:
            pixels = np.asarray(image.convert("RGB"))
        self.writer.add_image("samples", pixels, round(kimg * IMAGES), dataformats="HWC")

    def table(self, markdown: str) -> None:
        """TensorBoard shows markdown under Text."""
        self.writer.add_text(self.label, markdown)

    def close(self) -> None:
        """Flush the file."""
        self.writer.close()


def missing() -> str | None:
    """The library is no dependency of gan-bench."""
    return None if find_spec("tensorboard") else "pip install 'gan-bench[tensorboard]'"


@hookimpl
def gan_bench_trackers() -> list[Tracker]:
    """One tracker."""
    source = "torch.utils.tensorboard; a step is an image that D has seen"
    return [Tracker(name="tensorboard", source=source, open=Events, missing=missing)]
