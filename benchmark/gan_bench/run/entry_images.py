"""Where the images of an entry come from: files, a generator, or the code of a plugin."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gan_bench.base.text import plural
from gan_bench.catalogue import Catalogue
from gan_bench.contract.errors import DataError, UsageError
from gan_bench.contract.offers import Entry, Shape
from gan_bench.contract.protocol import Cell, Preparation, Protocol
from gan_bench.data.arrays import check_room, write_array
from gan_bench.data.cache import Prepared
from gan_bench.data.gather import Stored
from gan_bench.data.rows import Rows
from gan_bench.data.source import files_at
from gan_bench.data.stream import Progress
from gan_bench.data.unsplit import read_images
from gan_bench.measure.evaluator import spaced
from gan_bench.results.entries import Kind
from gan_bench.results.finding import is_cell
from gan_bench.results.layout import CELL, GENERATOR
from gan_bench.results.reading import read_model
from gan_bench.results.records import read_record
from gan_bench.run.asked_entries import Asked, How, offered
from gan_bench.run.generators import (
    Generator,
    draw_pixels,
    failures,
    is_generator,
    load_generator,
)
from gan_bench.run.plan_evaluation import LEAST
from gan_bench.train.generator import check_generator


@dataclass(frozen=True)
class Images:
    """What an entry is made of: (M, C, H, W) uint8, as the protocol has them."""

    kind: Kind
    origin: str
    pixels: Rows
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class EntryImages:
    """What reads or makes the images of entries under one protocol."""

    protocol: Protocol
    catalogue: Catalogue
    prepared: Prepared  # the images of the protocol, whose classes a generator may need
    how: How
    device: str
    progress: Progress

    def of(self, asked: Asked, scratch: Path) -> Images:
        """The images of one entry. A GanBenchError says why there are none."""
        path = asked.path
        if not os.path.exists(path):
            return self._of_plugin(offered(path, self.catalogue), scratch)
        if is_cell(path):
            check_generator(path)
            return self._of_generator(path / GENERATOR, _seed_of(path), asked, scratch)
        if path.is_file() and is_generator(path):
            return self._of_generator(path, self.how.seed, asked, scratch)
        return self._of_files(path, "images", str(path), scratch)

    def _of_files(self, path: Path, kind: Kind, origin: str, scratch: Path) -> Images:
        """The images of a folder, a zip or an array, as many as samples if there are so many."""
        data, n = self.protocol.data, self.protocol.evaluation.samples
        preparation = Preparation(grey=data.shape[0] == 1, alpha=data.shape[0] == 4)
        room = scratch / "images"
        room.mkdir()
        source = files_at(path, preparation)
        read = read_images(source, data.shape[1:], room, self.how.max_bad, self.progress)
        count = len(read.images)
        if count < LEAST:
            raise DataError(f"{path} has one image, and {LEAST} or more are needed: add images")
        notes = list(read.notes)
        if count < n:
            notes.append(
                f"{plural(count, 'image')}, where the others have {n:,} samples: with fewer "
                "images, distances are higher and all scores less certain"
            )
        elif count > n:
            notes.append(f"{n:,} of its {count:,} images are scored, evenly spread over them")
        return Images(kind, origin, read.images.at(spaced(count, n)), tuple(notes))

    def _of_plugin(self, offer: Entry, scratch: Path) -> Images:
        n = self.protocol.evaluation.samples
        with _named(f"the entry {offer.name}"):
            with failures():
                pixels = offer.images(n, self.how.seed)
            is_array = isinstance(pixels, np.ndarray)
            gave = f"{pixels.shape} {pixels.dtype}" if is_array else type(pixels).__name__
            if not is_array or pixels.dtype != np.uint8 or pixels.ndim != 4 or len(pixels) != n:
                raise DataError(f"it gave {gave}, and must give ({n}, C, H, W) uint8")
        return self._fitted("plugin", f"{offer.name}: {offer.source}", iter([pixels]), scratch)

    def _of_generator(self, path: Path, seed: int, asked: Asked, scratch: Path) -> Images:
        self.progress(f"generating {asked.name}", 0, 0)
        with _named(str(path)):
            classes = self.prepared.classes
            how = self.how
            G = load_generator(path, self.catalogue, classes, how.z_dim, self.device, how.trust)
            return self._fitted(G.kind, str(path), self._drawn(G, seed), scratch)

    def _drawn(self, G: Generator, seed: int) -> Iterator[np.ndarray]:
        n, batch = self.protocol.evaluation.samples, self.protocol.schedule.batch
        return draw_pixels(G, n, seed, self.prepared.labels.get("train"), batch)

    def _fitted(
        self, kind: Kind, origin: str, chunks: Iterator[np.ndarray], scratch: Path
    ) -> Images:
        """The images as the protocol has them: resized like files where they are of another size.

        They are written to the disk, because they may need more than the memory.
        """
        n, first = self.protocol.evaluation.samples, next(chunks)
        channels, height, width = shape = first.shape[1:]
        own = self.protocol.data.shape
        if height < own[1] or width < own[2]:
            raise DataError(
                f"its images are {_text(shape)}, smaller than {_text(own)}: none is enlarged"
            )
        path = scratch / "drawn.npy"
        check_room(n * math.prod(shape), scratch)
        write_array(path, (channels, height, width), _after(first, chunks), n, verified=False)
        if shape == own:
            drawn = Stored(path, (n, channels, height, width))
            return Images(kind, origin, Rows(drawn, np.arange(n)))
        as_files = self._of_files(path, kind, origin, scratch)
        note = f"its images are {_text(shape)}, and were made {_text(own)}"
        return Images(kind, origin, as_files.pixels, (note, *as_files.notes))


def _seed_of(cell: Path) -> int:
    known = (cell / CELL).exists()  # published cells have a record only
    return read_model(cell / CELL, Cell).seed if known else read_record(cell).seed


@contextmanager
def _named(what: str) -> Iterator[None]:
    """Errors of a block say what they are about, unless they do already."""
    try:
        yield
    except (DataError, UsageError) as error:
        if what in str(error):
            raise
        raise type(error)(f"{what}: {error}") from error


def _after(first: np.ndarray, others: Iterator[np.ndarray]) -> Iterator[np.ndarray]:
    yield first
    yield from others


def _text(shape: Shape | tuple[int, ...]) -> str:
    """Width x height x channels, as the report has it."""
    channels, height, width = shape
    return f"{width} x {height} x {channels}"
