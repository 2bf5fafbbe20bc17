"""CIFAR-10 through torchvision: small photographs of ten kinds of things, 32 x 32, in colour."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from gan_bench import Dataset, hookimpl
from gan_bench_plugins.torchvision_sets import Pair, TorchvisionSet


def read(root: Path, train: bool, download: bool) -> Pair:
    """One split: (n, 3, 32, 32) uint8 and (n,) int64 labels.

    torchvision unpickles only files with the published MD5.
    """
    from torchvision.datasets import CIFAR10

    photos = CIFAR10(str(root), train=train, download=download)
    return photos.data.transpose(0, 3, 1, 2), np.array(photos.targets, np.int64)


CIFAR = TorchvisionSet(
    name="cifar10",
    title="CIFAR-10",
    files="cifar-10-batches-py with data_batch_1 to 5, test_batch and batches.meta "
    "(unpacked cifar-10-python.tar.gz)",
    folder="cifar-10-batches-py",
    side=32,
    read=read,
)


@hookimpl
def gan_bench_datasets() -> list[Dataset]:
    """`cifar10`, with its ten classes as labels and without a judge."""
    return [
        Dataset(
            name=CIFAR.name,
            source="Krizhevsky 2009, Learning multiple layers of features from tiny images; "
            "50,000 training and 10,000 test images.",
            version="1",
            load=CIFAR.load,
            reads=("cifar-10-batches-py/*",),
            size=CIFAR.side,
        )
    ]
