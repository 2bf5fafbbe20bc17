"""The engine `ray` on a Ray of two CPUs. Most cells are shell scripts; the last ones train."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

import tiny_plugin
from gan_bench import Engine, Resources, UsageError
from gan_bench import catalogue as catalogues
from gan_bench.results.layout import CHECKPOINTS, CURVE, GENERATOR, RECORD, TICKS
from gan_bench.results.locks import is_locked
from gan_bench.results.records import read_record
from gan_bench.run.folders import folders_of, lay_out
from gan_bench.run.plan import make_plan
from gan_bench.run.request import Request
from gan_bench.run.scheduler import run_cells
from gan_bench_plugins import ray_engine

pytest.importorskip("ray")
pytestmark = pytest.mark.skipif(os.name != "posix", reason="the cells here are shell scripts")

TWO = Resources(jobs=2, gpus_per_cell=0, cpus_per_cell=0.5)
# in place of Python on the nodes: a folder with a script is a cell that runs the script
PYTHON = """#!/bin/sh
for last; do :; done
[ -e "$last/script" ] || exec {python} "$@"
cd "$last" && exec sh ./script
"""
SITE = """
import sys
if any("default_worker" in word for word in sys.orig_argv):
    sys.executable = {python!r}
"""
Cell = Callable[[str, str], Path]


@pytest.fixture(scope="module")
def node_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The cache of the nodes: not that of the tests."""
    return tmp_path_factory.mktemp("node")


@pytest.fixture(scope="module", autouse=True)
def _ray(tmp_path_factory: pytest.TempPathFactory, node_home: Path) -> Iterator[None]:
    site = tmp_path_factory.mktemp("site")
    python = site / "python"
    python.write_text(PYTHON.format(python=sys.executable))
    python.chmod(0o755)
    (site / "sitecustomize.py").write_text(SITE.format(python=str(python)))
    path = os.pathsep.join(filter(None, [str(site), os.environ.get("PYTHONPATH")]))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", path)
        patch.setenv("GAN_BENCH_HOME", str(node_home))
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        patch.setenv("OMP_NUM_THREADS", "1")
        import ray

        before = signal.getsignal(signal.SIGTERM)
        ray_engine.join(None, num_cpus=2)
        signal.signal(signal.SIGTERM, before)
        yield
        ray.shutdown()


@pytest.fixture
def cell(tmp_path: Path) -> Cell:
    def make(name: str, script: str) -> Path:
        folder = tmp_path / "results" / "protocol" / "a" / "l" / name
        folder.mkdir(parents=True)
        (folder / "script").write_text(script)
        return folder

    return make


