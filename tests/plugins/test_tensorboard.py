"""What TensorBoard itself reads from the files that its tracker writes."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from gan_bench_plugins.tensorboard import FOLDER, gan_bench_trackers

pytest.importorskip("tensorboard")


def test_curves_sheets_and_the_table_are_read_back(tmp_path: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    (tracker,) = gan_bench_trackers()
    assert tracker.missing() is None
    sheet = tmp_path / "sheet.png"
    Image.new("RGB", (4, 2), "red").save(sheet)
    for kimg in (0.5, 1.0):  # two processes of one cell
        log = tracker.open(tmp_path, "a / b / seed0")
        log.scalars(kimg, {"loss_d": kimg})
        log.sheet(kimg, sheet)
        log.table("| metric | score |")
        log.close()
    read = EventAccumulator(str(tmp_path / FOLDER)).Reload()
    assert [(each.step, each.value) for each in read.Scalars("loss_d")] == [(500, 0.5), (1000, 1.0)]
    assert [(each.step, each.width) for each in read.Images("samples")] == [(500, 4), (1000, 4)]
    assert read.Tags()["tensors"] == ["a / b / seed0/text_summary"]
