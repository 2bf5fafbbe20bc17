"""A prepared set that came from another machine, or whose source is no longer here."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from gan_bench.base import text
from gan_bench.contract.errors import DataError
from gan_bench.contract.protocol import Data
from gan_bench.data.cache import MAKING, Prepared, locked, opened, set_folder, sets_folder
from gan_bench.data.source import Source
from gan_bench.results.atomic import sync_folder

Copy = Mapping[str, np.ndarray]  # name of a file of a prepared set -> its bytes (n,) uint8


def alike(data: Data) -> tuple[Path, Prepared] | None:
    """The folder of a set in the cache with these very images, whatever it was made from."""
    for folder in sorted(sets_folder().glob(f"{data.name}-{_sides(data)}px-*")):
        found = opened(folder) if folder.is_dir() else None
        if found is not None and found.data == data:
            return folder, found
    return None


def is_gone(source: Source) -> bool:
    """Whether the folder or file that the images come from is not on this machine."""
    return source.root is not None and not source.root.exists()


def copy_of(folder: Path) -> Copy:
    """All files of a prepared set."""
    files = sorted(path for path in folder.iterdir() if path.is_file())
    return {path.name: np.fromfile(path, np.uint8) for path in files}


def keep_copy(data: Data, copy: Copy, source: Source | None = None) -> None:
    """Put the copy into the cache, under its lock; DataError if it is not of these images.

    It stands where the set made from the source would, if there is one.
    """
    named = sets_folder() / f"{data.name}-{_sides(data)}px-{data.fingerprint[:16]}"
    folder = set_folder(source, data.shape[1:]) if source else named
    with locked(folder):
        if alike(data) is None:
            _write(folder, copy)
    if alike(data) is None:
        raise DataError(f"the copy of {data.name} has other images than the protocol")


def _write(folder: Path, copy: Copy) -> None:
    making = folder.with_name(f".{folder.name}{MAKING}")
    shutil.rmtree(making, ignore_errors=True)
    making.mkdir()
    try:
        for name, content in copy.items():
            content.tofile(making / Path(name).name)
        shutil.rmtree(folder, ignore_errors=True)
        making.rename(folder)
        sync_folder(folder.parent)
    finally:
        shutil.rmtree(making, ignore_errors=True)


def _sides(data: Data) -> str:
    return text.sides(*data.shape[1:])
