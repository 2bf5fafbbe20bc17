"""Fail the n-th open, write, fsync, replace or close of a run, for every n until none is left.

    python tests/faults/sweep.py FOLDER [EVERY]

With EVERY above 1 each fault has other places, evenly between those of the others. Each try is a
process of its own, forked from this one, which has everything imported and nothing computed.
After each: what is there is whole, what was finished is untouched, and the same run again, without
a fault, ends in the bytes of a run that never had one. Prints one line of JSON.
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
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import torch
from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[1]))  # where the tests keep what they share

import tiny
from gan_bench import catalogue as catalogues
from gan_bench.results import atomic, reading
from gan_bench.results.atomic import PART
from gan_bench.results.layout import RECORD

OPERATIONS = ("open", "write", "fsync", "replace", "close")
FAULTS = ("ENOSPC", "EIO", "EACCES", "SIGKILL")
REACHED = 100  # added to the exit code of a process in which the fault was injected
AT_ONCE = 2


class Faulty(SimpleNamespace):
    """The `os` of all writing and reading, whose n-th operation fails."""

    def __init__(self, n: int, fault: str) -> None:
        super().__init__()
        self.left = n
        self.fault = fault
        for name in OPERATIONS:
            setattr(self, name, self._counted(getattr(os, name)))

    def __getattr__(self, name: str) -> Any:
        return getattr(os, name)

    def _counted(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*args: Any) -> Any:
            self.left -= 1
            if self.left:
                return call(*args)
            if self.fault == "SIGKILL":
                os.kill(os.getpid(), signal.SIGKILL)
            if call is os.close:
                call(*args)  # the system closes it, and then says that it could not write
            code = getattr(errno, self.fault)
            raise OSError(code, os.strerror(code))

        return counted


def attempt(folder: Path, n: int, fault: str) -> int:
    """One run in a process of its own; its exit code, negative for a signal; n = 0: no fault."""
    pid = os.fork()
    if pid == 0:
        try:
            torch.set_num_threads(1)
            os.environ["GAN_BENCH_HOME"] = str(folder / "home")
            log = os.open(folder / "said.txt", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
            os.dup2(log, 1)
            os.dup2(log, 2)
            faulty = Faulty(n, fault)
            atomic.os = reading.os = faulty  # type: ignore[attr-defined]
            code = tiny.run(folder.parent / "tiny.py", folder.parent / "shapes", folder / "results")
            os._exit(code + (REACHED if n and faulty.left <= 0 else 0))
        except BaseException:
            import traceback

            traceback.print_exc()
            os._exit(99)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def whole(results: Path) -> str | None:
    """The first file that is not whole, of all that have their final name; None if all are."""
    for path in sorted(results.rglob("*.json")):
        try:
            json.loads(path.read_bytes())
        except ValueError:
            return f"{path} is no JSON"
    for path in sorted(results.rglob("*.png")):
        with Image.open(path) as image:
            image.load()
    for path in sorted(results.rglob("*.pt.sha256")):
        checkpoint = path.with_name(path.name.removesuffix(".sha256"))
        if hashlib.sha256(checkpoint.read_bytes()).hexdigest() != path.read_text().split()[0]:
            return f"{checkpoint} is not what was written"
    return None


def finished(results: Path) -> dict[str, bytes]:
    """The content of every file of every cell that has its record, by name and time of writing."""
    files = {}
    for record in results.rglob(RECORD):
        for path in record.parent.rglob("*"):
            if path.is_file() and not path.name.startswith("."):
                name = f"{path.relative_to(results)} {path.stat().st_mtime_ns}"
                files[name] = path.read_bytes()
    return files


def case(root: Path, reference: dict[str, str], n: int, fault: str) -> tuple[bool, str | None]:
    """Whether the n-th operation was reached, and what went wrong, if anything."""
    folder = root / f"{n}-{fault}"
    folder.mkdir()
    code, results = attempt(folder, n, fault), folder / "results"
    reached = code == -signal.SIGKILL or code >= REACHED
    expected = (-signal.SIGKILL,) if fault == "SIGKILL" else (REACHED + 5, REACHED)
    wrong = None
    if reached and code not in expected:
        wrong = f"ended with {code}"
    elif not reached and code != 0:
        wrong = f"ended with {code} without a fault"
    elif fault != "SIGKILL" and (parts := list(folder.rglob(f".*{PART}"))):
        wrong = f"left {parts[0].name}"
    else:
        wrong = whole(results)
    before = finished(results)
    if wrong is None and reached and (code := attempt(folder, 0, "")) != 0:
        wrong = f"the run after it ended with {code}"
    if wrong is None and tiny.outcome(results) != reference:
        wrong = "the run after it ended in other bytes"
    after = finished(results)
    if wrong is None and any(after.get(name) != content for name, content in before.items()):
        wrong = "a finished cell was touched"
    if wrong is None and list(folder.rglob(f".*{PART}")):
        wrong = "half-written files were not removed"
    if wrong:
        said = (folder / "said.txt").read_text()[-600:] if (folder / "said.txt").exists() else ""
        wrong = f"{fault} at {n}: {wrong}\n{said}"
    else:
        shutil.rmtree(folder)
    return reached, wrong


def main(root: Path, every: int = 1) -> int:
    """All cases; the number of those that went wrong."""
    catalogues.load([root / "tiny.py"])  # imported once, here, and not in every try
    plain = root / "reference"
    plain.mkdir()
    assert attempt(plain, 0, "") == 0, (plain / "said.txt").read_text()
    reference = tiny.outcome(plain / "results")
    injected, wrong = Counter[str](), []
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for k, fault in enumerate(FAULTS):
            n, more = 1 + k * every // len(FAULTS), True
            while more:
                places = range(n, n + AT_ONCE * every, every)
                for reached, why in pool.map(lambda n: case(root, reference, n, fault), places):  # noqa: B023
                    injected[fault] += reached
                    more = more and reached
                    wrong += [why] if why else []
                n += AT_ONCE * every
    sys.stdout.write(json.dumps({"injected": dict(injected), "wrong": wrong[:5]}) + "\n")
    return len(wrong)


if __name__ == "__main__":
    sys.exit(min(main(Path(sys.argv[1]), *map(int, sys.argv[2:])), 1))
