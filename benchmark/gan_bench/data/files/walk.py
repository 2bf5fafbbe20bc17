"""All files below a folder, each once: links are followed, what gan-bench wrote is left out."""

from __future__ import annotations

import gc
import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from operator import itemgetter
from pathlib import Path
from typing import NamedTuple

from gan_bench.contract.errors import DataError
from gan_bench.data.files.ours import is_cache, is_ours, is_sheet, read_below

# Hidden files, and what Macs, Windows, disks and network drives keep for themselves. Not "..",
# which is refused with its own reason.
HIDDEN = re.compile(
    r"(?!\.\.(\\|$))(\.|__MACOSX$|@eaDir$|\$RECYCLE\.BIN$|System Volume Information$|lost\+found$|"
    r"Thumbs\.db$|desktop\.ini$)"
)


class File(NamedTuple):
    """A file below the folder; `status` follows links, and is the link's own if it is broken."""

    name: str  # below the folder, with "/"
    path: str
    status: os.stat_result

    @property
    def size(self) -> int:
        """Bytes."""
        return self.status.st_size

    @property
    def identity(self) -> tuple[int, int]:
        """The same for two names of one file; (_, 0) where the system does not tell."""
        return self.status.st_dev, self.status.st_ino

    @property
    def facts(self) -> tuple[int, ...]:
        """What differs if the file is another one or has another content.

        Programs may set the first time, but not the second, which is that of the last change; on
        Windows, when the file was made.
        """
        status = self.status
        return status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino

    @property
    def regular(self) -> bool:
        """Whether reading it ends: it is no device, no pipe and no link to nothing."""
        return stat.S_ISREG(self.status.st_mode)

    def read(self, start: int, count: int) -> bytes:
        """Some bytes; none of what is not regular, or may not be read."""
        if not self.regular:
            return b""
        try:
            with open(self.path, "rb", buffering=0) as file:
                file.seek(start)
                return file.read(count)
        except OSError:
            return b""


@dataclass(frozen=True)
class Tree:
    """The files of a folder in order of their names, and the folders that were left out."""

    files: list[File]
    ours: tuple[str, ...] = ()  # folders and files that gan-bench wrote
    again: tuple[str, ...] = ()  # links to folders and files that are in the tree already
    empty: tuple[str, ...] = ()  # folders that hold nothing


@dataclass
class _Walk:
    """What has been seen so far."""

    root: str  # a real path
    files: list[File] = field(default_factory=list)
    linked: list[File] = field(default_factory=list)
    links: list[tuple[str, str]] = field(default_factory=list)  # (name, real path) of folders
    seen: set[str] = field(default_factory=set)  # real paths of folders
    starts: list[str] = field(default_factory=list)  # real paths where a walk began
    ours: list[str] = field(default_factory=list)
    again: list[str] = field(default_factory=list)
    empty: list[str] = field(default_factory=list)


@contextmanager
def without_collections() -> Iterator[None]:
    """Python looks for garbage again and again while it gets many new objects: here is none."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def walk(root: Path) -> Tree:
    """The files below a folder; DataError if it, or a folder in it, cannot be read.

    A link to a folder is followed unless it leads to where the walk has been, or to a folder
    above: a link to the whole disk is no class of images. Of a file and a link to it, only the
    file counts.
    """
    state = _Walk(os.path.realpath(root))
    _walk_all(state)
    files = [*state.files, *_once(state)]
    files.sort(key=itemgetter(0))
    ours, again, empty = (tuple(sorted(each)) for each in (state.ours, state.again, state.empty))
    return Tree(files, ours, again, empty)


def _walk_all(state: _Walk) -> None:
    _enter(state, "", state.root)
    while state.links:  # after all that is really there, so that a link does not take its place
        links, state.links = sorted(state.links), []
        for name, real in links:
            if real in state.seen or any(_contains(real, start) for start in state.starts):
                state.again.append(name)
            else:
                _enter(state, f"{name}/", real)


def _enter(state: _Walk, prefix: str, real: str) -> None:
    """Walk from this folder down, without following links."""
    state.starts.append(real)
    folders = [(prefix, real)]
    while folders:
        above, folder = folders.pop()
        if folder in state.seen:
            continue
        state.seen.add(folder)
        entries = _entries(folder)
        if is_cache(folder) or is_ours({each.name for each in entries}, read_below(folder)):
            state.ours.append(above.rstrip("/") or ".")
            continue
        if not entries and above:
            state.empty.append(above.rstrip("/"))
        for entry in entries:
            name = above + entry.name
            if entry.is_symlink():
                _keep_link(state, name, entry)
            elif entry.is_dir():
                folders.append((f"{name}/", entry.path))
            elif is_sheet(name):
                state.ours.append(name)
            else:
                state.files.append(File(name, entry.path, _status(entry)))


def _entries(folder: str) -> list[os.DirEntry[str]]:
    hidden = HIDDEN.match
    try:
        with os.scandir(folder) as entries:
            return [each for each in entries if not hidden(each.name)]
    except OSError as error:
        raise DataError(f"cannot read the folder {folder}: {error.strerror or error}") from error


def _keep_link(state: _Walk, name: str, entry: os.DirEntry[str]) -> None:
    try:
        is_folder = entry.is_dir()
    except OSError:  # a link that leads to itself, or to where we may not look
        is_folder = False
    if is_folder:
        state.links.append((name, os.path.realpath(entry.path)))
    else:
        state.linked.append(File(name, entry.path, _status(entry)))


def _status(entry: os.DirEntry[str]) -> os.stat_result:
    try:
        return entry.stat()
    except OSError as error:
        try:
            return entry.stat(follow_symlinks=False)
        except OSError:
            raise DataError(
                f"cannot read {entry.path}: {error.strerror or error}; "
                "run again when no program changes the folder"
            ) from error


def _contains(folder: str, other: str) -> bool:
    return os.path.join(other, "").startswith(os.path.join(folder, ""))


def _once(state: _Walk) -> Iterator[File]:
    """The links to files, without those to files that are in the tree already."""
    if not state.linked:
        return
    known = {each.identity for each in state.files}
    for link in sorted(state.linked, key=itemgetter(0)):
        if link.status.st_ino and link.identity in known:
            state.again.append(link.name)
        else:
            known.add(link.identity)
            yield link
