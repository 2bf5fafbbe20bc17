"""The images of a folder or zip, decoded into one array, with what is known of each."""

from __future__ import annotations

import errno
import math
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, fields
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np

from gan_bench.base import text
from gan_bench.contract.protocol import Preparation, Sides
from gan_bench.data.arrays import check_room, npy_header, write_array
from gan_bench.data.choosing.facts import Facts, facts_of
from gan_bench.data.decoding.decode import Decoded, Item, Measured, Origin, Result, Task, decode_all
from gan_bench.data.decoding.depth import Scale, notes_on, scale_for
from gan_bench.data.decoding.frames import most_frames
from gan_bench.data.files.archive import Member
from gan_bench.data.reasons import Dropped, Reason
from gan_bench.data.stream import CHUNK_BYTES, Progress, images_at_once

TASK_BYTES = 64 * 2**20  # of decoded frames, which one thread holds


class Stored:
    """Images (n, C, H, W) uint8 in a .npy file, as an array that holds nothing in memory.

    The file is read, not mapped: what the system reads ahead into a map counts as memory of this
    process.
    """

    def __init__(self, path: Path, shape: tuple[int, int, int, int]) -> None:
        self.path, self.shape = path, shape

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, key: Any) -> np.ndarray:
        """The images of one row, of a slice or of an array of rows. OSError."""
        rows = np.arange(len(self))[key]
        each, numbers = self.shape[1:], np.ravel(rows)
        head, size = len(npy_header(self.shape)), math.prod(each)
        images, done = np.empty((len(numbers), *each), np.uint8), 0
        with self.path.open("rb", buffering=0) as file:
            for start, stop in _runs(numbers.tolist()):
                part = images[done : done + stop - start]
                file.seek(head + start * size)
                if file.readinto(part.data) != part.nbytes:
                    raise OSError(errno.EIO, "it is shorter than it was written", str(self.path))
                done += stop - start
        return images.reshape(*np.shape(rows), *each)


@dataclass(frozen=True)
class Gathered:
    """All images that could be decoded, in order of their names. Nothing is chosen yet."""

    pixels: Stored  # (n, C, H, W) uint8
    origins: Sequence[Origin]
    facts: Facts
    dropped: Sequence[Dropped]
    notes: Sequence[str] = ()  # how deep images are shown, and how many files were repaired


