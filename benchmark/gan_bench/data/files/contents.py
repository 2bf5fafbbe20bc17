"""What the user's folder or file holds: images for the decoder, and all else by its kind."""

from __future__ import annotations

import stat
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gan_bench.base.escape import plain
from gan_bench.base.text import plural
from gan_bench.contract.errors import DataError
from gan_bench.data.files.archive import (
    Member,
    members_of_folder,
    members_of_zip,
    open_zip,
    results_in_zip,
)
from gan_bench.data.files.array_file import is_npz, members_of_npy, members_of_npz
from gan_bench.data.files.hub import is_hub, members_of_hub
from gan_bench.data.files.identity import identity_of, identity_of_file, without_text
from gan_bench.data.files.kinds import HEAD, Kind, archive_format, kind_of
from gan_bench.data.files.selection import in_folder
from gan_bench.data.files.walk import Tree, walk, without_collections
from gan_bench.data.reporting.report import LeftOut

NAMED = 3  # folders that a note names
IMAGES = "a folder or a zip of images"


@dataclass(frozen=True)
class Files:
    """The images of a set, not decoded yet, and what is left out."""

    members: Sequence[Member]
    not_used: tuple[LeftOut, ...] = ()
    notes: tuple[str, ...] = ()
    others: Mapping[Kind, int] = field(default_factory=dict)  # how many there are of what is left


@contextmanager
def files_of(root: Path, folder: str | None = None) -> Iterator[Files]:
    """The files of a folder, a zip, an array file or a data set of Hugging Face, within the block.

    With `folder`, only those below folders of this name. Members are in order of their names.
    DataError if the files cannot be read or hold no images.
    """
    with ExitStack() as stack:
        files = _given(root, stack)
        if not files.members:
            raise NoImages(root, files)
        members, notes = in_folder(files.members, folder)
        yield Files(members, files.not_used, (*notes, *files.notes))


def identity(root: Path) -> list[Any]:
    """What identifies the files as they are now; no image is decoded. DataError."""
    if is_hub(root):
        _, files = members_of_hub(root)
        return [root.as_posix(), [identity_of_file(Path(file)) for file in files]]
    _check_there(root)
    if root.is_dir():
        with without_collections():
            return identity_of(str(root), without_text(walk(root).files))
    return identity_of_file(root)


class NoImages(DataError):
    """There are files, but none is an image."""

    def __init__(self, root: Path, files: Files) -> None:
        super().__init__(f"no images in {root}: {_what_else(files)}")
        self.files = files


def _given(root: Path, stack: ExitStack) -> Files:
    if is_hub(root):
        return Files(members_of_hub(root)[0])
    _check_there(root)
    if root.is_dir():
        return _in_folder(walk(root))
    return _in_file(root, stack)


def _check_there(root: Path) -> None:
    try:
        mode = root.stat().st_mode
    except FileNotFoundError as error:
        raise DataError(f"there is no {root}") from error
    except (OSError, ValueError) as error:
        raise DataError(f"cannot read {root}: {getattr(error, 'strerror', error)}") from error
    if not stat.S_ISDIR(mode) and not stat.S_ISREG(mode):
        raise DataError(f"{root} is neither a folder nor a file: give {IMAGES}")


def _in_folder(tree: Tree) -> Files:
    notes = [*_ours_note(tree.ours)]
    if tree.empty:
        what = "folder is" if len(tree.empty) == 1 else "folders are"
        notes.append(f"{len(tree.empty):,} {what} empty, and no class: {_named(tree.empty)}")
    if tree.again:
        notes.append(f"{plural(len(tree.again), 'link')} to what is used already: not used twice")
    return _sorted_out(members_of_folder(tree.files), notes)


def _in_file(root: Path, stack: ExitStack) -> Files:
    try:
        with root.open("rb") as file:
            head = file.read(HEAD)
    except OSError as error:
        raise DataError(f"cannot read {root}: {error.strerror or error}") from error
    kind, packed = kind_of(head, root.suffix.lower()), archive_format(head)
    if packed == "zip":
        return _in_zip(root, stack)
    if kind is Kind.ARRAY:
        return Files(members_of_npy(root))
    what = f"a {packed} archive" if packed else kind.one
    todo = f"{kind.todo}, then give {IMAGES}" if kind.todo else f"give {IMAGES}"
    raise DataError(f"{root} is {what}: {kind.todo if kind is Kind.IMAGE else todo}")


def _in_zip(root: Path, stack: ExitStack) -> Files:
    archive = open_zip(root, stack)
    if is_npz(archive):
        members, others = members_of_npz(archive, root)
        return Files(members, tuple(LeftOut(name, Kind.ARRAY.noun) for name in others))
    ours = results_in_zip(archive)
    inside = tuple(f"{folder}/" if folder else "" for folder in ours)
    pairs = (pair for pair in members_of_zip(archive) if not pair[1].name.startswith(inside))
    return _sorted_out(pairs if ours else members_of_zip(archive), _ours_note(ours))


def _sorted_out(pairs: Iterable[tuple[Kind, Member]], notes: Iterable[str]) -> Files:
    members, others, counts = list[Member](), list[LeftOut](), Counter[Kind]()
    for kind, member in pairs:
        if kind is Kind.IMAGE:
            members.append(member)
        else:
            others.append(LeftOut(member.name, kind.noun))
            counts[kind] += 1
    return Files(members, tuple(others), (*notes, *_others_note(counts)), counts)


def _others_note(counts: Counter[Kind]) -> list[str]:
    """12 videos, 3 text files; a set with texts only needs no note, for they are expected."""
    if not set(counts) - {Kind.TEXT, Kind.EMPTY}:
        return []
    listed = (plural(count, kind.noun) for kind, count in counts.most_common())
    return [f"not used: {', '.join(listed)}"]


def _ours_note(folders: Sequence[str]) -> list[str]:
    if not folders:
        return []
    return [f"not used: what gan-bench itself wrote, in {_named(folders)}"]


def _named(folders: Sequence[str]) -> str:
    named = ", ".join(plain(folder) for folder in folders[:NAMED])
    more = len(folders) - NAMED
    return named + (f" and {more:,} more" if more > 0 else "")


def _what_else(files: Files) -> str:
    """20 DICOM files (export as PNG first): what there is in place of images."""
    by_number = Counter(files.others).most_common()
    listed = [
        plural(count, kind.noun) + (f" ({kind.todo})" if kind.todo else "")
        for kind, count in by_number
    ]
    return ", ".join(listed) or "; ".join(files.notes) or "it is empty"
