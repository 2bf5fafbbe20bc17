"""`haar-packets`: an image split into 256 bands of frequencies by Haar wavelets, as features."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from gan_bench import Features, hookimpl

if TYPE_CHECKING:
    from torch import Tensor

NAME = "haar-packets"
LEVELS = 4
PACKETS = 4**LEVELS
BLOCK = 2**LEVELS  # pixels to a side that one coefficient of a packet comes from
PLACES = 2  # at most this many coefficients of a packet are kept across and down
DEFINITION = (
    f"/ 255, edges repeated to a multiple of {BLOCK} pixels, Haar wavelet packets of level "
    f"{LEVELS} in natural order, the finest split first; at most {PLACES} x {PLACES} places evenly"
)


def digest(_: Path | None = None) -> str:
    """SHA-256 of the definition, since there are no weights."""
    return hashlib.sha256(DEFINITION.encode()).hexdigest()


def load(_device: str, _weights: Path | None = None) -> Callable[[Tensor], Tensor]:
    """f: (N, C, H, W) uint8 -> (N, 256 F) float32, F = C places: the packets one after another."""
    return lambda images: packets(padded(images.float() / 255)).flatten(1)


def padded(x: Tensor) -> Tensor:
    """(N, C, H, W) with sides that are multiples of 16: the last row and column are repeated."""
    from torch.nn.functional import pad

    below, right = (-side % BLOCK for side in x.shape[-2:])
    return pad(x, (0, right, 0, below), mode="replicate")


def packets(x: Tensor) -> Tensor:
    """(N, C, H, W) -> (N, 256, C, p, q), p = min(2, H / 16), q likewise.

    The digits of a packet's number to the base of 4 are its splits, the finest first.
    """
    bands = x[:, None]
    for _ in range(LEVELS):
        bands = split(bands).flatten(1, 2)
    rows, columns = (evenly(side) for side in bands.shape[-2:])
    return bands[..., rows, :][..., columns]


def split(x: Tensor) -> Tensor:
    """(..., C, H, W) -> (..., 4, C, H / 2, W / 2), orthonormal.

    0: the mean of each 2 x 2 pixels; 1: differences between rows; 2: between columns; 3: diagonal.
    """
    import torch

    top, bottom = x[..., 0::2, :], x[..., 1::2, :]
    bands = [
        across
        for down in (top + bottom, top - bottom)
        for left, right in [(down[..., 0::2], down[..., 1::2])]
        for across in (left + right, left - right)
    ]
    low, columns, rows, diagonal = bands
    return torch.stack([low, rows, columns, diagonal], -4) / 2


def band(packet: int) -> str:
    """What a packet holds, in words: the waves by their length in pixels, and their direction.

    Each split tells low from high frequencies. After a high band they are in reverse order, so
    that the bits of a packet along one side of the image are the Gray code of its frequency.
    """
    digits = [packet // 4**k % 4 for k in reversed(range(LEVELS))]
    down = _frequency(digit in (1, 3) for digit in digits)
    across = _frequency(digit in (2, 3) for digit in digits)
    if not (down or across):
        return f"the mean colour of {BLOCK} x {BLOCK} px"
    waves = [
        f"{_waves(place)} {way}"
        for place, way in ((down, "from top to bottom"), (across, "from left to right"))
        if place
    ]
    return " and ".join(waves)


def _frequency(bits: Iterable[bool]) -> int:
    """The place of a band of frequencies, 0 to 15, from its splits, the finest first."""
    place, high = 0, False
    for bit in bits:
        high ^= bit
        place = 2 * place + high
    return place


def _waves(place: int) -> str:
    """Band k has k to k + 1 waves in 32 pixels.

    Of the longest ones a block, which may be the whole image, holds a part only: its halves differ.
    """
    if place == 1:
        return f"slopes over {BLOCK} px"
    return f"waves of {2 * BLOCK / (place + 1):.2g} to {2 * BLOCK / place:.2g} px"


def evenly(side: int) -> list[int]:
    """The places of a packet that are kept, of `side` across."""
    kept = min(PLACES, side)
    return [int((k + 0.5) * side / kept) for k in range(kept)]


@hookimpl
def gan_bench_features() -> list[Features]:
    """`haar-packets`."""
    return [
        Features(
            name=NAME,
            source="Veeramacheneni et al. 2025, arXiv 2312.15289: Haar wavelet packets of level "
            f"{LEVELS}; of images above {PLACES * BLOCK} px, {PLACES} x {PLACES} places of each",
            digest=digest,
            load=load,
        )
    ]
