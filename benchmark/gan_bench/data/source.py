"""Where images come from: a named data set, a folder or a zip."""

from __future__ import annotations

import hashlib
import json
import math
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gan_bench.base import text
from gan_bench.base.escape import plain
from gan_bench.contract.errors import DataError
from gan_bench.contract.names import name_of
from gan_bench.contract.offers import Dataset, Images
from gan_bench.contract.protocol import AS_IT_IS, Preparation, Sides
from gan_bench.data.archive import SUFFIXES, listing_of, members_of, walk
from gan_bench.data.arrays import check_room
from gan_bench.data.choose import Chosen, choose
from gan_bench.data.gather import gather
from gan_bench.data.report import DataReport, LeftOut, kinds_text
from gan_bench.data.split import HOLD_OUT
from gan_bench.data.stream import CHUNK_BYTES, SPLITS, ImageStream, Progress, images_at_once

RULE = "2"  # change it with the pixels or the split: the cache is keyed on it
GATHERED = "images.npy"  # all images, before they are split


@dataclass(frozen=True)
class Source:
    """A data set and where its files are."""

    dataset: Dataset
    root: Path | None = None
    download: bool = False
    files: bool = False  # whether root is a folder or zip of the user's, not of a named set
    preparation: Preparation = AS_IT_IS  # of a folder or zip

    def key(self, sides: Sides) -> str:
        """A digest of all that the pixels depend on, found without opening an image."""
        listing = list(listing_of(self.root.absolute(), self._files())) if self.root else []
        preparation = self.preparation.model_dump(exclude_defaults=True)
        about = [self.dataset.name, self.dataset.version, sides, preparation, listing]
        return hashlib.sha256(json.dumps(about).encode()).hexdigest()[:16]

    @contextmanager
    def open(self, sides: Sides, scratch: Path, progress: Progress) -> Iterator[ImageStream]:
        """The images at that size; files stay open within the block. DataError.

        `scratch` is a folder for what is written on the way.
        """
        if self.files:
            with _chosen(self, sides, scratch, progress) as chosen:
                counts = {split: len(rows) for split, rows in chosen.rows.items()}
                shape = (chosen.channels, *sides)
                report, labels = chosen.report, chosen.labels
                yield ImageStream(shape, counts, chosen.chunks, report, labels=labels)
        else:
            yield _stream_of_plugin(_loaded(self, sides), self.dataset.name, sides, progress)

    def _files(self) -> Iterable[str]:
        if self.root is None:
            return []
        if self.files:
            return walk(self.root.absolute())
        patterns, root = self.dataset.reads, self.root.absolute()
        return (str(path) for pattern in patterns for path in root.glob(pattern))


def files_at(path: Path, preparation: Preparation = AS_IT_IS, name: str | None = None) -> Source:
    """A folder or zip that the user named, as a data set; named after the path by default."""
    root = path.absolute()

    def load(_: Path | None, size: int, download: bool) -> Images:
        return _in_memory(source, (size, size))

    dataset = Dataset(name=name or name_of(root), source="your own", version=RULE, load=load)
    source = Source(dataset, root, files=True, preparation=preparation)
    return source


# Folders and zips
@contextmanager
def _chosen(source: Source, sides: Sides, scratch: Path, progress: Progress) -> Iterator[Chosen]:
    """The images in a folder or zip, in order of their names; DataError if they are too few."""
    assert source.root is not None
    with members_of(source.root) as members:
        if not members:
            kinds = ", ".join(sorted(suffix[1:] for suffix in SUFFIXES))
            looked = f"looked for {kinds}, in all folders below it"
            raise DataError(f"no images in {source.root}: {looked}")
        check_room(2 * len(members) * 3 * math.prod(sides), scratch)  # gathered, then split
        gathered = gather(members, sides, source.preparation, scratch / GATHERED, progress)
        chosen = choose(gathered, source.preparation, source.dataset.name)
        if chosen.refusal:
            raise DataError(f"{source.root}: {chosen.refusal}")
        if chosen.report.train + chosen.report.held_out < HOLD_OUT:
            raise DataError(_too_few(source.root, chosen.report))
        yield chosen


