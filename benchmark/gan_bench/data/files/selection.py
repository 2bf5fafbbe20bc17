"""Which files of a set are taken by --folder, and folders whose names say that they are parts."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import PurePosixPath

from gan_bench.base.escape import plain
from gan_bench.base.text import plural
from gan_bench.contract.errors import UsageError
from gan_bench.contract.names import nearest
from gan_bench.data.files.archive import Member
from gan_bench.data.files.array_file import ArrayMember

PARTS = re.compile(
    r"(x[_-])?(train(ing)?|test(ing)?|val(id|idation)?|dev|holdout)[_-]?\d*", re.IGNORECASE
)
NO_PHOTOGRAPHS = re.compile(r"(mask|label|annotation|depth|segmentation)s?", re.IGNORECASE)
NAMED = 12  # folders that a message names


def in_folder(
    members: Sequence[Member], folder: str | None
) -> tuple[list[Member], tuple[str, ...]]:
    """The members below folders of this name, and a note on the others.

    UsageError if there is no such folder. Without a name all are taken, and the note says if
    folders are called train or masks, or if they are several arrays of one file.
    """
    if folder is None:
        note = _parts_note(members) or _arrays_note(members)
        return list(members), (note,) if note else ()
    wanted = PurePosixPath(folder.replace("\\", "/")).as_posix().strip("/")
    taken = [each for each in members if f"/{wanted}/" in f"/{_above(each)}/"]
    if not taken:
        raise UsageError(_unknown(folder, members))
    used, rest = plural(len(taken), "image"), len(members) - len(taken)
    return taken, (f"--folder {plain(folder)}: {used}; {rest:,} elsewhere are not used",)


def _above(member: Member) -> str:
    """The folders that the member is in; "" at the top."""
    return member.name.rpartition("/")[0]


def _unknown(folder: str, members: Sequence[Member]) -> str:
    names = Counter(part for each in members for part in _above(each).split("/") if part)
    if not names:
        return f"--folder {plain(folder)}: the images are in no folders: leave --folder out"
    guess = plain(nearest(folder, list(names)))
    listed = ", ".join(plain(name) for name, _ in names.most_common(NAMED))
    more = len(names) - NAMED
    rest = f" and {more:,} more" if more > 0 else ""
    return (
        f"--folder {plain(folder)}: no images are below a folder of this name.{guess} "
        f"There are {listed}{rest}."
    )


def _arrays_note(members: Sequence[Member]) -> str | None:
    """Which arrays of a .npz are taken together: they may be alike, or of two kinds."""
    arrays = Counter(_above(each) for each in members if isinstance(each, ArrayMember))
    if len(arrays) < 2:
        return None
    listed = ", ".join(f"{plain(name)} {count:,}" for name, count in arrays.most_common(NAMED))
    more = f" and {len(arrays) - NAMED:,} more" if len(arrays) > NAMED else ""
    return f"arrays: {listed}{more}; all are used, --folder {plain(next(iter(arrays)))} uses one"


def _parts_note(members: Sequence[Member]) -> str | None:
    """train 40, test 20; all are used: if any folder is called like a part of a data set."""
    folders = Counter(part for each in members for part in set(_above(each).split("/")) if part)
    parts = {name: count for name, count in folders.items() if PARTS.fullmatch(name)}
    others = {name: count for name, count in folders.items() if NO_PHOTOGRAPHS.fullmatch(name)}
    if not others and parts in ({}, dict.fromkeys(parts, len(members))):
        return None
    named = parts | others
    listed = ", ".join(f"{plain(name)} {count:,}" for name, count in named.items())
    rest = len(members) - sum(named.values())
    elsewhere = f", elsewhere {rest:,}" if rest > 0 else ""
    images = [name for name, _ in folders.most_common() if name not in others]
    one = next(iter([*parts, *images, *others]))
    return f"folders: {listed}{elsewhere}; all are used, --folder {plain(one)} uses one"
