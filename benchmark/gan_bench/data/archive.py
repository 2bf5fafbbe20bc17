"""Image files in a folder or a zip: which there are, and how much of each is read."""

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

SUFFIXES = {".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".ppm", ".pgm"}
HIDDEN = re.compile(r"(?!\.\.(\\|$))(\.|__MACOSX)")  # ".." hides nothing: it is refused
ENCRYPTED = 0x1  # flag bit of a member
MOST_BYTES = 256 * 2**20  # of a file, and of all read at once: 50 megapixels of BMP have 200 MB
MOST_PACKED = 200  # times: a picture packs less, flat colour up to 1,000 times
FLAT = 16 * 2**20  # bytes that even flat colour may have: they are unpacked in no time


# One file: how much of it is read, and what is not
class Refused(ValueError):
    """Why an image is not used; what comes before a colon is counted as one reason."""


@dataclass(frozen=True, slots=True)
class Loose:
    """An image file in a folder."""

    name: str
    path: str

    def size(self) -> int:
        """Bytes to read; Refused where reading would not end, or begin."""
        about = os.stat(self.path)
        if not stat.S_ISREG(about.st_mode):
            raise Refused("no regular file")
        return about.st_size

    def open(self) -> IO[bytes]:
        """To be read once, from its beginning."""
        return Path(self.path).open("rb")


@dataclass(frozen=True, slots=True)
class Packed:
    """An image file in a zip, read where it lies."""

    name: str
    archive: zipfile.ZipFile
    info: zipfile.ZipInfo

    def size(self) -> int:
        """Bytes to read; Refused for what no honest set has, or what has no bound."""
        info = self.info
        path = PureWindowsPath(info.filename)  # it knows both separators, and drives
        times = info.file_size / max(info.compress_size, 1)
        for so, why in (
            (path.anchor, "absolute name"),
            (".." in path.parts, "name that leads out of the zip"),
            (stat.S_ISLNK(info.external_attr >> 16), "link in a zip"),
            (info.flag_bits & ENCRYPTED, "encrypted"),
            (  # zipfile unpacks others without a bound: 4 kB of bzip2 may hold 4 GB
                info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED),
                f"packed otherwise than by deflate: method {info.compress_type}",
            ),
            (
                info.file_size > FLAT and times > MOST_PACKED,
                f"packed more than {MOST_PACKED} times: {times:,.0f} times",
            ),
        ):
            if so:
                raise Refused(why)
        return info.file_size

    def open(self) -> IO[bytes]:
        """To be read once, from its beginning."""
        return self.archive.open(self.info)


Member = Loose | Packed


class Archive(io.FileIO):
    """A zip file whose directory, which zipfile reads in one piece, has a bound as well."""

    def read(self, size: int | None = -1) -> bytes:
        """At most MOST_BYTES: about five million entries."""
        if size is not None and size > MOST_BYTES:
            raise zipfile.BadZipFile(f"its directory has {text.size(size)}")
        return super().read(size) or b""


@contextmanager
def members_of(root: Path) -> Iterator[list[Member]]:
    """The images in a folder or zip, in order of their names."""
    with ExitStack() as stack:
        if root.is_dir():
            paths = _by_name(root, walk(root))
            yield [Loose(name, paths[name]) for name in sorted(filter(_is_image, paths))]
        else:
            archive = _archive(stack.enter_context(_opened(root)), root)
            # of two members with one name the last counts, as if they had been unpacked
            infos = {each.filename: each for each in archive.infolist() if not each.is_dir()}
            yield [Packed(name, archive, infos[name]) for name in sorted(filter(_is_image, infos))]


def _opened(root: Path) -> Archive:
    try:
        return Archive(root)
    except OSError as error:
        raise DataError(f"cannot read {root}: {error.strerror or error}") from error


def _archive(file: Archive, root: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(file)
    except Exception as error:  # on rubbish zipfile raises whatever comes
        raise DataError(f"{root} is no zip: {error}; give a folder or a zip of images") from error


def _is_image(name: str) -> bool:
    path = Path(name)
    return path.suffix.lower() in SUFFIXES and not any(map(HIDDEN.match, path.parts))


def walk(root: Path) -> Iterator[str]:
    """All files below root, class folders included; links to folders are not followed."""
    if not root.exists():
        raise DataError(f"there is no {root}")
    if root.is_file():
        yield str(root)
        return
    if not root.is_dir():
        raise DataError(f"{root} is neither a folder nor a file: give a folder or a zip of images")
    for folder, folders, files in os.walk(root, onerror=_unreadable):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (os.path.join(folder, name) for name in files if not name.startswith("."))


def _unreadable(error: OSError) -> None:
    raise DataError(f"cannot read the folder {error.filename}: {error.strerror or error}")


# Folders and zips
def listing_of(root: Path, files: Iterable[str]) -> Iterator[tuple[str, int, int]]:
    """Name, bytes and time of every file that is read: a changed one makes another cache."""
    paths = _by_name(root.parent, files)
    try:
        for name in sorted(paths, key=lambda name: name.split("/")):
            about = _about(paths[name])
            yield name, about.st_size, about.st_mtime_ns
    except OSError as error:
        raise DataError(f"cannot read {error.filename}: {error.strerror or error}") from error


def _by_name(root: Path, paths: Iterable[str]) -> dict[str, str]:
    """Paths by their names below root. Text, for a Path takes longer than what is asked of it."""
    start = len(os.path.join(root, ""))
    return {path[start:].replace(os.sep, "/"): path for path in paths}


def _about(path: str) -> os.stat_result:
    try:
        return os.stat(path)
    except OSError:  # a link that leads nowhere
        return os.lstat(path)
