"""The members of a folder or a zip, and how much of each may be read."""

from __future__ import annotations

import io
import os
import stat
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PureWindowsPath
from typing import IO, Protocol

from gan_bench.base import text
from gan_bench.contract.errors import DataError
from gan_bench.data.files.kinds import HEAD, Kind, kind_by_name
from gan_bench.data.files.ours import is_ours, is_sheet
from gan_bench.data.files.walk import HIDDEN, File
from gan_bench.data.reasons import MOST_BYTES, MOST_PACKED, Reason, Refused

ENCRYPTED_FLAG = 0x1
FLAT = 16 * 2**20  # bytes: a member this small may be packed any number of times
END_MARK = b"PK\5\6"  # of the record at the end of every zip


class Member(Protocol):
    """An image file, wherever it is; or an array that is read as one."""

    @property
    def name(self) -> str:
        """Its name below the folder, with "/"."""

    def size(self) -> int:
        """Bytes to read at most; Refused if it must not be read."""

    def open(self) -> IO[bytes]:
        """The content, to be read once."""


@dataclass(frozen=True, slots=True)
class FolderMember:
    """An image file in a folder."""

    name: str
    path: str

    def size(self) -> int:
        """Bytes to read; Refused for devices and pipes, whose reading may never end or begin."""
        try:
            status = os.stat(self.path)
        except OSError:  # it was listed, so it is a link to nothing, to itself or behind a wall
            if os.path.islink(self.path):
                raise Refused(Reason.NO_FILE, "a broken link") from None
            raise
        if not stat.S_ISREG(status.st_mode):
            raise Refused(Reason.NO_FILE)
        return status.st_size

    def open(self) -> IO[bytes]:
        """The content, to be read once."""
        return open(self.path, "rb")


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
        if path.anchor:
            raise Refused(Reason.ABSOLUTE_NAME)
        if ".." in path.parts:
            raise Refused(Reason.OUTSIDE)
        if stat.S_ISLNK(info.external_attr >> 16):
            raise Refused(Reason.LINK)
        if info.flag_bits & ENCRYPTED_FLAG:
            raise Refused(Reason.ENCRYPTED)
        if not _bounded(info):
            raise Refused(Reason.METHOD, f"method {info.compress_type}")
        if info.file_size > FLAT and ratio > MOST_PACKED:
            raise Refused(Reason.BOMB, f"{ratio:,.0f} times")
        return info.file_size

    def open(self) -> IO[bytes]:
        """The content, to be read once."""
        return self.archive.open(self.info)


def _bounded(info: zipfile.ZipInfo) -> bool:
    """Whether zipfile unpacks it piece by piece: 4 kB of bzip2 may hold 4 GB."""
    return info.compress_type in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


class BoundedFile(io.FileIO):
    """A zip file of which no more than MOST_BYTES are read in one piece.

    zipfile reads the whole directory at once; the bound allows about five million entries.
    """

    def read(self, size: int | None = -1) -> bytes:
        """As io.FileIO.read; BadZipFile if more is asked for than the bound."""
        if size is not None and size > MOST_BYTES:
            raise zipfile.BadZipFile(f"its directory has {text.size(size)}")
        return super().read(size) or b""


def open_zip(root: Path, stack: ExitStack) -> zipfile.ZipFile:
    """The zip, open for as long as the stack is; DataError if it is none, or is cut off."""
    try:
        file = stack.enter_context(BoundedFile(root))
        has_end = END_MARK in _tail(file)
    except OSError as error:
        raise DataError(f"cannot read {root}: {error.strerror or error}") from error
    if not has_end:
        raise DataError(
            f"{root} is only the beginning of a zip: the end is missing, as after a download "
            "that was interrupted; download it again"
        )
    try:
        return zipfile.ZipFile(file)
    except Exception as error:  # zipfile raises many types on damaged files
        raise DataError(f"{root} is a damaged zip: {error}; download or pack it again") from error


def _tail(file: io.FileIO) -> bytes:
    """As much as an end record and the longest comment take."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - 2**16 - 22))
    tail = file.read()
    file.seek(0)
    return tail or b""


def members_of_zip(archive: zipfile.ZipFile) -> Iterator[tuple[Kind, ZipMember]]:
    """All files of a zip, in order of their names, and what each is."""
    # of two members with one name the last counts, as if they had been unpacked
    infos = {each.filename: each for each in archive.infolist()}
    for name in sorted(infos):
        is_file = name and not name.endswith("/") and not is_sheet(name)
        if is_file and not any(map(HIDDEN.match, Path(name).parts)):
            member = ZipMember(name, archive, infos[name])
            kind = kind_by_name(name, partial(_beginning, member, HEAD))
            yield Kind.OTHER if kind is Kind.EMPTY and infos[name].file_size else kind, member


def results_in_zip(archive: zipfile.ZipFile) -> list[str]:
    """The folders in a zip that gan-bench wrote."""
    folders: dict[str, set[str]] = {}
    for name in archive.namelist():
        folder, _, last = name.rpartition("/")
        folders.setdefault(folder, set()).add(last)

    def ours(folder: str) -> bool:
        def read(name: str) -> bytes:
            info = archive.getinfo(f"{folder}/{name}" if folder else name)
            return _beginning(ZipMember(info.filename, archive, info), 2**20)

        return is_ours(folders[folder], read)

    return [folder for folder in folders if ours(folder)]


def _beginning(member: ZipMember, count: int) -> bytes:
    """The first bytes; none of what must not be read."""
    with suppress(Exception):  # zipfile raises many types on damaged members
        if member.size():
            with member.open() as file:
                return file.read(count)
    return b""


def members_of_folder(files: list[File]) -> Iterator[tuple[Kind, FolderMember]]:
    """All files of a folder, and what each is."""
    for file in files:
        kind = kind_by_name(file.name, partial(file.read, 0, HEAD))
        yield _why_empty(file) if kind is Kind.EMPTY else kind, FolderMember(file.name, file.path)


def _why_empty(file: File) -> Kind:
    """What a file is of which nothing could be read."""
    if stat.S_ISLNK(file.status.st_mode):
        return Kind.LINK
    if not file.regular:
        return Kind.SPECIAL
    return Kind.OTHER if file.size else Kind.EMPTY
