"""What is known of the pixels of each image: a digest, brightness, contrast, sharpness, a thumb."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

CELLS = 8  # a thumbnail has 8 x 8 cells
LUMA = (19595, 38470, 7471)  # of R, G and B, in 1/65536: ITU-R 601, as Pillow rounds it
BLOCK_BYTES = 2**18  # of images looked at together: they stay in the cache of a core
FLAT = 1.0  # standard deviation up to which an image is of one colour


@dataclass(frozen=True)
class Facts:
    """Arrays with one entry for each image."""

    digest: np.ndarray  # (n, 32) uint8, SHA-256 of the pixels
    mean: np.ndarray  # (n,) float64, 0 to 255
    min: np.ndarray  # (n,) uint8
    max: np.ndarray  # (n,) uint8
    grey: np.ndarray  # (n,) bool: R, G and B are equal
    deviation: np.ndarray  # (n,) float64: of the pixels from the mean of their channel, RMS
    sharpness: np.ndarray  # (n,) float64: variance of the Laplacian of the grey image
    thumb: np.ndarray  # (n, C, 8, 8) uint8: the means of its cells

    def at(self, rows: np.ndarray) -> Facts:
        """The facts of some of the images."""
        return Facts(**{each.name: getattr(self, each.name)[rows] for each in fields(Facts)})

    @staticmethod
    def joined(parts: Sequence[Facts]) -> Facts:
        """The facts of several chunks, one after another."""
        whole = parts or [facts_of(np.empty((0, 3, 1, 1), np.uint8))]
        names = [each.name for each in fields(Facts)]
        return Facts(**{name: np.concatenate([getattr(p, name) for p in whole]) for name in names})


def facts_of(pixels: np.ndarray) -> Facts:
    """Of images (n, C, H, W) uint8."""
    step = max(1, BLOCK_BYTES // max(pixels[:1].nbytes, 1))
    blocks = (pixels[start : start + step] for start in range(0, max(len(pixels), 1), step))
    return Facts.joined([_facts(block) for block in blocks])


def _facts(pixels: np.ndarray) -> Facts:
    flat = pixels.reshape(len(pixels), math.prod(pixels.shape[1:]))
    digests = [hashlib.sha256(row.data).digest() for row in flat]
    planes = pixels.astype(np.float32)  # which holds sums of up to 256 x 256 pixels exactly
    cells = _cells(planes)
    return Facts(
        digest=np.frombuffer(b"".join(digests), np.uint8).reshape(-1, 32),
        mean=cells.mean((1, 2, 3)),
        min=flat.min(1),
        max=flat.max(1),
        grey=(pixels[:, 1:3] == pixels[:, :1]).all((1, 2, 3)),
        deviation=np.sqrt(_variance(planes).mean(1)),
        sharpness=_variance(_laplacian(luma(planes)))[:, 0],
        thumb=(cells + 0.5).astype(np.uint8),
    )


def luma(pixels: np.ndarray) -> np.ndarray:
    """(n, 3, H, W) uint8 or float32 -> (n, 1, H, W) uint8, as Pillow's convert("L")."""
    red, green, blue = (pixels[:, k : k + 1].astype(np.float32) for k in range(3))
    red *= LUMA[0]
    green *= LUMA[1]
    blue *= LUMA[2]
    red += green
    red += blue
    red += 2**15  # at most 255.5 x 2**16, which float32 holds exactly
    red *= 2**-16
    return red.astype(np.uint8)


def _cells(planes: np.ndarray) -> np.ndarray:
    """(n, C, H, W) -> (n, C, 8, 8) float64, the means of the cells.

    Whole numbers are added and divided at the end, so that every machine finds the same thumbs.
    """
    n, C, H, W = planes.shape
    across, down = _overlaps(W), _overlaps(H)
    rows = (planes.reshape(-1, W) @ across.T.astype(np.float32)).reshape(n, C, H, CELLS)
    exact = np.float32 if 255 * H * W < 2**24 else np.float64
    sums = down.astype(exact) @ rows.astype(exact, copy=False)
    return np.asarray(sums / np.float64(H * W))


def _overlaps(side: int) -> np.ndarray:
    """(8, side): how much of each pixel lies in each cell, in eighths of a pixel."""
    cells, pixels = np.arange(CELLS)[:, None] * side, np.arange(side)[None] * CELLS
    shared = np.minimum(cells + side, pixels + CELLS) - np.maximum(cells, pixels)
    return np.asarray(shared.clip(0))


def _laplacian(grey: np.ndarray) -> np.ndarray:
    """(n, 1, H, W) uint8 -> (n, 1, H - 2, W - 2) float32."""
    image = grey.astype(np.int16)
    inner = 4 * image[:, :, 1:-1, 1:-1]
    inner -= image[:, :, :-2, 1:-1]
    inner -= image[:, :, 2:, 1:-1]
    inner -= image[:, :, 1:-1, :-2]
    inner -= image[:, :, 1:-1, 2:]
    return inner.astype(np.float32)


def _variance(planes: np.ndarray) -> np.ndarray:
    """(n, C, H, W) float32 -> (n, C) float64, within each plane."""
    n, channels, *sides = planes.shape
    count = math.prod(sides)
    if count == 0:  # an image of 2 pixels or less has no Laplacian
        return np.zeros((n, channels))
    flat = planes.reshape(n, channels, count)
    squares = np.einsum("ncp,ncp->nc", flat, flat).astype(np.float64)
    means = flat.sum(2) / np.float64(count)
    return np.asarray((squares / count - means**2).clip(0))
