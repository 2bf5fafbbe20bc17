"""Fashion-MNIST through torchvision: clothes, shoes and bags, 28 x 28, grey."""

from __future__ import annotations

from functools import partial

from gan_bench import Dataset, hookimpl
from gan_bench_plugins.torchvision_sets import TorchvisionSet, read_idx

FASHION = TorchvisionSet(
    name="fashion-mnist",
    title="Fashion-MNIST",
    files="FashionMNIST/raw/train-images-idx3-ubyte (or .gz) and its three siblings",
    folder="FashionMNIST/raw",
    side=28,
    read=partial(read_idx, "FashionMNIST"),
)


@hookimpl
def gan_bench_datasets() -> list[Dataset]:
    """`fashion-mnist`, with its ten classes as labels and without a judge."""
    return [
        Dataset(
            name=FASHION.name,
            source="Xiao et al. 2017, arXiv 1708.07747; 60,000 training and 10,000 test images, "
            "or what the folder holds.",
            version="1",
            load=FASHION.load,
            reads=("FashionMNIST/raw/*-ubyte", "FashionMNIST/raw/*-ubyte.gz"),
            size=FASHION.side,
        )
    ]
