"""Prepared data sets: uint8 memmaps in the cache, and a report of what was dropped."""

from __future__ import annotations

import glob
import hashlib
import json
import math
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import filelock
import numpy as np

from gan_bench.base import text
from gan_bench.base.escape import plain
from gan_bench.base.home import cache_dir
from gan_bench.contract.errors import StorageError
from gan_bench.contract.protocol import Data, Sides
from gan_bench.data.arrays import check_room, npy_header, write_array
from gan_bench.data.choosing.choose import pixels_of
from gan_bench.data.choosing.odd import looked_at, tiles
from gan_bench.data.files.ours import META
from gan_bench.data.in_use import InUse
from gan_bench.data.reporting.report import DataReport, kinds_text, report_of
from gan_bench.data.source import GATHERED, Source, Unusable
from gan_bench.data.stream import SPLITS, ImageStream, Progress
from gan_bench.results.atomic import PART, sync_folder, write_json

TILES = "tiles.npy"  # the odd images of the contact sheet
NO_TILES = np.empty((0, 3, 1, 1), np.uint8)
MAKING = ".making"  # ending of the folder of a set that is being made
LISTED = 10  # dropped images that a message names


@dataclass(frozen=True)
class Prepared:
    """A data set in the cache: memmaps (n, C, H, W) uint8 of both splits, and the data report.

    For as long as it is kept, `gan-bench cache` does not remove the set.
    """

    data: Data
    train: np.ndarray
    held_out: np.ndarray
    report: DataReport
    tiles: np.ndarray = field(default_factory=lambda: NO_TILES)  # (k, C, h, w), of `report.odd`
    labels: Mapping[str, np.ndarray] = field(default_factory=dict)  # split -> (n,) int64, or none
    in_use: InUse | None = field(default=None, repr=False, compare=False)

    @property
    def classes(self) -> int | None:
        """How many classes the images have, counted from 0; None without labels."""
        known = [int(labels.max()) for labels in self.labels.values() if len(labels)]
        return max(known) + 1 if "train" in self.labels and known else None


def prepare(source: Source, size: int | Sides, progress: Progress = lambda *_: None) -> Prepared:
    """The data set at that size, from the cache, or made and kept there.

    Raises DataError for what is wrong with the images, StorageError for the cache.
    """
    sides = sides_of(size)
    folder = set_folder(source, sides)
    with locked(folder):
        try:
            return _open(folder)
        except (OSError, ValueError, LookupError, TypeError):  # not there, or damaged
            _make(source, sides, folder, progress)
        return _open(folder)


def cached(source: Source, size: int | Sides) -> Prepared | None:
    """The data set at that size if it is in the cache; nothing is made."""
    return opened(set_folder(source, sides_of(size)))


def opened(folder: Path) -> Prepared | None:
    """The prepared set in this folder of the cache; None if it is not there, or damaged."""
    try:
        return _open(folder)
    except (OSError, ValueError, LookupError, TypeError):
        return None


def sides_of(size: int | Sides) -> Sides:
    """(H, W) of a square by its side; other sides stay as they are."""
    return (size, size) if isinstance(size, int) else size


def sets_folder() -> Path:
    """The folder of all prepared sets."""
    return cache_dir() / "images"


def features_folder() -> Path:
    """The folder of what was computed from the real images."""
    return cache_dir() / "features"


def set_folder(source: Source, sides: Sides) -> Path:
    """Where the set made from this source at that size is kept."""
    return sets_folder() / f"{source.dataset.name}-{text.sides(*sides)}px-{source.key(sides)}"


def check_bad(prepared: Prepared, most_percent: float) -> None:
    """Unusable if more than this percentage of the images was dropped."""
    check_dropped(prepared.report, most_percent)


