"""toonfaces: cartoon faces drawn on demand, with a thousand known modes and nothing to download.

A face is a pure function of (seed, index), whatever else is drawn with it. Three independent
factors of ten values each (hair style, hair colour, expression) give the mode; pose, head turn,
skin, clothes, background and light are continuous nuisance. Shapes are signed distance functions
and a pixel is covered by clip(1/2 - d / pixel, 0, 1). Per-pixel arithmetic is + - * / sqrt min
max abs and selection, which IEEE 754 rounds in one way only, so pixels are the same on every
machine; there is no trigonometry at all, rotations come from the half-angle tangent.

Coordinates: x to the right, y downwards, the picture is [-1, 1] x [-1, 1] and a head that is
neither moved nor scaled has its skull in the middle and its chin at y = 0.62.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gan_bench import Dataset, Images, UsageError, hookimpl

Array = NDArray[np.float32]
Ints = NDArray[np.int64]
Box = tuple[float, float, float, float]  # left, top, right, bottom

STYLES = (
    *("crop", "bob", "long", "pigtails", "buns"),
    *("afro", "spikes", "mohawk", "ponytail", "swept"),
)
COLOURS = (
    *("black", "brown", "blonde", "ginger", "pink"),
    *("violet", "blue", "teal", "green", "silver"),
)
EXPRESSIONS = (
    *("smile", "laugh", "wink", "surprise", "sad"),
    *("angry", "sleepy", "cool", "in love", "nerdy"),
)
SIZES = (16, 32, 64, 128, 256)
TRAIN, HELD_OUT, SEED = 20_000, 10_000, 2_014  # 2014: the year of the first GAN


# -- random numbers: a counter hash, so that image i needs no image before it -----------------


def hashed(seed: int, indices: Ints, channel: int) -> NDArray[np.uint64]:
    """64 random bits per index: splitmix64 (Steele, Lea, Flood 2014) of seed, index, channel."""
    state = np.full(indices.shape, seed % 2**64, np.uint64)
    for counter in (indices.astype(np.uint64), np.array([channel], np.uint64)):
        state = _mixed(state + (counter + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15))
    return state


def _mixed(z: NDArray[np.uint64]) -> NDArray[np.uint64]:
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def factors(seed: int, indices: Sequence[int] | Ints) -> Ints:
    """(N, 3) int64 in 0..9: hair style, hair colour, expression; uniform and independent."""
    rows = np.asarray(indices, np.int64)
    digits = [(hashed(seed, rows, k) >> np.uint64(32)) * np.uint64(10) for k in range(3)]
    return (np.stack(digits, axis=-1) >> np.uint64(32)).astype(np.int64)


def modes(seed: int, indices: Sequence[int] | Ints) -> Ints:
    """(N,) int64 in 0..999: the three factors as the three digits of a number."""
    digits = factors(seed, indices)
    return digits[:, 0] * 100 + digits[:, 1] * 10 + digits[:, 2]


@dataclass(frozen=True)
class Chance:
    """The nuisance of N images, one channel of random numbers for each thing that varies."""

    seed: int
    indices: Ints

    def between(self, channel: int, low: float, high: float) -> Array:
        """(N,) float32, uniform in [low, high)."""
        unit = (hashed(self.seed, self.indices, channel) >> np.uint64(40)).astype(np.float32)
        return np.float32(low) + np.float32(high - low) * (unit * np.float32(2.0**-24))

    def triple(self, channel: int, *ranges: tuple[float, float]) -> list[Array]:
        """One uniform number per range, from neighbouring channels."""
        return [self.between(channel + k, *limits) for k, limits in enumerate(ranges)]


# -- shapes: a bounding box and a signed distance, negative inside ------------------------------


@dataclass(frozen=True)
class Shape:
    """`distance(x, y)` is exact near the outline, which is all that coverage looks at."""

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
    """The half plane to the right of somebody who walks from the first point to the second."""
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
    """A shape of the right half and its mirror image: both eyes for the price of one."""
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
    """The shape with a margin: what an outline is made of."""
    left, top, right, bottom = shape.box
    box = (left - by, top - by, right + by, bottom + by)
    return Shape(box, lambda x, y: shape.distance(x, y) - by)


def ring(shape: Shape, thick: float) -> Shape:
    """The outline of a shape as a stroke."""
    middle = Shape(shape.box, lambda x, y: np.abs(shape.distance(x, y)))
    return grown(middle, thick / 2)


# -- canvas: where shapes become pixels ---------------------------------------------------------


@dataclass(frozen=True)
class Pose:
    """How N heads are held; every field is (N,) float32."""

    x: Array
    y: Array
    scale: Array
    cosine: Array
    sine: Array
    turn: Array  # how far the nearest features slide sideways when the head turns
    nod: Array

    def __getitem__(self, rows: slice) -> Pose:
        return Pose(*(getattr(self, name)[rows] for name in self.__dataclass_fields__))

    def upright(self) -> Pose:
        """The pose of the shoulders: a head tilts and turns, its body hardly does."""
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
    """N pictures in progress: pixels (N, 3, S, S) float32 in [0, 1], drawn on in place."""

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
        """Lay every layer over what is there."""
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
        centres = _centres(size)
        u = (centres[None, columns] - p.x[:, None]) / p.scale[:, None]  # (N, W)
        v = (centres[None, rows] - p.y[:, None]) / p.scale[:, None]  # (N, H)
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


def _centres(size: int) -> Array:
    """(size,) where the pixel centres of a row are, in [-1, 1]."""
    return (np.arange(size, dtype=np.float32) * 2 + (1 - size)) / np.float32(size)


def _cover(shape: Shape, x: Array, y: Array, edge: Array) -> Array:
    cover: Array = np.clip(0.5 - shape.distance(x, y) / edge, 0, 1)
    return cover


# -- colours ------------------------------------------------------------------------------------


def _rgb(code: str) -> Array:
    return np.array([int(code[k : k + 2], 16) for k in (0, 2, 4)], np.float32) / np.float32(255)


FIXED_INKS = {
    name: _rgb(code)
    for name, code in {
        "white": "ffffff",
        "eye white": "fbfaff",
        "line": "33242f",
        "mouth": "8c2a3c",
        "tongue": "f27f8f",
        "red": "e8274f",
        "glass": "1d2433",
        "gleam": "8fa6d6",
        "tear": "6fc3f7",
        "tear shine": "dff4ff",
    }.items()
}
HAIR = np.stack(
    [
        *map(_rgb, ("2b2a38", "6b3a1f", "f7d154", "ef6a1f", "fb7fb5")),
        *map(_rgb, ("8d4fd1", "2f62dc", "21b8b4", "5fb53c", "c9ced9")),
    ]
)  # (10, 3), in the order of COLOURS
SKIN = np.stack([*map(_rgb, ("ffe6d6", "fbd0b0", "e9b48c", "b97f58"))])  # fair to dark


def _mix(a: Array, b: Array, t: Array | float) -> Array:
    return a + (b - a) * np.asarray(t, np.float32)


def _ramp(stops: Array, t: Array) -> Array:
    """(N, 3) colours at t in [0, 1) along evenly spaced stops."""
    place = t * np.float32(len(stops) - 1)
    whole = place.astype(np.int64)
    return _mix(stops[whole], stops[whole + 1], (place - whole.astype(np.float32))[:, None])


def _hue(h: Array, saturation: Array, value: Array) -> Array:
    """(N, 3) from hue, saturation and value."""
    turned = (h[:, None] * 6 + np.array([0, 4, 2], np.float32)) % 6 - 3
    pure: Array = np.clip(np.maximum(turned, -turned) - 1, 0, 1)
    return _mix(np.ones_like(pure), pure, saturation[:, None]) * value[:, None]


def inks_of(chance: Chance, colours: Ints) -> Inks:
    """Every ink of N pictures: the fixed ones, the hair's from its factor, the rest by chance."""
    black, white = _rgb("1c1230"), _rgb("ffffff")
    hair = HAIR[colours] * chance.between(20, 0.95, 1.05)[:, None]
    skin = _ramp(SKIN, chance.between(21, 0, 1))
    cloth = _hue(*chance.triple(22, (0, 1), (0.25, 0.7), (0.55, 1)))
    iris = _hue(*chance.triple(25, (0, 0.72), (0.5, 0.8), (0.5, 0.8)))
    ground = _hue(*chance.triple(28, (0, 1), (0.08, 0.3), (0.8, 1)))
    varied = {
        "hair": hair,
        "hair dark": _mix(hair, black, 0.3),
        "hair line": _mix(hair, black, 0.55),
        "hair light": _mix(hair, white, 0.45),
        "brow": _mix(hair, black, 0.5),
        "skin": skin,
        "skin dark": skin * _rgb("e8b9ae"),
        "skin line": skin * _rgb("a86a64"),
        "blush": _mix(skin, _rgb("ff5a6e"), 0.55),
        "iris": iris,
        "iris dark": _mix(iris, black, 0.6),
        "cloth": cloth,
        "cloth dark": _mix(cloth, black, 0.3),
        "collar": _mix(cloth, white, 0.75),
        "ribbon": cloth,
        "ground": ground,
        "ground light": _mix(ground, white, 0.55),
    }
    fixed = {name: np.broadcast_to(ink, hair.shape) for name, ink in FIXED_INKS.items()}
    return {**fixed, **varied}


