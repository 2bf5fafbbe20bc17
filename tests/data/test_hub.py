"""Data sets of Hugging Face and Kaggle, with stand-ins for their libraries."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from sets import SIZE, with_honest

from gan_bench import DataError
from gan_bench.contract.protocol import Preparation
from gan_bench.data.cache import prepare
from gan_bench.data.files.hub import downloaded_from_kaggle
from gan_bench.data.source import files_at
from hostile import image_bytes


class Image:
    """As datasets.Image."""

    def __init__(self, decode: bool = True) -> None:
        self.decode = decode


class Rows:
    """As datasets.Dataset: rows whose images are bytes, or paths on this disk."""

    def __init__(self, images: list[dict[str, Any]], cache: Path, decode: bool = True) -> None:
        self.images, self.decode, self.cache = images, decode, cache
        self.features = {"label": object(), "picture": Image()}
        self.cache_files = [{"filename": str(cache)}]

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, row: int) -> dict[str, Any]:
        assert not self.decode, "the library would decode the image"
        return {"label": 0, "picture": self.images[row]}

    def cast_column(self, name: str, kind: Image) -> Rows:
        assert name == "picture"
        return Rows(self.images, self.cache, kind.decode)


@pytest.fixture
def faces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The library, for which `user/faces` is the only data set."""
    cache = tmp_path / "faces.arrow"
    cache.write_bytes(b"arrow")
    folder = with_honest(tmp_path / "paths", 10)
    train = [{"bytes": image_bytes(seed=100 + k), "path": None} for k in range(20)]
    test = [{"bytes": None, "path": str(path)} for path in sorted(folder.iterdir())]

    def load_dataset(name: str) -> dict[str, Rows]:
        if name != "user/faces":
            raise FileNotFoundError(f"Dataset '{name}' doesn't exist on the Hub")
        return {"train": Rows(train, cache), "test": Rows(test, cache)}

    module = ModuleType("datasets")
    module.load_dataset, module.Image = load_dataset, Image  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "datasets", module)
    return module


@pytest.mark.usefixtures("faces")
def test_the_splits_of_hugging_face_are_folders() -> None:
    prepared = prepare(files_at(Path("hf:user/faces")), SIZE)
    assert prepared.data.name == "faces"
    assert prepared.data.train + prepared.data.held_out == 30
    assert prepared.report.notes[0].startswith("folders: train 20, test 10; all are used")
    only = prepare(files_at(Path("hf:user/faces"), Preparation(folder="train")), SIZE)
    assert only.data.train + only.data.held_out == 20


@pytest.mark.usefixtures("faces")
def test_what_hugging_face_does_not_have_is_said_in_its_own_words() -> None:
    with pytest.raises(DataError, match="cannot get user/none from Hugging Face: Dataset 'user"):
        prepare(files_at(Path("hf:user/none")), SIZE)


def test_a_library_that_is_missing_is_named_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("datasets", "kagglehub"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(DataError, match=r"pip install 'gan-bench\[huggingface\]'"):
        prepare(files_at(Path("hf:user/faces")), SIZE)
    with pytest.raises(DataError, match=r"pip install 'gan-bench\[kaggle\]'"):
        downloaded_from_kaggle("kaggle:user/faces")


def test_a_data_set_of_kaggle_is_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("kagglehub")
    module.dataset_download = lambda handle: str(tmp_path / handle)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "kagglehub", module)
    assert downloaded_from_kaggle("kaggle:user/faces") == tmp_path / "user" / "faces"
