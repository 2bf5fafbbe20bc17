"""Where images come from: a named data set, a folder or a zip."""

from __future__ import annotations

import hashlib
import json
import math
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from gan_bench.base import text
from gan_bench.base.escape import plain
from gan_bench.contract.errors import DataError
from gan_bench.contract.names import name_of
from gan_bench.contract.offers import Dataset, Images
from gan_bench.contract.protocol import AS_IT_IS, Preparation, Sides
from gan_bench.data.arrays import check_room
from gan_bench.data.choosing.choose import Chosen, choose
from gan_bench.data.choosing.odd import odd_of, tiles_of
from gan_bench.data.choosing.split import HOLD_OUT, NEEDED
from gan_bench.data.files.contents import Files, NoImages, files_of, identity
from gan_bench.data.files.hub import is_hub
from gan_bench.data.files.identity import files_matching, identity_of
from gan_bench.data.gather import channels_of, gather
from gan_bench.data.reasons import Dropped, smaller_size
from gan_bench.data.reporting.report import DataReport, LeftOut, kinds_text
from gan_bench.data.stream import CHUNK_BYTES, SPLITS, ImageStream, Progress, images_at_once

RULE = "3"  # change it with the pixels or the split: the cache is keyed on it
GATHERED = "images.npy"  # all images, before they are split


class Unusable(DataError):
    """The images of the user cannot become a set; the report says all that was left out."""

    def __init__(self, message: str, report: DataReport) -> None:
        super().__init__(message)
        self.report = report


@dataclass(frozen=True)
class Source:
    """A data set and where its files are."""

    dataset: Dataset
    root: Path | None = None
    download: bool = False
    files: bool = False  # whether root is a folder or zip of the user's, not of a named set
    preparation: Preparation = AS_IT_IS  # of a folder or zip

    def key(self, sides: Sides) -> str:
        """A digest of all that the pixels depend on, found without decoding an image."""
        preparation = self.preparation.model_dump(exclude_defaults=True)
        about = [self.dataset.name, self.dataset.version, sides, preparation, self._identity()]
        return hashlib.sha256(json.dumps(about).encode()).hexdigest()[:16]

    def _identity(self) -> list[Any]:
        if self.root is None:
            return []
        if self.files:
            return identity(self.root)
        return identity_of(str(self.root), list(files_matching(self.root, self.dataset.reads)))

    @contextmanager
    def open(self, sides: Sides, scratch: Path, progress: Progress) -> Iterator[ImageStream]:
        """The images at that size; files stay open within the block. DataError.

        `scratch` is a folder for what is written on the way.
        """
        if self.files:
            with _chosen(self, sides, scratch, progress) as (chosen, odd):
                counts = {split: len(rows) for split, rows in chosen.rows.items()}
                shape = (chosen.channels, *sides)
                yield ImageStream(
                    shape,
                    counts,
                    chosen.chunks,
                    chosen.report,
                    labels=chosen.labels,
                    tiles=odd,
                )
        else:
            yield _stream_of_plugin(_loaded(self, sides), self.dataset.name, sides, progress)


def files_at(path: Path, preparation: Preparation = AS_IT_IS, name: str | None = None) -> Source:
    """A folder, a zip or another file of the user's, as a data set.

    It is named after the path by default. Its root is the real path, so that it means the same
    for every process, wherever that runs and whatever becomes of a link.
    """
    root = path if is_hub(path) else Path(os.path.realpath(path))

    def load(_: Path | None, size: int, download: bool) -> Images:
        return _in_memory(source, (size, size))

    dataset = Dataset(name=name or _name_of(path), source="your own", version=RULE, load=load)
    source = Source(dataset, root, files=True, preparation=preparation)
    return source


def _name_of(path: Path) -> str:
    """The name that the user calls it by: that of a link, but of "." the folder's own."""
    says_nothing = path.name in ("", ".", "..")
    return name_of(Path(os.path.realpath(path)) if says_nothing else path)


# Folders and zips
@contextmanager
def _chosen(
    source: Source, sides: Sides, scratch: Path, progress: Progress
) -> Iterator[tuple[Chosen, np.ndarray]]:
    """The images in a folder or zip, in order of their names, and the tiles of the odd ones.

    Unusable if they are too few.
    """
    assert source.root is not None
    name, preparation = source.dataset.name, source.preparation
    try:
        with files_of(source.root, preparation.folder) as files:
            image_bytes = channels_of(preparation) * math.prod(sides)
            check_room(2 * len(files.members) * image_bytes, scratch)  # gathered, and then split
            gathered = gather(files.members, sides, preparation, scratch / GATHERED, progress)
            chosen = choose(gathered, preparation, name)
            odd = odd_of(chosen)
            report = replace(
                chosen.report,
                odd=tuple(each.named(gathered.origins) for each in odd),
                not_used=(*chosen.report.not_used, *files.not_used),
                notes=(*files.notes, *chosen.report.notes),
            )
            if chosen.refusal:
                raise Unusable(f"{source.root}: {chosen.refusal}", report)
            if report.train + report.held_out < HOLD_OUT:
                raise Unusable(_too_few(source.root, report, gathered.dropped), report)
            yield replace(chosen, report=report), tiles_of(chosen, odd)
    except NoImages as error:
        raise Unusable(str(error), _empty_report(name, sides, error.files)) from error


def _empty_report(name: str, sides: Sides, files: Files) -> DataReport:
    return DataReport(
        name=name,
        sides=sides,
        channels=3,
        train=0,
        held_out=0,
        not_used=files.not_used,
        notes=files.notes,
    )


def _in_memory(source: Source, sides: Sides) -> Images:
    """All images at once, for callers of Dataset.load; `prepare` reads the stream instead."""
    with (
        tempfile.TemporaryDirectory() as scratch,
        source.open(sides, Path(scratch), lambda *_: None) as stream,
    ):
        none = np.empty((0, *stream.shape), np.uint8)
        train, held_out = (np.concatenate([none, *stream.chunks(split)]) for split in SPLITS)
        dropped = [(each.name, each.why) for each in stream.report.dropped]
        train_labels, held_out_labels = (stream.labels.get(split) for split in SPLITS)
    return Images(
        train=train,
        held_out=held_out,
        train_labels=train_labels,
        held_out_labels=held_out_labels,
        dropped=dropped,
    )


def _too_few(root: Path, report: DataReport, dropped: Sequence[Dropped]) -> str:
    used = report.train + report.held_out
    total = used + len(dropped)
    has = f"{root} has {'one image' if total == 1 else text.plural(total, 'image')}"
    if not dropped:
        return f"{has}, and {NEEDED}: add images"
    use = "none can be used" if not used else f"only {used} can be used, and {NEEDED}"
    hint = smaller_size(dropped)
    first = plain(str(report.dropped[0]))
    return f"{has}, {use}: {kinds_text(report.reasons)}{hint}; the first: {first}"


# Data sets of plugins
def _loaded(source: Source, sides: Sides) -> Images:
    """What the plugin loads; DataError unless it is (N, 1 to 4, H, W) uint8 with images in it."""
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
    if not 1 <= (channels := first.shape[1]) <= 4:
        raise DataError(
            f"the data set {name} gives images of {channels} channels, which no sheet of samples "
            "can show: give 1 to 4 (grey, grey and alpha, colours, colours and alpha)"
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