# -- the face -------------------------------------------------------------------------------------

OUTLINE = 0.022
FACE = taper(0, 0.0, 0.53, 0, 0.4, 0.22)
SKULL = circle(0, -0.06, 0.6)


def outlined(shape: Shape, ink: str, line: str, depth: float = 0.0) -> list[Layer]:
    """A shape and the line around it."""
    return [Layer(grown(shape, OUTLINE), line, depth), Layer(shape, ink, depth)]


THROAT = taper(0, 0.4, 0.16, 0, 0.66, 0.16)
TORSO = union(taper(0, 0.92, 0.3, 0, 1.5, 0.75), taper(-0.4, 1.04, 0.2, 0.4, 1.04, 0.2))
BODY = [
    *outlined(TORSO, "cloth", "cloth dark"),
    Layer(circle(0.5, 1.2, 0.3), "cloth dark", soft=0.4, alpha=0.5, within=TORSO),
    *outlined(ellipse(0, 0.66, 0.26, 0.15), "collar", "cloth dark"),
]
NECK = [
    *outlined(THROAT, "skin", "skin line"),
    Layer(circle(0, 0.36, 0.38), "skin dark", within=THROAT),
]
EAR = pair(ellipse(0.54, 0.15, 0.085, 0.11))
HEAD = [
    *outlined(EAR, "skin", "skin line", -0.3),
    Layer(pair(ellipse(0.55, 0.16, 0.045, 0.06)), "skin dark", -0.3),
    *outlined(FACE, "skin", "skin line"),
    Layer(minus(FACE, moved(FACE, -0.08, -0.05)), "skin dark", soft=0.06, alpha=0.6, within=FACE),
    Layer(pair(ellipse(0.34, 0.34, 0.13, 0.08)), "blush", 0.8, soft=0.13, alpha=0.8, within=FACE),
    Layer(arc(0.0, 0.3, 0.025, 0.015, 0.025), "skin line", 1.3, alpha=0.8),
]

