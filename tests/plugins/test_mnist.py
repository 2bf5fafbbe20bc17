"""MNIST through torchvision, on a few digits written here in its own file format."""

from __future__ import annotations

from pathlib import Path
from typing import NoReturn

import numpy as np
import pytest
from torchvision_files import TEST, TRAIN, digits, write_idx

from gan_bench import DataError, UsageError
from gan_bench_plugins import mnist


@pytest.mark.parametrize("packed", [False, True])
def test_digits_are_read_with_their_labels_and_the_folder_is_left_as_it_was(
    packed: bool, tmp_path: Path
) -> None:
    root = write_idx(tmp_path, packed=packed)
    before = sorted(root.rglob("*"))
    images = mnist.load(root, 28, False)
    assert sorted(root.rglob("*")) == before  # it may be read-only, or shared with others
    for pixels, labels, (expected, names) in (
        (images.train, images.train_labels, digits(TRAIN, 0)),
        (images.held_out, images.held_out_labels, digits(TEST, 1)),
    ):
        assert labels is not None
        given = pixels[0 : len(pixels)]
        assert (given.shape, given.dtype) == ((len(expected), 1, 28, 28), np.uint8)
        assert np.array_equal(given[:, 0], expected)
        assert np.array_equal(labels, names)
        assert labels.dtype == np.int64


def test_digits_can_be_had_at_another_size_and_smaller_ones_are_antialiased(tmp_path: Path) -> None:
    root, original = write_idx(tmp_path), digits(TRAIN, 0)[0]
    larger, smaller = (mnist.load(root, size, False).train[0:TRAIN] for size in (32, 8))
    assert larger.shape == (TRAIN, 1, 32, 32)
    assert larger.dtype == np.uint8
    assert larger.mean() == pytest.approx(original.mean(), abs=2)
    assert smaller.std() < 0.5 * original.std()  # noise is averaged, not picked


@pytest.mark.parametrize("size", [7, 257])
def test_an_absurd_size_is_refused(size: int, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=f"8 to 256 px, not {size}"):
        mnist.load(tmp_path, size, False)


def test_without_a_folder_or_with_an_empty_one_it_is_said_what_is_needed(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"mnist needs --data-root DIR.*--download"):
        mnist.load(None, 28, False)
    with pytest.raises(DataError, match=f"no readable MNIST in {tmp_path}.*--download"):
        mnist.load(tmp_path, 28, False)


@pytest.mark.parametrize("name", ["train-images-idx3-ubyte", "t10k-labels-idx1-ubyte"])
@pytest.mark.parametrize("packed", [False, True])
def test_a_damaged_file_is_a_data_error(name: str, packed: bool, tmp_path: Path) -> None:
    path = write_idx(tmp_path, packed=packed) / "MNIST" / "raw" / (name + ".gz" * packed)
    path.write_bytes(path.read_bytes()[:20])
    with pytest.raises(DataError, match="no readable MNIST"):
        mnist.load(tmp_path, 28, False)


def test_nothing_is_downloaded_unasked_and_a_download_that_fails_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []

    def unreachable(*what: object, **_: object) -> NoReturn:
        asked.append(what)
        raise OSError("Network is unreachable")

    monkeypatch.setattr("urllib.request.urlopen", unreachable)
    for download in (False, True):
        with pytest.raises(DataError, match="no readable MNIST"):
            mnist.load(tmp_path, 28, download)
        assert bool(asked) == download


def test_the_offer_is_28_px_with_a_judge_of_ten_modes() -> None:
    (offer,) = mnist.gan_bench_datasets()
    assert (offer.name, offer.size, offer.modes) == ("mnist", 28, 10)
    assert offer.judge == offer.features == "mnist-judge"
