"""Fashion-MNIST and CIFAR-10 through torchvision, on a few images in their own file formats."""

from __future__ import annotations

from pathlib import Path
from typing import NoReturn

import numpy as np
import pytest
from torchvision_files import TEST, TRAIN, digits, photos, write_cifar10, write_idx

from gan_bench import DataError, Dataset, UsageError
from gan_bench_plugins import cifar10, fashion_mnist, modes
from gan_bench_plugins.torchvision_sets import Resized

FASHION, CIFAR = (sets.gan_bench_datasets()[0] for sets in (fashion_mnist, cifar10))
BOTH = pytest.mark.parametrize("offer", [FASHION, CIFAR], ids=lambda offer: offer.name)


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write_idx(tmp_path, "FashionMNIST", packed=True)
    return write_cifar10(tmp_path, monkeypatch)


def test_fashion_mnist_is_read_with_its_labels(root: Path) -> None:
    images = FASHION.load(root, 28, False)
    assert np.array_equal(images.train[0:TRAIN][:, 0], digits(TRAIN, 0)[0])
    assert np.array_equal(images.held_out[0:TEST][:, 0], digits(TEST, 1)[0])
    assert images.train_labels is not None
    assert np.array_equal(images.train_labels, digits(TRAIN, 0)[1])


def test_cifar10_is_read_with_its_labels(root: Path) -> None:
    images = CIFAR.load(root, 32, False)
    pixels, labels = photos(TRAIN, 0)
    assert np.array_equal(images.train[0:8], pixels[0::5])  # the first of five files
    assert np.array_equal(images.held_out[0:TEST], photos(TEST, 1)[0])
    assert images.train_labels is not None
    assert images.train_labels.dtype == np.int64
    assert np.array_equal(images.train_labels[:8], labels[0::5])


@BOTH
def test_images_of_another_size_are_the_same_in_any_slice(offer: Dataset, root: Path) -> None:
    train = offer.load(root, 16, False).train
    assert isinstance(train, Resized)
    whole = train[0:TRAIN]
    assert whole.shape[2:] == (16, 16)
    assert np.array_equal(np.concatenate([train[0:7], train[7:7], train[7:TRAIN]]), whole)


@BOTH
def test_a_size_that_makes_no_sense_is_refused(offer: Dataset, root: Path) -> None:
    with pytest.raises(UsageError, match=f"{offer.name} is .* 8 to 256 px, not 300"):
        offer.load(root, 300, False)


@BOTH
def test_without_files_the_error_says_what_to_do(offer: Dataset, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=rf"{offer.name} needs --data-root DIR.*--download"):
        offer.load(None, 32, False)
    with pytest.raises(DataError, match=rf"no readable .* in {tmp_path}.*--download"):
        offer.load(tmp_path, 32, False)


def test_a_file_of_cifar10_that_was_altered_is_not_unpickled(root: Path) -> None:
    path = root / "cifar-10-batches-py" / "data_batch_3"
    path.write_bytes(path.read_bytes() + b".")
    with pytest.raises(DataError, match=r"no readable CIFAR-10 .*corrupted"):
        CIFAR.load(root, 32, False)


@BOTH
def test_nothing_is_downloaded_without_being_asked_for(
    offer: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []

    def unreachable(*request: object, **_: object) -> NoReturn:
        asked.append(request)
        raise OSError("Network is unreachable")

    monkeypatch.setattr("urllib.request.urlopen", unreachable)
    for download in (False, True):
        with pytest.raises(DataError, match="no readable"):
            offer.load(tmp_path, 32, download)
        assert bool(asked) == download


@BOTH
def test_the_files_that_it_reads_are_those_that_the_cache_looks_at(
    offer: Dataset, root: Path
) -> None:
    assert any(path.is_file() for pattern in offer.reads for path in root.glob(pattern))


@BOTH
def test_modes_are_not_counted_without_a_judge(offer: Dataset) -> None:
    assert (offer.judge, offer.modes) == (None, None)
    for metric in modes.gan_bench_metrics([]):
        assert "it has no judge" in (metric.unsuited(offer) or "")
