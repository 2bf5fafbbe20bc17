"""What gan-bench itself wrote is never read as images of the user's."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Collection
from pathlib import Path

from gan_bench.base.home import cache_dir
from gan_bench.results.layout import CELL, CONTACT_SHEET, CURVE, LOG, PROTOCOL, RECORD, STARTS

META = "data.json"  # of a prepared set in the cache
ARRAYS = {"train.npy", "held_out.npy"}
PROTOCOL_FIELDS = {"data", "schedule", "evaluation"}


def is_ours(names: Collection[str], read: Callable[[str], bytes]) -> bool:
    """Whether gan-bench wrote the folder that has these names in it: results, or a prepared set.

    `read` gives the content of a file in the folder; it may raise an OSError or a ValueError.
    """
    if META in names and set(names) >= ARRAYS:
        return True
    if (CELL in names or RECORD in names) and any(each in names for each in (CURVE, STARTS, LOG)):
        return True
    return PROTOCOL in names and _is_protocol(read)


def _is_protocol(read: Callable[[str], bytes]) -> bool:
    """Other programs may have a file of this name, too."""
    try:
        fields = json.loads(read(PROTOCOL))
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(fields, dict) and set(fields) >= PROTOCOL_FIELDS


def is_sheet(name: str) -> bool:
    """Whether `gan-bench data` writes its contact sheet to a file of this name."""
    return name.endswith(CONTACT_SHEET)


def is_cache(folder: str) -> bool:
    """Whether this real path is the folder of the cache."""
    return folder == os.path.realpath(cache_dir())


def read_below(folder: str) -> Callable[[str], bytes]:
    """A function that reads a file of the folder, at most a MiB of it."""

    def read(name: str) -> bytes:
        path = Path(folder, name)
        if not path.is_file():  # a pipe of this name would never end
            raise FileNotFoundError(path)
        with path.open("rb") as file:
            return file.read(2**20)

    return read
