"""The engine `slurm` on the stand-ins of tests/slurm_stand_in: cells are shell scripts."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent

import pytest

pytest.importorskip("submitit")

from gan_bench import Resources, UsageError, engine_dir
from gan_bench.results.layout import CELL, STUDY, branch_dir
from gan_bench.run.outcome import PAUSED
from gan_bench_plugins import slurm
from gan_bench_plugins.slurm_array import sbatch_parameters, submitted
from gan_bench_plugins.slurm_queue import read_listing

STAND_IN = Path(__file__).parents[1] / "slurm_stand_in"
sys.path.insert(0, str(STAND_IN))
import cluster  # noqa: E402

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the stand-ins are for Linux")

Cell = Callable[[str, str], Path]
Patch = pytest.MonkeyPatch
CPU = Resources(gpus_per_cell=0)
ENDED = "touch ended"
# In place of `python -m gan_bench.run.cell`: the script in the folder of the cell. A job sees it
# because Python imports this file at its start.
SITE = """
import sys

if "submitit.core._submit" in sys.orig_argv:
    import os
    import gan_bench_plugins.slurm_task as task

    task.cell_command = lambda cell: (["sh", "-c", f"cd {cell} && . ./script"], dict(os.environ))
"""
SAVING = """
echo begun >> starts
if [ -e state.pt ]; then exit 0; fi
trap 'touch state.pt; exit 143' TERM
while :; do sleep 0.05; done
"""


@pytest.fixture(autouse=True)
def queue(tmp_path: Path, monkeypatch: Patch) -> Iterator[Path]:
    """A cluster of stand-ins; its state. Nothing of it runs on."""
    home = tmp_path / "cluster"
    home.mkdir()
    site = tmp_path / "site"
    site.mkdir()
    (site / "sitecustomize.py").write_text(SITE)
    monkeypatch.setenv("STAND_IN_CLUSTER", str(home))
    monkeypatch.setenv("PATH", str(STAND_IN), prepend=os.pathsep)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(site), *filter(None, sys.path)]))
    monkeypatch.setattr(slurm, "LOOK_SECONDS", (0.1, 0.1))
    monkeypatch.setattr(slurm, "SETTLE_SECONDS", 0.5)
    yield home
    for name, task in cluster.tasks().items():
        if task["state"] in cluster.LIVE:
            cluster.ask(name, "cancel")
    wait_for(lambda: not alive())


@pytest.fixture
def cell(tmp_path: Path) -> Cell:
    """A cell of one protocol whose process is a shell script."""

    def make(name: str, script: str) -> Path:
        folder = tmp_path / "results" / "protocol" / "arch" / "loss" / name
        folder.mkdir(parents=True)
        (folder / "script").write_text(dedent(script))
        return folder

    return make


def alive() -> dict[str, str]:
    """The tasks that are in the queue, with their states."""
    states = {name: task["state"] for name, task in cluster.tasks().items()}
    return {name: state for name, state in states.items() if state in cluster.LIVE}


def wait_for(condition: Callable[[], object]) -> None:
    end = time.monotonic() + 100
    while not condition():
        assert time.monotonic() < end, "waited a minute"
        time.sleep(0.02)


def beside(action: Callable[[], object]) -> None:
    threading.Thread(target=action, daemon=True).start()


def once_begun(cell: Path, task: str, do: str, before: int = 0, **more: int) -> None:
    """Ask the cluster to do this to a task when its cell has begun, after so many times before."""
    starts = cell / "starts"
    wait_for(lambda: starts.exists() and len(starts.read_text().splitlines()) > before)
    cluster.ask(task, do, **more)


def jobs(queue: Path) -> list[str]:
    return sorted(path.name for path in queue.iterdir() if path.name.isdecimal())


def log_of(cell: Path) -> str:
    return (cell / "cell.log").read_text()


def test_all_cells_are_one_array_and_each_is_yielded_with_its_exit_code(
    cell: Cell, queue: Path
) -> None:
    scripts = ["echo hello", "exit 3", "kill -9 $$", f"exit {PAUSED}"]
    cells = [cell(f"seed{k}", script) for k, script in enumerate(scripts)]
    ended = dict(slurm.start(cells, CPU))
    assert ended == dict(zip(cells, [0, 3, -signal.SIGKILL, PAUSED], strict=True))
    assert jobs(queue) == ["1"]
    assert log_of(cells[0]) == "hello\n"
    assert not engine_dir(cells[0], "slurm").parent.exists()  # no job is left
    assert list(slurm.start([], CPU)) == []


def test_one_cell_alone_is_a_job(cell: Cell) -> None:
    only = cell("seed0", "exit 5")
    assert list(slurm.start([only], CPU)) == [(only, 5)]


def test_no_more_cells_are_at_work_than_was_asked_for(cell: Cell, tmp_path: Path) -> None:
    script = f"""
    mkdir {tmp_path}/at-work-$$
    ls -d {tmp_path}/at-work-* | wc -l
    sleep 0.3
    rmdir {tmp_path}/at-work-$$
    """
    cells = [cell(f"seed{k}", script) for k in range(5)]
    list(slurm.start(cells, Resources(jobs=2, gpus_per_cell=0)))
    assert max(int(log_of(each)) for each in cells) <= 2


def test_arrays_are_no_longer_than_slurm_takes(cell: Cell, queue: Path, monkeypatch: Patch) -> None:
    monkeypatch.setattr(slurm, "largest_array", lambda: 2)
    cells = [cell(f"seed{k}", ENDED) for k in range(5)]
    assert sorted(slurm.start(cells, Resources(jobs=4, gpus_per_cell=0))) == [
        (each, 0) for each in cells
    ]
    assert [len(list((queue / job).glob("[0-9].json"))) for job in jobs(queue)] == [2, 2, 1]


def test_a_cell_goes_on_in_another_job_when_its_time_is_over(cell: Cell, queue: Path) -> None:
    each = cell("seed0", SAVING)
    beside(lambda: once_begun(each, "1", "signal", number=int(signal.SIGUSR2)))
    assert list(slurm.start([each], CPU)) == [(each, 0)]
    assert (each / "starts").read_text() == "begun\n" * 2
    assert jobs(queue) == ["1"]  # the same job, put back


@pytest.mark.parametrize("how", ["preempt", "requeue"])
def test_a_preempted_cell_goes_on_in_the_same_array(cell: Cell, queue: Path, how: str) -> None:
    cells = [cell("seed0", SAVING), cell("seed1", ENDED)]
    ended = slurm.start(cells, CPU)
    assert next(ended) == (cells[1], 0)
    once_begun(cells[0], "1_0", how)
    assert list(ended) == [(cells[0], 0)]
    assert (cells[0] / "starts").read_text() == "begun\n" * 2
    assert jobs(queue) == ["1"]


def test_a_cell_that_saves_nothing_does_not_go_through_the_queue_for_ever(
    cell: Cell, queue: Path
) -> None:
    each = cell("seed0", "echo begun >> starts; while :; do sleep 0.05; done")

    def end_every_job() -> None:
        for k in range(4):
            once_begun(each, "1", "signal", k, number=int(signal.SIGUSR2))

    beside(end_every_job)
    assert list(slurm.start([each], CPU)) == [(each, 1)]
    assert (each / "starts").read_text() == "begun\n" * 4
    assert log_of(each).splitlines()[-1].endswith("give it more --minutes-per-cell")


def test_a_task_that_vanishes_is_lost_and_the_log_says_where_to_look(cell: Cell) -> None:
    cells = [cell("seed0", SAVING), cell("seed1", SAVING)]
    for k, each in enumerate(cells):
        beside(lambda each=each, k=k: once_begun(each, f"1_{k}", "lose"))
    assert dict(slurm.start(cells, CPU)) == dict.fromkeys(cells, -signal.SIGTERM)
    assert "job 1_0 left the queue without a result" in log_of(cells[0])


def test_a_job_that_cannot_run_python_says_so_in_the_cells_log(cell: Cell, tmp_path: Path) -> None:
    each = cell("seed0", ENDED)
    fails = 'import sys\nif "submitit.core._submit" in sys.orig_argv:\n    sys.exit("no disk")\n'
    (tmp_path / "site" / "sitecustomize.py").write_text(fails)
    assert list(slurm.start([each], CPU)) == [(each, -signal.SIGTERM)]
    assert "no disk" in log_of(each)


def test_closing_cancels_the_array_and_waits_for_the_cells_to_save(cell: Cell, queue: Path) -> None:
    cells = [cell("seed0", ENDED), *(cell(f"seed{k}", SAVING) for k in (1, 2, 3))]
    ended = slurm.start(cells, Resources(jobs=2, gpus_per_cell=0))
    assert next(ended) == (cells[0], 0)
    wait_for(lambda: (cells[1] / "starts").exists() and (cells[2] / "starts").exists())
    ended.close()
    assert not alive()
    assert [(each / "state.pt").exists() for each in cells] == [False, True, True, False]
    assert not (cells[3] / "starts").exists()
    assert not engine_dir(cells[0], "slurm").exists()


def test_a_second_interrupt_leaves_nothing_in_the_queue(cell: Cell, monkeypatch: Patch) -> None:
    cells = [cell("seed0", ENDED), cell("seed1", SAVING)]
    ended, cancel = slurm.start(cells, CPU), slurm.cancel

    def interrupted(*words: str) -> None:
        monkeypatch.setattr(slurm, "cancel", cancel)
        raise KeyboardInterrupt

    assert next(ended) == (cells[0], 0)
    monkeypatch.setattr(slurm, "cancel", interrupted)
    with pytest.raises(KeyboardInterrupt):
        ended.close()
    wait_for(lambda: not alive())


def test_cells_in_the_queue_are_not_queued_again_when_the_head_was_killed(
    cell: Cell, queue: Path
) -> None:
    cells = [cell(f"seed{k}", f"{SAVING}") for k in range(3)]
    one = Resources(jobs=1, gpus_per_cell=0)
    home = engine_dir(cells[0], "slurm")
    submitted(home, cells[:2], one)  # by a process that is gone
    wait_for((cells[0] / "starts").exists)
    for k, task in enumerate(("1_0", "1_1", "2")):
        beside(lambda k=k, task=task: once_begun(cells[k], task, "preempt"))
    assert dict(slurm.start(cells, one)) == dict.fromkeys(cells, 0)
    assert jobs(queue) == ["1", "2"]  # the second is the cell that was in no array
    assert [(each / "starts").read_text() for each in cells] == ["begun\n" * 2] * 3


def test_cells_of_a_study_are_found_in_the_queue_when_those_of_its_first_trial_are_done(
    cell: Cell, queue: Path
) -> None:
    """They lie in other protocols: none of them tells where the first one is."""
    study = cell("seed0", ENDED).parents[3] / "studies" / "tune"
    cells = [study / trial / "arch" / "loss" / "seed0" for trial in ("trial0", "trial1", "trial2")]
    for each in cells:
        each.mkdir(parents=True)
        (each / "script").write_text(SAVING)
    (study / STUDY).touch()
    (cells[0] / "script").write_text(ENDED)
    submitted(engine_dir(cells[0], "slurm"), cells, CPU)  # by a process that is gone
    wait_for(lambda: "1_0" not in alive())
    for k in (1, 2):
        beside(lambda k=k: once_begun(cells[k], f"1_{k}", "preempt"))
    assert dict(slurm.start(cells[1:], CPU)) == dict.fromkeys(cells[1:], 0)
    assert jobs(queue) == ["1"]
    assert not engine_dir(cells[0], "slurm").exists()


def test_branches_of_several_cells_are_an_array_for_each_cell(cell: Cell, queue: Path) -> None:
    """So the jobs of a cell's branches are found in its own folder."""
    branches = []
    for parent in (cell("seed0", ENDED), cell("seed1", ENDED)):
        (parent / CELL).touch()
        for change in ("one", "two"):
            branches.append(branch_dir(parent, change, change, 0))
            branches[-1].mkdir(parents=True)
            (branches[-1] / "script").write_text(ENDED)
    assert dict(slurm.start(branches, CPU)) == dict.fromkeys(branches, 0)
    assert jobs(queue) == ["1", "2"]
    assert [cluster.tasks()[name]["job"]["tasks"] for name in ("1_0", "2_0")] == [2, 2]
    assert not any(engine_dir(each, "slurm").exists() for each in branches)


