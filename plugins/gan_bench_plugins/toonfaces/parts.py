"""What a face is made of: colours, body, expressions and haircuts, as layers of shapes.

A head that is neither moved nor scaled has its skull in the middle and its chin at y = 0.62.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from gan_bench_plugins.toonfaces.chance import Array, Chance, Ints
from gan_bench_plugins.toonfaces.shapes import (
    Inks,
    Layer,
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