EYE_X, EYE_Y = 0.235, 0.13


def eyes(shape: Shape, sides: Sequence[int] = (-1, 1)) -> Shape:
    """The shape of a right eye, on the sides where it is wanted."""
    return pair(shape) if len(sides) == 2 else shape if sides[0] > 0 else flipped(shape)


def open_eyes(
    sides: Sequence[int] = (-1, 1), gaze: float = 0.0, fright: float = 1.0
) -> list[Layer]:
    """Big bright eyes. Gaze looks up or down; below 1, fright makes the iris small."""
    x, y = EYE_X, EYE_Y
    white = ellipse(x, y, 0.145, 0.185)
    iris = both(white, ellipse(x - 0.01, y + 0.015 + gaze, 0.11 * fright, 0.155 * fright))
    glow = both(iris, ellipse(x - 0.01, y + 0.11 + gaze, 0.085 * fright, 0.1 * fright))
    lash = minus(grown(white, 0.035), union(moved(white, -0.008, 0.035), below(y)))
    # Light comes from one side: the sparks are not mirrored.
    sparks = [
        union(
            circle(s * x - 0.045, y - 0.055 + gaze, 0.048),
            circle(s * x + 0.045, y + 0.09 + gaze, 0.024),
        )
        for s in sides
    ]
    return [
        Layer(eyes(white, sides), "eye white", 1),
        Layer(eyes(iris, sides), "iris dark", 1),
        Layer(eyes(glow, sides), "iris", 1, 0.06),
        Layer(eyes(lash, sides), "line", 1),
        Layer(union(*sparks), "white", 1),
    ]


