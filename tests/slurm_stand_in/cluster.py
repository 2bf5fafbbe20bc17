"""A cluster of one machine for the tests: sbatch, squeue, scancel, scontrol and srun without Slurm.

What it does was copied from what a real Slurm 22.05 was seen to do with the same jobs: a signal
reaches every process of a job's step but not its batch script; a job that is put back keeps its
number and waits; a cancelled one gets SIGTERM, and SIGKILL after KILL_WAIT. No time limit runs out:
a test sends SIGUSR2 when Slurm would.

$STAND_IN_CLUSTER/refuse  what sbatch answers instead of queueing, if it is there
$STAND_IN_CLUSTER/silent  squeue answers nothing while it is there
$STAND_IN_CLUSTER/<job>/  job.json; script; <task>.json: state; <task>.step: process group
$STAND_IN_CLUSTER/<job>/asked/  what is to be done to a task; its controller deletes each file
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
import uuid
from contextlib import suppress
from pathlib import Path

TICK = 0.05
KILL_WAIT = 5.0  # seconds
REQUEUE_WAIT = 0.3  # a real one waits two minutes
LIVE = ("PENDING", "RUNNING", "COMPLETING")


def home() -> Path:
    """Where the state of the cluster is."""
    return Path(os.environ["STAND_IN_CLUSTER"])


def tasks() -> dict[str, dict]:
    """What each task is doing: by `12_3`, or `12` for a job that is no array."""
    found = {}
    for path in sorted(home().glob("*/job.json")):
        job = json.loads(path.read_text())
        for index in range(job["tasks"]):
            name = f"{path.parent.name}_{index}" if job["array"] else path.parent.name
            state = _read(path.parent / f"{index}.json")
            found[name] = {"job": job, "folder": path.parent, "index": index, **state}
    return found


def ask(task: str, do: str, **more: object) -> None:
    """Ask the controller of a task to do something: cancel, signal, requeue, preempt, lose."""
    found = tasks()[task]
    asked = found["folder"] / "asked"
    text = json.dumps({"index": found["index"], "do": do, **more})
    part = asked / f".{uuid.uuid4().hex}"
    part.write_text(text)
    part.rename(asked / f"{time.time_ns()}")


def submit(script: str) -> str:
    """Queue a batch script; the number of its job."""
    options = dict(re.findall(r"^#SBATCH --([a-z-]+)=?(.*)$", script, re.MULTILINE))
    number = 1 + max((int(p.name) for p in home().iterdir() if p.name.isdecimal()), default=0)
    folder = home() / str(number)
    (folder / "asked").mkdir(parents=True)
    (folder / "script").write_text(script)
    array = re.fullmatch(r"'?0-(\d+)%(\d+)'?", options.get("array", ""))
    count, at_once = (int(array[1]) + 1, int(array[2])) if array else (1, 1)
    for index in range(count):
        _write(folder / f"{index}.json", {"state": "PENDING"})
    job = {"array": bool(array), "tasks": count, "at_once": at_once, "options": options}
    _write(folder / "job.json", job)
    controller = [sys.executable, __file__, str(folder)]
    with (folder / "controller.log").open("ab") as log:
        subprocess.Popen(controller, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                         start_new_session=True)  # fmt: skip
    return str(number)


class Controller:
    """Runs the tasks of one job."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.job = json.loads((folder / "job.json").read_text())
        self.running: dict[int, subprocess.Popen] = {}
        self.kills: dict[int, float] = {}  # when a task that was told to end is killed
        self.again: set[int] = set()  # tasks that go back into the queue when they have ended
        self.not_before: dict[int, float] = {}

    def run(self) -> None:
        """Until every task has ended."""
        while any(self.state(index) in LIVE for index in range(self.job["tasks"])):
            for path in sorted((self.folder / "asked").glob("[0-9]*")):
                self.do(**json.loads(path.read_text()))
                path.unlink()
            self.kill_late()
            self.collect()
            self.begin()
            time.sleep(TICK)

    def state(self, index: int) -> str:
        return _read(self.folder / f"{index}.json")["state"]

    def set(self, index: int, state: str) -> None:
        _write(self.folder / f"{index}.json", {"state": state})

    def begin(self) -> None:
        for index in range(self.job["tasks"]):
            free = len(self.running) < self.job["at_once"]
            ready = free and time.time() >= self.not_before.get(index, 0)
            if ready and self.state(index) == "PENDING":
                self.start(index)

    def start(self, index: int) -> None:
        number = self.folder.name
        own = {"SLURM_JOB_ID": number, "SLURM_PROCID": "0", "STAND_IN_TASK": str(index)}
        if self.job["array"]:
            own |= {"SLURM_ARRAY_JOB_ID": number, "SLURM_ARRAY_TASK_ID": str(index)}
        self.set(index, "RUNNING")
        output = _expanded(self.job["options"]["output"].strip("'"), own)
        with open(output, "ab") as log:
            self.running[index] = subprocess.Popen(
                ["bash", str(self.folder / "script")], env=os.environ | own,
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip

    def do(self, index: int, do: str, number: int = 0) -> None:
        if do == "signal":
            self.signal(index, number)
        elif self.state(index) == "PENDING":
            self.set(index, "CANCELLED" if do == "cancel" else "PENDING")
        elif do == "preempt":  # with a time of grace: the job still runs by what squeue says
            self.signal(index, signal.SIGTERM)
            self.kills[index] = time.time() + KILL_WAIT
            self.again.add(index)
        elif do in ("cancel", "requeue"):
            self.set(index, "COMPLETING")
            self.signal(index, signal.SIGTERM)
            self.kills[index] = time.time() + KILL_WAIT
            if do == "requeue":
                self.again.add(index)
        elif do == "lose":  # the node is gone
            self.signal(index, signal.SIGKILL)

    def kill_late(self) -> None:
        for index, when in list(self.kills.items()):
            if time.time() > when:
                self.signal(index, signal.SIGKILL)

    def collect(self) -> None:
        for index, process in list(self.running.items()):
            if process.poll() is not None:
                del self.running[index]
                self.kills.pop(index, None)
                self.not_before[index] = time.time() + REQUEUE_WAIT
                self.set(index, "PENDING" if index in self.again else "COMPLETED")
                self.again.discard(index)

    def signal(self, index: int, number: int) -> None:
        step = self.folder / f"{index}.step"
        with suppress(OSError, ValueError):
            os.killpg(int(step.read_text()), number)
        if number == signal.SIGKILL and index in self.running:
            with suppress(OSError):
                os.killpg(self.running[index].pid, number)


def run_step(words: list[str]) -> int:
    """Srun: the command in a process group of its own, with its output where it was asked for."""
    output = None
    while words[0].startswith("--"):
        name, _, value = words.pop(0).partition("=")
        if name == "--output":
            output = value or words.pop(0)
    log = open(_expanded(output, dict(os.environ)), "ab")  # noqa: SIM115
    with log:
        step = subprocess.Popen(words, stdout=log, stderr=log, start_new_session=True)
    place = home() / os.environ["SLURM_JOB_ID"] / f"{os.environ['STAND_IN_TASK']}.step"
    place.write_text(str(step.pid))
    return step.wait()


def _expanded(path: str, own: dict[str, str]) -> str:
    values = {"%A": own.get("SLURM_ARRAY_JOB_ID", ""), "%a": own.get("SLURM_ARRAY_TASK_ID", "")}
    for name, value in (values | {"%j": own["SLURM_JOB_ID"], "%t": "0"}).items():
        path = path.replace(name, value)
    return path


def _read(path: Path) -> dict:
    return json.loads(path.read_text())


def _write(path: Path, content: dict) -> None:
    part = path.with_suffix(f".{uuid.uuid4().hex}")
    part.write_text(json.dumps(content))
    part.rename(path)


if __name__ == "__main__":
    Controller(Path(sys.argv[1])).run()
