"""Image arrays on the disk: .npy files that are written in chunks and mapped, not loaded."""

from __future__ import annotations

import io
import math
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from gan_bench.base import text
from gan_bench.contract.errors import StorageError
from gan_bench.contract.offers import Shape
from gan_bench.results.atomic import room, writing


def check_room(needed: int, folder: Path) -> None:
    """StorageError if the disk of the folder has less room than so many bytes of images need."""
    if (free := room(folder)) < needed:
        raise StorageError(
            f"no room for the images: {text.size(needed)} needed, {text.size(free)} free on "
            f"{folder}; make room, or set GAN_BENCH_HOME to a folder on another disk"
        )


def write_array(
    path: Path,
    shape: Shape,
    chunks: Iterable[np.ndarray],
    at_most: int,
    verified: bool = True,
) -> int:
    """Write chunks (n, C, H, W) uint8 as one .npy file; the number of images.

    The header is written last: only then is the number known. `verified` as in `writing`.
    """
    count, head = 0, len(npy_header((0, *shape)))
    with writing(path, at_most * math.prod(shape), head, verified) as draft:
        for rows in chunks:
            draft.add(np.ascontiguousarray(rows).data)
            count += len(rows)
        draft.add_head(npy_header((count, *shape)))
    return count


def npy_header(shape: tuple[int, ...]) -> bytes:
    """The header that numpy.save writes; it is as long for every number of images."""
    buffer = io.BytesIO()
    about = {"descr": "|u1", "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(buffer, about)
    return buffer.getvalue()