def brows(inner: float, outer: float, thick: float = 0.026) -> Layer:
    """Two brows at the heights of their inner and outer ends."""
    return Layer(pair(taper(0.13, inner, thick, 0.34, outer, thick * 0.7)), "brow", 1)


def open_mouth(half: float, top: float, deep: float) -> list[Layer]:
    """A laughing mouth: a half ellipse with teeth and tongue."""
    hole = both(ellipse(0, top, half, deep), below(top))
    return [
        *outlined(hole, "mouth", "line", 1),
        Layer(both(hole, ellipse(0, top + deep, half * 0.7, deep * 0.5)), "tongue", 1),
        Layer(both(hole, above(top + deep * 0.25)), "white", 1),
    ]


def _stroke(shape: Shape, ink: str = "line") -> Layer:
    return Layer(shape, ink, 1)


CLOSED = arc(EYE_X, EYE_Y + 0.06, 0.13, -0.13, 0.055)  # the arch of a laughing eye
ASLEEP = arc(EYE_X, EYE_Y + 0.05, 0.13, 0.085, 0.05)
HEART = union(
    taper(EYE_X - 0.075, EYE_Y - 0.06, 0.095, EYE_X, EYE_Y + 0.14, 0.02),
    taper(EYE_X + 0.075, EYE_Y - 0.06, 0.095, EYE_X, EYE_Y + 0.14, 0.02),
)
SHADES = union(slab(0.05, 0.0, 0.43, 0.27, 0.11), slab(0.05, 0.0, 0.43, 0.1, 0.03))
GLEAMS = union(*(taper(x, 0.02, 0.03, x - 0.12, 0.26, 0.03) for x in (-0.2, 0.28)))
GLITTER = union(*(ellipse(s * EYE_X - 0.075, EYE_Y - 0.08, 0.035, 0.03) for s in (-1, 1)))
LID = both(ellipse(EYE_X, EYE_Y, 0.19, 0.23), side(0.5, -0.07, 0.0, 0.12))  # of angry eyes
TEETH = slab(-0.15, 0.375, 0.15, 0.48, 0.045)
GLASSES = circle(EYE_X, EYE_Y + 0.01, 0.2)

