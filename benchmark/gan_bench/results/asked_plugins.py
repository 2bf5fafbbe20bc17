"""Which plugin files the user of this machine has named: only these are run unasked again.

`cell.json` says which files a cell was trained with, and they are loaded again for whatever is done
with the cell. But a results folder may come from anybody: a path in it is no request to run a file.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from gan_bench.base.escape import plain
from gan_bench.base.home import cache_dir
from gan_bench.contract.errors import StorageError, UsageError
from gan_bench.results.atomic import make_folder, write_json
from gan_bench.results.reading import read_bytes

ASKED = "asked-plugins.json"  # in the cache; who deletes it names the files again


def note_asked(plugins: Iterable[str | Path]) -> None:
    """Remember that the user named these files; where nothing can be kept, nothing is."""
    known = _known()
    if new := {os.path.abspath(path) for path in plugins} - known:
        with suppress(StorageError):
            make_folder(cache_dir())
            write_json(cache_dir() / ASKED, sorted(known | new))


def asked_of(written: Iterable[str], given: Iterable[str | Path], of: str) -> tuple[str, ...]:
    """The plugin files for something that was made elsewhere or earlier.

    These are what the user gives now, and of those that are `written` there what the user has
    named before. UsageError if there is another one and nothing is given in its place.
    """
    now = [os.path.abspath(path) for path in given]
    note_asked(now)
    before = [os.path.abspath(path) for path in written]
    unknown = [path for path in before if os.path.exists(path) and not is_asked(path)]
    if unknown and not now:
        raise UsageError(
            f"{of} says that it needs the code in {plain(unknown[0])}, which nobody has asked "
            "gan-bench to run on this machine: look at that file, and then give it with --plugin"
        )
    return tuple(dict.fromkeys([*(path for path in before if path not in unknown), *now]))


def is_asked(path: str) -> bool:
    """Whether the user has named the file at this absolute path."""
    return path in _known()


def has_asked() -> bool:
    """Whether the user has ever named a file: then results may need names that only it offers."""
    return bool(_known())


def _known() -> set[str]:
    """Absolute paths; none if the file is not there or damaged. StorageError if the disk fails."""
    path = cache_dir() / ASKED
    if not os.path.lexists(path):
        return set()
    try:
        found = json.loads(read_bytes(path))
    except (ValueError, RecursionError):
        return set()
    return {path for path in found if isinstance(path, str)} if isinstance(found, list) else set()
