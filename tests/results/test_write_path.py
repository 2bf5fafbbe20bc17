"""Everything that a run writes goes through `results.atomic`; locks and logs are the exceptions."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

FAULTS = Path(__file__).parents[1] / "faults"

AUDIT = """
import sys, os, traceback
sys.path[:0] = [{faults!r}, {tests!r}]
from pathlib import Path
import tiny
folder, seen = Path({folder!r}), set()

def watch(event, given):
    if event != "open" or not isinstance(given[0], str) or not given[0].startswith(str(folder)):
        return
    flags = given[2]
    if flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
        callers = [frame.filename for frame in traceback.extract_stack()[:-1]]
        seen.add(next((Path(c).name for c in reversed(callers) if "gan_bench" in c), callers[-1]))

sys.dont_write_bytecode = True  # Python's own cache of a plugin file is not ours
plugin = tiny.write_plugin(folder)
sys.addaudithook(watch)
assert tiny.run(plugin, folder / "shapes", folder / "results") == 0
sys.stdout.write(" ".join(sorted(seen)))
"""


def test_a_whole_run_opens_files_to_write_in_one_module(shapes: Path, tmp_path: Path) -> None:
    """Python audits every open; filelock opens the locks that `locks` and `cache` ask for."""
    code = AUDIT.format(faults=str(FAULTS), tests=str(FAULTS.parent), folder=str(tmp_path))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert set(done.stdout.split()) <= {"atomic.py", "locks.py", "cache.py"}
    assert "atomic.py" in done.stdout
