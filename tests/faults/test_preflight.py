"""What one step of every pair finds before anything is trained, in a process that may die."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import psutil
import pytest
import torch

import tiny
from gan_bench import DataError, GanBenchError, StorageError, UsageError
from gan_bench import catalogue as catalogues
from gan_bench.contract.protocol import Cell
from gan_bench.results.atomic import write_json
from gan_bench.results.layout import CELL, PROTOCOL, RECORD, protocol_of
from gan_bench.results.reading import read_model
from gan_bench.results.records import read_record
from gan_bench.results.scale import has_scale
from gan_bench.run.cell import main
from gan_bench.run.folders import done, folders_of, lay_out, retriable
from gan_bench.run.peak import free_on_gpu, peak_bytes
from gan_bench.run.plan import make_plan
from gan_bench.run.preflight import PairReport, check_pairs, preflight
from given import Draw

ERRORS = {
    "hangs": "exceeded its time limit and was ended; it was at File ",
    "exits": "a plugin ended the process with sys.exit(5)",
    "vanishes": "the process ended with exit code 0; its last output was: what the plugin prints",
    "crashes": "the process ended with signal 11; it was at File ",
    "raises": "IndexError: list index out of range",
    "greedy": "out of memory: batch 8 needs more than is free here",
    "draws": "draws / minimax changed random's state, which the whole process shares",
    "draws-numpy": "changed numpy's global random state",
    "threads": "changed torch's number of threads",
    "doubles": "changed torch's default dtype",
    "leaves": "leaves / minimax changed the working folder",
    "masks": "changed the umask",
    "clears": "changed environment variables",
    "ungraded": "changed torch's grad mode",
    "deaf": "changed the handlers of SIGINT and SIGTERM",
    "reseeds": "reseeds seeds torch anew",
    "seeded": "seeded seeds torch itself, so that all seeds would begin alike",
    "flat": "the generator of flat must give (2, 3, 8, 8) float32, it gave (2, 4) float32",
    "unbounded": "the generator of unbounded must give values in [-1, 1]: end in tanh",
    "half": "the generator of half must give (2, 3, 8, 8) float32, it gave (2, 3, 8, 8) float16",
    "stateful": "what it keeps between steps cannot be saved and read back safely",
}
GOOD = ("huge", "behaves", "tiny")


Plan = Callable[..., list[Path]]


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory, draw_shapes: Draw) -> Plan:
    """Cells of the tiny plugin, in their folders.

    A new process repeats the first step of the architectures `repeated` only: it takes seconds.
    """
    root = tmp_path_factory.mktemp("preflight")
    tiny.write_plugin(root)
    draw_shapes(root / "shapes")

    def make(name: str, repeated: Sequence[str] = (), **more: object) -> list[Path]:
        asked = tiny.request_for(root / "tiny.py", root / "shapes", **{"timeout": 60.0} | more)
        planned = make_plan(asked, catalogues.load(asked.plugins))
        lay_out(planned, root / name)
        folders = folders_of(planned, root / name)
        for folder in folders:
            if folder.parts[-3] not in repeated:
                tiny.say_trained(folder)
        return folders

    return make


@pytest.fixture(scope="module")
def reports(plan: Plan) -> dict[str, PairReport]:
    """Every faulty architecture, two seeds each, in one go."""
    with pytest.MonkeyPatch.context() as quiet:
        quiet.setenv("OMP_NUM_THREADS", "1")
        # the time of this one passes; on a busy machine the others need more than it has
        hanging = plan("hanging", architectures=("hangs",), seeds=2, timeout=8.0)
        others = [name for name in (*ERRORS, *GOOD) if name != "hangs"]
        folders = [*hanging, *plan("all", GOOD, architectures=others, seeds=2)]
        found = [*check_pairs(hanging), *check_pairs(folders[len(hanging) :])]
    assert sorted(each.cell for each in found) == sorted(map(str, folders))
    assert {each.stops for each in found} == {None}
    return {Path(each.cell).parents[1].name: each for each in found}


def test_a_plugin_that_leaves_the_working_folder_costs_no_other_cell(
    plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their folders are relative to it, also in the process that repeats a first step."""
    names = ("leaves", "tiny")
    folders = plan("left", ("tiny",), architectures=names, seeds=2)
    monkeypatch.chdir(folders[0].parents[4])
    said = list[str]()
    relative = [each.relative_to(Path.cwd()) for each in folders]
    assert preflight(relative, relative[0].parents[2], said.append) == {}
    assert [each.parts[-3] for each in folders if done(each)] == ["leaves"] * 2
    assert all("leaves" in each for each in said)


def test_a_plugin_whose_thread_never_ends_holds_up_nothing(plan: Plan) -> None:
    names = ("lingers",)
    (folder,) = plan("lingering", names, architectures=names)
    began = time.monotonic()
    (report,) = check_pairs([folder])
    assert report.error is None
    assert time.monotonic() - began < 100  # the thread sleeps for 1,000 s


