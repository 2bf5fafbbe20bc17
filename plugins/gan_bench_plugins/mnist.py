"""MNIST through torchvision: handwritten digits, 28 x 28, grey."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np

from gan_bench import DataError, Dataset, Images, UsageError, hookimpl

if TYPE_CHECKING:
    import torch
    from torchvision.datasets import MNIST

SIDE = 28
LARGEST = 2**28  # bytes of an unpacked file: MNIST's largest has 47 million


def load(root: Path | None, size: int, download: bool) -> Images:
    """Training and test digits, (n, 1, size, size) uint8, with their labels."""
    if size < 8 or size > 256:
        raise UsageError(f"mnist is 28 px wide and can be resized to 8 to 256 px, not {size}")
    if root is None:
        raise DataError(
            "mnist needs --data-root DIR: the folder that holds MNIST/raw/train-images-idx3-ubyte "
            "(or .gz) and its three siblings; add --download to have torchvision fetch them"
        )
    train, test = _split(root, True, download), _split(root, False, download)
    return Images(
        train=_pixels(train, size),
        held_out=_pixels(test, size),
        train_labels=train.targets.numpy(),
        held_out_labels=test.targets.numpy(),
    )


def _split(root: Path, train: bool, download: bool) -> MNIST:
    from torchvision.datasets import MNIST

    try:
        with _unpacked(root) as folder:
            return MNIST(str(folder), train=train, download=download)
    except (OSError, EOFError, zlib.error, RuntimeError, ValueError, AssertionError) as error:
        raise DataError(
            f"no readable MNIST in {root} (looked for {root}/MNIST/raw): {error}; "
            "give the right --data-root, or add --download"
        ) from error


@contextmanager
def _unpacked(root: Path) -> Iterator[Path]:
    """`root`, or an unpacked copy: torchvision reads no .gz, and root may be read-only."""
    packed = sorted((root / "MNIST" / "raw").glob("*-ubyte.gz"))
    if not packed or packed[0].with_suffix("").exists():
        yield root
        return
    with TemporaryDirectory() as copy:
        raw = Path(copy, "MNIST", "raw")
        raw.mkdir(parents=True)
        for path in packed:
            with gzip.open(path) as file:
                content = file.read(LARGEST + 1)
            if len(content) > LARGEST:
                raise ValueError(f"{path.name} unpacks to more than {LARGEST:,} bytes")
            (raw / path.stem).write_bytes(content)
        yield Path(copy)


def _pixels(digits: MNIST, size: int) -> np.ndarray:
    images = digits.data[:, None]  # (n, 1, 28, 28) uint8
    if size != SIDE:
        images = _resized(images, size)
    return np.asarray(images)


def _resized(images: torch.Tensor, size: int) -> torch.Tensor:
    import torch
    from torch.nn.functional import interpolate

    resized = interpolate(images.float(), (size, size), mode="bicubic", antialias=True)
    return resized.round().clamp(0, 255).to(torch.uint8)


@hookimpl
def gan_bench_datasets() -> list[Dataset]:
    """`mnist`."""
    return [
        Dataset(
            name="mnist",
            source="LeCun et al. 1998, Gradient-based learning applied to document recognition; "
            "60,000 training and 10,000 test digits, or what the folder holds.",
            version="1",
            load=load,
            reads=("MNIST/raw/*-ubyte", "MNIST/raw/*-ubyte.gz"),
            size=SIDE,
            features="mnist-judge",
            judge="mnist-judge",
            modes=10,
        )
    ]
