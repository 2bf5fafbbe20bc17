"""JSON-lines files that grow while a cell is at work. What has been read is not read again."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from typing import Any

TAIL_BYTES = 2**16  # of a file that is read for the first time: a line has a few hundred


class GrowingFile:
    """The newest line of a JSON-lines file that grows, or is written anew."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.changed = 0.0  # seconds since 1970
        self._inode = self._size = self._offset = 0  # the offset is behind the last complete line
        self._line: dict[str, Any] = {}

    def newest_line(self) -> dict[str, Any]:
        """The last complete line; {} if there is none that can be read."""
        try:
            found = os.stat(self.path)
        except OSError:
            self._inode = 0
            self._forget()
            return self._line
        if found.st_ino != self._inode or found.st_size < self._offset:  # written anew
            self._inode, self._size = found.st_ino, 0
            self._forget()
        if found.st_size != self._size and stat.S_ISREG(found.st_mode):
            self._size = found.st_size
            self._read_on()
        self.changed = found.st_mtime
        return self._line

    def _forget(self) -> None:
        self._offset, self._line = 0, {}

    def _begin(self) -> int:
        """Where to read on: only the end of a long file that is read for the first time."""
        return max(self._offset, self._size - TAIL_BYTES)

    def _read_on(self) -> None:
        begin = self._begin()
        try:
            with self.path.open("rb") as file:
                file.seek(begin)
                content = file.read(self._size - begin)
        except OSError:
            content = b""
        complete = content.rfind(b"\n") + 1
        if complete:
            self._offset = begin + complete
            self._take(content[:complete].splitlines())

    def _take(self, lines: list[bytes]) -> None:
        self._line = _parse(lines[-1])


class WholeGrowingFile(GrowingFile):
    """All lines of such a file, for files that have few; a damaged line is {}."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._lines: tuple[dict[str, Any], ...] = ()

    def lines(self) -> tuple[dict[str, Any], ...]:
        """All complete lines, the first one first. The same object if nothing has changed."""
        self.newest_line()
        return self._lines

    def _forget(self) -> None:
        super()._forget()
        self._lines = ()

    def _begin(self) -> int:
        return self._offset

    def _take(self, lines: list[bytes]) -> None:
        super()._take(lines)
        self._lines += tuple(map(_parse, lines))


def _parse(line: bytes) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return row if isinstance(row, dict) else {}