def test_what_has_not_begun_is_queued_anew_if_other_resources_are_asked_for(
    cell: Cell, queue: Path
) -> None:
    cells = [cell("seed0", SAVING), cell("seed1", ENDED)]
    submitted(engine_dir(cells[0], "slurm"), cells, Resources(jobs=1, gpus_per_cell=0))
    wait_for((cells[0] / "starts").exists)
    ended = slurm.start(cells, Resources(gpus_per_cell=0, cpus_per_cell=1))
    assert next(ended) == (cells[1], 0)  # while the first one is at work in the first array
    assert alive() == {"1_0": "RUNNING"}
    cluster.ask("1_0", "preempt")
    assert list(ended) == [(cells[0], 0)]
    assert jobs(queue) == ["1", "2"]


def test_a_refused_array_is_one_sentence_and_leaves_nothing(cell: Cell, queue: Path) -> None:
    (queue / "refuse").write_text("Invalid partition name specified")
    each = cell("seed0", ENDED)
    with pytest.raises(UsageError, match=r"^Slurm takes no jobs: Invalid partition name specified"):
        list(slurm.start([each], Resources(gpus_per_cell=0, partition="gpuu")))
    assert not engine_dir(each, "slurm").exists()


def test_a_queue_that_does_not_answer_for_a_while_is_asked_again(cell: Cell, queue: Path) -> None:
    each = cell("seed0", "sleep 0.2")

    def be_silent() -> None:
        wait_for(alive)
        (queue / "silent").touch()
        time.sleep(1.5)
        (queue / "silent").unlink()

    beside(be_silent)
    assert list(slurm.start([each], CPU)) == [(each, 0)]


