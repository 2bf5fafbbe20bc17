"""What a job of the queue runs: one cell as a child process, which it stops in time.

Slurm sends SIGUSR2 before the time limit, and submitit then asks for `checkpoint`, puts the job
back into the queue and ends it. Slurm sends SIGTERM when the job is preempted or cancelled: a job
that is still running by what squeue says was preempted, and goes back into the queue as well.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

from submitit.core.utils import DelayedSubmission

from gan_bench import cell_command
from gan_bench_plugins.slurm_queue import requeue, state_of

POLL_SECONDS = 0.1
FORWARD_SECONDS = 3.0  # Slurm signals the cell as well; a second signal could spoil its last words
STOPPED = 128 + signal.SIGTERM
# in a row: more often, and the cell would go through the queue for ever
MOST_FRUITLESS = 3


class CellTask:
    """Runs a cell; the exit code of its process is the result."""

    def __init__(self, grace: float, fruitless: int = 0) -> None:
        """`grace`: seconds to save the state; `fruitless`: jobs in a row that saved nothing new."""
        self.grace = grace
        self.fruitless = fruitless
        self._process: subprocess.Popen[bytes] | None = None
        self._saved: tuple[str, int] | None = None
        self._terminated = False
        self._code: int | None = None

    def __call__(self, cell: str) -> int:
        """The exit code of the cell's process. RuntimeError if it cannot be started."""
        self._saved = newest_state(Path(cell))
        signal.signal(signal.SIGTERM, self._told)
        self._process = start_cell(Path(cell))
        threading.Thread(target=self._watch, args=(self._process,), daemon=True).start()
        self._wait(None)
        if self._code in (STOPPED, -signal.SIGTERM) and self._terminated:
            _go_back_if_preempted()
        return -signal.SIGTERM if self._code is None else self._code

    def checkpoint(self, cell: str) -> DelayedSubmission:
        """Stop the cell; what the next job of it runs. RuntimeError if it does not get on."""
        if self._process is not None:  # else this job had not come so far
            self._process.terminate()
            self._wait(self.grace)
            self._process.kill()
        fruitless = 0 if newest_state(Path(cell)) != self._saved else self.fruitless + 1
        if fruitless > MOST_FRUITLESS:
            raise RuntimeError(
                f"the queue ended {fruitless} jobs of this cell in a row before it could save "
                "anything new: give it more --minutes-per-cell"
            )
        return DelayedSubmission(CellTask(self.grace, fruitless), cell)

    def _watch(self, process: subprocess.Popen[bytes]) -> None:
        self._code = process.wait()

    def _wait(self, seconds: float | None) -> None:
        """Until the cell has ended. Handlers of signals wait too: no lock may be held here."""
        end = None if seconds is None else time.monotonic() + seconds
        while self._code is None and (end is None or time.monotonic() < end):
            time.sleep(POLL_SECONDS)

    def _told(self, *_: object) -> None:
        self._terminated = True
        self._wait(FORWARD_SECONDS if self._process else 0)
        if self._process is not None and self._code is None:
            self._process.terminate()


def start_cell(cell: Path) -> subprocess.Popen[bytes]:
    """The process of a cell. It ends when this one does, and does not see SIGUSR2."""
    words, environment = cell_command(cell)
    try:
        with (cell / "cell.log").open("ab") as log:
            return subprocess.Popen(
                words,
                env=environment,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                # Slurm signals every process of a job, and this one would end the cell
                preexec_fn=_ignore_queue_signal,
            )
    except OSError as error:
        why = f"cannot start the cell in {cell} on this node: {error.strerror or error}"
        raise RuntimeError(f"{why}; do all nodes share this folder and this Python?") from error


def newest_state(cell: Path) -> tuple[str, int] | None:
    """The newest checkpoint of a cell, by name and time; None if there is none."""
    found = [(path.stat().st_mtime_ns, path.name) for path in cell.rglob("*.pt")]
    return max(found)[::-1] if found else None


def _ignore_queue_signal() -> None:
    signal.signal(signal.SIGUSR2, signal.SIG_IGN)


def _go_back_if_preempted() -> None:
    """End this job and queue it again, if it was not cancelled."""
    array, index = (os.environ.get(f"SLURM_ARRAY_{name}") for name in ("JOB_ID", "TASK_ID"))
    job = f"{array}_{index}" if array else os.environ.get("SLURM_JOB_ID", "")
    if job and state_of(job) == "RUNNING" and requeue(job):
        sys.exit(STOPPED)  # without a result: the next job has it
