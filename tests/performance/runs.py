"""Whole runs as a user starts them, in a folder and with a cache of their own."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from gan_bench.results.records import Record, read_record


def run(words: str, here: Path, home: Path, **more: str) -> dict[str, Any]:
    """`gan-bench run <words> --json`, which must succeed; the document that it prints."""
    environment = os.environ | {"GAN_BENCH_HOME": str(home)} | more
    done = subprocess.run(
        [sys.executable, "-m", "gan_bench.cli", "run", "--json", "-q", *shlex.split(words)],
        cwd=here,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def anew(words: str, here: Path, home: Path, **more: str) -> dict[str, Any]:
    """The same with no results from before."""
    shutil.rmtree(here / "results", ignore_errors=True)
    return run(words, here, home, **more)


def records(here: Path) -> dict[str, Record]:
    """Architecture -> the record of its seed 0."""
    folders = (here / "results").glob("*/*/*/seed0")
    return {folder.parts[-3]: read_record(folder) for folder in folders}
