"""Fail the n-th open, write, fsync, rename or close of every command that writes.

    python tests/faults/sweep.py FOLDER PLACES SHIFT [COMMAND...]

Each fault strikes each command at so many PLACES, evenly spread over its operations and between
those of the other faults; with another SHIFT they are others. Each try is a process of its own,
forked from this one, which has everything imported and nothing computed. After each: what is there
is whole, what was finished is untouched, and the same command again, without a fault, ends in the
bytes of one that never had a fault. Prints one line of JSON.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import signal
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[1]))  # where the tests keep what they share

import commands
import outcomes
from commands import ROWS, Row
from gan_bench.results.atomic import PART
from gan_bench.results.layout import RECORD

OPERATIONS = ("open", "write", "fsync", "replace", "rename", "close")
FAULTS = ("ENOSPC", "EIO", "EACCES", "SIGKILL")
AT_ONCE = 2
COUNTED, REACHED = "operations.txt", "reached.txt"


class Faulty(SimpleNamespace):
    """The `os` of all our modules, whose n-th operation fails; 0: none does."""

    def __init__(self, n: int, fault: str) -> None:
        super().__init__()
        self.n = n
        self.fault = fault
        self.count = 0
        for name in OPERATIONS:
            setattr(self, name, self._counted(getattr(os, name)))

    def __getattr__(self, name: str) -> Any:
        return getattr(os, name)

    def _counted(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*args: Any, **named: Any) -> Any:
            self.count += 1
            if self.count != self.n:
                return call(*args, **named)
            self.reached.touch()
            if self.fault == "SIGKILL":
                os.kill(os.getpid(), signal.SIGKILL)
            if call is os.close:
                call(*args)  # the system closes it, and then says that it could not write
            code = getattr(errno, self.fault)
            raise OSError(code, os.strerror(code))

        return counted

    def take_over(self) -> None:
        """Become the `os` of all our modules."""
        self.reached = Path(REACHED).absolute()
        self.counted = Path(COUNTED).absolute()
        for name, module in list(sys.modules.items()):
            if name.startswith("gan_bench") and getattr(module, "os", None) is os:
                module.os = self  # type: ignore[attr-defined]

    def say_count(self) -> None:
        """Write how many operations there were."""
        self.counted.write_text(str(self.count))


@dataclass(frozen=True)
class Swept:
    """A command, and what it ends in if nothing happens."""

    row: Row
    stage: Path
    root: Path
    reference: dict[str, str]
    operations: int

    def case(self, n: int, fault: str) -> str | None:
        """What went wrong after the n-th operation failed; None if nothing did."""
        folder = self.root / f"{n}-{fault}"
        shutil.copytree(self.stage, folder)
        faulty = Faulty(n, fault)
        code = commands.typed(folder, self.row.words, faulty.take_over)
        wrong = self._at_once(folder, code, fault) or self._again(folder)
        if wrong:
            said = commands.said(folder, 600)
            return f"{self.row.name}: {fault} at {n}, ended with {code}: {wrong}\n{said}"
        shutil.rmtree(folder)
        return None

    def _at_once(self, folder: Path, code: int, fault: str) -> str | None:
        """What is wrong before the command is repeated."""
        if not (folder / REACHED).exists():
            return "the operation was not reached"
        (folder / REACHED).unlink()
        expected = (
            (-signal.SIGKILL,) if fault == "SIGKILL" else (5, *self.row.done, *self.row.codes)
        )
        if code not in expected:
            return "another code"
        if fault != "SIGKILL" and (parts := parts_in(folder)):
            return f"it left {parts[0]}"
        return whole(folder)

    def _again(self, folder: Path) -> str | None:
        """What is wrong after the same command, without a fault."""
        before = finished(folder)
        code = commands.typed(folder, self.row.words)
        if code not in self.row.done:
            return f"the same command again ended with {code}"
        if difference := outcomes.difference(folder, self.stage, self.row, self.reference):
            return f"the same command again ended otherwise: {difference}"
        after = finished(folder)
        if self.row.keeps and any(after.get(name) != each for name, each in before.items()):
            touched = [name for name, each in before.items() if after.get(name) != each]
            return f"finished cells were touched: {touched[:3]}"
        return None


def parts_in(folder: Path) -> list[Path]:
    """Half-written files."""
    return [path.relative_to(folder) for path in folder.rglob(f".*{PART}") if path.is_file()]


def whole(folder: Path) -> str | None:
    """The first file that is not whole, of all that have their final name; None if all are."""
    shown = [path for path in sorted(folder.rglob("*")) if not _hidden(path, folder)]
    for path in shown:
        if path.suffix == ".json":
            try:
                json.loads(path.read_bytes())
            except ValueError:
                return f"{path} is no JSON"
        elif path.suffix == ".png":
            try:
                with Image.open(path) as image:
                    image.load()
            except OSError:
                return f"{path} is no PNG"
        elif path.name.endswith(".pt.sha256"):
            checkpoint = path.with_name(path.name.removesuffix(".sha256"))
            if hashlib.sha256(checkpoint.read_bytes()).hexdigest() != path.read_text().split()[0]:
                return f"{checkpoint} is not what was written"
    return None


def _hidden(path: Path, folder: Path) -> bool:
    """Whether it is in a folder that is still a draft."""
    return any(part.startswith(".") for part in path.relative_to(folder).parts)


def finished(folder: Path) -> dict[str, bytes]:
    """The content of every file of every cell that has its record, by name and time of writing.

    A copy in a folder that is still a draft is not finished.
    """
    files = {}
    for record in (each for each in folder.rglob(RECORD) if not _hidden(each, folder)):
        for path in record.parent.glob("*"):
            if path.is_file() and path.name not in outcomes.LEFT_OUT:
                name = f"{path.relative_to(folder)} {path.stat().st_mtime_ns}"
                files[name] = path.read_bytes()
    return files


def swept(row: Row, stage: Path, root: Path) -> Swept:
    """The command, which has been run once."""
    counting = Faulty(0, "")
    reference = commands.run_once(stage, root / "once", row)
    commands.run_once(stage, root / "counted", row, counting.take_over, counting.say_count)
    count = int((root / "counted" / COUNTED).read_text())
    return Swept(row, stage, root, reference, count)


def places(operations: int, most: int, shift: int) -> Iterator[tuple[int, str]]:
    """(n, fault) of all cases."""
    every = -(-operations // most)
    for k, fault in enumerate(FAULTS):
        first = (shift + k * every // len(FAULTS)) % every
        for n in range(1 + first, operations + 1, every):
            yield n, fault


def main(root: Path, most: int, shift: int, names: list[str]) -> int:
    """All cases; the number of those that went wrong."""
    stage = commands.lay_stage(root)
    injected, wrong = dict[str, Counter[str]](), []
    for k, row in enumerate(row for row in ROWS if not names or row.name in names):
        (root / str(k)).mkdir()
        each = swept(row, stage, root / str(k))
        cases = list(places(each.operations, most, shift))
        with ThreadPoolExecutor(AT_ONCE) as pool:
            wrong += filter(None, pool.map(lambda case: each.case(*case), cases))  # noqa: B023
        injected[row.name] = Counter(fault for _, fault in cases)
        injected[row.name]["operations"] = each.operations
    sys.stdout.write(json.dumps({"injected": injected, "wrong": wrong}) + "\n")
    return len(wrong)


if __name__ == "__main__":
    given = sys.argv[2:]
    sys.exit(min(main(Path(sys.argv[1]), int(given[0]), int(given[1]), given[2:]), 1))
