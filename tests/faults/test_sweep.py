"""The n-th failure: see sweep.py. Every 61st operation here; all of them with `-m long`."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import tiny
from given import Draw

SWEEP = Path(__file__).with_name("sweep.py")


def swept(folder: Path, draw_shapes: Draw, every: int) -> None:
    folder.mkdir()
    tiny.write_plugin(folder)
    draw_shapes(folder / "shapes", 30, 12)
    done = subprocess.run(
        [sys.executable, str(SWEEP), str(folder), str(every)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stdout, done.stderr
    summary = json.loads(done.stdout)
    assert summary["wrong"] == [], "\n".join(summary["wrong"])
    assert done.returncode == 0
    injected = summary["injected"]
    assert set(injected) == {"ENOSPC", "EIO", "EACCES", "SIGKILL"}
    assert len(set(injected.values())) == 1  # all faults at the same operations
    assert injected["EIO"] * every > 300  # a run has more than 300 operations
    sys.stderr.write(f"faults injected, every {every}: {injected}\n")


@pytest.mark.skipif(not hasattr(__import__("os"), "fork"), reason="forks")
def test_whatever_fails_nothing_finished_is_lost(tmp_path: Path, draw_shapes: Draw) -> None:
    swept(tmp_path / "sweep", draw_shapes, 61)


@pytest.mark.long
def test_at_every_single_operation(tmp_path: Path, draw_shapes: Draw) -> None:
    swept(tmp_path / "sweep", draw_shapes, 1)
