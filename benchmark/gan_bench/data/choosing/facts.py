"""What is known of the pixels of each image: a digest, brightness, contrast, sharpness, a thumb."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import lru_cache

import numpy as np
from PIL import Image

from gan_bench.data.decoding.colour import over_white

CELLS = 8  # a thumbnail has 8 x 8 cells
LUMA = (19595, 38470, 7471)  # of R, G and B, in 1/65536: ITU-R 601, as Pillow rounds it
BLOCK_BYTES = 2**18  # of images looked at together: they stay in the cache of a core
FLAT = 1.0  # standard deviation up to which an image is of one colour


@dataclass(frozen=True)
class Facts:
    """Arrays with one entry for each image. Colours are measured as seen: over white."""

    digest: np.ndarray  # (n, 32) uint8, SHA-256 of the pixels, of all channels
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
    shown = _as_seen(pixels)
    planes = shown.astype(np.float32)  # which holds sums of up to 256 x 256 pixels exactly
    cells = _cells(planes)
    means = cells.mean((2, 3))
    grey = luma(planes)
    seen = shown.reshape(len(shown), math.prod(shown.shape[1:]))
    return Facts(
        digest=np.frombuffer(b"".join(digests), np.uint8).reshape(-1, 32),
        mean=means.mean(1),
        min=seen.min(1),
        max=seen.max(1),
        grey=(shown[:, 1:] == shown[:, :1]).all((1, 2, 3)),
        deviation=np.sqrt(_variance(planes, means).mean(1)),
        sharpness=_sharpness(grey),
        thumb=_thumb(cells, pixels[:, 3:]),
    )


def _as_seen(pixels: np.ndarray) -> np.ndarray:
    """(n, C, H, W) uint8 over white, (n, 3, H, W): the fourth channel is opacity."""
    n, C, H, W = pixels.shape
    if C == 3:
        return pixels
    layers = (over_white(Image.fromarray(each)) for each in pixels.transpose(0, 2, 3, 1))
    shown = np.array([np.asarray(layer) for layer in layers], np.uint8).reshape(n, H, W, 3)
    return np.ascontiguousarray(shown.transpose(0, 3, 1, 2))


def luma(pixels: np.ndarray) -> np.ndarray:
    """(n, C, H, W) uint8 or float32 -> (n, 1, H, W) uint8, as Pillow's convert("L").

    C is at least 3, and the channels after the third are ignored.
    """
    n, _, H, W = pixels.shape
    planes = np.asarray(pixels[:, :3], np.float32, order="C").reshape(n, 3, H * W)
    grey = np.asarray(LUMA, np.float32) @ planes
    grey += 2**15  # at most 255.5 x 2**16, which float32 holds exactly
    grey *= 2**-16
    return grey.reshape(n, 1, H, W).astype(np.uint8)


def _thumb(cells: np.ndarray, opacity: np.ndarray) -> np.ndarray:
    """(n, C, 8, 8) uint8: colours as they are seen, and opacity if it is kept."""
    if opacity.shape[1]:
        cells = np.concatenate([cells, _cells(opacity.astype(np.float32))], axis=1)
    return (cells + 0.5).astype(np.uint8)


def _cells(planes: np.ndarray) -> np.ndarray:
    """(n, C, H, W) -> (n, C, 8, 8) float64, the means of the cells.

    Whole numbers are added and divided at the end, so that every machine finds the same thumbs.
    """
    H, W = planes.shape[2:]
    down, across = _overlaps(H).astype(np.float32), _overlaps(W).T
    exact = np.float32 if 255 * H * W < 2**24 else np.float64
    sums = (down @ planes).astype(exact, copy=False) @ across.astype(exact)
    return np.asarray(sums / np.float64(H * W))


@lru_cache(maxsize=4)
def _overlaps(side: int) -> np.ndarray:
    """(8, side): how much of each pixel lies in each cell, in eighths of a pixel."""
    cells, pixels = np.arange(CELLS)[:, None] * side, np.arange(side)[None] * CELLS
    shared = np.minimum(cells + side, pixels + CELLS) - np.maximum(cells, pixels)
    return np.asarray(shared.clip(0))


def _sharpness(grey: np.ndarray) -> np.ndarray:
    """(n, 1, H, W) uint8 -> (n,) float64: the variance of the Laplacian, without the edges."""
    n, _, H, W = grey.shape
    if H < 3 or W < 3:  # an image of 2 pixels or less has no Laplacian
        return np.zeros(n)
    image = grey.reshape(-1).astype(np.int16)
    laplacian = 4 * image  # rows, and then images, one after another: long loops are fast
    laplacian[W:] -= image[:-W]
    laplacian[:-W] -= image[W:]
    laplacian[1:] -= image[:-1]
    laplacian[:-1] -= image[1:]
    inner = laplacian.reshape(n, 1, H, W)[:, :, 1:-1, 1:-1].astype(np.float32)
    return _variance(inner, inner.mean((2, 3), np.float64))[:, 0]


def _variance(planes: np.ndarray, means: np.ndarray) -> np.ndarray:
    """(n, C, H, W) float32, and its means (n, C) -> (n, C) float64, within each plane."""
    n, channels, H, W = planes.shape
    flat = planes.reshape(n * channels, 1, H * W)
    squares = (flat @ flat.transpose(0, 2, 1)).reshape(n, channels).astype(np.float64)
    return np.asarray((squares / (H * W) - means**2).clip(0))
