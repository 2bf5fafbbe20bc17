"""What is known of the pixels of each image: a digest, brightness, flatness."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np


@dataclass(frozen=True)
class Facts:
    """Arrays with one entry for each image."""

    digest: np.ndarray  # (n, 32) uint8, SHA-256 of the pixels
    mean: np.ndarray  # (n,) float64, 0 to 255
    min: np.ndarray  # (n,) uint8
    max: np.ndarray  # (n,) uint8
    grey: np.ndarray  # (n,) bool: all channels are equal

    @staticmethod
    def joined(parts: Sequence[Facts]) -> Facts:
        """The facts of several chunks, one after another."""
        whole = parts or [facts_of(np.empty((0, 3, 1, 1), np.uint8))]
        names = [each.name for each in fields(Facts)]
        return Facts(**{name: np.concatenate([getattr(p, name) for p in whole]) for name in names})


def facts_of(pixels: np.ndarray) -> Facts:
    """Of images (n, C, H, W) uint8."""
    flat = pixels.reshape(len(pixels), pixels[:1].size or 1)
    digests = [hashlib.sha256(row.data).digest() for row in flat]
    return Facts(
        digest=np.frombuffer(b"".join(digests), np.uint8).reshape(-1, 32),
        mean=flat.mean(1),
        min=flat.min(1),
        max=flat.max(1),
        grey=(pixels[:, 1:3] == pixels[:, :1]).all((1, 2, 3)),
    )
