"""The line of a data report that stands beside a leaderboard."""

from __future__ import annotations

from pathlib import Path

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
    try:
        document = from_json(read_bytes(protocol_folder / DATA_REPORT))
    except (StorageError, ValueError):
        return None
    summary = document.get("summary") if isinstance(document, dict) else None
    return summary[:LONGEST] if isinstance(summary, str) and summary else None
