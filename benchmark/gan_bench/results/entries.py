"""Rows that were not trained here: where their images came from, and what they score."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from gan_bench.contract.errors import StorageError
from gan_bench.contract.protocol import Count, Evaluation
from gan_bench.results.atomic import write_json
from gan_bench.results.layout import ENTRIES, ENTRY, HOUSEKEEPING
from gan_bench.results.locks import alone_in, is_locked, remove_parts
from gan_bench.results.reading import read_model
from gan_bench.results.records import Score

Kind = Literal["images", "generator", "TorchScript", "ONNX", "plugin"]


class EntryRecord(BaseModel):
    """An entry under a protocol. It has no cost and no curve, because nothing was trained."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    name: str
    kind: Kind
    origin: str  # the path as it was given, or the plugin's name and source
    fingerprint: str  # SHA-256 of the pixels that were scored
    images: Count  # that were scored
    evaluation: Evaluation  # how they were scored
    scores: dict[str, Score] = {}
    unscored: dict[str, str] = {}  # metrics that refused, and why
    details: dict[str, str] = {}  # what weighs most, by metric
    notes: tuple[str, ...] = ()
    device: str
    versions: dict[str, str] = {}
    ended: str  # UTC, ISO 8601


@contextmanager
def alone_in_entry(folder: Path, home: Path) -> Iterator[None]:
    """Lock the folder of an entry for the block; `home` is that of its protocol.

    If the block ends without a record, the folder goes, and so does that of all entries if it is
    empty.
    """
    try:
        with alone_in(folder, "scoring", within=home):
            remove_parts(folder)
            try:
                yield
            finally:  # while it is locked: nobody else begins in it
                _tidy(folder)
    except BaseException:
        if not is_locked(folder):  # an interrupt may come just before the block, or after it
            _tidy(folder)
        raise


def _tidy(folder: Path) -> None:
    """Delete what says that a process works in the folder of an entry, and the folder if it can go.

    The lock of an entry that has a record stays, as every lock does.
    """
    kept = os.path.lexists(folder / ENTRY)
    with suppress(OSError):  # another file is there, or the whole protocol is gone
        for name in HOUSEKEEPING[1:] if kept else HOUSEKEEPING:
            (folder / name).unlink(missing_ok=True)
        if not kept:
            folder.rmdir()
            folder.parent.rmdir()


def check_writable(home: Path) -> None:
    """StorageError if no entry can be written under this protocol."""
    folder = home / ENTRIES if (home / ENTRIES).exists() else home
    if not os.access(folder, os.W_OK):
        raise StorageError(
            f"{folder} is read-only, and the scores are kept there: make it writable, or copy the "
            "results to another folder and give that with --like"
        )


def write_entry(folder: Path, entry: EntryRecord) -> None:
    """Write the record of an entry into its folder."""
    write_json(folder / ENTRY, entry.model_dump(mode="json"))


def read_entry(folder: Path) -> EntryRecord:
    """The record of an entry. StorageError if it is not there or damaged."""
    return read_model(folder / ENTRY, EntryRecord)
