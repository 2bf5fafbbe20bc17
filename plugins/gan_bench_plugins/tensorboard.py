"""The tracker `tensorboard`: event files in the folder of each cell."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

from gan_bench import TrackedCell, Tracker, hookimpl

FLUSH_SECONDS = 10  # how long a number may wait before it is on the disk


class Events:
    """Writes the event files of one process of a cell."""

    def __init__(self, cell: TrackedCell) -> None:
        from torch.utils.tensorboard import SummaryWriter

        self.writer = SummaryWriter(cell.folder, flush_secs=FLUSH_SECONDS)
        self.cell = cell

    def scalars(self, points: Mapping[int, Mapping[str, float]]) -> None:
        """A curve for each name; those with the same beginning stand in one section."""
        for images, values in points.items():
            for name, value in values.items():
                self.writer.add_scalar(name, value, images)

    def sheet(self, images: int, path: Path) -> None:
        """The sheet as it is on the disk."""
        import numpy as np
        from PIL import Image

        with Image.open(path) as image:
            pixels = np.asarray(image.convert("RGB"))
        self.writer.add_image("samples", pixels, images, dataformats="HWC")

    def table(self, text: str, scores: Mapping[str, float]) -> None:
        """Under Text and, beside the settings, under HParams."""
        self.writer.add_text("scores", text)
        final = {f"final/{name}": value for name, value in scores.items()}
        self.writer.add_hparams(dict(self.cell.settings), final, run_name=".")

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
