"""What the fixtures of conftest.py give, and gan-bench as a process of its own."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest

Draw = Callable[..., Path]
Command = Callable[..., "Said"]
Install = Callable[..., None]  # name of the distribution, source of its one module, version


@dataclass(frozen=True)
class Said:
    """What a command left: its exit code and what it printed where."""

    code: int
    out: str
    err: str


def refused(said: Said, code: int, *parts: str) -> None:
    """One clear sentence on stderr, nothing on stdout, nothing laid out."""
    assert said.code == code, said.err
    assert said.out == ""
    assert "Traceback" not in said.err
    text = " ".join(said.err.split())
    for part in parts:
        assert part in text
    assert not list(Path("results").rglob("cell.json")) + list(Path("results").rglob("*.jsonl"))


def read_only(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nothing be made in the folder: its mode does not stop root, who runs tests in CI."""

    def refusing(call: Callable[..., Any], writes: Callable[..., bool]) -> Callable[..., Any]:
        def checked(path: Any, *more: Any, **named: Any) -> Any:
            inside = not isinstance(path, int) and Path(path).absolute().is_relative_to(folder)
            if inside and writes(*more):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
            return call(path, *more, **named)

        return checked

    monkeypatch.setattr(os, "open", refusing(os.open, lambda flags, *_: bool(flags & os.O_CREAT)))
    monkeypatch.setattr(os, "mkdir", refusing(os.mkdir, lambda *_: True))


@dataclass(frozen=True)
class Place:
    """Where a user works: a folder for the results, a cache, the same images as everyone."""

    folder: Path
    env: dict[str, str]

    def start(self, *words: str) -> subprocess.Popen[str]:
        """`gan-bench run ...`; Ctrl-C is not ignored, whatever we were started by."""
        return subprocess.Popen(
            [sys.executable, "-m", "gan_bench.cli", "run", *words],
            cwd=self.folder,
            env=self.env,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=partial(signal.signal, signal.SIGINT, signal.default_int_handler),
        )

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run to the end."""
        running = self.start(*words)
        out, err = running.communicate(timeout=300)
        return subprocess.CompletedProcess(words, running.returncode, out, err)

    @property
    def protocol(self) -> Path:
        """The folder of the one protocol."""
        (found,) = (path.parent for path in self.folder.glob("results/*/protocol.json"))
        return found


def wait_for(condition: Callable[[], object], running: subprocess.Popen[Any]) -> None:
    end = time.monotonic() + 300
    while not condition():
        assert running.poll() is None, running.communicate()
        assert time.monotonic() < end, "waited five minutes"
        time.sleep(0.05)
