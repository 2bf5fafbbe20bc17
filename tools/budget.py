"""How near `run --budget` comes: `python tools/budget.py`, a quarter of an hour on an idle machine.

Runs several budgets of two to five minutes at 16 px and prints wall-clock against budget. Needs the
package (`pip install -e .`). The load of the machine stands beside each, because it decides.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time

from markdown_rows import print_head, print_row

SHARED = "--size 16 --samples 256 --ticks 2 --loss non-saturating"
RUNS = (
    (240, "--arch dense,dcgan"),
    (150, "--arch dense --metric fd-pixels"),
    (300, "--arch dense,dcgan --seeds 2"),
    (200, "--arch dcgan --kimg 2 --data gaussians-ring"),
    (240, "--arch dense,dcgan --jobs 2"),
)


def main() -> None:
    """Run each, and print a row for it."""
    print_head("options", "budget", "took", "off", "load before", "chosen", words=1)
    for seconds, words in RUNS:
        load = os.getloadavg()[0]
        with tempfile.TemporaryDirectory() as results:
            asked = f"run {SHARED} {words} --budget {seconds / 3600} --results {results}"
            began = time.perf_counter()
            command = [sys.executable, "-P", "-m", "gan_bench.cli", *asked.split()]
            ended = subprocess.run(command, capture_output=True, text=True, check=False)
        took = time.perf_counter() - began
        lines = [line for line in ended.stderr.splitlines() if "budget" in line]
        off = f"{100 * (took / seconds - 1):+.0f} %"
        said = lines[-1] if lines else ended.stderr[-200:]
        print_row(f"`{words}`", f"{seconds} s", f"{took:.0f} s", off, f"{load:.1f}", said)


if __name__ == "__main__":
    main()
