"""The images of a set that a user should look at first: the darkest, the most cropped, ..."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from gan_bench.base import text
from gan_bench.contract.protocol import Sides
from gan_bench.data.choosing.choose import Chosen
from gan_bench.data.choosing.facts import Facts, facts_of, luma
from gan_bench.data.decoding.decode import Origin
from gan_bench.data.gather import Stored
from gan_bench.data.reporting.origins import name_of
from gan_bench.data.reporting.report import DataReport, LeftOut, Odd
from gan_bench.data.stream import CHUNK_BYTES, images_at_once

SHOWN = 6  # images of a kind
TILE = 112  # pixels: the longer side of a larger image is reduced to it
CUT = 0.02  # share of an image that is cut off unnoticed


@dataclass(frozen=True)
class OddRows:
    """Images that are odd in one way: their rows of what was gathered, and what was seen."""

    title: str
    about: str
    rows: np.ndarray  # (k,) int64
    seen: tuple[str, ...]

    def named(self, origins: Sequence[Origin] = ()) -> Odd:
        """The same for the data report; images without an origin are named by their rows."""
        names = (name_of(origins[row]) if origins else f"image {row:,}" for row in self.rows)
        return Odd(self.title, self.about, tuple(names), self.seen)


def odd_in_pixels(facts: Facts, used: np.ndarray) -> list[OddRows]:
    """Of the rows `used`, the images at both ends of what is measured on their pixels."""
    if not len(used):
        return []
    dark, flat, sharp = facts.mean, facts.deviation, facts.sharpness
    return [
        _first("darkest", "mean of all pixels", "mean", dark, used),
        _first("brightest", "mean of all pixels", "mean", -dark, used),
        _first("flattest", "standard deviation", "std", flat, used),
        _first("blurriest", "variance of the Laplacian (--blurry)", "var", sharp, used),
        _first("sharpest", "variance of the Laplacian", "var", -sharp, used),
    ]


def _first(title: str, about: str, unit: str, order: np.ndarray, used: np.ndarray) -> OddRows:
    """The images that come first in this order, which is what was seen or its negative."""
    rows = used[np.argsort(order[used], kind="stable")[:SHOWN]]
    return OddRows(
        title, about, rows, tuple(f"{unit} {text.number(abs(order[k]), 3)}" for k in rows)
    )


def odd_in_origin(origins: Sequence[Origin], sides: Sides, used: np.ndarray) -> list[OddRows]:
    """Of the rows `used`, the smallest originals and those that lost most to the centre crop."""
    kinds = []
    widths = np.array([each.width for each in origins], np.int64)
    heights = np.array([each.height for each in origins], np.int64)
    short = np.minimum(widths, heights)
    if len(used) and np.ptp(short[used]):
        rows = used[np.argsort(short[used], kind="stable")[:SHOWN]]
        seen = tuple(f"{widths[k]} x {heights[k]}" for k in rows)
        kinds.append(OddRows("smallest", "width x height before it was resized", rows, seen))
    cut = _cut_off(widths, heights, sides)
    rows = used[np.argsort(-cut[used], kind="stable")[:SHOWN]]
    rows = rows[cut[rows] > CUT]
    if len(rows):
        seen = tuple(f"{text.percent(cut[k])} cut off" for k in rows)
        kinds.append(OddRows("most cropped", "to the shape of all images", rows, seen))
    return kinds


def _cut_off(widths: np.ndarray, heights: np.ndarray, sides: Sides) -> np.ndarray:
    """The share of the pixels of each image that the centre crop removes."""
    height, width = sides
    scale = np.minimum(widths / width, heights / height)
    return np.asarray(1 - scale**2 * (width * height) / (widths * heights))


def odd_pairs(report: DataReport, row_of: Mapping[str, int]) -> list[OddRows]:
    """Two images of each of a few groups of like ones: nearly equal images before equal ones."""
    groups = [(each, "like the other") for each in report.nearly_equal]
    groups += [(each, "equal") for each in report.equal]
    pairs = groups[: SHOWN // 2]
    if not pairs:
        return []
    rows = [row_of[name] for names, _ in pairs for name in names[:2]]
    seen = tuple(kind for names, kind in pairs for _ in names[:2])
    return [OddRows("alike", "pairs that are equal or nearly equal", np.array(rows), seen)]


def odd_left_out(not_used: Mapping[int, LeftOut]) -> list[OddRows]:
    """The first images that an option left out, by the kind as which they are counted."""
    kinds: dict[str, list[tuple[int, str]]] = {}
    for row, why in sorted(not_used.items()):
        kinds.setdefault(why.kind, []).append((row, why.detail))
    shown = {kind: images[:SHOWN] for kind, images in kinds.items()}
    return [
        OddRows(
            "left out",
            kind,
            np.array([row for row, _ in images]),
            tuple(detail for _, detail in images),
        )
        for kind, images in shown.items()
    ]


def odd_of(chosen: Chosen) -> list[OddRows]:
    """What is odd in the images of a folder or zip."""
    gathered, report = chosen.gathered, chosen.report
    used = np.sort(np.concatenate(list(chosen.rows.values())))
    row_of = {name_of(origin): row for row, origin in enumerate(gathered.origins)}
    return [
        *odd_in_pixels(gathered.facts, used),
        *odd_in_origin(gathered.origins, report.sides, used),
        *odd_pairs(report, row_of),
        *odd_left_out(chosen.not_used),
    ]


def tiles_of(chosen: Chosen, kinds: Sequence[OddRows]) -> np.ndarray:
    """(k, C, h, w) uint8 with as many channels as the set: one kind after another."""
    small = tiles(chosen.gathered.pixels, kinds)
    return luma(small) if chosen.channels == 1 and small.shape[1] > 1 else small


def tiles(pixels: np.ndarray | Stored, kinds: Sequence[OddRows]) -> np.ndarray:
    """(k, C, h, w) uint8: the images of all kinds, one kind after another."""
    parts = [reduced(pixels[each.rows]) for each in kinds if len(each.rows)]
    return np.concatenate(parts) if parts else np.asarray(pixels[:0])


def reduced(images: np.ndarray) -> np.ndarray:
    """(n, C, H, W) uint8 whose longer side has at most TILE pixels."""
    n, C, H, W = images.shape
    if max(H, W) <= TILE:
        return np.asarray(images)
    from PIL import Image

    shrink = TILE / max(H, W)
    size = max(1, round(W * shrink)), max(1, round(H * shrink))
    planes = [
        np.asarray(Image.fromarray(plane).resize(size, Image.Resampling.LANCZOS))
        for plane in images.reshape(n * C, H, W)
    ]
    return np.reshape(planes, (n, C, size[1], size[0]))


def looked_at(images: np.ndarray) -> tuple[list[OddRows], Facts]:
    """What is odd in images (N, C, H, W) of which only the pixels are known, and their facts."""
    step = images_at_once(CHUNK_BYTES, math.prod(images.shape[1:]))
    parts = [facts_of(_colour(part)) for part in _parts(images, step)]
    facts = Facts.joined(parts)
    return odd_in_pixels(facts, np.arange(len(images))), facts


def _parts(images: np.ndarray, step: int) -> Iterator[np.ndarray]:
    return (images[start : start + step] for start in range(0, len(images), step))


def _colour(images: np.ndarray) -> np.ndarray:
    """At least three channels, which `Facts` are about."""
    few = images.shape[1] < 3
    return np.repeat(images[:, :1], 3, axis=1) if few else np.asarray(images)
