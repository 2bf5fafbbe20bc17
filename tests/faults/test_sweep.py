"""The n-th failure: see sweep.py. One fault at every 62nd operation; with `-m long` all at each."""

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
    assert max(injected.values()) - min(injected.values()) <= min(1, every - 1)
    # a run has more than 300 operations
    assert sum(injected.values()) * every > 300 * len(injected)
    sys.stderr.write(f"faults injected, every {every}: {injected}\n")


@pytest.mark.skipif(not hasattr(__import__("os"), "fork"), reason="forks")
def test_whatever_fails_nothing_finished_is_lost(tmp_path: Path, draw_shapes: Draw) -> None:
    swept(tmp_path / "sweep", draw_shapes, 4 * 62)


@pytest.mark.long
def test_at_every_single_operation(tmp_path: Path, draw_shapes: Draw) -> None:
    swept(tmp_path / "sweep", draw_shapes, 1)
