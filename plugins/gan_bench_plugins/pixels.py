"""`pixels`: the image itself as features, without a network."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from gan_bench import Features, hookimpl

if TYPE_CHECKING:
    from torch import Tensor

NAME = "pixels"
SIDE = 16  # enough to tell images apart, and 60,000 training images stay below 200 MB
DEFINITION = f"adaptive_avg_pool2d to at most {SIDE} x {SIDE}, / 255, float32, (C, H, W) flattened"


def digest(_: Path | None = None) -> str:
    """SHA-256 of the definition, since there are no weights."""
    return hashlib.sha256(DEFINITION.encode()).hexdigest()


def load(_device: str, _weights: Path | None = None) -> Callable[[Tensor], Tensor]:
    """f: (N, C, H, W) uint8 -> (N, F) float32 in [0, 1], F = C min(H, 16) min(W, 16)."""
    from torch.nn.functional import adaptive_avg_pool2d

    def features(images: Tensor) -> Tensor:
        side = (min(images.shape[-2], SIDE), min(images.shape[-1], SIDE))
        pooled: Tensor = adaptive_avg_pool2d(images.float(), side)
        return (pooled / 255).flatten(1)

    return features


@hookimpl
def gan_bench_features() -> list[Features]:
    """`pixels`."""
    return [
        Features(
            name=NAME,
            source=f"the image itself: areas averaged to at most {SIDE} x {SIDE} pixels",
            digest=digest,
            load=load,
        )
    ]
