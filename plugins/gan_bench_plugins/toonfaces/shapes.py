"""Shapes as signed distances: negative inside, exact near the outline.

Coordinates: x to the right, y downwards, the picture is [-1, 1] x [-1, 1].
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from gan_bench_plugins.toonfaces.chance import Array

Box = tuple[float, float, float, float]  # left, top, right, bottom


@dataclass(frozen=True)
class Shape:
    """`distance(x, y)` is exact near the outline; coverage needs no more."""

    box: Box
    distance: Callable[[Array, Array], Array]


EVERYWHERE: Box = (-9.0, -9.0, 9.0, 9.0)


def _norm(u: Array, v: Array) -> Array:
    # not np.hypot, which libraries round differently
    length: Array = np.sqrt(u * u + v * v)
    return length


def circle(cx: float, cy: float, r: float) -> Shape:
    """A disc."""

    def distance(x: Array, y: Array) -> Array:
        return _norm(x - cx, y - cy) - r

    return Shape((cx - r, cy - r, cx + r, cy + r), distance)


def ellipse(cx: float, cy: float, rx: float, ry: float) -> Shape:
    """An upright ellipse: f / |grad f| with f = (u/rx)^2 + (v/ry)^2 - 1, true to first order."""

    def distance(x: Array, y: Array) -> Array:
        u, v = (x - cx) * (1 / rx), (y - cy) * (1 / ry)
        uu, vv = u * u, v * v
        slope = np.sqrt(uu * (1 / rx**2) + vv * (1 / ry**2))
        near: Array = (uu + vv - 1) / np.maximum(slope + slope, 1e-3)
        return near

    return Shape((cx - rx, cy - ry, cx + rx, cy + ry), distance)


def taper(x0: float, y0: float, r0: float, x1: float, y1: float, r1: float) -> Shape:
    """The hull of two discs: a lock of hair, a limb, a jaw. The tip lies outside the first disc."""
    length = math.sqrt((x1 - x0) ** 2 + (y1 - y0) ** 2)
    ax, ay = (x1 - x0) / length, (y1 - y0) / length
    b = (r0 - r1) / length
    a = math.sqrt(1 - b * b)

    def distance(x: Array, y: Array) -> Array:
        u, v = x - x0, y - y0
        along, across = u * ax + v * ay, np.abs(v * ax - u * ay)
        # The foot of the distance on the axis, leaning with the flank and held between the ends.
        foot: Array = np.minimum(np.maximum(along - across * (b / a), 0), length)
        return _norm(along - foot, across) - (r0 - b * foot)

    left, top = min(x0 - r0, x1 - r1), min(y0 - r0, y1 - r1)
    return Shape((left, top, max(x0 + r0, x1 + r1), max(y0 + r0, y1 + r1)), distance)


def arc(cx: float, cy: float, half: float, sag: float, thick: float) -> Shape:
    """A stroke from (cx - half, cy) to (cx + half, cy) through (cx, cy + sag), with round ends."""
    bend = abs(sag)
    r, down = (half**2 + bend**2) / (2 * bend), math.copysign(1, sag)
    sine, cosine = half / r, (r - bend) / r

    def distance(x: Array, y: Array) -> Array:
        u, v = np.abs(x - cx), (y - cy) * down + (r - bend)
        stroke, end = np.abs(_norm(u, v) - r), _norm(u - half, v - (r - bend))
        nearest: Array = np.where(u * cosine > v * sine, end, stroke)
        return nearest - t

    t, low, high = thick / 2, min(0, sag), max(0, sag)
    return Shape((cx - half - t, cy + low - t, cx + half + t, cy + high + t), distance)


def slab(x0: float, y0: float, x1: float, y1: float, r: float) -> Shape:
    """An upright rectangle with corners rounded by r."""
    cx, cy, hx, hy = (x0 + x1) / 2, (y0 + y1) / 2, (x1 - x0) / 2 - r, (y1 - y0) / 2 - r

    def distance(x: Array, y: Array) -> Array:
        u, v = np.abs(x - cx) - hx, np.abs(y - cy) - hy
        inside: Array = np.minimum(np.maximum(u, v), 0)
        return _norm(np.maximum(u, 0), np.maximum(v, 0)) + inside - r

    return Shape((x0, y0, x1, y1), distance)


def side(x0: float, y0: float, x1: float, y1: float) -> Shape:
    """The half plane to the right of the way from the first point to the second."""
    length = math.sqrt((x1 - x0) ** 2 + (y1 - y0) ** 2)
    nx, ny = (y1 - y0) / length, -(x1 - x0) / length

    def distance(x: Array, y: Array) -> Array:
        return (x - x0) * nx + (y - y0) * ny

    return Shape(EVERYWHERE, distance)


def above(y: float) -> Shape:
    """All that is higher than y."""
    return side(1, y, 0, y)


def below(y: float) -> Shape:
    """All that is lower than y."""
    return side(0, y, 1, y)


def union(*shapes: Shape) -> Shape:
    """All the shapes as one."""
    left, top, right, bottom = zip(*(shape.box for shape in shapes), strict=True)

    def distance(x: Array, y: Array) -> Array:
        nearest = shapes[0].distance(x, y)
        for shape in shapes[1:]:
            nearest = np.minimum(nearest, shape.distance(x, y))
        return nearest

    return Shape((min(left), min(top), max(right), max(bottom)), distance)


def both(a: Shape, b: Shape) -> Shape:
    """Where two shapes overlap."""
    box = (*map(max, a.box[:2], b.box[:2]), *map(min, a.box[2:], b.box[2:]))
    return Shape(
        (box[0], box[1], box[2], box[3]),
        lambda x, y: np.maximum(a.distance(x, y), b.distance(x, y)),
    )


def minus(a: Shape, b: Shape) -> Shape:
    """The first shape without the second."""
    return Shape(a.box, lambda x, y: np.maximum(a.distance(x, y), -b.distance(x, y)))


def pair(shape: Shape) -> Shape:
    """A shape of the right half and its mirror image."""
    reach = max(shape.box[2], -shape.box[0])
    box = (-reach, shape.box[1], reach, shape.box[3])
    return Shape(box, lambda x, y: shape.distance(np.abs(x), y))


def flipped(shape: Shape) -> Shape:
    """The mirror image."""
    left, top, right, bottom = shape.box
    return Shape((-right, top, -left, bottom), lambda x, y: shape.distance(-x, y))


def moved(shape: Shape, dx: float, dy: float) -> Shape:
    """The shape somewhere else."""
    left, top, right, bottom = shape.box
    box = (left + dx, top + dy, right + dx, bottom + dy)
    return Shape(box, lambda x, y: shape.distance(x - dx, y - dy))


def grown(shape: Shape, by: float) -> Shape:
    """The shape with a margin around it."""
    left, top, right, bottom = shape.box
    box = (left - by, top - by, right + by, bottom + by)
    return Shape(box, lambda x, y: shape.distance(x, y) - by)


def ring(shape: Shape, thick: float) -> Shape:
    """The outline of a shape as a stroke."""
    middle = Shape(shape.box, lambda x, y: np.abs(shape.distance(x, y)))
    return grown(middle, thick / 2)