FACES: dict[str, list[Layer]] = {
    "smile": [*open_eyes(), brows(-0.13, -0.14), _stroke(arc(0, 0.4, 0.13, 0.055, 0.034))],
    "laugh": [_stroke(pair(CLOSED)), brows(-0.15, -0.15), *open_mouth(0.2, 0.36, 0.19)],
    "wink": [
        *open_eyes((-1,)),
        _stroke(arc(EYE_X, EYE_Y + 0.05, 0.14, -0.09, 0.055)),
        brows(-0.14, -0.15),
        *outlined(both(ellipse(0.05, 0.42, 0.07, 0.11), below(0.42)), "tongue", "line", 1),
        _stroke(arc(0, 0.4, 0.15, 0.04, 0.034)),
    ],
    "surprise": [
        *open_eyes(fright=0.6),
        brows(-0.21, -0.2),
        *outlined(ellipse(0, 0.45, 0.085, 0.11), "mouth", "line", 1),
        _stroke(both(ellipse(0, 0.45, 0.085, 0.11), circle(0, 0.56, 0.07)), "tongue"),
    ],
    "sad": [
        *open_eyes(gaze=0.03),
        brows(-0.2, -0.08),
        _stroke(arc(0, 0.47, 0.11, -0.06, 0.034)),
        *outlined(taper(0.34, 0.4, 0.07, 0.31, 0.25, 0.01), "tear", "iris dark", 1),
        _stroke(circle(0.325, 0.41, 0.025), "tear shine"),
    ],
    "angry": [
        *open_eyes(fright=0.8),
        Layer(eyes(LID), "skin", 1),
        _stroke(pair(taper(0.07, 0.06, 0.03, 0.4, -0.06, 0.03))),
        brows(-0.03, -0.17, 0.045),
        *outlined(TEETH, "white", "line", 1),
        _stroke(both(TEETH, slab(-0.2, 0.42, 0.2, 0.436, 0.005))),
        _stroke(both(TEETH, pair(slab(0.05, 0.3, 0.066, 0.5, 0.005)))),
    ],
    "sleepy": [
        _stroke(pair(ASLEEP)),
        brows(-0.1, -0.08),
        *outlined(ellipse(-0.02, 0.45, 0.045, 0.04), "mouth", "line", 1),
        Layer(grown(circle(0.14, 0.36, 0.13), OUTLINE), "tear", 1.4),
        Layer(circle(0.14, 0.36, 0.13), "tear shine", 1.4, alpha=0.8),
        Layer(circle(0.1, 0.31, 0.03), "white", 1.4),
    ],
    "cool": [
        brows(-0.13, -0.16),
        Layer(pair(grown(SHADES, 0.015)), "line", 1.2),
        Layer(slab(-0.5, 0.02, 0.5, 0.06, 0.02), "line", 1.2),
        Layer(pair(SHADES), "glass", 1.2),
        Layer(GLEAMS, "gleam", 1.2, alpha=0.9, within=pair(SHADES)),
        _stroke(arc(0.05, 0.42, 0.13, 0.035, 0.034)),
        _stroke(taper(0.17, 0.42, 0.017, 0.2, 0.37, 0.017)),
    ],
    "in love": [
        Layer(pair(grown(HEART, 0.02)), "line", 1),
        Layer(pair(HEART), "red", 1),
        Layer(GLITTER, "white", 1),
        brows(-0.19, -0.17),
        Layer(pair(ellipse(0.34, 0.35, 0.14, 0.08)), "tongue", 0.8, 0.12, 0.7, FACE),
        *open_mouth(0.13, 0.38, 0.14),
    ],
    "nerdy": [
        *open_eyes(fright=0.85),
        brows(-0.16, -0.17),
        Layer(pair(GLASSES), "tear shine", 1.2, alpha=0.25),
        Layer(pair(ring(GLASSES, 0.05)), "line", 1.2),
        Layer(slab(-0.05, 0.1, 0.05, 0.15, 0.02), "line", 1.2),
        *outlined(pair(slab(0.006, 0.41, 0.07, 0.52, 0.02)), "white", "line", 1),
        _stroke(arc(0, 0.39, 0.16, 0.045, 0.04)),
    ],
}

# -- hair ---------------------------------------------------------------------------------------


Lock = tuple[float, float, float, float, float]  # root x and y, radius there, tip x and y


def locks(*places: Lock) -> Shape:
    """Strands that run to a point."""
    return union(*(taper(x0, y0, r, x1, y1, 0.012) for x0, y0, r, x1, y1 in places))


def tress(*knots: tuple[float, float, float]) -> Shape:
    """A bundle of hair through the knots (x, y, radius)."""
    return union(*(taper(*a, *b) for a, b in pairwise(knots)))


def curls(r: float, *centres: tuple[float, float]) -> Shape:
    """Discs of radius r."""
    return union(*(circle(x, y, r) for x, y in centres))


def cap(opening: Shape, *more: Shape, ears: float = 0.08) -> Shape:
    """Hair on the skull down to `ears`, and more, without the opening that the face is in."""
    return minus(union(both(SKULL, above(ears)), *more), opening)


FOREHEAD = ellipse(0, 0.3, 0.5, 0.5)
SIDEBURNS = pair(taper(0.52, -0.12, 0.075, 0.5, 0.2, 0.012))
STRANDS = pair(union(locks((0.02, -0.5, 0.012, 0.1, -0.24), (0.3, -0.46, 0.012, 0.38, -0.2))))
BANGS = locks(
    *((-0.3, -0.38, 0.17, -0.38, -0.1), (-0.1, -0.42, 0.17, -0.16, -0.13)),
    *((0.13, -0.42, 0.17, 0.09, -0.12), (0.32, -0.38, 0.16, 0.38, -0.08)),
)
SHAGGY = locks(
    *((-0.34, -0.35, 0.15, -0.32, -0.07), (-0.14, -0.38, 0.16, -0.08, -0.1)),
    *((0.1, -0.38, 0.16, 0.2, -0.1), (0.34, -0.35, 0.15, 0.46, -0.04)),
)


