"""What one step of every pair finds before anything is trained, in a process that may die."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from textwrap import dedent

import psutil
import pytest

import tiny
from gan_bench import StorageError, UsageError
from gan_bench import catalogue as catalogues
from gan_bench.results.atomic import write_json
from gan_bench.results.layout import protocol_of
from gan_bench.results.records import read_record
from gan_bench.run.folders import folders_of, lay_out
from gan_bench.run.plan import Planned, make_plan
from gan_bench.run.preflight import PairReport, check_pairs, preflight
from gan_bench.run.preflight_process import _free, _memory
from gan_bench.run.request import Request
from given import Draw

FAULTY = (
    tiny.PLUGIN.replace("def gan_bench_architectures", "def _tiny")
    .replace("@hookimpl\n    def _tiny", "def _tiny")
    .replace("def gan_bench_metrics", "def _metrics")
    .replace("@hookimpl\n    def _metrics", "def _metrics")
    + '''
    import ctypes, os, random, sys, time
    import numpy as np
    import torch

    def then(act):
        """The tiny generator, which does something more at every step that trains it."""
        class Faulty(nn.Module):
            def __init__(self, shape):
                super().__init__()
                self.inner = generator(shape)

            def forward(self, z):
                made = self.inner(z)
                return made + 0 * act() if self.training else made
        return Faulty

    class Stateful(nn.Module):
        def __init__(self, shape):
            super().__init__()
            self.inner = generator(shape)

        def forward(self, z):
            return self.inner(z)

        def get_extra_state(self):
            return lambda: None if False else sys

        def set_extra_state(self, state):
            pass

    def does(act):
        return lambda: act() and 0 or 0

    def seeded(shape):
        torch.manual_seed(0)
        return generator(shape)

    def say_and(act):
        def both():
            print("what the plugin prints", flush=True)
            return act()
        return both

    ACTS = {
        "hangs": does(lambda: time.sleep(1000)),
        "exits": does(lambda: sys.exit(5)),
        "vanishes": does(say_and(lambda: os._exit(0))),
        "crashes": does(lambda: ctypes.string_at(0)),
        "raises": does(lambda: [][1]),
        "greedy": does(lambda: torch.empty(2**60)),
        "draws": does(lambda: random.random()),
        "draws-numpy": does(lambda: np.random.rand()),
        "threads": does(lambda: torch.set_num_threads(3)),
        "doubles": does(lambda: torch.set_default_dtype(torch.float64)),
        "reseeds": does(lambda: torch.manual_seed(1) and 0),
        "behaves": does(lambda: torch.rand(())),
    }

    def offer(name, G, D=discriminator):
        return Architecture(name=name, source="a test", z_dim=6, generator=G, discriminator=D)

    @hookimpl
    def gan_bench_architectures():
        return [offer(name, then(act)) for name, act in ACTS.items()] + [
            offer("seeded", seeded),
            offer("flat", lambda shape: nn.Sequential(nn.Linear(6, 4), nn.Tanh())),
            offer("unbounded", lambda shape: nn.Sequential(
                nn.Linear(6, prod(shape)), nn.Unflatten(1, shape), Times(9))),
            offer("half", lambda shape: generator(shape).append(Half())),
            offer("stateful", Stateful),
            offer("last", generator),
        ]

    class Half(nn.Module):
        def forward(self, x):
            return x.half()

    class Times(nn.Module):
        def __init__(self, k):
            super().__init__()
            self.k = k

        def forward(self, x):
            return 50 * self.k * x

    @hookimpl
    def gan_bench_losses():
        def d_loss(real, fake):
            return softplus(-real).mean() + softplus(fake).mean()
        return [Loss(name="each", source="a test", d_loss=d_loss,
                     g_loss=lambda real, fake: softplus(-fake))]

    @hookimpl
    def gan_bench_metrics(features):
        def brightness(samples):
            return samples.fake.mean() - samples.real.mean()
        def broken(samples):
            raise ValueError("the eigenvalues are wrong")
        return [Metric(name=make.__name__, source="a test", higher_is_better=True,
                       features="eye", compute=make) for make in (brightness, broken)]
'''
)
SAID = {
    "hangs": "was not done in time and was ended; it was at File ",
    "exits": "a plugin ended the process with sys.exit(5)",
    "vanishes": "the process ended with exit code 0; it said last: what the plugin prints",
    "crashes": "the process ended with signal 11; it was at File ",
    "raises": "IndexError: list index out of range",
    "greedy": "out of memory: batch 8 needs more than there is here",
    "draws": "draws / minimax changed random's state, which belong to the whole process",
    "draws-numpy": "changed numpy's global random state",
    "threads": "changed torch's number of threads",
    "doubles": "changed torch's default dtype",
    "reseeds": "reseeds or minimax seeds torch anew",
    "seeded": "seeded seeds torch itself, so that all seeds would begin alike",
    "flat": "the generator of flat must give (2, 3, 8, 8) float32, it gave (2, 4) float32",
    "unbounded": "the generator of unbounded must give values in [-1, 1]: end in tanh",
    "half": "the generator of half must give (2, 3, 8, 8) float32, it gave (2, 3, 8, 8) float16",
    "stateful": "what it keeps between steps cannot be saved and read back safely",
}
GOOD = ("behaves", "last")


Plan = Callable[..., tuple[Planned, list[Path]]]


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory, draw_shapes: Draw) -> Plan:
    """Cells of the faulty plugin, laid out and ready to be rehearsed."""
    root = tmp_path_factory.mktemp("rehearsal")
    (root / "faulty.py").write_text(dedent(FAULTY))
    draw_shapes(root / "shapes")

    def make(name: str, **more: object) -> tuple[Planned, list[Path]]:
        request = Request(
            **{  # type: ignore[arg-type]
                "losses": ("minimax",), "data": str(root / "shapes"), "size": 8, "kimg": 0.032,
                "batch": 8, "features": ("eye",), "metrics": ("brightness",), "samples": 16,
                "device": "cpu", "plugins": (root / "faulty.py",), "timeout": 4.0,
            } | more
        )  # fmt: skip
        planned = make_plan(request, catalogues.load(request.plugins))
        lay_out(planned, root / name)
        return planned, folders_of(planned, root / name)

    return make


@pytest.fixture(scope="module")
def rehearsed(plan: Plan) -> dict[str, PairReport]:
    """Every faulty architecture, two seeds each, in one go."""
    with pytest.MonkeyPatch.context() as quiet:
        quiet.setenv("OMP_NUM_THREADS", "1")
        _, folders = plan("all", architectures=(*SAID, *GOOD), seeds=2)
        found = list(check_pairs(folders))
    assert sorted(each.cell for each in found) == sorted(map(str, folders))
    for each in found:
        assert each.stops is None, each
    return {Path(each.cell).parent.parent.name: each for each in found}


@pytest.mark.parametrize("name", SAID)
def test_a_pair_that_cannot_be_trained_is_found_at_its_first_step(
    name: str, rehearsed: dict[str, PairReport]
) -> None:
    error = rehearsed[name].error
    assert error is not None
    assert SAID[name] in error


@pytest.mark.parametrize("name", GOOD)
def test_the_others_are_rehearsed_all_the_same(name: str, rehearsed: dict[str, PairReport]) -> None:
    assert rehearsed[name].error is None


def test_it_tells_what_a_cell_will_need(rehearsed: dict[str, PairReport]) -> None:
    needs = rehearsed["last"]
    parameters = 6 * 8 + 8 + 2 * 8 + 8 * 192 + 192 + 192 + 1
    assert 3 * 4 * parameters < needs.state_bytes < 3 * 4 * parameters + 40_000
    assert needs.left_bytes > 200_000
    assert 100e6 < needs.memory_bytes < 3e9


def test_what_a_dying_plugin_did_is_in_the_log_of_its_cell(
    plan: Plan, rehearsed: dict[str, PairReport]
) -> None:
    def log(name: str) -> str:
        return (Path(rehearsed[name].cell).parent / "seed0" / "cell.log").read_text()

    assert "what the plugin prints" in log("vanishes")
    assert "Segmentation fault" in log("crashes")
    assert "Timeout (" in log("hangs")
    assert "time.sleep" not in log("raises")
    assert "Traceback" in log("raises")


def test_a_loss_of_another_shape_and_a_metric_that_breaks_are_found_too(plan: Plan) -> None:
    _, folders = plan("loss", architectures=("last",), losses=("each",))
    (found,) = check_pairs(folders)
    assert found.error is not None
    assert found.error.startswith("g_loss of each must give one number () that depends on the lo")
    _, folders = plan("metric", architectures=("last",), metrics=("broken",))
    (found,) = check_pairs(folders)
    assert found.error == "the metric broken failed: ValueError: the eigenvalues are wrong"


def test_a_failed_rehearsal_is_a_failed_record_and_the_rest_goes_on(plan: Plan) -> None:
    _, folders = plan("records", architectures=("raises", "last"))
    said: list[str] = []
    preflight(folders, folders[0].parents[2], said.append)
    record = read_record(folders[0])
    assert (record.status, record.reason) == ("failed", "IndexError: list index out of range")
    assert not (folders[1] / "record.json").exists()
    assert said == ["raises / minimax / seed0: failed, IndexError: list index out of range"]


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> None:
    """A rehearsal that has been: every cell needs 1 MB for a checkpoint and leaves 100 kB."""

    def rehearse(folders: Sequence[Path]) -> Iterator[PairReport]:
        for folder in folders:
            yield PairReport(str(folder), None, None, 1_000_000, 100_000, 2_000_000)

    monkeypatch.setattr("gan_bench.run.preflight.check_pairs", check_pairs)


@pytest.mark.usefixtures("told")
@pytest.mark.parametrize(("jobs", "size"), [(1, 3.3), (2, 6.3), (9, 9.3)])
@pytest.mark.parametrize("enough", [False, True])
def test_a_disk_that_will_be_full_is_refused(
    jobs: int, size: float, enough: bool, plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, folders = plan(f"disk {enough} {jobs}", architectures=("last",), seeds=3)
    monkeypatch.setattr(
        "gan_bench.results.atomic.room", lambda _: round(size * 10**6) - (not enough)
    )
    home = folders[0].parents[2]
    if enough:
        preflight(folders, home, jobs=jobs)
        return
    with pytest.raises(StorageError) as refusal:
        preflight(folders, home, jobs=jobs)
    assert f"{size} MB needed, {size} MB free on {home}: make room" in str(refusal.value)
    assert not any((folder / "record.json").exists() for folder in folders)


@pytest.mark.usefixtures("told")
def test_memory_that_is_not_there_is_a_failed_cell(
    plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, folders = plan("memory", architectures=("last",))
    free = psutil.virtual_memory()._replace(available=10**6)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: free)
    preflight(folders, folders[0].parents[2])
    reason = read_record(folders[0]).reason
    assert reason == "out of memory: it needs 2 MB and 1 MB are free; lower --batch or --size"


@pytest.mark.usefixtures("told")
@pytest.mark.parametrize(
    ("jobs", "free", "needs", "fitting"),
    [(1, 2, None, None), (2, 3, 4, 1), (3, 5, 6, 2), (3, 6, None, None), (9, 5, 6, 2)],
)
def test_cells_that_fit_alone_and_not_at_once_are_refused_with_how_many_do(
    jobs: int,
    free: int,
    needs: int | None,
    fitting: int | None,
    plan: Plan,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _, folders = plan(f"at once {jobs} {free}", architectures=("last",), seeds=3)
    there = psutil.virtual_memory()._replace(available=free * 10**6)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: there)
    if needs is None:
        preflight(folders, folders[0].parents[2], jobs=jobs)
    else:
        with pytest.raises(UsageError) as refusal:
            preflight(folders, folders[0].parents[2], jobs=jobs)
        assert str(refusal.value) == (
            f"out of memory: {needs // 2} cells at once need {needs} MB and {free} MB are free; "
            f"lower --jobs to {fitting}"
        )
    assert not any((folder / "record.json").exists() for folder in folders)


def test_on_a_gpu_its_own_memory_is_what_counts(
    plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    gpu = {"max_memory_reserved": 3 * 2**30, "memory_reserved": 2**30, "mem_get_info": (2**32, 0)}
    for name, value in gpu.items():
        monkeypatch.setattr(f"torch.cuda.{name}", lambda value=value: value)
    needs, free = _memory(None, "cuda"), _free("cuda")  # type: ignore[arg-type]
    assert (needs, free) == (3.5 * 2**30, 5.5 * 2**30)
    assert _free("cpu") is None

    def rehearsed(folders: Sequence[Path]) -> Iterator[PairReport]:
        for folder in folders:
            yield PairReport(str(folder), memory_bytes=needs, free_bytes=free)

    monkeypatch.setattr("gan_bench.run.preflight.check_pairs", rehearsed)
    _, folders = plan("gpu", architectures=("last",), seeds=3)
    preflight(folders, folders[0].parents[2])
    with pytest.raises(UsageError, match=r"2 cells at once need 7.52 GB and 5.91 GB are free; lo"):
        preflight(folders, folders[0].parents[2], jobs=2)


def test_data_that_changed_stops_all(plan: Plan, tmp_path: Path) -> None:
    _, folders = plan("changed", architectures=("last",))
    protocol = protocol_of(folders[0])
    path = folders[0].parents[2] / "protocol.json"
    other = protocol.data.model_copy(update={"train": 99})
    changed = protocol.model_copy(update={"data": other}).model_dump(mode="json")
    write_json(path, changed)
    (found,) = check_pairs(folders)
    assert found.stops == 4
    assert "has changed since this protocol was planned" in str(found.error)
