"""Fifty SIGKILLs at random, over a grid of the built-in architectures and losses."""

from __future__ import annotations

import random
import shlex
import subprocess
import sys
import time
from collections import Counter

import psutil
import pytest

import tiny
from given import Place
from tiny import Make

GRID = shlex.split(
    "--arch dense --arch dcgan --loss minimax --loss non-saturating --loss label-smoothing "
    "--data ../shapes --size 16 --batch 16 --kimg 12 --samples 32 --metric fd --device cpu"
)  # 750 updates of each of six cells
KILLS = 50


def killed(running: subprocess.Popen[str], rng: random.Random) -> str | None:
    """Wait for a moment, then kill the cell, the run, or both; None if the run was over."""
    time.sleep(rng.uniform(2, 30))
    if running.poll() is not None:
        return None
    children = psutil.Process(running.pid).children(recursive=True)
    what = rng.choice(["cell", "run", "both"])
    if what != "cell":
        running.kill()
    if what != "run":
        for child in children:
            child.kill()
    return what


@pytest.mark.long
def test_fifty_kills_change_no_byte(make_place: Make) -> None:
    reference = make_place("many-reference")
    done = reference.run(*GRID)
    assert done.returncode == 0, done.stderr
    seed = 20_261_124
    here, rng, count = make_place("many"), random.Random(seed), Counter[str]()
    rounds = 0
    while count.total() < KILLS:
        place = Place(here.folder, here.env)
        running = place.start(*GRID, f"--results=results{rounds}")
        while count.total() < KILLS and (what := killed(running, rng)):
            count[what] += 1
            if what != "cell":
                running.communicate()
                running = place.start(*GRID, f"--results=results{rounds}")
        _, err = running.communicate(timeout=600)
        assert running.returncode == 0, err
        found = tiny.outcome(here.folder / f"results{rounds}")
        assert found == tiny.outcome(reference.folder / "results")
        rounds += 1
    sys.stderr.write(f"kills: {dict(count)}, in {rounds} runs of six cells\n")
