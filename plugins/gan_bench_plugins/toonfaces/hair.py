"""The ten hair styles, as layers of shapes on the head of face.py."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from gan_bench_plugins.toonfaces.canvas import Layer
from gan_bench_plugins.toonfaces.face import FACE, SKULL, outlined
from gan_bench_plugins.toonfaces.shapes import (
    Shape,
    above,
    below,
    both,
    circle,
    ellipse,
    minus,
    moved,
    pair,
    slab,
    taper,
    union,
)

STYLES = (
    *("crop", "bob", "long", "pigtails", "buns"),
    *("afro", "spikes", "mohawk", "ponytail", "swept"),
)


Lock = tuple[float, float, float, float, float]  # root x and y, radius there, tip x and y


def locks(*places: Lock) -> Shape:
    """Strands that end in a point."""
    return union(*(taper(x0, y0, r, x1, y1, 0.012) for x0, y0, r, x1, y1 in places))


def tress(*knots: tuple[float, float, float]) -> Shape:
    """A bundle of hair through the knots (x, y, radius)."""
    return union(*(taper(*a, *b) for a, b in pairwise(knots)))


def curls(r: float, *centres: tuple[float, float]) -> Shape:
    """Discs of radius r."""
    return union(*(circle(x, y, r) for x, y in centres))


def cap(opening: Shape, *more: Shape, ears: float = 0.08) -> Shape:
    """Hair on the skull down to `ears`, and `more`, without the opening for the face."""
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
    """A hair style: the shapes before and behind the head, its ties and a shaved part."""

    front: Shape
    back: Shape | None = None
    ties: Shape | None = None
    shaved: Shape | None = None

    def behind(self) -> list[Layer]:
        """The layers behind the head: hair, darker where the head shades it."""
        if self.back is None:
            return []
        return [
            *outlined(self.back, "hair", "hair line", -0.4),
            Layer(ellipse(0, 0.3, 0.6, 0.6), "hair dark", -0.4, 0.25, within=self.back),
        ]

    def shadow(self) -> list[Layer]:
        """The layers on the forehead: stubble, and the shadow of the front."""
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
