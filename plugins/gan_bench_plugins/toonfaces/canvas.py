"""The canvas on which layers of shapes become pixels.

A pixel is covered by clip(1/2 - d / pixel, 0, 1). Pixels are computed by + - * / sqrt min max abs
and selection only, which IEEE 754 rounds in one way, so they are the same on every machine.
Rotations come from the half-angle tangent, without trigonometry.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from gan_bench_plugins.toonfaces.chance import Array
from gan_bench_plugins.toonfaces.shapes import Shape


@dataclass(frozen=True)
class Pose:
    """How N heads are held; every field is (N,) float32."""

    x: Array
    y: Array
    scale: Array
    cosine: Array
    sine: Array
    turn: Array  # how far features at depth 1 slide sideways when the head turns
    nod: Array

    def __getitem__(self, rows: slice) -> Pose:
        return Pose(*(getattr(self, name)[rows] for name in self.__dataclass_fields__))

    def upright(self) -> Pose:
        """The pose of the shoulders, which do not tilt or turn with the head."""
        none = np.zeros_like(self.x)
        return replace(self, cosine=none + 1, sine=none, turn=none, nod=none)


@dataclass(frozen=True)
class Layer:
    """One shape in one ink.

    Depth is how far it slides when the head turns: 0 the skull, 1 the eyes, below 0 what is
    behind. `soft` blurs the outline over that width, `within` clips it.
    """

    shape: Shape
    ink: str
    depth: float = 0.0
    soft: float = 0.0
    alpha: float = 1.0
    within: Shape | None = None


Inks = dict[str, Array]  # name -> (N, 3) in [0, 1]


@dataclass(frozen=True)
class Canvas:
    """N pictures to draw on in place: pixels (N, 3, S, S) float32 in [0, 1]."""

    pixels: Array
    pose: Pose
    inks: Inks

    def __getitem__(self, rows: slice) -> Canvas:
        inks = {name: ink[rows] for name, ink in self.inks.items()}
        return Canvas(self.pixels[rows], self.pose[rows], inks)

    def with_body(self) -> Canvas:
        """The same pictures in the coordinates of the shoulders."""
        return replace(self, pose=self.pose.upright())

    def draw(self, layers: Sequence[Layer]) -> None:
        """Draw the layers over the picture, in order."""
        for layer in layers:
            self._lay(layer)

    def _lay(self, layer: Layer) -> None:
        window = self._window(layer)
        if window is None:
            return
        x, y = self._local(layer.depth, *window)
        pixel = self._pixel()[:, None, None]  # (N, 1, 1)
        cover = _cover(layer.shape, x, y, np.maximum(pixel, layer.soft)) * layer.alpha
        if layer.within is not None:
            cover *= _cover(layer.within, x, y, pixel)
        target = self.pixels[:, :, window[0], window[1]]
        ink = self.inks[layer.ink][:, :, None, None]
        target += (ink - target) * cover[:, None]

    def _pixel(self) -> Array:
        """(N,) the width of a pixel, in head units."""
        width: Array = 2 / (self.pixels.shape[-1] * self.pose.scale)
        return width

    def _local(self, depth: float, rows: slice, columns: slice) -> tuple[Array, Array]:
        """Pixel centres in head coordinates, (N, H, W) each."""
        size, p = self.pixels.shape[-1], self.pose
        places = centres(size)
        u = (places[None, columns] - p.x[:, None]) / p.scale[:, None]  # (N, W)
        v = (places[None, rows] - p.y[:, None]) / p.scale[:, None]  # (N, H)
        c, s = p.cosine[:, None], p.sine[:, None]
        x = (u * c - (p.turn * depth)[:, None])[:, None, :] + (v * s)[:, :, None]
        y = (v * c - (p.nod * depth)[:, None])[:, :, None] - (u * s)[:, None, :]
        return x, y

    def _window(self, layer: Layer) -> tuple[slice, slice] | None:
        """The rows and columns that the layer can touch in any of the pictures."""
        p, (left, top, right, bottom) = self.pose, layer.shape.box
        # 1.5: `ellipse` falls short of the true distance, and what is outside must stay untouched,
        # or a picture would depend on those beside it
        margin = layer.soft * 1.5
        hx, hy = (right - left) / 2 + margin, (bottom - top) / 2 + margin
        x, y = (left + right) / 2 + p.turn * layer.depth, (top + bottom) / 2 + p.nod * layer.depth
        c, s = p.cosine * p.scale, p.sine * p.scale
        lean: Array = np.maximum(s, -s)
        columns = self._span(p.x + x * c - y * s, c * hx + lean * hy)
        rows = self._span(p.y + x * s + y * c, lean * hx + c * hy)
        return (rows, columns) if rows.start < rows.stop and columns.start < columns.stop else None

    def _span(self, centre: Array, half: Array) -> slice:
        """The pixels, and one more, that an interval in [-1, 1] covers in any of the pictures."""
        size = self.pixels.shape[-1]
        first = (float((centre - half).min()) + 1) / 2 * size - 1
        last = (float((centre + half).max()) + 1) / 2 * size + 1
        return slice(max(0, math.floor(first)), min(size, math.ceil(last)))


def centres(size: int) -> Array:
    """(size,) where the pixel centres of a row are, in [-1, 1]."""
    return (np.arange(size, dtype=np.float32) * 2 + (1 - size)) / np.float32(size)


def _cover(shape: Shape, x: Array, y: Array, edge: Array) -> Array:
    cover: Array = np.clip(0.5 - shape.distance(x, y) / edge, 0, 1)
    return cover
