"""The class of each image, if the images lie in class folders."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gan_bench.data.files.selection import PARTS


def class_labels(names: Sequence[str]) -> tuple[tuple[str, ...], np.ndarray] | None:
    """The sorted names of the classes, and (n,) int64, the class of each image; None without.

    The classes are the folders directly below the folder that holds everything, if all images lie
    in two or more of them. Folders called train, test or val are no classes: those in them count.
    """
    folders = [name.rpartition("/")[0] for name in names]
    parts = {folder: _without_splits(folder) for folder in set(folders)}
    shared = _shared(list(parts.values()))
    if any(len(below) <= shared for below in parts.values()):
        return None
    classes = sorted({below[shared] for below in parts.values()})
    if len(classes) < 2:
        return None
    numbers = {name: k for k, name in enumerate(classes)}
    labels = [numbers[parts[folder][shared]] for folder in folders]
    return tuple(classes), np.array(labels, np.int64)


def _shared(folders: Sequence[tuple[str, ...]]) -> int:
    """How many of their first parts are the same in all folders."""
    first, last = min(folders, default=()), max(folders, default=())
    pairs = zip(first, last, strict=False)
    return next((k for k, (one, other) in enumerate(pairs) if one != other), len(first))


def _without_splits(folder: str) -> tuple[str, ...]:
    parts = filter(None, folder.split("/"))
    return tuple(part for part in parts if not PARTS.fullmatch(part))