def check_dropped(report: DataReport, most_percent: float, hint: str = "") -> None:
    """Unusable if a report has more than this percentage of its images among the dropped.

    `hint`: what lets more of them in.
    """
    dropped = len(report.dropped)
    total = report.train + report.held_out + dropped
    percent = 100 * dropped / total
    if percent > most_percent:
        named = "".join(f"\n  {plain(str(each))}" for each in report.dropped[:LISTED])
        more = dropped - LISTED
        rest = f"\n  and {more:,} more" if more > 0 else ""
        raise Unusable(
            f"{dropped:,} of the {text.plural(total, 'image')} of {report.name} cannot be "
            f"used, more than {most_percent:g} %: {kinds_text(report.reasons)}{hint}{named}{rest}\n"
            f"Mend or remove them, or allow them with --max-bad {math.ceil(10 * percent) / 10:g}",
            report,
        )


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock of this part of the cache, so that two runs do not make it twice.

    Temporary files of killed processes are deleted. StorageError for whatever the system refuses.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with filelock.FileLock(f"{path}.lock"):
            for part in path.parent.glob(f".{glob.escape(path.name)}.*{PART}"):
                part.unlink()
            yield
    except OSError as error:
        raise StorageError(
            f"cannot use the cache {path.parent}: {error.strerror or error}; "
            "set GAN_BENCH_HOME to a folder that can be written"
        ) from error


def _make(source: Source, sides: Sides, folder: Path, progress: Progress) -> None:
    # a fixed name: if this process is killed, the next one deletes what it left
    making = folder.with_name(f".{folder.name}{MAKING}")
    shutil.rmtree(making, ignore_errors=True)
    making.mkdir()
    try:
        with source.open(sides, making, progress) as stream:
            check_room(sum(stream.counts.values()) * math.prod(stream.shape), folder.parent)
            for split in SPLITS:
                at_most = stream.counts[split]
                write_array(_array(making, split), stream.shape, stream.chunks(split), at_most)
            data = _data(source.dataset.name, making, stream)
        for split, labels in stream.labels.items():
            np.save(_labels(making, split), labels)
        (making / GATHERED).unlink(missing_ok=True)
        report, odd = _looked_at(making, stream)
        np.save(making / TILES, odd)
        document = {
            "data": data.model_dump(mode="json"),
            "report": report.document(),
            "root": str(source.root) if source.root else None,
        }
        write_json(making / META, document)
        shutil.rmtree(folder, ignore_errors=True)
        making.rename(folder)
        sync_folder(folder.parent)
    finally:
        shutil.rmtree(making, ignore_errors=True)


def _looked_at(folder: Path, stream: ImageStream) -> tuple[DataReport, np.ndarray]:
    """The report, and the tiles of the odd images in it; a plugin's images are looked at here."""
    if stream.tiles is not None:
        return stream.report, stream.tiles
    images = np.load(_array(folder, "train"), mmap_mode="r")
    kinds, facts = looked_at(images)
    return replace(
        stream.report,
        pixels=pixels_of(facts),
        odd=tuple(each.named() for each in kinds),
    ), tiles(images, kinds)


def _labels(folder: Path, split: str) -> Path:
    return folder / f"{split}_labels.npy"


def _array(folder: Path, split: str) -> Path:
    return folder / f"{split}.npy"


def _data(name: str, folder: Path, stream: ImageStream) -> Data:
    """The data set as protocols name it; the fingerprint is of shapes and pixels, not of files."""
    digest = hashlib.sha256()
    for split in SPLITS:
        whole = (stream.counts[split], *stream.shape)
        digest.update(json.dumps(whole).encode())
        with _array(folder, split).open("rb") as file:
            file.seek(len(npy_header(whole)))
            hashlib.file_digest(file, lambda: digest)
    counts = {split: stream.counts[split] for split in SPLITS}
    return Data(name=name, fingerprint=digest.hexdigest(), shape=stream.shape, **counts)


def _open(folder: Path) -> Prepared:
    meta = json.loads((folder / META).read_text(encoding="utf-8"))
    in_use = InUse(folder / META)
    # "c": pages are private, so torch takes the arrays without a copy and cannot alter the file
    arrays = [np.load(_array(folder, split), mmap_mode="c") for split in SPLITS]
    files = {split: _labels(folder, split) for split in SPLITS}
    return Prepared(
        data=Data(**meta["data"]),
        train=arrays[0],
        held_out=arrays[1],
        report=report_of(meta["report"]),
        tiles=np.load(folder / TILES),
        labels={split: np.load(path) for split, path in files.items() if path.exists()},
        in_use=in_use,
    )
