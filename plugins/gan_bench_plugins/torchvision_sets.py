"""What the data sets of torchvision share: their errors, unpacked files and lazy resizing."""

from __future__ import annotations

import gzip
import pickle
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np

from gan_bench import DataError, Images, UsageError

if TYPE_CHECKING:
    from numpy.typing import NDArray

LARGEST = 2**28  # bytes of an unpacked file: the largest, MNIST's training images, has 47 million
LEAST, MOST = 8, 256  # px to which the images can be resized
UNREADABLE = (
    *(OSError, EOFError, zlib.error, pickle.UnpicklingError),
    *(RuntimeError, ValueError, LookupError, AssertionError),
)
Pair = tuple["NDArray[np.uint8]", "NDArray[np.int64]"]  # (n, C, h, w) pixels and (n,) labels


@dataclass(frozen=True, kw_only=True)
class TorchvisionSet:
    """A data set of torchvision: its name here and there, and where its files are.

    `read(folder, train, download)` returns (n, C, side, side) uint8 and (n,) int64 labels.
    """

    name: str
    title: str  # as its authors write it
    files: str  # the path of one file below --data-root, and what belongs to it
    folder: str  # the folder below --data-root that is looked into
    side: int  # px
    read: Callable[[Path, bool, bool], Pair]

    def split(self, root: Path | None, train: bool, download: bool) -> Pair:
        """Pixels and labels of one split; DataError, with what to do, without readable files."""
        if root is None:
            raise DataError(
                f"{self.name} needs --data-root DIR: the folder that holds {self.files}; add "
                "--download to have torchvision fetch them"
            )
        try:
            return self.read(root, train, download)
        except UNREADABLE as error:
            raise DataError(
                f"no readable {self.title} in {root} (looked for {root}/{self.folder}): {error}; "
                "give the right --data-root, or add --download"
            ) from error

    def check_size(self, size: int) -> None:
        """UsageError for a size to which the images are not resized."""
        if not LEAST <= size <= MOST:
            raise UsageError(
                f"{self.name} is {self.side} px wide and can be resized to {LEAST} to {MOST} px, "
                f"not {size}"
            )

    def load(self, root: Path | None, size: int, download: bool) -> Images:
        """Training and test images, (n, C, size, size) uint8, with their labels."""
        self.check_size(size)
        train, test = (self.split(root, part, download) for part in (True, False))
        return Images(
            train=Resized(train[0], size),
            held_out=Resized(test[0], size),
            train_labels=train[1],
            held_out_labels=test[1],
        )


@dataclass(frozen=True)
class Resized:
    """Images (n, C, h, w) uint8, resized when they are asked for: all at once may need 15 GB."""

    images: NDArray[np.uint8]
    size: int

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, rows: slice, /) -> NDArray[np.uint8]:
        return resized(self.images[rows], self.size)


def resized(images: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    """(n, C, h, w) -> (n, C, size, size), bicubic and antialiased."""
    if images.shape[-2:] == (size, size) or not len(images):
        return images.reshape(len(images), images.shape[1], size, size)
    import torch
    from torch.nn.functional import interpolate

    pixels = torch.from_numpy(np.ascontiguousarray(images)).float()
    pixels = interpolate(pixels, (size, size), mode="bicubic", antialias=True)
    return np.asarray(pixels.round().clamp(0, 255).to(torch.uint8))


def read_idx(dataset: str, root: Path, train: bool, download: bool) -> Pair:
    """One split of MNIST, or of a set in its format: (n, 1, 28, 28) uint8 and (n,) labels."""
    import torchvision

    with _unpacked(root, dataset) as folder:
        read: Any = getattr(torchvision.datasets, dataset)(
            str(folder), train=train, download=download
        )
    return read.data[:, None].numpy(), read.targets.numpy()


@contextmanager
def _unpacked(root: Path, dataset: str) -> Iterator[Path]:
    """`root`, or an unpacked copy: torchvision reads no .gz, and root may be read-only."""
    packed = sorted((root / dataset / "raw").glob("*-ubyte.gz"))
    if not packed or packed[0].with_suffix("").exists():
        yield root
        return
    with TemporaryDirectory() as copy:
        raw = Path(copy, dataset, "raw")
        raw.mkdir(parents=True)
        for path in packed:
            with gzip.open(path) as file:
                content = file.read(LARGEST + 1)
            if len(content) > LARGEST:
                raise ValueError(f"{path.name} unpacks to more than {LARGEST:,} bytes")
            (raw / path.stem).write_bytes(content)
        yield Path(copy)
