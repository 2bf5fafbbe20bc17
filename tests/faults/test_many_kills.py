"""SIGKILLs at random instants, in every command that writes and in grids of offers: kills.py."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from commands import ROWS, of_the_day
from kills import GRIDS

KILLS = Path(__file__).with_name("kills.py")
COUNT = int(os.environ.get("GAN_BENCH_KILLS", "500"))  # of the whole long suite


@pytest.mark.long(divided=True)
@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")
def test_many_kills_change_no_byte(tmp_path: Path, share: float, today: int) -> None:
    count = max(1, round(COUNT * share))
    names = of_the_day([row.name for row in (*GRIDS, *ROWS)], share, today)
    words = [sys.executable, str(KILLS), str(tmp_path / "kills"), str(count), str(today), *names]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.stdout, done.stderr
    summary = json.loads(done.stdout)
    assert summary["wrong"] == [], "\n".join(summary["wrong"])
    kills = summary["kills"]
    assert sum(kills.values()) >= count
    assert kills.keys() == set(names)
    sys.stderr.write(f"SIGKILLs: {sum(kills.values())}, in {len(kills)} commands\n")
