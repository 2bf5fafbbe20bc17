"""What Slurm's own commands say of our jobs: squeue, scancel, scontrol."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass

COMMAND_SECONDS = 120  # a busy controller answers late
USUAL_ARRAY = 1000  # tasks, where Slurm does not say how many it takes
MAX_ARRAY = re.compile(r"^MaxArraySize\s*=\s*(\d+)", re.MULTILINE)


@dataclass(frozen=True)
class Task:
    """One task of an array that is in the queue: waiting, running, or about to end."""

    job: str  # `12_3`: task 3 of array 12; `12` for a job that is no array
    state: str  # as squeue writes it, such as PENDING

    @property
    def index(self) -> int:
        """Its place in the array."""
        return int(self.job.partition("_")[2] or 0)


Listing = dict[str, dict[int, Task]]  # the tasks of each job name


def tasks() -> Listing | None:
    """All our tasks in the queue by the name of their job; None if squeue does not answer."""
    words = ["squeue", "--noheader", "--array", f"--user={os.getuid()}", "--format=%i|%T|%j"]
    printed = _printed(words)
    return None if printed is None else read_listing(printed.splitlines())


def read_listing(lines: Iterable[str]) -> Listing:
    """The lines of squeue as tasks. Lines of another form are not ours."""
    listing: Listing = {}
    for line in lines:
        job, _, rest = line.strip().partition("|")
        state, _, name = rest.partition("|")
        if re.fullmatch(r"\d+(_\d+)?", job):
            task = Task(job, state)
            listing.setdefault(name, {})[task.index] = task
    return listing


def state_of(job: str) -> str | None:
    """The state of one job, as squeue writes it; None if it is not there or not known."""
    printed = _printed(["squeue", "--noheader", f"--jobs={job}", "--format=%T"])
    return (printed or "").strip() or None


def cancel(*words: str) -> None:
    """Scancel with these words; a job that has ended already is no fault.

    A second interrupt ends the waiting, but not scancel.
    """
    with suppress(OSError, subprocess.TimeoutExpired):
        process = subprocess.Popen(
            ["scancel", *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        process.wait(COMMAND_SECONDS)


def requeue(job: str) -> bool:
    """Whether Slurm takes the job back into its queue."""
    return _printed(["scontrol", "requeue", job]) is not None


def largest_array() -> int:
    """How many tasks an array may have here."""
    found = MAX_ARRAY.search(_printed(["scontrol", "show", "config"]) or "")
    return max(1, int(found[1])) if found else USUAL_ARRAY


def _printed(words: list[str]) -> str | None:
    """What a command prints; None if it fails."""
    try:
        done = subprocess.run(
            words, capture_output=True, text=True, timeout=COMMAND_SECONDS, errors="replace"
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None
