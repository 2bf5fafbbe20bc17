"""The colours of a face: the hair's from its factor, the others fixed or by chance."""

from __future__ import annotations

import numpy as np

from gan_bench_plugins.toonfaces.canvas import Inks
from gan_bench_plugins.toonfaces.chance import Array, Chance, Ints

COLOURS = (
    *("black", "brown", "blonde", "ginger", "pink"),
    *("violet", "blue", "teal", "green", "silver"),
)


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
