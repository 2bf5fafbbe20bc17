"""The image files in a folder or a zip, and how much of each may be read."""

from __future__ import annotations

import io
import os
import re
import stat
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path, PureWindowsPath
from typing import IO

from gan_bench.base import text
from gan_bench.contract.errors import DataError
from gan_bench.data.reasons import MOST_BYTES, MOST_PACKED, Reason, Refused

SUFFIXES = {".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".ppm", ".pgm"}
HIDDEN = re.compile(r"(?!\.\.(\\|$))(\.|__MACOSX)")  # "..", which is refused, is not hidden
ENCRYPTED_FLAG = 0x1
FLAT = 16 * 2**20  # bytes: a member this small may be packed any number of times


@dataclass(frozen=True, slots=True)
class FolderMember:
    """An image file in a folder."""

    name: str
    path: str

    def size(self) -> int:
        """Bytes to read; Refused for devices and pipes, whose reading may never end or begin."""
        status = os.stat(self.path)
        if not stat.S_ISREG(status.st_mode):
            raise Refused(Reason.NO_FILE)
        return status.st_size

    def open(self) -> IO[bytes]:
        """The content, to be read once."""
        return Path(self.path).open("rb")


@dataclass(frozen=True, slots=True)
class ZipMember:
    """An image file in a zip; it is read without being unpacked to the disk."""

    name: str
    archive: zipfile.ZipFile
    info: zipfile.ZipInfo

    def size(self) -> int:
        """Bytes to read; Refused for names and links out of the zip, and for zip bombs."""
        info = self.info
        path = PureWindowsPath(info.filename)  # knows both separators, and drives
        ratio = info.file_size / max(info.compress_size, 1)
        # zipfile unpacks other methods without a bound: 4 kB of bzip2 may hold 4 GB
        bounded = info.compress_type in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
        if path.anchor:
            raise Refused(Reason.ABSOLUTE_NAME)
        if ".." in path.parts:
            raise Refused(Reason.OUTSIDE)
        if stat.S_ISLNK(info.external_attr >> 16):
            raise Refused(Reason.LINK)
        if info.flag_bits & ENCRYPTED_FLAG:
            raise Refused(Reason.ENCRYPTED)
        if not bounded:
            raise Refused(Reason.METHOD, f"method {info.compress_type}")
        if info.file_size > FLAT and ratio > MOST_PACKED:
            raise Refused(Reason.BOMB, f"{ratio:,.0f} times")
        return info.file_size

    def open(self) -> IO[bytes]:
        """The content, to be read once."""
        return self.archive.open(self.info)


Member = FolderMember | ZipMember


class BoundedFile(io.FileIO):
    """A zip file of which no more than MOST_BYTES are read in one piece.

    zipfile reads the whole directory at once; the bound allows about five million entries.
    """

    def read(self, size: int | None = -1) -> bytes:
        """As io.FileIO.read; BadZipFile if more is asked for than the bound."""
        if size is not None and size > MOST_BYTES:
            raise zipfile.BadZipFile(f"its directory has {text.size(size)}")
        return super().read(size) or b""


@contextmanager
def members_of(root: Path) -> Iterator[list[Member]]:
    """The image files in a folder or zip, sorted by name; DataError if it cannot be read."""
    with ExitStack() as stack:
        if root.is_dir():
            paths = _by_name(root, walk(root))
            yield [FolderMember(name, paths[name]) for name in sorted(filter(_is_image, paths))]
        else:
            archive = _open_zip(root, stack)
            # of two members with one name the last counts, as if they had been unpacked
            infos = {each.filename: each for each in archive.infolist() if not each.is_dir()}
            names = sorted(filter(_is_image, infos))
            yield [ZipMember(name, archive, infos[name]) for name in names]


def _open_zip(root: Path, stack: ExitStack) -> zipfile.ZipFile:
    try:
        file = stack.enter_context(BoundedFile(root))
    except OSError as error:
        raise _cannot_read(f"{root}", error) from error
    try:
        return zipfile.ZipFile(file)
    except Exception as error:  # zipfile raises many types on damaged files
        raise DataError(f"{root} is no zip: {error}; give a folder or a zip of images") from error


def _cannot_read(what: str, error: OSError) -> DataError:
    return DataError(f"cannot read {what}: {error.strerror or error}")


def _is_image(name: str) -> bool:
    path = Path(name)
    return path.suffix.lower() in SUFFIXES and not any(map(HIDDEN.match, path.parts))


def walk(root: Path) -> Iterator[str]:
    """The paths of all files below root, class folders included.

    Hidden files and folders are left out, and links to folders are not followed. If root is a
    file, it is the only one. DataError if a folder cannot be read.
    """
    if not root.exists():
        raise DataError(f"there is no {root}")
    if root.is_file():
        yield str(root)
        return
    if not root.is_dir():
        raise DataError(f"{root} is neither a folder nor a file: give a folder or a zip of images")
    for folder, folders, files in os.walk(root, onerror=_unreadable_folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (os.path.join(folder, name) for name in files if not name.startswith("."))


def _unreadable_folder(error: OSError) -> None:
    raise _cannot_read(f"the folder {error.filename}", error)


def listing_of(root: Path, files: Iterable[str]) -> Iterator[tuple[str, int, int]]:
    """(name, bytes, time in ns) of every file, in order: the cache is keyed on it."""
    paths = _by_name(root.parent, files)
    try:
        for name in sorted(paths, key=lambda name: name.split("/")):
            status = _status(paths[name])
            yield name, status.st_size, status.st_mtime_ns
    except OSError as error:
        raise _cannot_read(error.filename, error) from error


def _by_name(root: Path, paths: Iterable[str]) -> dict[str, str]:
    """Paths by their names below root. Strings: making Path objects would take longest."""
    start = len(os.path.join(root, ""))
    return {path[start:].replace(os.sep, "/"): path for path in paths}


def _status(path: str) -> os.stat_result:
    try:
        return os.stat(path)
    except OSError:  # a link to nothing
        return os.lstat(path)