def test_a_cell_whose_plugin_leaves_the_working_folder_later_ends_in_its_own_folder(
    plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ("leaves-later",)
    (folder,) = plan("wandering", names, architectures=names, kimg=0.48)
    monkeypatch.chdir(folder.parents[4])
    assert main([str(folder.relative_to(Path.cwd()))]) == 0
    assert Path.cwd() == Path("/")
    assert done(folder)


def test_an_augmentation_that_breaks_the_contract_stops_all_cells(plan: Plan) -> None:
    names = ("tiny", "behaves")
    folders = plan("exposed", names, architectures=names, augment=("overexposed",))
    said = "the augmentation overexposed must keep real images in [-1, 1]"
    with pytest.raises(GanBenchError) as refusal:
        preflight(folders, folders[0].parents[2])
    assert str(refusal.value) == said
    assert not any(map(done, folders))


@pytest.mark.parametrize("name", ERRORS)
def test_a_pair_that_cannot_be_trained_is_found_at_its_first_step(
    name: str, reports: dict[str, PairReport]
) -> None:
    assert ERRORS[name] in (reports[name].error or "")


def test_the_others_can_be_trained(reports: dict[str, PairReport]) -> None:
    assert {name: reports[name].error for name in GOOD} == dict.fromkeys(GOOD)


def test_it_finds_what_a_cell_will_need(reports: dict[str, PairReport]) -> None:
    needs = reports["tiny"]
    parameters = 6 * 8 + 8 + 2 * 8 + 8 * 192 + 192 + 192 + 1
    assert 3 * 4 * parameters < needs.state_bytes < 3 * 4 * parameters + 40_000
    assert needs.left_bytes > 200_000
    assert 100e6 < needs.memory_bytes < 3e9


def test_what_a_dying_plugin_did_is_in_the_log_of_its_cell(reports: dict[str, PairReport]) -> None:
    def log(name: str) -> str:
        return (Path(reports[name].cell).parent / "seed0" / "cell.log").read_text()

    assert "what the plugin prints" in log("vanishes")
    assert "Segmentation fault" in log("crashes")
    assert "Timeout (" in log("hangs")
    assert "time.sleep" not in log("raises")
    assert "Traceback" in log("raises")


@pytest.mark.parametrize(
    ("device", "resets"),
    [("cpu", True), ("cpu", False), pytest.param("cuda", True, marks=pytest.mark.gpu)],
)
def test_a_small_pair_after_a_huge_one_needs_little(
    device: str, resets: bool, plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where a process cannot begin its peak anew: then each pair has one of its own."""
    name, names = f"huge {device} {resets}", ("huge", "tiny")
    folders = plan(name, architectures=names, seeds=2, device=device)
    if not resets:
        code = "from gan_bench.run import peak\npeak.reset_peak = lambda device: False\n"
        (folders[0].parents[3] / "sitecustomize.py").write_text(code)
        monkeypatch.setenv("PYTHONPATH", str(folders[0].parents[3]), prepend=os.pathsep)
    huge, small, *_ = (each.memory_bytes for each in check_pairs(folders))
    assert small < huge - 500e6


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has the device")
def test_a_pair_for_a_gpu_that_only_other_machines_have_is_tried_on_the_cpu(plan: Plan) -> None:
    (folder,) = plan("away", architectures=("tiny",))
    cell = read_model(folder / CELL, Cell)
    there = cell.environment.model_copy(update={"device": "cuda"})
    document = cell.model_copy(update={"environment": there}).model_dump(mode="json")
    write_json(folder / CELL, document)
    said = list[str]()
    preflight([folder], folder.parents[2], said.append, jobs=None)
    assert said == []
    assert has_scale(folder.parents[2])
    assert not done(folder)
    assert read_model(folder / CELL, Cell).environment.device == "cuda"


def test_a_metric_that_breaks_is_found_too(plan: Plan) -> None:
    (report,) = check_pairs(plan("metric", architectures=("tiny",), metrics=("breaking",)))
    assert report.error == "the metric breaking failed: ValueError: the eigenvalues are wrong"


Tried = tuple[list[Path], list[str]]


@pytest.fixture(scope="module")
def losses(plan: Plan) -> Tried:
    """Two cells each of a loss that does not fit, of one that trains and of one with a fault."""
    names = ("classes", "minimax", "each")
    folders = plan("losses", architectures=("tiny",), losses=names, seeds=2)
    said: list[str] = []
    preflight(folders, folders[0].parents[2], said.append)
    return folders, said


def test_a_failed_preflight_is_a_failed_record_and_the_rest_goes_on(losses: Tried) -> None:
    folders, said = losses
    assert [done(folder) for folder in folders] == 2 * [True, False, True]
    record = read_record(folders[2])
    reason = "g_loss of each must give one number () that depends on the lo"
    assert record.status == "failed"
    assert (record.reason or "").startswith(reason)
    assert said[1:] == [f"tiny / each / seed{k}: failed, {record.reason}" for k in range(2)]


def test_parts_that_do_not_fit_together_are_named_once_and_no_retry_is_advised(
    losses: Tried,
) -> None:
    folders, said = losses
    assert said[0] == (
        "tiny cannot be trained with classes: classes reads D's logits of the classes, and this D "
        "gives none: take another loss, or an architecture whose D returns "
        "Output(logits, classes=...)"
    )
    assert [retriable(folder) for folder in folders[::3]] == [False, False]


# Room: here the pairs were tried, and every cell needs 2 MB of memory, 1 MB for a checkpoint, and
# leaves 100 kB


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """Free bytes: `memory`, `gpu` if there is one, `disk`. While pairs are tried, none is free."""
    free, trying = {"memory": 10**12, "disk": 10**12}, [False]

    def check(folders: Sequence[Path], *_: object) -> Iterator[PairReport]:
        trying[0] = True
        for folder in folders:
            gpu = free.get("gpu")
            yield PairReport(
                str(folder),
                state_bytes=1_000_000,
                left_bytes=100_000,
                memory_bytes=2_000_000,
                free_bytes=gpu,
            )
        trying[0] = False

    before = psutil.virtual_memory()

    def memory() -> object:
        return before._replace(available=0 if trying[0] else free["memory"])

    monkeypatch.setattr("gan_bench.run.preflight.check_pairs", check)
    monkeypatch.setattr("gan_bench.run.preflight.room", lambda _: free["disk"])
    monkeypatch.setattr(psutil, "virtual_memory", memory)
    return free


@pytest.fixture
def three(plan: Plan, tmp_path: Path) -> list[Path]:
    return plan(tmp_path.name, ("tiny",), architectures=("tiny",), seeds=3)


@pytest.mark.parametrize(("jobs", "size"), [(1, 3.3), (2, 6.3), (9, 9.3)])
def test_a_disk_that_will_be_full_is_refused(
    jobs: int, size: float, machine: dict[str, int], three: list[Path]
) -> None:
    home = three[0].parents[2]
    machine["disk"] = round(size * 10**6)
    preflight(three, home, jobs=jobs)
    machine["disk"] -= 1
    with pytest.raises(StorageError) as refusal:
        preflight(three, home, jobs=jobs)
    assert f"{size} MB needed, {size} MB free on {home}: make room" in str(refusal.value)
    assert not any((folder / RECORD).exists() for folder in three)


@pytest.mark.parametrize("where", ["memory", "gpu"])
def test_memory_that_is_not_there_is_a_failed_cell(
    where: str, machine: dict[str, int], three: list[Path]
) -> None:
    machine[where] = 10**6
    preflight(three, three[0].parents[2])
    said = "out of memory: it needs 2 MB and 1 MB are free; lower --batch or --size"
    assert [read_record(folder).reason for folder in three] == [said] * 3


@pytest.mark.parametrize("where", ["memory", "gpu"])
@pytest.mark.parametrize(
    ("jobs", "free", "needs", "fitting"),
    [(1, 2, None, None), (2, 3, 4, 1), (3, 5, 6, 2), (3, 6, None, None), (9, 5, 6, 2)],
)
def test_cells_that_fit_alone_and_not_at_once_are_refused_with_how_many_do(
    where: str,
    jobs: int,
    free: int,
    needs: int | None,
    fitting: int | None,
    machine: dict[str, int],
    three: list[Path],
) -> None:
    machine[where] = free * 10**6
    if needs is None:
        preflight(three, three[0].parents[2], jobs=jobs)
    else:
        with pytest.raises(UsageError) as refusal:
            preflight(three, three[0].parents[2], jobs=jobs)
        assert str(refusal.value) == (
            f"out of memory: {needs // 2} cells at once need {needs} MB and {free} MB are free; "
            f"lower --jobs to {fitting}"
        )
    assert not any((folder / RECORD).exists() for folder in three)


def test_on_a_gpu_free_is_what_was_free_before_the_process_took_any(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """And needed is the peak since the pair before; what a process takes anyway is in both."""
    monkeypatch.setattr("torch.cuda.mem_get_info", lambda: (4 * 2**30, 8 * 2**30))
    monkeypatch.setattr("torch.cuda.max_memory_reserved", lambda: 3 * 2**30)
    assert free_on_gpu("cuda") == 4.5 * 2**30
    assert peak_bytes("cuda") == 3.5 * 2**30
    assert free_on_gpu("cpu") is None


def test_data_that_changed_stops_all(plan: Plan) -> None:
    folders = plan("changed", architectures=("tiny",))
    protocol = protocol_of(folders[0])
    other = protocol.data.model_copy(update={"train": 99})
    changed = protocol.model_copy(update={"data": other}).model_dump(mode="json")
    write_json(folders[0].parents[2] / PROTOCOL, changed)
    with pytest.raises(DataError, match="has changed since this protocol was planned"):
        preflight(folders, folders[0].parents[2])
