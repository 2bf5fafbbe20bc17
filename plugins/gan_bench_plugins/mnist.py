"""MNIST through torchvision: handwritten digits, 28 x 28, grey."""

from __future__ import annotations

from functools import partial

from gan_bench import Dataset, hookimpl
from gan_bench_plugins.torchvision_sets import TorchvisionSet, read_idx

MNIST = TorchvisionSet(
    name="mnist",
    title="MNIST",
    files="MNIST/raw/train-images-idx3-ubyte (or .gz) and its three siblings",
    folder="MNIST/raw",
    side=28,
    read=partial(read_idx, "MNIST"),
)
READS = ("MNIST/raw/*-ubyte", "MNIST/raw/*-ubyte.gz")
load = MNIST.load


@hookimpl
def gan_bench_datasets() -> list[Dataset]:
    """`mnist`."""
    return [
        Dataset(
            name=MNIST.name,
            source="LeCun et al. 1998, Gradient-based learning applied to document recognition; "
            "60,000 training and 10,000 test digits, or what the folder holds.",
            version="1",
            load=load,
            reads=READS,
            size=MNIST.side,
            features="mnist-judge",
            judge="mnist-judge",
            modes=10,
        )
    ]