@dataclass(frozen=True)
class Style:
    """A hair style: what is behind the head, what is before it, and what it is tied with."""

    front: Shape
    back: Shape | None = None
    ties: Shape | None = None
    shaved: Shape | None = None

    def behind(self) -> list[Layer]:
        """The layers below the head: hair, darker where the head keeps the light off."""
        if self.back is None:
            return []
        return [
            *outlined(self.back, "hair", "hair line", -0.4),
            Layer(ellipse(0, 0.3, 0.6, 0.6), "hair dark", -0.4, 0.25, within=self.back),
        ]

    def shadow(self) -> list[Layer]:
        """What the hair does to the forehead: stubble, and the shadow of the front."""
        stubble = [] if self.shaved is None else [Layer(self.shaved, "hair", 0, 0.05, 0.5, FACE)]
        return [*stubble, Layer(moved(self.front, 0.015, 0.06), "skin dark", 0.1, within=FACE)]

    def before(self) -> list[Layer]:
        """The layers over the face, with strands and a band of light across the crown."""
        band = both(minus(circle(0, 0, 0.5), circle(0.03, 0.1, 0.5)), above(-0.2))
        return [
            *outlined(self.front, "hair", "hair line", 0.1),
            Layer(below(-0.12), "hair dark", 0.1, 0.3, 0.5, within=self.front),
            Layer(STRANDS, "hair dark", 0.1, within=self.front),
            Layer(band, "hair light", 0.1, 0.02, 0.75, within=self.front),
            *([] if self.ties is None else outlined(self.ties, "ribbon", "cloth dark", -0.2)),
        ]


