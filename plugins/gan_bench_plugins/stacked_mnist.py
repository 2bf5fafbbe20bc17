"""stacked-mnist: a digit of MNIST in each colour channel, a thousand modes, and its judge.

The field's test of mode collapse (Metz et al. 2017). The digits are drawn with a fixed seed, so
everyone with the same MNIST files trains on the same images.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from gan_bench import Dataset, Features, Images, hookimpl
from gan_bench_plugins import judges
from gan_bench_plugins.mnist import MNIST, READS
from gan_bench_plugins.torchvision_sets import resized

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

STACKED = replace(MNIST, name="stacked-mnist")
SIZE = 32  # px; MNIST has 28, which `dcgan` and most pairs for colour images do not make
TRAIN, HELD_OUT = 60_000, 26_000  # as many as MNIST has; as many as the field generates and scores
SEED = 2_017
CHANNELS, DIGITS = 3, 10
PLACES = 10 ** np.arange(CHANNELS)[::-1]  # the red digit is the first one of the mode
JUDGE = next(judge for judge in judges.JUDGES if judge.name == "mnist-judge")


# -- images ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Stacks:
    """Images of three digits each, put together and resized when they are asked for."""

    digits: NDArray[np.uint8]  # (n, 1, 28, 28)
    rows: NDArray[np.int64]  # (N, 3), which digit is red, green and blue
    size: int

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, rows: slice, /) -> NDArray[np.uint8]:
        return resized(self.digits[self.rows[rows], 0], self.size)


def drawn(digits: int, count: int, part: int) -> NDArray[np.int64]:
    """(count, 3) rows among so many digits; part 0 is for training, 1 is held out.

    The raw numbers of PCG64 are the same in every version of NumPy, those of a Generator are not.
    """
    raw = np.random.PCG64([SEED, part]).random_raw(count * CHANNELS)
    return (np.asarray(raw) % np.uint64(digits)).astype(np.int64).reshape(count, CHANNELS)


def load(root: Path | None, size: int, download: bool) -> Images:
    """60,000 stacks of training digits, and 26,000 of test digits, labelled with their modes."""
    STACKED.check_size(size)
    stacks, labels = [], []
    for part, count in enumerate((TRAIN, HELD_OUT)):
        digits, values = STACKED.split(root, part == 0, download)
        rows = drawn(len(digits), count, part)
        stacks.append(Stacks(digits, rows, size))
        labels.append(values[rows] @ PLACES)
    return Images(
        train=stacks[0], held_out=stacks[1], train_labels=labels[0], held_out_labels=labels[1]
    )


# -- the judge ------------------------------------------------------------------------------------


def load_judge(device: str, _weights: Path | None = None) -> Callable[[Tensor], Tensor]:
    """(N, C, H, W) uint8 on the device -> (N, 192) float32: 64 of mnist-judge for each channel.

    In a grey image all three channels show the same digit.
    """
    of_digits = judges.load(JUDGE, device)

    def features(images: Tensor) -> Tensor:
        channels = images.expand(-1, CHANNELS, -1, -1)
        return of_digits(channels.flatten(0, 1)[:, None]).reshape(len(images), -1)

    return features


def modes(features: NDArray[np.float32]) -> NDArray[np.int64]:
    """(N, 192) -> (N,) modes; -1 where mnist-judge rejects one of the digits."""
    digits = judges.modes(JUDGE, features.reshape(len(features) * CHANNELS, -1))
    digits = digits.reshape(-1, CHANNELS)
    return np.where((digits >= 0).all(1), digits @ PLACES, -1).astype(np.int64)


@hookimpl
def gan_bench_datasets() -> list[Dataset]:
    """`stacked-mnist`."""
    return [
        Dataset(
            name=STACKED.name,
            source="Metz et al. 2017, arXiv 1611.02163, section 3.3.1: three random digits of "
            "MNIST as red, green and blue. Departures: 60,000 fixed training images instead of "
            "new ones in every batch, and 32 px instead of 28.",
            version="1",
            load=load,
            reads=READS,
            size=SIZE,
            features="stacked-mnist-judge",
            judge="stacked-mnist-judge",
            modes=DIGITS**CHANNELS,
        )
    ]


@hookimpl
def gan_bench_features() -> list[Features]:
    """`stacked-mnist-judge`."""
    return [
        Features(
            name="stacked-mnist-judge",
            source="this package: mnist-judge on each of the three channels",
            digest=partial(judges.digest, JUDGE),
            load=load_judge,
            modes=modes,
        )
    ]
