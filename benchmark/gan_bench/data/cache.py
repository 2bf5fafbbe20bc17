"""Prepared data sets: uint8 memmaps on the disk, made once."""

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
from gan_bench.data.source import Source, count_reasons, reasons_text
from gan_bench.data.split import SPLITS, Incoming, Progress
from gan_bench.results.atomic import PART, room, sync_folder, write_json, writing

LISTED = 10  # dropped images named in the report


@dataclass(frozen=True)
class Prepared:
    """A data set as training reads it: memmaps (n, C, H, W) uint8, and what was dropped."""

    data: Data
    train: np.ndarray
    held_out: np.ndarray
    report: dict[str, Any]


def prepare(source: Source, size: int, progress: Progress = lambda *_: None) -> Prepared:
    """The data set at that size, from the cache if it is there, else made and kept."""
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
    """DataError if more than so many percent of the images that were found had to be dropped."""
    report = prepared.report
    dropped = report["dropped"]
    found = report["train"] + report["held_out"] + dropped
    percent = 100 * dropped / found
    if percent > most_percent:
        listed = "".join(f"\n  {plain(line)}" for line in report["first_dropped"])
        more = dropped - len(report["first_dropped"])
        rest = f"\n  and {more:,} more" if more else ""
        raise DataError(
            f"{dropped:,} of the {found:,} images of {prepared.data.name} cannot be used, more "
            f"than {most_percent:g} %: {reasons_text(report['reasons'])}{listed}{rest}\n"
            f"Mend or remove them, or allow them with --max-bad {math.ceil(10 * percent) / 10:g}"
        )


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Two runs that start at once make a part of the cache once."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with filelock.FileLock(f"{path}.lock"):
            for part in path.parent.glob(f".{glob.escape(path.name)}.*{PART}"):  # of a killed one
                part.unlink()
            yield
    except OSError as error:
        raise StorageError(
            f"cannot use the cache {path.parent}: {error.strerror or error}; "
            "set GAN_BENCH_HOME to a folder that can be written"
        ) from error


def _make(source: Source, size: int, folder: Path, progress: Progress) -> None:
    made = folder.with_name(f".{folder.name}.making")  # its name is known, to whoever is next
    with source.coming(size, progress) as coming:
        _check_room(coming, source.dataset.name, folder.parent)
        shutil.rmtree(made, ignore_errors=True)
        made.mkdir()
        try:
            counts = _write(coming, made)
            data = _data(source.dataset.name, made, coming.shape, counts)
            report = _report(coming, counts, size)
            write_json(made / "data.json", {"data": data.model_dump(mode="json"), "report": report})
            shutil.rmtree(folder, ignore_errors=True)
            made.rename(folder)
            sync_folder(folder.parent)
        finally:
            shutil.rmtree(made, ignore_errors=True)


def _check_room(coming: Incoming, name: str, cache: Path) -> None:
    needed = coming.most * math.prod(coming.shape)
    if (free := room(cache)) < needed:
        raise StorageError(
            f"no room for the data set {name}: needs {text.size(needed)}, {text.size(free)} free "
            f"on {cache}; make room, or set GAN_BENCH_HOME to a folder on another disk"
        )


def _write(coming: Incoming, folder: Path) -> dict[str, int]:
    """Every image where it belongs, as it comes; how many there are in which split.

    How many, which stands at the beginning of a file, is only known at its end.
    """
    counts = dict.fromkeys(SPLITS, 0)
    head, most = _npy_header((0, *coming.shape)), coming.most * math.prod(coming.shape)
    with ExitStack() as stack:
        drafts = {
            split: stack.enter_context(writing(folder / f"{split}.npy", most, len(head)))
            for split in SPLITS
        }
        for split, rows in coming.pieces:
            drafts[split].add(rows.data)
            counts[split] += len(rows)
        for split, draft in drafts.items():
            draft.add_head(_npy_header((counts[split], *coming.shape)))
    return counts


def _npy_header(shape: tuple[int, ...]) -> bytes:
    """As numpy.save has it: the same length for every count, so that an array can grow."""
    buffer = io.BytesIO()
    about = {"descr": "|u1", "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(buffer, about)
    return buffer.getvalue()


def _data(name: str, folder: Path, shape: Shape, counts: Mapping[str, int]) -> Data:
    """What is kept there; its fingerprint is of shapes and pixels, not of how they are kept."""
    digest = hashlib.sha256()
    for split in SPLITS:
        whole = (counts[split], *shape)
        digest.update(json.dumps(whole).encode())
        with (folder / f"{split}.npy").open("rb") as file:
            file.seek(len(_npy_header(whole)))
            hashlib.file_digest(file, lambda: digest)
    return Data(name=name, fingerprint=digest.hexdigest(), shape=shape, **counts)


def _report(coming: Incoming, counts: Mapping[str, int], size: int) -> dict[str, Any]:
    return {
        "size": size,
        **counts,
        "dropped": len(coming.dropped),
        "reasons": count_reasons(coming.dropped),
        "first_dropped": [f"{which}: {why}" for which, why in coming.dropped[:LISTED]],
    }


def _open(folder: Path) -> Prepared:
    meta = json.loads((folder / "data.json").read_text(encoding="utf-8"))
    # "c": pages are private, so torch takes the arrays without a copy and cannot alter the file
    arrays = [np.load(folder / f"{split}.npy", mmap_mode="c") for split in SPLITS]
    return Prepared(Data(**meta["data"]), arrays[0], arrays[1], meta["report"])
