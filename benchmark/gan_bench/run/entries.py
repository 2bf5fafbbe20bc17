"""Score images and generators from elsewhere by the evaluation of a protocol."""

from __future__ import annotations

import hashlib
import math
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from gan_bench import catalogue as catalogues
from gan_bench.base import text
from gan_bench.base.text import plural
from gan_bench.catalogue import Catalogue
from gan_bench.contract.errors import DataError, StorageError, UsageError
from gan_bench.contract.offers import Entry, Shape
from gan_bench.contract.protocol import Cell, Preparation, Protocol
from gan_bench.data.arrays import check_room, write_array
from gan_bench.data.source import files_at
from gan_bench.data.stream import CHUNK_BYTES, Progress, images_at_once
from gan_bench.data.unsplit import read_images
from gan_bench.measure.evaluator import Evaluator, evenly
from gan_bench.measure.weights import Weights, weights_of
from gan_bench.results.entries import EntryRecord, Kind, read_entry, write_entry
from gan_bench.results.layout import (
    CELL,
    ENTRY,
    GENERATOR,
    cells_in,
    entry_dir,
)
from gan_bench.results.locks import alone_in
from gan_bench.results.reading import read_model
from gan_bench.run.asked_entries import Asked, check_entries, offered
from gan_bench.run.generators import Generator, draw_pixels, is_generator, load_generator
from gan_bench.run.plan import pick_device
from gan_bench.run.plan_evaluation import LEAST
from gan_bench.run.task import Task, read_task
from gan_bench.train.cost import device_name

Say = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class How:
    """What the user said about scoring entries."""

    device: str = "auto"
    plugins: tuple[Path, ...] = ()
    weights: Weights | None = None
    z_dim: int | None = None  # of a generator that does not say it
    seed: int = 0  # of the z; a cell's folder has its own
    max_bad: float = 0.1  # percent of the images
    replace: bool = False  # whether an entry of the same name may be replaced


@dataclass(frozen=True)
class Images:
    """What an entry is made of: (M, C, H, W) uint8, as the protocol has them."""

    kind: Kind
    origin: str
    pixels: np.ndarray
    notes: tuple[str, ...] = ()


def score_entries(
    home: Path, asked: Sequence[Asked], how: How, progress: Progress, say: Say
) -> list[EntryRecord]:
    """Score each entry by the evaluation of the protocol in the folder `home`, and write it there.

    One that was scored before with the same pixels is not measured again. UsageError if the name
    belongs to other images, unless `how.replace`.
    """
    check_entries(asked, how.plugins)
    scorer = Scorer(home, how, progress, say)
    return [scorer.score(each) for each in asked]


