"""A mark in each picture beside the results: how it was drawn. Another one is out of date."""

from __future__ import annotations

from pathlib import Path

VERSION = 6  # one more whenever pictures of the same results would look otherwise
DRAWN = {"Drawing": f"gan-bench {VERSION}"}  # text in the PNG
MARK = "\0".join(next(iter(DRAWN.items()))).encode("latin-1")  # as a tEXt chunk has it
HEAD = 2**10  # bytes before the pixels, in which the mark stands


def is_current(path: Path) -> bool:
    """Whether this version drew the picture; False also if it cannot be read."""
    try:
        with path.open("rb") as file:
            return MARK in file.read(HEAD)
    except OSError:
        return False
