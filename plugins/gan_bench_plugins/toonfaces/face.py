"""Body, head and the ten expressions, as layers of shapes.

A head that is neither moved nor scaled has its skull in the middle and its chin at y = 0.62.
"""

from __future__ import annotations

from collections.abc import Sequence

from gan_bench_plugins.toonfaces.canvas import Layer
from gan_bench_plugins.toonfaces.shapes import (
    Shape,
    above,
    arc,
    below,
    both,
    circle,
    ellipse,
    flipped,
    grown,
    minus,
    moved,
    pair,
    ring,
    side,
    slab,
    taper,
    union,
)

EXPRESSIONS = (
    *("smile", "laugh", "wink", "surprise", "sad"),
    *("angry", "sleepy", "cool", "in love", "nerdy"),
)

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
