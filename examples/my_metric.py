"""A metric with its features: gan-bench run --plugin examples/my_metric.py --metric shades ..."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
from torch import Tensor

from gan_bench import Features, Metric, Samples, hookimpl

BINS = 16


def load(device: str, weights: Path | None) -> Callable[[Tensor], Tensor]:
    """f: (N, C, H, W) uint8 -> (N, BINS): the share of the pixels of each image in each bin."""

    def histogram(images: Tensor) -> Tensor:
        bins = (images.float() / 256 * BINS).long().flatten(1)
        return (bins[:, :, None] == bins.new_tensor(range(BINS))).float().mean(1)

    return histogram


def digest(weights: Path | None) -> str:
    """There are no weights, so that the number of bins is all that could change."""
    return hashlib.sha256(f"{BINS} bins".encode()).hexdigest()


def shades(samples: Samples) -> float:
    """How many pixels have to change their bin, as a share, to give the mean histogram of real."""
    return float(np.abs(samples.fake.mean(0) - samples.real.mean(0)).sum() / 2)


@hookimpl
def gan_bench_features() -> list[Features]:
    source = f"A histogram of {BINS} equal bins, of all channels together."
    return [Features(name="histogram", source=source, digest=digest, load=load)]


@hookimpl
def gan_bench_metrics(features: list[str]) -> list[Metric]:
    return [
        Metric(
            name="shades",
            source="Total variation distance of the mean histograms.",
            higher_is_better=False,
            compute=shades,
            features="histogram",
            sees=("noise",),
        )
    ]
