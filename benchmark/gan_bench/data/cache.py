"""Prepared data sets: uint8 memmaps in the cache, and a report of what was dropped."""

from __future__ import annotations

import glob
import hashlib
import io
import json
import math
import shutil
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import filelock
import numpy as np

from gan_bench.base import text
from gan_bench.base.escape import plain
from gan_bench.base.home import cache_dir
from gan_bench.contract.errors import DataError, StorageError
from gan_bench.contract.offers import Shape
from gan_bench.contract.protocol import Data
from gan_bench.data.reasons import count_reasons, reasons_text
from gan_bench.data.source import Source
from gan_bench.data.split import SPLITS, ImageStream, Progress
from gan_bench.results.atomic import PART, room, sync_folder, write_json, writing

META = "data.json"
LISTED = 10  # dropped images that the report names


@dataclass(frozen=True)
class Prepared:
    """A data set in the cache: memmaps (n, C, H, W) uint8 of both splits, and the data report."""

    data: Data
    train: np.ndarray
    held_out: np.ndarray
    report: dict[str, Any]


def prepare(source: Source, size: int, progress: Progress = lambda *_: None) -> Prepared:
    """The data set at that size, from the cache, or made and kept there.

    Raises DataError for what is wrong with the images, StorageError for the cache.
    """
    folder = _folder(source, size)
    with locked(folder):
        try:
            return _open(folder)
        except (OSError, ValueError, LookupError, TypeError):  # not there, or damaged
            _make(source, size, folder, progress)
        return _open(folder)


def cached(source: Source, size: int) -> Prepared | None:
    """The data set at that size if it is in the cache; nothing is made."""
    try:
        return _open(_folder(source, size))
    except (OSError, ValueError, LookupError, TypeError):  # not there, or damaged
        return None


def _folder(source: Source, size: int) -> Path:
    return cache_dir() / "images" / f"{source.dataset.name}-{size}px-{source.key(size)}"


def check_bad(prepared: Prepared, most_percent: float) -> None:
    """DataError if more than this percentage of the images was dropped."""
    report = prepared.report
    dropped = report["dropped"]
    total = report["train"] + report["held_out"] + dropped
    percent = 100 * dropped / total
    if percent > most_percent:
        named = "".join(f"\n  {plain(line)}" for line in report["first_dropped"])
        more = dropped - len(report["first_dropped"])
        rest = f"\n  and {more:,} more" if more else ""
        raise DataError(
            f"{dropped:,} of the {text.plural(total, 'image')} of {prepared.data.name} cannot be "
            f"used, more than {most_percent:g} %: {reasons_text(report['reasons'])}{named}{rest}\n"
            f"Mend or remove them, or allow them with --max-bad {math.ceil(10 * percent) / 10:g}"
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


def _make(source: Source, size: int, folder: Path, progress: Progress) -> None:
    # a fixed name: if this process is killed, the next one deletes what it left
    making = folder.with_name(f".{folder.name}.making")
    with source.open(size, progress) as stream:
        _check_room(stream, source.dataset.name, folder.parent)
        shutil.rmtree(making, ignore_errors=True)
        making.mkdir()
        try:
            counts = _write(stream, making)
            data = _data(source.dataset.name, making, stream.shape, counts)
            report = _report(stream, counts, size)
            document = {"data": data.model_dump(mode="json"), "report": report}
            write_json(making / META, document)
            shutil.rmtree(folder, ignore_errors=True)
            making.rename(folder)
            sync_folder(folder.parent)
        finally:
            shutil.rmtree(making, ignore_errors=True)


def _check_room(stream: ImageStream, name: str, cache: Path) -> None:
    needed = stream.at_most * math.prod(stream.shape)
    if (free := room(cache)) < needed:
        raise StorageError(
            f"no room for the data set {name}: needs {text.size(needed)}, {text.size(free)} free "
            f"on {cache}; make room, or set GAN_BENCH_HOME to a folder on another disk"
        )


def _write(stream: ImageStream, folder: Path) -> dict[str, int]:
    """Write every chunk to the .npy file of its split; images of each split.

    The header is written last: only then is the number of images known.
    """
    counts = dict.fromkeys(SPLITS, 0)
    head = _npy_header((0, *stream.shape))
    most = stream.at_most * math.prod(stream.shape)
    with ExitStack() as stack:
        drafts = {
            split: stack.enter_context(writing(_array(folder, split), most, len(head)))
            for split in SPLITS
        }
        for split, rows in stream.chunks:
            drafts[split].add(rows.data)
            counts[split] += len(rows)
        for split, draft in drafts.items():
            draft.add_head(_npy_header((counts[split], *stream.shape)))
    return counts


def _array(folder: Path, split: str) -> Path:
    return folder / f"{split}.npy"


def _npy_header(shape: tuple[int, ...]) -> bytes:
    """The header that numpy.save writes; it is as long for every number of images."""
    buffer = io.BytesIO()
    about = {"descr": "|u1", "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(buffer, about)
    return buffer.getvalue()


def _data(name: str, folder: Path, shape: Shape, counts: Mapping[str, int]) -> Data:
    """The data set as protocols name it; the fingerprint is of shapes and pixels, not of files."""
    digest = hashlib.sha256()
    for split in SPLITS:
        whole = (counts[split], *shape)
        digest.update(json.dumps(whole).encode())
        with _array(folder, split).open("rb") as file:
            file.seek(len(_npy_header(whole)))
            hashlib.file_digest(file, lambda: digest)
    return Data(name=name, fingerprint=digest.hexdigest(), shape=shape, **counts)


def _report(stream: ImageStream, counts: Mapping[str, int], size: int) -> dict[str, Any]:
    return {
        "size": size,
        **counts,
        "dropped": len(stream.dropped),
        "reasons": count_reasons(stream.dropped),
        "first_dropped": [str(image) for image in stream.dropped[:LISTED]],
    }


def _open(folder: Path) -> Prepared:
    meta = json.loads((folder / META).read_text(encoding="utf-8"))
    # "c": pages are private, so torch takes the arrays without a copy and cannot alter the file
    arrays = [np.load(_array(folder, split), mmap_mode="c") for split in SPLITS]
    return Prepared(Data(**meta["data"]), arrays[0], arrays[1], meta["report"])
