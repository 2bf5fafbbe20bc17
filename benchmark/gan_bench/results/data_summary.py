"""What is read of a data report after the training: its line, and the names of the classes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic_core import from_json

from gan_bench.contract.errors import StorageError
from gan_bench.results.layout import DATA_REPORT
from gan_bench.results.reading import read_bytes

LONGEST = 1000  # characters


def read_data_summary(protocol_folder: Path) -> str | None:
    """What was used and left out of the images: 5,000 images of 6 folders; 12 dropped (12 empty).

    None if there is no data report, if it is of an older version, or if it cannot be read: the
    scores do not depend on it.
    """
    summary = _document(protocol_folder).get("summary")
    return summary[:LONGEST] if isinstance(summary, str) and summary else None


def class_names(protocol_folder: Path, count: int | None = None) -> tuple[str, ...]:
    """The names of the classes in order of their numbers; none if the report has not so many.

    The numbers are those of the sorted names: see data/choosing/labels.
    """
    counts = _document(protocol_folder).get("counts")
    names = counts.get("classes") if isinstance(counts, dict) else None
    if not isinstance(names, dict) or count not in (None, len(names)):
        return ()
    return tuple(sorted(names))


def _document(protocol_folder: Path) -> dict[str, Any]:
    """The report; empty if there is none that can be read."""
    try:
        document = from_json(read_bytes(protocol_folder / DATA_REPORT))
    except (StorageError, ValueError):
        return {}
    return document if isinstance(document, dict) else {}
