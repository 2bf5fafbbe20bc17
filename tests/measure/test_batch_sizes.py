"""Images reach a network on a GPU in batches of one size, and each has its own features."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import torch
from torch import Tensor

from gan_bench.measure.features import features_by_net, of_one_size


def batches(*sizes: int) -> Iterator[Tensor]:
    """Images of one pixel that are numbered through all batches."""
    numbers = torch.arange(sum(sizes), dtype=torch.uint8)[:, None, None, None]
    return iter(torch.split(numbers, list(sizes)))


@pytest.mark.parametrize("sizes", [(), (3,), (4,), (4, 4), (1, 1, 1, 1, 1), (9, 2), (2, 9), (13,)])
def test_every_batch_has_one_size_and_every_image_counts_once(sizes: tuple[int, ...]) -> None:
    made = list(of_one_size(batches(*sizes), 4))
    assert {len(batch) for batch, _ in made} <= {4}
    counted = [int(number) for batch, count in made for number in batch[:count].flatten()]
    assert counted == list(range(sum(sizes)))


@pytest.mark.parametrize("device", ["cpu", pytest.param("cuda", marks=pytest.mark.gpu)])
def test_features_are_those_of_each_image_in_turn(device: str) -> None:
    seen = set()

    def extract(images: Tensor) -> Tensor:
        seen.add(len(images))
        return images.float().flatten(1) / 2

    features = features_by_net({"half": extract}, (each.to(device) for each in batches(5, 100, 7)))
    assert np.array_equal(features["half"][:, 0], np.arange(112, dtype=np.float32) / 2)
    assert seen == ({5, 100, 7} if device == "cpu" else {256})
