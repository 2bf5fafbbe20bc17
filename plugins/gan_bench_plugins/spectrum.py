"""`spectrum`: the strength of the lowest frequencies, the same for a shifted or mirrored image."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from gan_bench import Features, hookimpl

if TYPE_CHECKING:
    from torch import Tensor

NAME = "spectrum"
SIDE = 32  # pixels of the picture that is transformed
HIGHEST = 4  # waves across the picture: a blur or JPEG changes the higher ones
DEFINITION = (
    f"antialiased bilinear to {SIDE} x {SIDE}, / 255, |2-D Fourier transform| / {SIDE} of at most "
    f"{HIGHEST} waves across and down, f; (f + mirrored f) / 2 and |f - mirrored f| / 2"
)


def digest(_: Path | None = None) -> str:
    """SHA-256 of the definition, since there are no weights."""
    return hashlib.sha256(DEFINITION.encode()).hexdigest()


def load(_device: str, _weights: Path | None = None) -> Callable[[Tensor], Tensor]:
    """f: (N, C, H, W) uint8 -> (N, 90 C) float32.

    A shift changes only the phases of a Fourier transform, but for the border, and a mirror only
    their signs and the order of the frequencies.
    """
    import torch
    from torch.nn.functional import interpolate

    def features(images: Tensor) -> Tensor:
        pixels = images.float() / 255
        if pixels.shape[-2:] != (SIDE, SIDE):
            pixels = interpolate(pixels, (SIDE, SIDE), mode="bilinear", antialias=True)
        strengths = torch.fft.rfft2(pixels, norm="ortho").abs()  # (N, C, 32, 17)
        down = torch.arange(-HIGHEST, HIGHEST + 1)  # waves; a negative row is counted from the end
        f = strengths[:, :, down, : HIGHEST + 1]  # (N, C, 9, 5)
        mirrored = f.flip(2)
        return torch.cat([f + mirrored, (f - mirrored).abs()], 1).flatten(1) / 2

    return features


@hookimpl
def gan_bench_features() -> list[Features]:
    """`spectrum`."""
    return [
        Features(
            name=NAME,
            source=f"Fourier amplitudes of at most {HIGHEST} waves across and down, at {SIDE} x "
            f"{SIDE} pixels; mirror images are the same, and shifted ones nearly",
            digest=digest,
            load=load,
        )
    ]