HAIRCUTS: dict[str, Style] = {
    "crop": Style(
        front=union(
            cap(ellipse(0, 0.28, 0.5, 0.5)),
            locks(
                *((-0.3, -0.35, 0.15, -0.28, -0.14), (-0.1, -0.38, 0.15, -0.07, -0.15)),
                *((0.12, -0.38, 0.15, 0.15, -0.15), (0.32, -0.33, 0.14, 0.36, -0.12)),
            ),
        ),
    ),
    "bob": Style(
        front=union(
            both(SKULL, both(above(-0.17), slab(-0.48, -0.7, 0.48, 0.5, 0.02))),
            cap(FOREHEAD),
            pair(tress((0.56, -0.1, 0.1), (0.57, 0.3, 0.11), (0.47, 0.5, 0.03))),
        ),
        back=union(SKULL, slab(-0.7, -0.3, 0.7, 0.57, 0.22)),
    ),
    "long": Style(
        front=union(
            minus(both(SKULL, above(0.15)), ellipse(0, 0.25, 0.46, 0.62)),
            pair(tress((0.05, -0.5, 0.12), (0.36, -0.28, 0.11), (0.52, 0.02, 0.05))),
            pair(tress((0.55, -0.1, 0.08), (0.54, 0.4, 0.08), (0.46, 0.8, 0.015))),
        ),
        back=union(SKULL, pair(tress((0.3, -0.1, 0.33), (0.42, 0.4, 0.3), (0.5, 1.1, 0.32)))),
    ),
    "pigtails": Style(
        front=union(cap(FOREHEAD), BANGS, SIDEBURNS),
        back=union(
            SKULL,
            pair(
                tress((0.64, 0.0, 0.08), (0.78, 0.22, 0.17), (0.82, 0.48, 0.14), (0.72, 0.84, 0.01))
            ),
        ),
        ties=pair(taper(0.6, -0.04, 0.05, 0.68, 0.04, 0.05)),
    ),
    "buns": Style(
        front=union(
            cap(FOREHEAD),
            pair(tress((0.04, -0.48, 0.13), (0.28, -0.27, 0.1), (0.46, -0.02, 0.02))),
            SIDEBURNS,
        ),
        back=union(SKULL, pair(circle(0.47, -0.6, 0.25))),
        ties=pair(tress((0.24, -0.6, 0.045), (0.38, -0.44, 0.05), (0.54, -0.38, 0.045))),
    ),
    "afro": Style(
        front=curls(
            0.17,
            *((-0.55, 0.06), (-0.48, -0.16), (-0.33, -0.31), (-0.12, -0.38)),
            *((0.55, 0.06), (0.48, -0.16), (0.33, -0.31), (0.12, -0.38)),
        ),
        back=union(
            circle(0, -0.12, 0.76),
            curls(
                0.2,
                (0.0, -0.8),
                *((0.38, -0.73), (0.65, -0.5), (0.78, -0.18), (0.76, 0.15), (0.6, 0.42)),
                *((-0.38, -0.73), (-0.65, -0.5), (-0.78, -0.18), (-0.76, 0.15), (-0.6, 0.42)),
            ),
        ),
    ),
    "spikes": Style(
        front=union(
            cap(
                FOREHEAD,
                locks(
                    *((-0.42, 0.0, 0.2, -0.88, 0.0), (-0.42, -0.22, 0.24, -0.92, -0.4)),
                    *((-0.25, -0.4, 0.26, -0.62, -0.86), (0.0, -0.45, 0.26, -0.14, -1.04)),
                    *((0.2, -0.4, 0.26, 0.36, -0.98), (0.4, -0.25, 0.24, 0.8, -0.66)),
                    *((0.42, -0.1, 0.22, 0.94, -0.22), (0.42, 0.04, 0.16, 0.8, 0.1)),
                ),
                ears=0.15,
            ),
            SHAGGY,
        ),
    ),
    "mohawk": Style(
        front=union(
            tress((0, -0.62, 0.2), (0, -0.34, 0.14), (0.04, -0.13, 0.015)),
            locks(
                *((-0.08, -0.5, 0.16, -0.34, -0.74), (-0.06, -0.6, 0.18, -0.26, -0.98)),
                *((0.0, -0.6, 0.2, 0.02, -1.06), (0.06, -0.6, 0.18, 0.3, -0.96)),
                (0.08, -0.5, 0.16, 0.34, -0.7),
            ),
        ),
        shaved=minus(above(0.02), FOREHEAD),
    ),
    "ponytail": Style(
        front=union(
            cap(FOREHEAD),
            tress(
                (0.34, -0.44, 0.13), (-0.02, -0.3, 0.15), (-0.32, -0.2, 0.11), (-0.48, 0.02, 0.02)
            ),
            taper(0.36, -0.42, 0.13, 0.5, 0.0, 0.02),
            SIDEBURNS,
        ),
        back=union(
            SKULL,
            tress(
                (0.5, -0.52, 0.1),
                (0.72, -0.42, 0.17),
                (0.8, -0.1, 0.17),
                (0.76, 0.25, 0.1),
                (0.9, 0.5, 0.01),
            ),
        ),
        ties=taper(0.47, -0.58, 0.06, 0.58, -0.42, 0.06),
    ),
    "swept": Style(
        front=union(
            cap(ellipse(0, 0.28, 0.5, 0.52)),
            tress((-0.36, -0.44, 0.2), (0.0, -0.36, 0.2), (0.36, -0.22, 0.12), (0.52, -0.02, 0.02)),
            tress(
                (-0.28, -0.56, 0.22), (0.15, -0.68, 0.22), (0.55, -0.6, 0.15), (0.86, -0.72, 0.01)
            ),
            tress((0.2, -0.45, 0.25), (0.55, -0.4, 0.16), (0.86, -0.44, 0.01)),
            locks((0.4, -0.25, 0.2, 0.76, -0.16)),
        ),
    ),
}

# -- pictures -----------------------------------------------------------------------------------

GROUND = [Layer(circle(0.0, -0.05, 0.86), "ground light", soft=0.5)]


def pose_of(chance: Chance) -> Pose:
    """A head that leans a little, turns a little and is not quite in the middle."""
    half = chance.between(10, -0.085, 0.085)  # tan(angle / 2): up to 10 degrees either way
    square = half * half
    return Pose(
        x=chance.between(11, -0.07, 0.07),
        y=chance.between(12, -0.02, 0.1),
        scale=chance.between(13, 0.88, 1.0),
        cosine=(1 - square) / (1 + square),
        sine=(half + half) / (1 + square),
        turn=chance.between(14, -0.06, 0.06),
        nod=chance.between(15, -0.03, 0.03),
    )


def _runs(values: Ints) -> Iterator[tuple[int, slice]]:
    """The runs of equal values in a sorted array."""
    starts = np.flatnonzero(np.diff(values, prepend=-1))
    for start, stop in zip(starts, [*starts[1:], len(values)], strict=True):
        yield int(values[start]), slice(int(start), int(stop))


