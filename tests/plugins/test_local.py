"""The engine of this machine, on cells that are shell scripts: no training, no torch."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from gan_bench import Resources
from gan_bench_plugins import local

pytestmark = pytest.mark.skipif(os.name != "posix", reason="the cells here are shell scripts")

Cell = Callable[[str, str], Path]
Patch = pytest.MonkeyPatch
ONE, TWO = (Resources(jobs=jobs, gpus_per_cell=0) for jobs in (1, 2))


PYTHON = """#!/bin/sh
for last; do :; done
cd "$last" && exec sh ./script
"""


@pytest.fixture
def cell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cell:
    """A folder whose cell is a shell script, in place of `python -m gan_bench.run.cell`."""
    python = tmp_path / "python"
    python.write_text(PYTHON)
    python.chmod(0o755)
    monkeypatch.setattr("sys.executable", str(python))

    def make(name: str, script: str) -> Path:
        folder = tmp_path / name
        folder.mkdir()
        (folder / "script").write_text(script)
        return folder

    return make


def wait_for(condition: Callable[[], object]) -> None:
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end, "waited a minute"
        time.sleep(0.02)


def test_every_cell_is_yielded_in_order_with_its_exit_code(cell: Cell) -> None:
    cells = [cell("c", "exit 0"), cell("a", "exit 3"), cell("b", "kill -9 $$")]
    codes = [0, 3, -signal.SIGKILL]
    assert list(local.start(cells, ONE)) == list(zip(cells, codes, strict=True))
    assert list(local.start([], ONE)) == []


def test_what_a_cell_says_is_in_its_log_after_what_was_there_and_not_in_our_output(
    cell: Cell, capfd: pytest.CaptureFixture[str]
) -> None:
    folder = cell("a", "echo to stdout; echo to stderr >&2")
    (folder / "cell.log").write_text("from before\n")
    list(local.start([folder], ONE))
    lines = (folder / "cell.log").read_text().splitlines()
    assert lines == ["from before", "to stdout", "to stderr"]
    assert capfd.readouterr() == ("", "")


def test_the_standard_input_of_a_cell_lasts_as_long_as_we_do(cell: Cell) -> None:
    """Not our keyboard: a pipe that nothing comes from, and whose end is ours."""
    quick = cell("quick", "exit 0")
    slow = cell("slow", "echo $$ > pid; cat > read; echo over > over; exec sleep 100")
    running = local.start([quick, slow], TWO)
    next(running)
    assert Path(f"/proc/{pid(slow)}/fd/0").resolve().name.startswith("pipe:")
    assert not (slow / "over").exists()
    running.close()
    assert (slow / "read").read_text() == ""


@pytest.mark.parametrize("slots", [1, 2])
def test_at_most_as_many_run_at_once_as_there_are_slots(slots: int, cell: Cell) -> None:
    script = """
        mkdir -p ../running && touch ../running/$$ && ls ../running | wc -l >> ../counts
        sleep 0.3
        rm ../running/$$
    """
    cells = [cell(name, script) for name in "abcd"]
    assert len(list(local.start(cells, Resources(jobs=slots, gpus_per_cell=0)))) == 4
    counts = [int(line) for line in (cells[0].parent / "counts").read_text().split()]
    assert (len(counts), max(counts)) == (4, slots)


def pid(folder: Path) -> int:
    wait_for(lambda: (folder / "pid").exists() and (folder / "pid").read_text())
    return int((folder / "pid").read_text())


def test_closing_the_iterator_ends_what_still_runs_and_starts_no_more(cell: Cell) -> None:
    quick = cell("quick", "exit 0")
    slow, never = (cell(name, "echo $$ > pid; exec sleep 100") for name in ("slow", "never"))
    running = local.start([quick, slow, never], TWO)
    assert next(running) == (quick, 0)
    child = pid(slow)
    # Ctrl-C on the terminal does not reach it: the parent decides what ends
    assert os.getsid(child) != os.getsid(0)
    running.close()
    wait_for(lambda: not psutil.pid_exists(child))
    assert not (never / "pid").exists()


def test_a_cell_that_will_not_end_is_killed(cell: Cell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local, "GRACE_SECONDS", 0.2)
    quick = cell("quick", "exit 0")
    deaf = cell("deaf", "trap '' TERM; echo $$ > pid; while :; do sleep 0.05; done")
    running = local.start([quick, deaf], TWO)
    next(running)
    child = pid(deaf)
    running.close()

    def ended() -> bool:
        return not psutil.pid_exists(child) or psutil.Process(child).status() == "zombie"

    wait_for(ended)


def test_a_file_of_the_users_folder_is_not_taken_for_a_part_of_python(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`python -m` looks first in the folder it is started in; `gan-bench` itself does not."""
    folder = tmp_path / "cell"
    folder.mkdir()
    for name in ("json", "random", "types"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('the wrong module was loaded')")
    monkeypatch.chdir(tmp_path)
    ((_, code),) = local.start([folder], ONE)
    said = (folder / "cell.log").read_text()
    assert "the wrong module was loaded" not in said
    assert "cell.json" in said  # it came as far as to miss its input
    assert code == 5


# GPUs


@pytest.fixture
def gpus(monkeypatch: Patch) -> Callable[[int], None]:
    def set_count(count: int) -> None:
        monkeypatch.setattr("torch.cuda.device_count", lambda: count)
        monkeypatch.delenv(local.VISIBLE, raising=False)

    return set_count


@pytest.mark.parametrize(
    ("count", "jobs", "share", "at_once"),
    [
        (4, None, None, 4), (4, 2, None, 2), (2, 6, None, 6), (1, None, None, 1), (1, 3, None, 3),
        (1, None, 0.25, 4), (2, None, 0.3, 6), (2, 3, 0.5, 3), (2, 9, 0.5, 4), (2, None, 2.0, 2),
        (4, None, 0.0, 1), (4, 2, 0.0, 2), (0, None, None, 1),
    ],
)  # fmt: skip
def test_a_gpu_has_one_cell_unless_jobs_or_a_share_says_more(
    count: int, jobs: int | None, share: float | None, at_once: int, gpus: Callable[[int], None]
) -> None:
    gpus(count)
    assert local.at_once(Resources(jobs=jobs, gpus_per_cell=share)) == at_once


SAY_GPU = "echo ${CUDA_VISIBLE_DEVICES-none} > gpu; "


@pytest.mark.parametrize(
    ("count", "visible", "names"),
    [
        (2, None, ["0", "1", "0", "1"]),
        (2, "5,GPU-7c", ["5", "GPU-7c", "5", "GPU-7c"]),
        (1, None, ["none"] * 4),  # no choice, and nothing to say
    ],
)
def test_each_process_sees_the_one_gpu_that_the_fewest_others_use(
    count: int,
    visible: str | None,
    names: list[str],
    cell: Cell,
    gpus: Callable[[int], None],
    monkeypatch: Patch,
) -> None:
    gpus(count)
    if visible:
        monkeypatch.setenv(local.VISIBLE, visible)
    cells = [cell(name, f"{SAY_GPU} sleep 1") for name in "abcd"]
    list(local.start(cells, Resources(jobs=4)))
    assert [(each / "gpu").read_text().strip() for each in cells] == names


def test_a_cell_takes_the_gpu_that_another_has_left(
    cell: Cell, gpus: Callable[[int], None]
) -> None:
    gpus(2)
    long = cell("long", f"{SAY_GPU} while [ ! -e ../third/gpu ]; do sleep 0.05; done")
    cells = [long, cell("short", SAY_GPU), cell("third", SAY_GPU)]
    list(local.start(cells, Resources(jobs=2)))
    assert [(each / "gpu").read_text().strip() for each in cells] == ["0", "1", "1"]


def test_a_cell_on_the_cpu_is_left_with_the_gpus_that_it_does_not_use(
    cell: Cell, gpus: Callable[[int], None]
) -> None:
    gpus(2)
    folder = cell("a", SAY_GPU)
    list(local.start([folder], ONE))
    assert (folder / "gpu").read_text() == "none\n"
