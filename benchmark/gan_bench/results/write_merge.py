"""A merged results folder, written as a whole or not at all."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gan_bench.contract.errors import StorageError, UsageError
from gan_bench.results.atomic import (
    PART,
    copy_file,
    make_folder,
    room,
    why_not_written,
    write_bytes,
)
from gan_bench.results.locks import Work, alone_in
from gan_bench.results.merging import Merge


def check_new(out: Path) -> None:
    """UsageError if there is anything in the folder."""
    if os.path.lexists(out) and not (out.is_dir() and not any(out.iterdir())):
        raise UsageError(
            f"{out} is not empty: name a new folder for the merged results (a merge that was "
            "interrupted leaves nothing there)"
        )


def write_merge(merge: Merge, out: Path) -> int:
    """Write the folder, which gets its name when all is in it. Its bytes.

    StorageError if it cannot be written, UsageError if there is anything at its place, InUse if
    another process merges into it.
    """
    out = Path(os.path.abspath(out))
    check_new(out)
    make_folder(out.parent)
    needed = sum(source.stat().st_size for source in merge.files.values())
    needed += sum(map(len, merge.texts.values()))
    with workplace(out, "merging") as draft:
        if needed > room(out.parent):
            why = why_not_written(OSError(errno.ENOSPC, ""), out, needed)
            raise StorageError(f"cannot write {out}: {why}")
        make_folder(draft)
        for path, source in merge.files.items():
            make_folder((draft / path).parent)
            copy_file(source, draft / path)
        for path, content in merge.texts.items():
            make_folder((draft / path).parent)
            write_bytes(draft / path, content)
        _give_name(draft, out)
    return needed


@contextmanager
def workplace(out: Path, work: Work) -> Iterator[Path]:
    """Where the folder is drafted: in a hidden one beside it, for one process at a time.

    The hidden folder is deleted at the end, and first what a killed process has left in it.
    """
    hidden = out.with_name(f".{out.name}{PART}")
    draft = hidden / "new"
    with alone_in(hidden, work):
        try:
            if draft.exists():
                shutil.rmtree(draft)
            yield draft
        except OSError as error:
            raise StorageError(f"cannot write {out}: {error.strerror or error}") from error
        finally:
            shutil.rmtree(hidden, ignore_errors=True)


def _give_name(draft: Path, out: Path) -> None:
    try:
        if out.exists():
            out.rmdir()  # it is empty
        os.rename(draft, out)
    except OSError as error:
        raise StorageError(f"cannot make {out}: {error.strerror or error}") from error
