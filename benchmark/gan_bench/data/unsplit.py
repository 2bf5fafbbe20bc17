"""All images of a folder, a zip or an array file at one size: nothing is held out or left over."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gan_bench.base import text
from gan_bench.base.escape import plain
from gan_bench.contract.errors import DataError
from gan_bench.contract.offers import Shape
from gan_bench.contract.protocol import Data, Sides
from gan_bench.data.arrays import check_room, write_array
from gan_bench.data.cache import check_dropped
from gan_bench.data.choosing.alike import alike_in
from gan_bench.data.choosing.facts import Facts, luma
from gan_bench.data.choosing.split import held_out
from gan_bench.data.decoding.opening import open_image
from gan_bench.data.files.archive import Member
from gan_bench.data.files.contents import files_of
from gan_bench.data.gather import Gathered, Stored, channels_of, gather
from gan_bench.data.reasons import MOST_BYTES, smaller_size
from gan_bench.data.reporting.report import DataReport, left_out
from gan_bench.data.rows import Rows
from gan_bench.data.source import Source
from gan_bench.data.stream import CHUNK_BYTES, Progress, images_at_once

LOOKED_AT = 256  # images of a set, evenly spread, whose sizes are read to find the size of all
GATHERED, GREY = "gathered.npy", "grey.npy"


@dataclass(frozen=True)
class ImageSet:
    """The images in order of their names, (n, C, H, W) uint8, read from a file in batches."""

    name: str
    images: Rows
    facts: Facts
    notes: tuple[str, ...] = ()  # what a user should know, a sentence each

    @property
    def all_grey(self) -> bool:
        """Whether no image has a colour."""
        return bool(self.facts.grey.all())

    @property
    def shape(self) -> Shape:
        """(C, H, W) of an image."""
        _, channels, height, width = self.images.shape
        return channels, height, width

    def in_grey(self, scratch: Path) -> ImageSet:
        """The same with one channel; written into the folder `scratch`."""
        step = images_at_once(CHUNK_BYTES, math.prod(self.shape))
        starts = range(0, len(self.images), step)
        chunks = (luma(self.images[start : start + step]) for start in starts)
        path, shape = scratch / GREY, (1, *self.shape[1:])
        count = write_array(path, shape, chunks, len(self.images), verified=False)
        return ImageSet(self.name, _all(Stored(path, (count, *shape))), self.facts, self.notes)

    def data(self) -> Data:
        """All images as the training images of a data set."""
        return _data(self.name, self.images, 0)

    def split(self) -> tuple[Data, Rows, Rows]:
        """A data set of these images, with a tenth held out by the rule of all data sets.

        Also its images (T, C, H, W) and (H, C, H, W). Images that are alike stay on one side; none
        is held out if there are too few different ones.
        """
        alike = alike_in(self.facts)
        held = held_out(alike.near, self.facts.digest)
        if not held.any():
            held = held_out(alike.equal, self.facts.digest)
        data = _data(self.name, self.images, int(held.sum()))
        return data, self.images.at(~held), self.images.at(held)


def read_images(
    source: Source, sides: Sides, scratch: Path, max_bad: float, progress: Progress
) -> ImageSet:
    """Decode all images of a folder, a zip or an array file, as `--data` does, into `scratch`.

    DataError if there are none, Unusable if more than `max_bad` percent of them cannot be used.
    They have three channels, or as many as the preparation of the source asks for.
    """
    assert source.root is not None
    preparation = source.preparation
    with files_of(source.root, preparation.folder) as files:
        shape = (channels_of(preparation), *sides)
        check_room(2 * len(files.members) * math.prod(shape), scratch)
        path = scratch / GATHERED
        gathered = gather(files.members, sides, preparation, path, progress)
    name = source.dataset.name
    _check(gathered, source.root, name, sides, max_bad)
    notes = (*files.notes, *gathered.notes, *_dropped_note(gathered))
    images = ImageSet(name, _all(gathered.pixels), gathered.facts, notes)
    return images.in_grey(scratch) if preparation.grey else images


def _check(gathered: Gathered, root: Path, name: str, sides: Sides, max_bad: float) -> None:
    count, dropped = len(gathered.pixels), left_out(gathered.dropped)
    hint = smaller_size(gathered.dropped)
    if not count:
        first = plain(str(dropped[0]))
        images = text.plural(len(dropped), "image")
        raise DataError(f"{root}: none of {images} can be used{hint}; the first: {first}")
    report = DataReport(
        name=name, sides=sides, channels=3, train=count, held_out=0, dropped=dropped
    )
    check_dropped(report, max_bad, hint)


def _dropped_note(gathered: Gathered) -> Iterator[str]:
    if dropped := left_out(gathered.dropped):
        images = text.plural(len(dropped), "image")
        yield f"{images} cannot be used; the first: {plain(str(dropped[0]))}"


def sides_in(source: Source) -> set[Sides]:
    """The sizes (H, W) that the images have, by the headers of LOOKED_AT of them.

    Files that cannot be read are left out: `read_images` says what is wrong with them.
    """
    assert source.root is not None
    with files_of(source.root, source.preparation.folder) as files:
        rows = np.linspace(0, len(files.members) - 1, min(LOOKED_AT, len(files.members)))
        members = [files.members[int(row)] for row in rows.round()]
        return set(_sides_of(members))


def _sides_of(members: Sequence[Member]) -> Iterator[Sides]:
    for member in members:
        try:
            size = member.size()
            if size <= MOST_BYTES:
                with member.open() as file:
                    opened = open_image(file.read(size), (1, 1))
                yield opened.height, opened.width
        except Exception:  # a decoder may raise anything on a damaged file
            continue


def _data(name: str, images: Rows, held: int) -> Data:
    """The fingerprint is of shape and pixels, in the order of the names."""
    count, channels, height, width = images.shape
    digest = hashlib.sha256(json.dumps(["unsplit", *images.shape, held]).encode())
    step = images_at_once(CHUNK_BYTES, channels * height * width)
    for start in range(0, count, step):
        digest.update(np.ascontiguousarray(images[start : start + step]).data)
    shape = (channels, height, width)
    fingerprint = digest.hexdigest()
    return Data(name=name, fingerprint=fingerprint, shape=shape, train=count - held, held_out=held)


def _all(stored: Stored) -> Rows:
    return Rows(stored, np.arange(len(stored)))
