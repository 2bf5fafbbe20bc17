"""Writes the files that torchvision's data sets read, with a few images of random pixels."""

from __future__ import annotations

import gzip
import hashlib
import pickle
import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

TRAIN, TEST = 40, 15
DATA = Path(__file__).parents[1] / "data"


def digits(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """(count, 28, 28) uint8 and (count,) labels."""
    random = np.random.default_rng(seed)
    images = random.integers(0, 256, (count, 28, 28), dtype=np.uint8)
    return images, random.integers(0, 10, count, dtype=np.uint8)


def real_digits() -> tuple[np.ndarray, np.ndarray]:
    """The first 400 test images of MNIST: (400, 28, 28) uint8 and (400,) labels."""
    sheet = np.asarray(Image.open(DATA / "mnist-test-400.png"))  # 20 x 20 tiles
    labels = (DATA / "mnist-test-400.txt").read_text(encoding="ascii").split()
    return sheet.reshape(20, 28, 20, 28).swapaxes(1, 2).reshape(400, 28, 28), np.array(labels, int)


def write_idx(root: Path, dataset: str = "MNIST", packed: bool = False, real: bool = False) -> Path:
    """The four files of MNIST or Fashion-MNIST, as Yann LeCun wrote them."""
    raw = root / dataset / "raw"
    raw.mkdir(parents=True)
    for name, count, seed in (("train", TRAIN, 0), ("t10k", TEST, 1)):
        images, labels = real_digits() if real else digits(count, seed)
        contents = {
            f"{name}-images-idx3-ubyte": struct.pack(">4i", 2051, *images.shape) + images.tobytes(),
            f"{name}-labels-idx1-ubyte": struct.pack(">2i", 2049, len(labels))
            + labels.astype(np.uint8).tobytes(),
        }
        for file, content in contents.items():
            (raw / f"{file}{'.gz' * packed}").write_bytes(
                gzip.compress(content) if packed else content
            )
    return root


def photos(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """(count, 3, 32, 32) uint8 and (count,) labels."""
    random = np.random.default_rng(seed)
    images = random.integers(0, 256, (count, 3, 32, 32), dtype=np.uint8)
    return images, random.integers(0, 10, count)


def write_cifar10(root: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The files of CIFAR-10; torchvision is made to expect their MD5 instead of the real ones."""
    from torchvision.datasets import CIFAR10

    folder = root / CIFAR10.base_folder
    folder.mkdir()

    def written(name: str, document: dict[str, object]) -> str:
        content = pickle.dumps(document)
        (folder / name).write_bytes(content)
        return hashlib.md5(content).hexdigest()

    def batch(name: str, part: tuple[np.ndarray, np.ndarray]) -> list[str]:
        images, labels = part
        document = {"data": images.reshape(len(images), -1), "labels": labels.tolist()}
        return [name, written(name, document)]

    images, labels = photos(TRAIN, 0)
    parts = [(images[k::5], labels[k::5]) for k in range(5)]
    train = [batch(f"data_batch_{k + 1}", part) for k, part in enumerate(parts)]
    monkeypatch.setattr(CIFAR10, "train_list", train)
    monkeypatch.setattr(CIFAR10, "test_list", [batch("test_batch", photos(TEST, 1))])
    md5 = written("batches.meta", {"label_names": list("abcdefghij")})
    monkeypatch.setattr(CIFAR10, "meta", CIFAR10.meta | {"md5": md5})
    return root