@pytest.fixture
def unseen(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No node sees the folders of the results."""
    monkeypatch.setattr(
        ray_engine,
        "_hidden_file",
        lambda _: open(tmp_path / "elsewhere", "wb"),  # noqa: SIM115
    )
    monkeypatch.setattr(ray_engine, "Path", lambda name: Path(f"{name}.unseen"))


def wait_for(condition: Callable[[], object]) -> None:
    end = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < end, "waited two minutes"
        time.sleep(0.05)


def pid(folder: Path) -> int:
    wait_for(lambda: (folder / "pid").exists() and (folder / "pid").read_text())
    return int((folder / "pid").read_text())


def advance(running: Iterator[Any]) -> Callable[[], list[Any]]:
    """Run the generator in a thread; the function waits for its end."""
    import threading

    ended: list[Any] = []
    thread = threading.Thread(target=lambda: ended.extend(running), daemon=True)
    thread.start()

    def wait() -> list[Any]:
        thread.join(120)
        assert not thread.is_alive()
        return ended

    return wait


def test_every_cell_is_yielded_with_its_exit_code_and_its_log(cell: Cell) -> None:
    cells = [cell("c", "echo said; exit 0"), cell("a", "exit 3"), cell("b", "kill -9 $$")]
    assert sorted(ray_engine.start(cells, TWO)) == sorted(zip(cells, [0, 3, -9], strict=True))
    assert (cells[0] / "cell.log").read_text() == "said\n"
    assert list(ray_engine.start([], TWO)) == []


def test_at_most_as_many_run_at_once_as_there_are_jobs(cell: Cell) -> None:
    script = """
        mkdir -p ../running && touch ../running/$$ && ls ../running | wc -l >> ../counts
        sleep 0.5
        rm ../running/$$
    """
    cells = [cell(name, script) for name in "abc"]
    one = Resources(jobs=1, gpus_per_cell=0, cpus_per_cell=0.5)
    assert len(list(ray_engine.start(cells, one))) == 3
    assert (cells[0].parent / "counts").read_text().split() == ["1"] * 3


def test_a_worker_that_is_killed_is_a_lost_cell_and_takes_its_process_with_it(cell: Cell) -> None:
    folder = cell("a", "echo $$ > pid; cat > read; echo over > over")
    wait = advance(ray_engine.start([folder], TWO))
    psutil.Process(pid(folder)).parent().kill()  # type: ignore[union-attr]
    assert wait() == [(folder, -9)]
    wait_for(lambda: (folder / "over").exists())  # its standard input ended


def test_closing_the_iterator_lets_cells_save_their_state_and_starts_no_more(cell: Cell) -> None:
    quick = cell("quick", "while [ ! -e ../slow/pid ]; do sleep 0.1; done")
    slow = cell("slow", "trap 'echo yes > saved; exit 143' TERM; echo $$ > pid; "
                "while :; do sleep 0.05; done")  # fmt: skip
    never = cell("never", "echo $$ > pid; exec sleep 100")
    running = ray_engine.start([quick, slow, never], TWO)
    assert next(running) == (quick, 0)
    child = pid(slow)
    running.close()  # type: ignore[attr-defined]
    assert (slow / "saved").read_text() == "yes\n"
    assert not psutil.pid_exists(child)
    assert not (never / "pid").exists()
    assert list(quick.parent.glob(".*")) == []  # the token is gone


@pytest.mark.usefixtures("unseen")
def test_what_a_node_writes_that_does_not_see_the_folder_comes_back_while_it_runs(
    cell: Cell,
) -> None:
    """It begins with what was there, and what it deletes is deleted here."""
    script = f"""
        cat old > read; rm old; mkdir {CHECKPOINTS}; echo state > {CHECKPOINTS}/1.pt
        echo '{{}}' >> {CURVE}; pwd > where; sleep 3; echo '{{}}' >> {CURVE}; rm {CHECKPOINTS}/1.pt
        echo '{{}}' > {RECORD}
    """
    folder = cell("a", script)
    (folder / "old").write_text("from before")
    wait = advance(ray_engine.start([folder], TWO))
    wait_for(lambda: (folder / CHECKPOINTS / "1.pt").exists())
    assert (folder / CURVE).read_text() == "{}\n"  # before the cell has ended
    assert not (folder / RECORD).exists()
    assert wait() == [(folder, 0)]
    assert (folder / "read").read_text() == "from before"
    assert (folder / CURVE).read_text() == "{}\n" * 2
    assert not (folder / "old").exists()
    assert not (folder / CHECKPOINTS / "1.pt").exists()
    assert json.loads((folder / RECORD).read_text()) == {}
    where = Path((folder / "where").read_text().strip())
    assert where.parts[-4:] == folder.parts[-4:]
    assert not where.exists()  # the copy is deleted


def test_cells_that_no_node_has_room_for_are_refused(cell: Cell) -> None:
    for asked in (Resources(cpus_per_cell=3, gpus_per_cell=0), Resources()):
        with pytest.raises(UsageError, match=r"^no node of the Ray cluster .* has 2 and 0: lower"):
            list(ray_engine.start([cell(f"a{asked.cpus_per_cell}", "exit 0")], asked))


def test_without_ray_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    (engine,) = ray_engine.gan_bench_engines()
    assert engine.missing() is None
    monkeypatch.setattr(ray_engine, "find_spec", lambda _: None)
    assert engine.missing() == "pip install 'gan-bench[ray]'"


# Real cells


def outcome(folder: Path) -> tuple[Any, ...]:
    record = read_record(folder)
    lines = [(folder / name).read_bytes() for name in (CURVE, TICKS, GENERATOR)]
    return record.status, record.scores, record.verdicts, record.diagnosis, *lines


@pytest.mark.usefixtures("unseen", "one_thread")
def test_a_node_without_folder_images_and_source_trains_the_same_bytes_after_a_kill(
    shapes: Path, tmp_path: Path, node_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The nodes have another cache, and by then the images that it would be made from are gone."""
    plugin = shutil.copy(tiny_plugin.PATH, tmp_path / "tiny.py")
    asked = Request(
        architectures=("tiny",), losses=("minimax",), data=str(shapes), size=8, batch=8, kimg=1.6,
        features=("eye",), metrics=("brightness",), samples=16, device="cpu", seeds=2,
        plugins=(plugin,),
    )  # fmt: skip
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    catalogue = catalogues.load([plugin])
    planned = make_plan(asked, catalogue)
    folders = []
    for name in ("local", "ray"):
        lay_out(planned, tmp_path / name)
        folders.append(folders_of(planned, tmp_path / name))
    local = catalogue.find(Engine, "local")
    assert len(list(run_cells(local, folders[0], Resources(jobs=2, gpus_per_cell=0)))) == 2

    shapes.rename(tmp_path / "moved")
    plugin.write_text(plugin.read_text().replace('"TINY_SECONDS", "0"', '"TINY_SECONDS", "0.05"'))
    said: list[str] = []
    wait = advance(run_cells(catalogue.find(Engine, "ray"), folders[1], TWO, said.append))
    wait_for(lambda: list((folders[1][0] / CHECKPOINTS).glob("*.pt")))
    for process in psutil.process_iter(["cmdline"]):
        words = process.info["cmdline"] or []
        if words[-1:] and words[-1].endswith("tiny/minimax/seed0") and "gan-bench-" in words[-1]:
            process.parent().kill()
    assert sorted(wait()) == folders[1]
    assert said == ["tiny / minimax / seed0: its process was ended from outside; it will go on"]
    assert read_record(folders[1][0]).starts == 2
    for one, other in zip(*folders, strict=True):
        assert outcome(one) == outcome(other)
        assert not is_locked(other)
    assert len(list((node_home / "images").glob("*/train.npy"))) == 1