def paint(canvas: Canvas, style: Style, expressions: Ints) -> None:
    """Faces of one style, from the back to the front; expressions are sorted."""
    body = canvas.with_body()
    body.draw(GROUND)
    canvas.draw(style.behind())
    body.draw(BODY)
    canvas.draw([*NECK, *HEAD, *style.shadow()])
    canvas.draw(style.before())
    for expression, rows in _runs(expressions):
        canvas[rows].draw(FACES[EXPRESSIONS[expression]])


def lit(pixels: Array, chance: Chance) -> NDArray[np.uint8]:
    """Light from one side, brighter or dimmer, and the step from [0, 1] to bytes."""
    place = _centres(pixels.shape[-1])[None, :]
    level, slope, fall = chance.triple(16, (0.9, 1.06), (-0.07, 0.07), (-0.05, 0.05))
    across, down = level[:, None] + slope[:, None] * place, fall[:, None] * place
    pixels *= (across[:, None, :] - down[:, :, None])[:, None] * 255
    return (np.clip(pixels, 0, 255) + 0.5).astype(np.uint8)


def _draw(seed: int, indices: Ints, size: int) -> NDArray[np.uint8]:
    """(N, 3, size, size) in the order of the indices; drawn by style and expression."""
    digits = factors(seed, indices)
    order = np.lexsort((digits[:, 2], digits[:, 0]))
    chance, digits = Chance(seed, indices[order]), digits[order]
    inks = inks_of(chance, digits[:, 1])
    pixels = np.empty((len(indices), 3, size, size), np.float32)
    pixels[:] = inks["ground"][:, :, None, None]
    canvas = Canvas(pixels, pose_of(chance), inks)
    for style, rows in _runs(digits[:, 0]):
        paint(canvas[rows], HAIRCUTS[STYLES[style]], digits[rows, 2])
    pictures = np.empty(pixels.shape, np.uint8)
    pictures[order] = lit(pixels, chance)
    return pictures


def render(seed: int, indices: Sequence[int] | Ints, size: int) -> NDArray[np.uint8]:
    """(N, 3, size, size) uint8: image i depends on (seed, indices[i], size) and nothing else."""
    rows = np.asarray(indices, np.int64)
    if size not in SIZES:
        raise UsageError(_no_size(size))
    threads = os.cpu_count() or 1
    chunk = min(-(-len(rows) // threads), max(1, 2**20 // size**2)) or 1
    chunks = [rows[k : k + chunk] for k in range(0, len(rows), chunk)]
    with ThreadPoolExecutor(threads) as pool:
        drawn = list(pool.map(lambda part: _draw(seed, part, size), chunks))
    return np.concatenate(drawn or [np.empty((0, 3, size, size), np.uint8)])


def _no_size(size: int) -> str:
    *some, last = SIZES
    allowed = f"{', '.join(map(str, some))} or {last}"
    return f"toonfaces are drawn at {allowed} px, not at {size}: pass one of those as --size."


# -- the data set -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Faces:
    """Rows first .. first + count - 1 of the set, drawn when they are asked for."""

    first: int
    count: int
    size: int

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, rows: slice, /) -> NDArray[np.uint8]:
        return render(SEED, self.indices()[rows], self.size)

    def indices(self) -> Ints:
        """The indices of all rows."""
        return np.arange(self.first, self.first + self.count)


def load(_root: Path | None, size: int, _download: bool) -> Images:
    """20,000 faces to train on and 10,000 others, labelled with their modes."""
    if size not in SIZES:
        raise UsageError(_no_size(size))
    train, held_out = Faces(0, TRAIN, size), Faces(TRAIN, HELD_OUT, size)
    return Images(
        train=train,
        held_out=held_out,
        train_labels=modes(SEED, train.indices()),
        held_out_labels=modes(SEED, held_out.indices()),
    )


@hookimpl
def gan_bench_datasets() -> list[Dataset]:
    """The set that is always there."""
    return [
        Dataset(
            name="toonfaces",
            source="drawn by this package: 10 hair styles x 10 hair colours x 10 expressions",
            version="1",
            load=load,
            modes=len(STYLES) * len(COLOURS) * len(EXPRESSIONS),
            judge="toonfaces-judge",
        )
    ]
