"""SIGKILLs at random instants of every command that writes, and of runs over a grid of offers.

    python tests/faults/kills.py FOLDER KILLS SEED [COMMAND...]

A command is killed, typed again and killed again, up to three times, and then let go on. It must
end in the bytes of one that was never killed. Each is a process of its own, forked from this one,
which has everything imported and nothing computed. Prints one line of JSON.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # where the tests keep what they share

import commands
import outcomes
from commands import ROWS, Row
from sweep import whole

AT_ONCE = 2
MOST_IN_A_ROW = 3  # kills before a command is let go on
GRID = "--size 16 --batch 8 --kimg 0.048 --samples 24 --metric diversity --ticks 3 -q "
HERE = "--features pixels --device cpu --precision fp32 --data stripes "
GRIDS = (
    Row("grid of the first offers", f"run --arch dense,dcgan --loss minimax,non-saturating,"
        f"label-smoothing {GRID}{HERE}"),
    Row("grid of newer offers", f"run --arch sngan,cdcgan --loss hinge,relativistic-average "
        f"--augment flip,diffaugment-color --recipes own --keep best --keep-ticks {GRID}{HERE}"),
)  # fmt: skip


@dataclass(frozen=True)
class Killed:
    """A command, what it ends in if nothing happens, and how long that takes."""

    row: Row
    stage: Path
    reference: dict[str, str]
    seconds: float

    def case(self, folder: Path, seed: int) -> tuple[int, str | None]:
        """How often it was killed before it could end, and what went wrong then, if anything."""
        shutil.copytree(self.stage, folder)
        rng, kills = random.Random(seed), 0
        for _ in range(rng.randint(1, MOST_IN_A_ROW)):
            killed = self._struck(folder, rng.uniform(0, 1.1 * self.seconds))
            kills += killed
            if wrong := whole(folder):
                return kills, self._told(folder, seed, wrong)
            if not killed:
                break
        code = commands.typed(folder, self.row.words)
        if code not in self.row.done:
            return kills, self._told(folder, seed, f"the last one ended with {code}")
        if difference := outcomes.difference(folder, self.stage, self.row, self.reference):
            return kills, self._told(folder, seed, f"it ended otherwise: {difference}")
        shutil.rmtree(folder)
        return kills, None

    def _struck(self, folder: Path, after: float) -> bool:
        """Whether the command was killed after so many seconds; False: it had ended."""
        pid = commands.started(folder, self.row.words)
        time.sleep(after)
        os.killpg(pid, signal.SIGKILL) if os.getpgid(pid) == pid else os.kill(pid, signal.SIGKILL)
        status = os.waitpid(pid, 0)[1]
        return os.WIFSIGNALED(status)

    def _told(self, folder: Path, seed: int, wrong: str) -> str:
        return f"{self.row.name}, seed {seed}: {wrong}\n{commands.said(folder, 600)}"


def main(root: Path, kills: int, seed: int, names: list[str]) -> int:
    """As many kills, spread over the commands; the number of cases that went wrong."""
    stage = commands.lay_stage(root)
    # the shortest first, and what trains many cells last
    rows = [row for row in (*reversed(ROWS), *GRIDS) if not names or row.name in names]
    counts, wrong = Counter[str](), list[str]()
    for k, row in enumerate(rows):
        (root / str(k)).mkdir()
        reference = commands.run_once(stage, root / str(k) / "once", row)
        shutil.copytree(stage, timed := root / str(k) / "timed")
        began = time.monotonic()
        commands.typed(timed, row.words)
        each = Killed(row, stage, reference, time.monotonic() - began)
        share = max(1, -(-kills * (k + 1) // len(rows)) - counts.total())
        tries = 0
        with ThreadPoolExecutor(AT_ONCE) as pool:
            while counts[row.name] < share:
                seeds = [seed * 1_000_003 + 1000 * k + tries + n for n in range(AT_ONCE)]
                tries += AT_ONCE
                for count, why in pool.map(
                    lambda seed: each.case(root / str(k) / str(seed), seed),  # noqa: B023
                    seeds,
                ):
                    counts[row.name] += count
                    wrong += [why] if why else []
                    sys.stderr.write(f"{why}\n" if why else "")
        sys.stderr.write(f"{row.name}: {counts[row.name]} kills, {len(wrong)} wrong in all\n")
    sys.stdout.write(json.dumps({"kills": counts, "wrong": wrong}) + "\n")
    return len(wrong)


if __name__ == "__main__":
    given = sys.argv[2:]
    sys.exit(min(main(Path(sys.argv[1]), int(given[0]), int(given[1]), given[2:]), 1))
