"""The images of a folder or zip, decoded once into one array, with what is known of each."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gan_bench.contract.protocol import Preparation, Sides
from gan_bench.data.archive import Member
from gan_bench.data.arrays import write_array
from gan_bench.data.decode import Decoded, Origin, decode_all
from gan_bench.data.facts import Facts, facts_of
from gan_bench.data.reasons import Dropped
from gan_bench.data.stream import CHUNK_BYTES, Progress, images_at_once


@dataclass(frozen=True)
class Gathered:
    """All images that could be decoded, in order of their names. Nothing is chosen yet."""

    pixels: np.ndarray  # (n, C, H, W) uint8, mapped from a file
    origins: Sequence[Origin]
    facts: Facts
    dropped: Sequence[Dropped]
    notes: Sequence[str] = ()  # how deep images are shown, and how many files were repaired


def gather(
    members: Sequence[Member],
    sides: Sides,
    preparation: Preparation,
    path: Path,
    progress: Progress,
) -> Gathered:
    """Decode every member into the array at `path`."""
    shape = (4 if preparation.alpha else 3, *sides)
    origins, dropped, facts = list[Origin](), list[Dropped](), list[Facts]()

    def usable() -> Iterator[np.ndarray]:
        with closing(decode_all(members, sides, preparation)) as results:
            for done, result in enumerate(results, 1):
                for each in result:
                    if isinstance(each, Decoded):
                        origins.append(each.origin)
                        yield each.pixels
                    else:
                        dropped.append(each)
                progress("files", done, len(members))

    def chunks() -> Iterator[np.ndarray]:
        buffer = np.empty((images_at_once(CHUNK_BYTES, math.prod(shape)), *shape), np.uint8)
        filled = 0
        for image in usable():
            buffer[filled] = image
            filled += 1
            if filled == len(buffer):
                facts.append(facts_of(buffer))
                yield buffer
                filled = 0
        if filled:
            facts.append(facts_of(buffer[:filled]))
            yield buffer[:filled]

    with warnings.catch_warnings(action="ignore"):  # of decoders, in place of the reasons
        count = write_array(path, shape, chunks(), len(members))
    pixels = np.load(path, mmap_mode="r") if count else np.empty((0, *shape), np.uint8)
    return Gathered(pixels, origins, Facts.joined(facts), dropped)
