"""Image sizes of pairs that double a small map: which ones work, and the maps and channels."""

from __future__ import annotations

from math import ceil, floor

from gan_bench import Shape

COARSEST = (4, 5, 6, 7)  # px, the short side of the map that G begins with
SHORT_SIDES = sorted(c << k for c in COARSEST for k in range(2, 7) if c << k <= 256)


def doublings(shape: Shape) -> int:
    """How often the coarsest map is doubled: its short side has 4 to 7 pixels."""
    return (min(shape[1:]) // COARSEST[0]).bit_length() - 1


def coarsest(shape: Shape) -> tuple[int, int]:
    """(h, w) of the map that G begins with and D ends with: 4 x 4 for squares of powers of two."""
    return shape[1] >> doublings(shape), shape[2] >> doublings(shape)


def channels(maps: int, base: int, widest: int) -> list[int]:
    """Channels of each map, from the one next to the image to the coarsest one."""
    return [min(base << k, widest) for k in range(maps)]


def unsuited(name: str, shape: Shape) -> str | None:
    """Why a pair of this name, which makes all sizes of SHORT_SIDES, cannot make this one."""
    sizes = nearest_sizes(*shape[1:])
    return None if shape[1:] in sizes else refusal(name, shape, sizes)


def refusal(name: str, shape: Shape, sizes: list[tuple[int, int]]) -> str:
    """The sentence that refuses a shape and names sizes that work."""
    return (
        f"{name} makes no images of {_as_option(*shape[1:])} px, because it doubles a map with a "
        "short side of 4 to 7 px two to six times: try "
        + " or ".join(f"--size {_as_option(*size)}" for size in sizes)
    )


def nearest_sizes(height: int, width: int) -> list[tuple[int, int]]:
    """One or two (H, W) that work: the nearest, with about the same ratio, or these themselves."""
    short, long = sorted((height, width))
    below = max((side for side in SHORT_SIDES if side <= short), default=SHORT_SIDES[0])
    above = min((side for side in SHORT_SIDES if side >= short), default=SHORT_SIDES[-1])
    sizes = []
    for side, rounded in ((below, floor), (above, ceil)):
        step = 1 << doublings((1, side, side))
        other = max(side, rounded(long * side / short / step) * step)
        sizes.append((side, other) if height <= width else (other, side))
    return list(dict.fromkeys(sizes))


def _as_option(height: int, width: int) -> str:
    """Sides as --size takes them: 64, or 128x96 for 128 pixels of width."""
    return f"{width}" if height == width else f"{width}x{height}"
