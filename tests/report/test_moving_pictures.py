"""Moving pictures: every frame is in the file, in order, labelled, and of one size."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gan_bench import DataError, NotHere, StorageError, UsageError
from gan_bench.report.animation import check_ending, moving, walk_frames
from gan_bench.report.timelapse import timelapse
from records import write_cell, write_training


def frames_of(content: bytes) -> list[np.ndarray]:
    with Image.open(io.BytesIO(content)) as opened:
        shown = []
        for k in range(opened.n_frames):
            opened.seek(k)
            shown.append(np.asarray(opened.convert("RGB")))
        return shown


def plain(*colours: int) -> list[Image.Image]:
    return [Image.new("RGB", (33, 21), (colour, 0, 0)) for colour in colours]


def test_a_gif_has_every_frame_for_its_time_and_repeats() -> None:
    content = moving(plain(0, 100, 200), ".gif", [0.05, 0.4, 2.0])
    assert [int(frame[0, 0, 0]) for frame in frames_of(content)] == [0, 100, 200]
    with Image.open(io.BytesIO(content)) as opened:
        durations = [opened.seek(k) or opened.info["duration"] for k in range(3)]
        assert (opened.info["loop"], durations) == (0, [50, 400, 2000])


def test_an_mp4_has_every_frame_for_its_time_with_even_sides(tmp_path: Path) -> None:
    ffmpeg = pytest.importorskip("imageio_ffmpeg")
    (tmp_path / "a.mp4").write_bytes(moving(plain(0, 120, 240), ".mp4", [0.05, 0.1, 0.2]))
    reader = ffmpeg.read_frames(str(tmp_path / "a.mp4"))
    about = next(reader)
    assert (about["size"], about["fps"]) == ((34, 22), 20)
    reds = [frame[0] for frame in reader]
    assert len(reds) == 1 + 2 + 4
    assert np.allclose(reds, [0, 120, 120, *[240] * 4], atol=12)


@pytest.mark.parametrize("name", ["walk.avi", "walk", "walk.png"])
def test_other_endings_are_refused(name: str) -> None:
    with pytest.raises(UsageError, match=r"ends in \.gif or \.mp4"):
        check_ending(Path(name))


def test_without_the_package_for_mp4_one_sentence_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)
    with pytest.raises(NotHere, match=r"pip install 'gan-bench\[mp4\]', or let the name end in"):
        check_ending(Path("walk.mp4"))
    check_ending(Path("walk.GIF"))


def test_cells_stand_side_by_side_whatever_their_sizes() -> None:
    small = np.zeros((2, 4, 1, 8, 8), np.uint8)
    small[1] = 255
    large = np.zeros((2, 1, 3, 128, 100), np.uint8)
    large[:, :, 0] = 100  # a red that no letter has
    first, second = walk_frames([("tiny / hinge / seed0", small), ("b / c / seed1", large)])
    assert first.size == second.size
    pixels = np.asarray(first), np.asarray(second)
    changed = (pixels[0] != pixels[1]).any(-1).any(0).nonzero()[0]
    assert changed.max() < first.width - 100  # only the cell on the left
    assert (pixels[0] == (100, 0, 0)).all(-1).sum() == 128 * 100


def test_a_timelapse_shows_every_tick_with_its_kimg_and_the_last_one_longest(
    tmp_path: Path,
) -> None:
    folder = write_cell(tmp_path, "tiny", status=None)  # a cell that still trains
    write_training(folder, ticks=3)
    frames, seconds = timelapse(folder)
    assert seconds == [0.4, 0.4, 2.0]
    shown = [np.asarray(frame) for frame in frames]
    assert len({each.shape for each in shown}) == 1
    for k, each in enumerate(shown, 1):  # the images of write_training are green, more each tick
        assert (each == (0, 10 * k, 0)).all(-1).any()
    titles = [each[:30].tobytes() for each in shown]
    assert len(set(titles)) == 3


def test_a_cell_without_grids_and_a_damaged_grid_are_refused(tmp_path: Path) -> None:
    folder = write_cell(tmp_path, "tiny")
    with pytest.raises(DataError, match="has no sample grids"):
        timelapse(folder)
    write_training(folder, ticks=2)
    path = max((folder / "samples").iterdir())
    path.write_bytes(path.read_bytes()[:60])
    with pytest.raises(StorageError, match=rf"cannot read .*{path.name}, a sample grid"):
        timelapse(folder)
    (folder / "samples" / "notes.png").write_text("no tick")
    path.unlink()
    assert len(timelapse(folder)[0]) == 1