def _in_memory(source: Source, sides: Sides) -> Images:
    """All images at once, for callers of Dataset.load; `prepare` reads the stream instead."""
    with (
        tempfile.TemporaryDirectory() as scratch,
        source.open(sides, Path(scratch), lambda *_: None) as stream,
    ):
        train, held_out = (np.concatenate(list(stream.chunks(split))) for split in SPLITS)
        dropped = [(each.name, each.why) for each in stream.report.dropped]
        train_labels, held_out_labels = (stream.labels.get(split) for split in SPLITS)
    return Images(
        train=train,
        held_out=held_out,
        train_labels=train_labels,
        held_out_labels=held_out_labels,
        dropped=dropped,
    )


def _too_few(root: Path, report: DataReport) -> str:
    used, dropped = report.train + report.held_out, report.dropped
    total = used + len(dropped)
    has = f"{root} has {'one image' if total == 1 else text.plural(total, 'image')}"
    need = f"{HOLD_OUT} or more are needed"
    if not dropped:
        return f"{has}, and {need}: add images"
    use = "none can be used" if not used else f"only {used} can be used, and {need}"
    return f"{has}, {use}: {kinds_text(report.reasons)}; the first: {plain(str(dropped[0]))}"


# Data sets of plugins
def _loaded(source: Source, sides: Sides) -> Images:
    """What the plugin loads; DataError unless it is (N, C, H, W) uint8 with images in it."""
    name = source.dataset.name
    with _reading(name):
        images = source.dataset.load(source.root, sides[0], source.download)
        if len(images.train) == 0:
            raise DataError(f"the data set {name} has no training images")
        first = images.train[0:1]
    if first.dtype != np.uint8 or first.ndim != 4:
        raise DataError(
            f"the data set {name} must give (N, C, H, W) uint8, "
            f"it gave {first.ndim} dimensions of {first.dtype}"
        )
    return images


@contextmanager
def _reading(name: str) -> Iterator[None]:
    """An OSError in here is a DataError: otherwise the cache would be blamed for it."""
    try:
        yield
    except OSError as error:
        raise DataError(f"the data set {name} cannot be read: {error}") from error


def _stream_of_plugin(images: Images, name: str, sides: Sides, progress: Progress) -> ImageStream:
    """Slices of both splits: a data set may be larger than memory."""
    with _reading(name):
        _, C, H, W = images.train[0:1].shape
        counts = {split: len(getattr(images, split)) for split in SPLITS}

    def chunks(split: str) -> Iterator[np.ndarray]:
        n, rows = counts[split], images_at_once(CHUNK_BYTES, C * H * W)
        for start in range(0, n, rows):
            with _reading(name):
                some = np.ascontiguousarray(getattr(images, split)[start : start + rows])
            _check_slice(some, (min(rows, n - start), C, H, W), name)
            yield some
            progress(split, start + len(some), n)

    report = DataReport(
        name=name,
        sides=(H, W),
        channels=C,
        train=counts["train"],
        held_out=counts["held_out"],
        dropped=tuple(LeftOut(which, why) for which, why in images.dropped),
    )
    return ImageStream((C, H, W), counts, chunks, report, labels=_labels(images))


def _labels(images: Images) -> dict[str, np.ndarray]:
    """Split -> the labels that the plugin gives, if it gives them for both splits."""
    labels = dict(zip(SPLITS, (images.train_labels, images.held_out_labels), strict=True))
    return {split: np.asarray(each, np.int64) for split, each in labels.items() if each is not None}


def _check_slice(rows: np.ndarray, shape: tuple[int, ...], name: str) -> None:
    if rows.shape != shape or rows.dtype != np.uint8:
        raise DataError(
            f"the data set {name} must give {shape} uint8 when it is sliced, "
            f"it gave {rows.shape} {rows.dtype}"
        )
