"""Walks through the space of z, on great circles: closed ones, and a square of steps."""

from __future__ import annotations

import numpy as np

from gan_bench.train.class_names import check_class
from gan_bench.train.generator import Generator
from gan_bench.train.samples import Latents
from gan_bench.train.sampling import sampled


def spherical(a: np.ndarray, b: np.ndarray, t: np.ndarray) -> np.ndarray:
    """(T, z_dim) from a to b (z_dim,) at t (T,) in [0, 1], on the arc between them.

    White 2016, arXiv 1609.04468, section 2.1: sin((1 - t) w) / sin w a + sin(t w) / sin w b, with
    the angle w between a and b. A straight line would pass near the origin, where hardly any z is.
    """
    cosine = a @ b / max(float(np.linalg.norm(a) * np.linalg.norm(b)), 1e-12)
    angle = np.arccos(np.clip(cosine, -1, 1))
    if np.sin(angle) < 1e-6:  # parallel: the arc is a line
        return np.outer(1 - t, a) + np.outer(t, b)
    first, second = np.sin((1 - t) * angle), np.sin(t * angle)
    arc: np.ndarray = (np.outer(first, a) + np.outer(second, b)) / np.sin(angle)
    return arc


def square_walk(corners: np.ndarray, side: int) -> np.ndarray:
    """(side * side, z_dim) float32, row by row, between four corners (4, z_dim).

    The corners are the first and the last z of the first row, then those of the last row. Every
    row and both edges are arcs.
    """
    at = np.linspace(0, 1, side)
    left = spherical(corners[0], corners[2], at)
    right = spherical(corners[1], corners[3], at)
    rows = [spherical(start, end, at) for start, end in zip(left, right, strict=True)]
    return np.concatenate(rows).astype(np.float32)


def closed_walk(points: np.ndarray, steps: int) -> np.ndarray:
    """(steps, z_dim) float32 through all points (P, z_dim) and back to the first.

    The step after the last one is the first again, so that the walk can be repeated without end.
    """
    at = np.arange(steps) * len(points) / steps  # in [0, P)
    legs = at.astype(int)
    ends = np.roll(points, -1, axis=0)
    parts = [
        spherical(points[leg], ends[leg], (at - leg)[legs == leg]) for leg in range(len(points))
    ]
    return np.concatenate(parts).astype(np.float32)


def walks(
    G: Generator, count: int, points: int, steps: int, seed: int, chosen: int | None = None
) -> np.ndarray:
    """The images of `count` walks at once, (steps, count, C, H, W) uint8.

    Each walk passes `points` random z of its own. Generators of equal seeds walk the same path.
    `chosen` is the class of all images; without it, every walk of a conditional G has the next one.
    """
    check_class(G, chosen)
    z = G.z(count * points, seed).cpu().numpy().reshape(count, points, G.z_dim)
    paths = np.stack([closed_walk(each, steps) for each in z], 1)  # (steps, count, z_dim)
    labels = None
    if G.classes is not None:
        classes = np.arange(count) % G.classes if chosen is None else np.full(count, chosen)
        labels = np.tile(classes.astype(np.int64), steps)
    given = Latents(paths.reshape(-1, G.z_dim), labels)
    images = np.concatenate([*sampled(G, given)])
    return images.reshape(steps, count, *G.shape)