@dataclass
class Rounds:
    """The three rounds in which the members of a set are decoded, and what came of them.

    First the first image of each file, then further frames if they are asked for. Then it is
    known which values deep images have, and these are decoded again.
    """

    members: Sequence[Member]
    sides: Sides
    preparation: Preparation
    progress: Progress
    room: Path
    keys: list[tuple[int, int]] = field(default_factory=list)  # (member, frame) of each image
    origins: list[Origin] = field(default_factory=list)
    dropped: list[tuple[int, Dropped]] = field(default_factory=list)
    measured: list[tuple[Task, Measured]] = field(default_factory=list)
    scale: Scale = field(default_factory=Scale)

    def images(self) -> Iterator[np.ndarray]:
        """Each image that can be used, (C, H, W); other fields are filled on the way."""
        further: list[Task] = []
        for task, items in self._decode([Task(k, each) for k, each in enumerate(self.members)]):
            yield from self._used(task, items)
            if self.preparation.frames == "all":
                further += self._further(task, items)
        for task, items in self._decode(further, "frames"):
            yield from self._used(task, items)
        self.scale = scale_for(each.depth for _, each in self.measured)
        for task, items in self._decode(list(self._deep()), "deep images"):
            yield from self._used(task, items)

    def notes(self) -> list[str]:
        """What a user should know, a sentence each."""
        repaired = Counter(origin.repaired for origin in self.origins if origin.repaired)
        return [
            *notes_on((each.depth for _, each in self.measured), self.scale),
            *(f"{text.plural(n, 'image')} repaired: {what}" for what, n in repaired.items()),
        ]

    def _decode(self, tasks: Sequence[Task], phase: str = "files") -> Iterator[Result]:
        with closing(decode_all(tasks, self.sides, self.preparation)) as results:
            for done, result in enumerate(results, 1):
                yield result
                self.progress(phase, done, len(tasks))

    def _used(self, task: Task, items: Iterable[Item]) -> Iterator[np.ndarray]:
        for item in items:
            if isinstance(item, Decoded):
                self.keys.append((task.index, item.origin.frame))
                self.origins.append(item.origin)
                yield item.pixels
            elif isinstance(item, Measured):
                self.measured.append((task, item))
            else:
                self.dropped.append((task.index, item))

    def _further(self, first: Task, items: Sequence[Item]) -> Iterator[Task]:
        """Frames of a file beyond the first, as many at once as a thread may hold."""
        if not items or isinstance(items[0], Dropped):
            return
        origin = items[0].origin
        count = most_frames(origin.frames, origin.width, origin.height)
        image_bytes = 4 * math.prod(self.sides)
        check_room(2 * (count - 1) * image_bytes, self.room)
        step = images_at_once(TASK_BYTES, image_bytes)
        for start in range(1, count, step):
            yield Task(first.index, first.member, range(start, min(start + step, count)))
        if left := origin.frames - count:
            detail = f"{left:,} of {origin.frames:,}"
            dropped = Dropped(origin.name, self.sides, Reason.FRAMES, detail)
            self.dropped.append((first.index, dropped))

    def _deep(self) -> Iterator[Task]:
        """The frames that are decoded again: neighbours in one task, as they were before."""
        for (index, _), group in groupby(self.measured, key=lambda pair: pair[0].key):
            pairs = list(group)
            frames = [measured.origin.frame for _, measured in pairs]
            for start, stop in _runs(frames):
                yield Task(index, pairs[0][0].member, range(start, stop), self.scale)


def _runs(numbers: Sequence[int]) -> Iterator[tuple[int, int]]:
    """(first, last + 1) of each run of successive numbers."""
    for _, run in groupby(enumerate(numbers), key=lambda pair: pair[1] - pair[0]):
        members = [number for _, number in run]
        yield members[0], members[-1] + 1


def channels_of(preparation: Preparation) -> int:
    """How many channels the images have before `--grey` is applied."""
    return 4 if preparation.alpha else 3


def gather(
    members: Sequence[Member],
    sides: Sides,
    preparation: Preparation,
    path: Path,
    progress: Progress,
) -> Gathered:
    """Decode every member into the array at `path`."""
    shape = (channels_of(preparation), *sides)
    rounds = Rounds(members, sides, preparation, progress, path.parent)
    facts = list[Facts]()

    def chunks() -> Iterator[np.ndarray]:
        buffer = np.empty((images_at_once(CHUNK_BYTES, math.prod(shape)), *shape), np.uint8)
        filled = 0
        for image in rounds.images():
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
        count = write_array(path, shape, chunks(), len(members), verified=False)
    pixels = Stored(path, (count, *shape))
    order = sorted(range(count), key=rounds.keys.__getitem__)
    joined = Facts.joined(facts)
    if order != list(range(count)):
        _sort(pixels, order)
        joined = Facts(**{each.name: getattr(joined, each.name)[order] for each in fields(Facts)})
    dropped = [item for _, item in sorted(rounds.dropped, key=lambda pair: pair[0])]
    origins = [rounds.origins[k] for k in order]
    return Gathered(pixels, origins, joined, dropped, rounds.notes())


def _sort(pixels: Stored, order: Sequence[int]) -> None:
    """Write the images again, in this order: deep images and further frames came last."""
    count, *shape = pixels.shape  # (n, C, H, W)
    check_room(math.prod(pixels.shape), pixels.path.parent)
    step = images_at_once(CHUNK_BYTES, math.prod(shape))
    chunks = (pixels[order[start : start + step]] for start in range(0, count, step))
    other = pixels.path.with_name(f"sorted-{pixels.path.name}")
    write_array(other, (shape[0], shape[1], shape[2]), chunks, count, verified=False)
    other.replace(pixels.path)
