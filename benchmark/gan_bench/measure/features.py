"""Images -> features of a fixed network."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain

import numpy as np
import torch
from torch import Tensor

from gan_bench.catalogue import Catalogue
from gan_bench.contract.errors import DataError
from gan_bench.contract.offers import Features
from gan_bench.data.rows import Images
from gan_bench.measure.weights import Weights

BATCH = 256
Extract = Callable[[Tensor], Tensor]
Arrays = dict[str, np.ndarray]
Fakes = Images | Iterable[Tensor]  # (M, C, H, W) uint8, to be read or in batches on the device


def weights_digest(catalogue: Catalogue, net: str, weights: Weights) -> str:
    """SHA-256 of the weights that the net would load; DataError if it cannot work here."""
    offer = catalogue.find(Features, net)
    return offer.digest(weights.of(offer))


@dataclass(frozen=True)
class Net:
    """A loaded network and its features of the real images."""

    extract: Extract
    real: np.ndarray  # (N, F) float32, of the reference
    train: np.ndarray | None = None  # (T, F), all of them, if a metric reads them
    held_out: np.ndarray | None = None  # (H, F), likewise


def load_net(catalogue: Catalogue, net: str, digest: str, device: str, weights: Weights) -> Extract:
    """Load the net; DataError if its weights are no longer those that were planned."""
    if weights_digest(catalogue, net, weights) != digest:
        raise DataError(
            f"the weights of {net} have changed since this protocol was planned: their SHA-256 "
            f"was {digest[:16]}; run the same command again to begin a new protocol"
        )
    offer = catalogue.find(Features, net)
    return offer.load(device, weights.of(offer))


def extract_all(extract: Extract, images: Images, device: str) -> np.ndarray:
    """(M, C, H, W) uint8 -> (M, F) float32."""
    return features_by_net({"": extract}, batches_of(images, device))[""]


def batches_of(images: Images, device: str) -> Iterator[Tensor]:
    """(M, C, H, W) uint8 in batches on the device; one batch is read at a time."""
    for k in range(0, len(images), BATCH):
        yield torch.from_numpy(np.ascontiguousarray(images[k : k + BATCH])).to(device)


@torch.no_grad()
def features_by_net(nets: dict[str, Extract], batches: Iterable[Tensor]) -> Arrays:
    """Net -> (M, F) float32 of all images; one batch is in memory at a time."""
    parts: dict[str, list[Tensor]] = {name: [] for name in nets}
    for batch, count in _as_fast(batches):
        visible = over_white(batch)
        for name, extract in nets.items():
            parts[name].append(extract(visible).float().cpu()[:count])
    return {name: torch.cat(rows).numpy() for name, rows in parts.items()}


def _as_fast(batches: Iterable[Tensor]) -> Iterator[tuple[Tensor, int]]:
    """The batches and how many images of each count: as they come, or on a GPU all of one size."""
    first = next(batches := iter(batches), None)
    if first is None:
        return
    batches = chain([first], batches)
    yield from of_one_size(batches) if first.is_cuda else ((each, len(each)) for each in batches)


def of_one_size(batches: Iterable[Tensor], size: int = BATCH) -> Iterator[tuple[Tensor, int]]:
    """The same images, `size` at a time, and how many count: the last image fills the last batch.

    For every new number of images cudnn compiles kernels, which took 3 to 7 s on an H100.
    """
    rest: Tensor | None = None
    for batch in batches:
        rest = batch if rest is None else torch.cat([rest, batch])
        while len(rest) >= size:
            yield rest[:size], size
            rest = rest[size:]
    if rest is not None and len(rest):
        yield torch.cat([rest, rest[-1:].repeat(size - len(rest), 1, 1, 1)]), len(rest)


def over_white(images: Tensor) -> Tensor:
    """(N, C, H, W) uint8 as every network sees it: the fourth channel is opacity, over white.

    No network was trained with transparency, and colours that cannot be seen must not count.
    """
    if images.shape[1] != 4:
        return images
    opacity = images[:, 3:].float() / 255
    white = 255 * (1 - opacity)
    return (images[:, :3] * opacity + white).round().to(torch.uint8)
