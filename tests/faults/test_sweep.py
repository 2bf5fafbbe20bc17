"""Every command that writes, whose n-th operation fails: see sweep.py and commands.py.

Each day it is another n; with `-m long` five of each fault for each command. A share of the long
suite takes that share of the commands, every day others.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from commands import ROWS, of_the_day

SWEEP = Path(__file__).with_name("sweep.py")
FAULTS = {"ENOSPC", "EIO", "EACCES", "SIGKILL"}
PLACES = 5  # of each fault for each command
pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")


def swept(folder: Path, places: int, shift: int, *names: str) -> None:
    words = [sys.executable, str(SWEEP), str(folder), str(places), str(shift), *names]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.stdout, done.stderr
    summary = json.loads(done.stdout)
    assert summary["wrong"] == [], "\n".join(summary["wrong"])
    assert done.returncode == 0
    injected = summary["injected"]
    assert injected.keys() == set(names or (row.name for row in ROWS))
    for counts in injected.values():
        operations = counts.pop("operations")
        assert counts.keys() == FAULTS or operations < 2 * len(FAULTS)
        assert sum(counts.values()) >= min(places, operations // 2)
    total = sum(sum(counts.values()) for counts in injected.values())
    sys.stderr.write(f"faults injected: {total}, into {len(injected)} commands\n")


def test_whatever_fails_nothing_finished_is_lost(tmp_path: Path, today: int) -> None:
    others = [row.name for row in ROWS[1:]]
    swept(tmp_path / "sweep", 1, today, "run", *others[today % 8 :: 8])


@pytest.mark.long(divided=True)
def test_whatever_fails_in_any_command_the_same_command_ends_it(
    tmp_path: Path, share: float, today: int
) -> None:
    names = of_the_day([row.name for row in ROWS], share, today)
    swept(tmp_path / "sweep", PLACES, today * 7, *names)
