"""Which prepared sets are being used, so that no other process removes them."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows, which does not let go of a file that is mapped
    fcntl = None  # type: ignore[assignment]


class InUse:
    """Marks a file as being used, until the object is gone or its process ends.

    Any number of processes may use a file. Its time is set, which says when it was used last.
    """

    def __init__(self, path: Path) -> None:
        self._handle = -1
        with suppress(OSError):  # a cache that can only be read
            os.utime(path)
        if fcntl:
            self._handle = os.open(path, os.O_RDONLY)
            with suppress(OSError):  # some network drives have no locks
                fcntl.flock(self._handle, fcntl.LOCK_SH | fcntl.LOCK_NB)

    def __del__(self, close: Callable[[int], None] = os.close) -> None:
        if self._handle >= 0:
            close(self._handle)  # bound above: when the interpreter ends, `os` may be gone


def is_in_use(path: Path) -> bool:
    """Whether any process uses the file; False where the system cannot tell."""
    if not fcntl:
        return False
    try:
        handle = os.open(path, os.O_RDWR)  # network drives lock only what may be written
    except OSError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        os.close(handle)
    return False
