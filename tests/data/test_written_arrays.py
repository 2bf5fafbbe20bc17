"""Chunks of both splits are written whole and in order, whatever their size."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sets import SIZE, blank, dataset, random_rgb

from gan_bench import Dataset, Images
from gan_bench.data.cache import prepare
from gan_bench.data.source import Source, files_at


@pytest.mark.usefixtures("small_chunks")
@pytest.mark.parametrize("count", [10, 29, 40, 163])
@pytest.mark.parametrize("packed", [False, True], ids=["folder", "zip"])
def test_files_are_kept_in_order_with_the_fingerprint_of_their_pixels(
    packed: bool, count: int, tmp_path: Path, home: Path
) -> None:
    pixels = {f"{k:03d}.png": random_rgb(k).transpose(2, 0, 1) for k in range(count)}
    (tmp_path / "set").mkdir()
    for k, (name, each) in enumerate(pixels.items()):
        Image.fromarray(each.transpose(1, 2, 0)).save(tmp_path / "set" / name)
        if k % 7 == 0:
            (tmp_path / "set" / f"{k:03d}bad.png").write_bytes(b"rubbish")
    given = tmp_path / "set"
    if packed:
        given = tmp_path / "set.zip"
        with zipfile.ZipFile(given, "w") as archive:
            for path in (tmp_path / "set").iterdir():
                archive.write(path, path.name)
    prepared = prepare(files_at(given), SIZE)
    names = prepared.report.held_out_names
    held_out = np.stack([each for name, each in pixels.items() if name in names])
    train = np.stack([each for name, each in pixels.items() if name not in names])
    digest = hashlib.sha256()
    for split in (train, held_out):
        digest.update(json.dumps(split.shape).encode() + split.tobytes())
    assert len(held_out) == count // 10
    assert prepared.data.fingerprint == digest.hexdigest()
    assert len(prepared.report.dropped) == -(-count // 7)
    for name, split in (("train", train), ("held_out", held_out)):
        (kept,) = home.glob(f"images/*/{name}.npy")
        buffer = io.BytesIO()
        np.save(buffer, split)
        assert kept.read_bytes() == buffer.getvalue()


class Counted:
    """Image k is filled with k; slices are drawn when asked for."""

    def __init__(self, count: int) -> None:
        self.count = count

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, rows: slice) -> np.ndarray:
        numbers = (np.arange(self.count)[rows] % 251).astype(np.uint8)
        return np.tile(numbers[:, None, None, None], (1, 1, 4, 4))


def test_a_set_larger_than_a_slice_is_written_whole_and_in_order() -> None:
    calls: list[tuple[str, int, int]] = []
    source = Source(dataset("counted", Counted(1300), Counted(3)))
    prepared = prepare(source, 4, lambda *state: calls.append(state))
    assert prepared.train[:, 0, 0, 0].tolist() == [k % 251 for k in range(1300)]
    assert calls[-2:] == [("train", 1300, 1300), ("held_out", 3, 3)]


@pytest.mark.usefixtures("home")
def test_labels_of_a_plugin_are_kept() -> None:
    images = Images(
        train=blank(20), held_out=blank(4), train_labels=np.arange(20), held_out_labels=np.arange(4)
    )
    offer = Dataset(name="labelled", source="a test", version="1", load=lambda *_: images)
    labels = prepare(Source(offer), SIZE).labels
    assert {split: each.tolist() for split, each in labels.items()} == {
        "train": list(range(20)),
        "held_out": list(range(4)),
    }


def test_progress_counts_every_file(shapes: Path) -> None:
    (shapes / "007a.png").write_bytes(b"rubbish")
    calls: list[tuple[str, int, int]] = []
    prepare(files_at(shapes), SIZE, lambda *state: calls.append(state))
    assert calls == [("files", k, 41) for k in range(1, 42)]
