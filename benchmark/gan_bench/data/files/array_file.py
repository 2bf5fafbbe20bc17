"""Images in a .npy or .npz file: each becomes a member that the decoder reads as it reads a PNG."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from PIL import Image

from gan_bench.base import text
from gan_bench.base.escape import plain
from gan_bench.contract.errors import DataError
from gan_bench.data.files.archive import ZipMember
from gan_bench.data.reasons import Refused

CHANNELS = (1, 3, 4)
MOST_LOADED = 4 * 2**30  # bytes of an array in a .npz, which is loaded; a .npy is mapped
MOST_IMAGES = 100_000_000  # in all arrays of a file: each is an object here
LONGEST = 300  # characters of what numpy says
SUFFIX = ".npy"
RULE = (
    "images must be uint8, (N, H, W), (N, H, W, C) or (N, C, H, W), with 1, 3 or 4 channels C "
    "and more pixels on each side"
)


@dataclass(frozen=True, slots=True)
class ArrayMember:
    """An image of an array: (H, W) or (H, W, C) uint8."""

    name: str
    pixels: np.ndarray

    def size(self) -> int:
        """Bytes that `open` gives at most."""
        return 2 * self.pixels.nbytes + 4096

    def open(self) -> IO[bytes]:
        """The image as a PNG that is not packed."""
        buffer = io.BytesIO()
        Image.fromarray(np.ascontiguousarray(self.pixels)).save(buffer, "PNG", compress_level=0)
        buffer.seek(0)
        return buffer


def members_of_npy(path: Path) -> list[ArrayMember]:
    """The images of a .npy file, which is mapped; DataError if it holds no images."""
    try:
        _check_whole(path)
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except Exception as error:  # numpy parses the header as Python, and lets its errors through
        raise DataError(_why_unread(path, error)) from error
    if why := _why_no_images(array):
        raise DataError(f"{path}: {why}: {RULE}")
    return list(_members(array, ""))


def _why_unread(path: Path, error: Exception) -> str:
    """Whether it is cut off or has Python objects, which numpy says in words of its own."""
    try:
        with path.open("rb") as file:
            shape, _, dtype = _header(file)
            there = path.stat().st_size - file.tell()
    except Exception:  # as above
        return f"cannot read {path}: {plain(str(error))[:LONGEST]}"
    if dtype.hasobject:
        return f"cannot read {path}: it holds Python objects, which can run any program: {RULE}"
    if there < _claimed(shape, dtype):
        return f"cannot read {path}: it is only the beginning of a file: download or save it again"
    return f"cannot read {path}: {plain(str(error))[:LONGEST]}"


def _check_whole(path: Path) -> None:
    """ValueError if the header claims more than the file has: numpy multiplies until it wraps."""
    with path.open("rb") as file:
        shape, _, dtype = _header(file)
        if path.stat().st_size - file.tell() < _claimed(shape, dtype):
            raise ValueError("its header claims more than it has")


def _header(file: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Shape, order and dtype of an array that begins here.

    ValueError if its values have no bytes: numpy divides by their size, which ends the process.
    """
    version = np.lib.format.read_magic(file)
    first = np.lib.format.read_array_header_1_0
    header = (first if version == (1, 0) else np.lib.format.read_array_header_2_0)(file)
    if not header[2].itemsize:
        raise ValueError(f"its values, of type {header[2]}, have no bytes")
    return header


def _claimed(shape: tuple[int, ...], dtype: np.dtype[Any]) -> float:
    """Bytes of such an array."""
    return dtype.itemsize * float(np.prod(shape, dtype=float))


def is_npz(archive: zipfile.ZipFile) -> bool:
    """Whether all that the zip holds are arrays."""
    names = archive.namelist()
    return bool(names) and all(name.endswith(SUFFIX) for name in names)


def members_of_npz(archive: zipfile.ZipFile, path: Path) -> tuple[list[ArrayMember], list[str]]:
    """The images of all arrays that hold images, and the names of the other arrays.

    An array's name is the folder of its images. DataError if no array holds images.
    """
    members, others, reasons = list[ArrayMember](), list[str](), list[str]()
    for info in archive.infolist():
        name = info.filename.removesuffix(SUFFIX)
        array = _loaded(ZipMember(name, archive, info), path)
        why = _why_no_images(array)
        if why:
            others.append(name)
            reasons.append(f"{plain(name)}: {why}")
        else:
            members += _members(array, f"{name}/")
    if not members:
        raise DataError(f"no images in {path}: {'; '.join(reasons)}: {RULE}")
    return members, others


def _loaded(member: ZipMember, path: Path) -> np.ndarray:
    """An array of a .npz. Its header is checked first: numpy would allocate what it claims."""
    try:
        size = member.size()
        with member.open() as file:
            shape, _, dtype = _header(file)
        claimed = _claimed(shape, dtype)
        if claimed > size:
            raise ValueError(f"its header claims {text.size(claimed)}, it has {text.size(size)}")
        if size > MOST_LOADED:
            raise ValueError(
                f"it has {text.size(size)}; save it as .npy, which is not loaded whole"
            )
        with member.open() as file:
            array: np.ndarray = np.lib.format.read_array(file, allow_pickle=False)
            return array
    except Refused as error:
        raise DataError(f"{path}: {plain(member.name)}: {error.reason.value}") from error
    except Exception as error:  # zipfile and numpy raise many types on damaged files
        raise DataError(
            f"{path}: {plain(member.name)} cannot be read: {plain(str(error))[:LONGEST]}"
        ) from error


def _why_no_images(array: np.ndarray) -> str | None:
    about = f"{array.shape} {array.dtype}"
    if array.ndim not in (3, 4):
        return f"{about} is no array of images"
    if array.dtype != np.uint8:
        return f"{about} is not uint8"
    if 0 in array.shape:
        return f"{about} has no pixels"
    if len(array) > MOST_IMAGES:
        return f"{about} claims more than {MOST_IMAGES:,} images"
    last, first = array.shape[-1] in CHANNELS, array.shape[1] in CHANNELS
    if array.ndim == 3:
        return f"{about} may be one image" if last else None
    if last and first:
        return f"{about}: channels may be the second or the last axis"
    return None if last or first else f"{about}: no axis has 1, 3 or 4 channels"


def _members(array: np.ndarray, above: str) -> Iterator[ArrayMember]:
    """Views: no pixel is copied before it is needed."""
    if array.ndim == 4 and array.shape[-1] not in CHANNELS:
        array = array.transpose(0, 2, 3, 1)  # (N, C, H, W) -> (N, H, W, C)
    if array.ndim == 4 and array.shape[-1] == 1:
        array = array[..., 0]
    digits = len(str(len(array)))
    for k, pixels in enumerate(array):
        yield ArrayMember(f"{above}{k:0{digits}d}", pixels)