@dataclass
class Scorer:
    """What scores entries under one protocol; its nets are loaded when the first one is scored."""

    home: Path
    how: How
    progress: Progress
    say: Say
    task: Task = field(init=False)
    catalogue: Catalogue = field(init=False)
    _evaluator: Evaluator | None = None

    def __post_init__(self) -> None:
        self.task = read_task(_first_cell(self.home))
        given = map(Path, self.task.cell.environment.plugins)
        own = [each for each in self.how.plugins if each.absolute() not in set(given)]
        files = [*map(Path, self.task.cell.environment.plugins), *own]
        self.catalogue = catalogues.load(files) if own else self.task.catalogue
        self.device = pick_device(self.how.device)

    @property
    def protocol(self) -> Protocol:
        """How the entries are measured."""
        return self.task.protocol

    @property
    def evaluator(self) -> Evaluator:
        """With its nets loaded."""
        if self._evaluator is None:
            task = self.task
            weights = self.how.weights or weights_of(task.cell.environment)
            self._evaluator = Evaluator(
                task.catalogue, task.protocol, task.dataset, task.prepared, self.device, weights
            )
        return self._evaluator

    def score(self, asked: Asked) -> EntryRecord:
        """The record of one entry, which is written into its folder."""
        folder = entry_dir(self.home, asked.name)
        locked = alone_in(folder, "scoring", within=self.home)
        with locked, tempfile.TemporaryDirectory() as scratch:
            images = self._images(asked, Path(scratch))
            fingerprint = _fingerprint(images.pixels)
            before = self._before(folder, asked, fingerprint)
            if before is not None:
                self.say(f"{asked.name} was scored before, with the same images")
                return before
            self.progress(f"measuring {asked.name}", 0, 0)
            entry = self._measured(asked, images, fingerprint)
            write_entry(folder, entry)
            return entry

    def _measured(self, asked: Asked, images: Images, fingerprint: str) -> EntryRecord:
        measured = self.evaluator.measure(images.pixels)
        fault = [measured.fault[1]] if measured.fault else []
        return EntryRecord(
            name=asked.name,
            kind=images.kind,
            origin=images.origin,
            fingerprint=fingerprint,
            images=len(images.pixels),
            evaluation=self.protocol.evaluation,
            scores=measured.scores,
            unscored=measured.unscored,
            details=measured.details,
            notes=(*images.notes, *fault),
            device=device_name(self.device),
            versions=catalogues.versions(),
            ended=text.now(),
        )

    def _before(self, folder: Path, asked: Asked, fingerprint: str) -> EntryRecord | None:
        """The record of the same images if there is one; UsageError if it is of other images."""
        if self.how.replace or not (folder / ENTRY).exists():
            return None
        try:
            before = read_entry(folder)
        except StorageError:  # it is damaged, and will be written again
            return None
        if before.fingerprint != fingerprint:
            raise UsageError(
                f"the entry {asked.name} was scored before with other images, of {before.origin}: "
                f"give another name, as NAME={asked.path}, or --replace"
            )
        return before if before.evaluation == self.protocol.evaluation else None

    # Where images come from
    def _images(self, asked: Asked, scratch: Path) -> Images:
        path = asked.path
        if not path.exists():
            return self._of_plugin(offered(path, self.catalogue), scratch)
        if (path / GENERATOR).is_file():
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
        return Images(kind, origin, evenly(read.images, n), tuple(notes))

    def _of_plugin(self, offer: Entry, scratch: Path) -> Images:
        n = self.protocol.evaluation.samples
        with _named(f"the entry {offer.name}"):
            pixels = offer.images(n, self.how.seed)
            if pixels.dtype != np.uint8 or pixels.ndim != 4 or len(pixels) != n:
                raise DataError(
                    f"it gave {pixels.shape} {pixels.dtype}, and must give ({n}, C, H, W) uint8"
                )
        return self._fitted("plugin", f"{offer.name}: {offer.source}", iter([pixels]), scratch)

    def _of_generator(self, path: Path, seed: int, asked: Asked, scratch: Path) -> Images:
        task = self.task
        self.progress(f"generating {asked.name}", 0, 0)
        with _named(str(path)):
            classes = task.prepared.classes
            G = load_generator(path, self.catalogue, classes, self.how.z_dim, self.device)
            return self._fitted(G.kind, str(path), self._drawn(G, seed), scratch)

    def _drawn(self, G: Generator, seed: int) -> Iterator[np.ndarray]:
        n, batch = self.protocol.evaluation.samples, self.protocol.schedule.batch
        return draw_pixels(G, n, seed, self.task.labels, batch)

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
            return Images(kind, origin, np.load(path, mmap_mode="c"))
        as_files = self._of_files(path, kind, origin, scratch)
        note = f"its images are {_text(shape)}, and were made {_text(own)}"
        return Images(kind, origin, as_files.pixels, (note, *as_files.notes))


def _first_cell(home: Path) -> Path:
    """A cell of the protocol: it knows where the images and the weights are."""
    for folder in cells_in(home):
        with suppress(StorageError):  # it is damaged, and another one knows it too
            read_model(folder / CELL, Cell)
            return folder
    raise UsageError(f"{home} has no readable cell, so that it is not known where its images are")


def _seed_of(cell: Path) -> int:
    return read_model(cell / CELL, Cell).seed


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


def _fingerprint(pixels: np.ndarray) -> str:
    digest = hashlib.sha256(str(pixels.shape).encode())
    step = images_at_once(CHUNK_BYTES, math.prod(pixels.shape[1:]))
    for start in range(0, len(pixels), step):
        digest.update(np.ascontiguousarray(pixels[start : start + step]).data)
    return digest.hexdigest()