def test_parts_of_a_gpu_are_refused(cell: Cell) -> None:
    with pytest.raises(UsageError, match="Slurm gives whole GPUs to a job"):
        list(slurm.start([cell("seed0", ENDED)], Resources(gpus_per_cell=0.5)))


@pytest.mark.parametrize(
    ("resources", "expected"),
    [
        (CPU, {"time": 60, "cpus_per_task": 1, "array_parallelism": 8, "signal_delay_s": 120}),
        (Resources(), {"gpus_per_node": 1}),  # the cells compute on CUDA
        (
            Resources(jobs=3, cpus_per_cell=2.5, gpus_per_cell=2, partition="gpu"),
            {"array_parallelism": 3, "cpus_per_task": 3, "gpus_per_node": 2, "partition": "gpu"},
        ),
        (Resources(minutes_per_cell=0.2), {"time": 1, "signal_delay_s": 3}),
        (Resources(minutes_per_cell=90), {"time": 90, "signal_delay_s": 120}),
    ],
)
def test_what_sbatch_is_asked_for(resources: Resources, expected: dict[str, object]) -> None:
    parameters = sbatch_parameters("gan-bench-1", 8, resources)
    assert parameters | expected == parameters
    assert ("partition" in parameters) == (resources.partition is not None)
    assert ("gpus_per_node" in parameters) == (resources.gpus_per_cell != 0)


def test_the_listing_knows_arrays_and_single_jobs_and_skips_other_lines() -> None:
    listing = read_listing(["12_3|RUNNING|a|b", "13|PENDING|c", "x|y|z", "", "12_[4-9]|PENDING|a"])
    assert {name: sorted(tasks) for name, tasks in listing.items()} == {"a|b": [3], "c": [0]}


def test_what_is_missing_is_said(monkeypatch: Patch) -> None:
    assert slurm.missing() is None
    monkeypatch.setattr(shutil, "which", lambda name: None if name == "squeue" else name)
    assert slurm.missing() == (
        "there is no squeue here: run it on a machine from which jobs are queued"
    )
