"""What nearly every test needs: a cache of its own, a few pictures, the command line."""

from __future__ import annotations

import os
import shutil
import signal
import sys
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from textwrap import dedent
from typing import Any
from zlib import crc32

import hypothesis
import pytest
import torch
from PIL import Image, ImageDraw

import tiny_plugin
from gan_bench import Resources
from gan_bench import catalogue as catalogues
from gan_bench.cli.main import main
from gan_bench.run.cell import run_cell
from gan_bench.run.folders import folders_of, lay_out
from gan_bench.run.plan import make_plan
from gan_bench.run.preflight import PairReport
from gan_bench.run.request import Request
from gan_bench.train.fresh import Fresh
from given import Command, Draw, Install, Said

# Slow machines are no fault, and nothing is kept between runs.
hypothesis.settings.register_profile("gan-bench", deadline=None, database=None)
hypothesis.settings.load_profile("gan-bench")


# Files that take half a minute or more: one that began last would keep the other cores waiting.
LONGEST = (
    "test_ray_run.py",
    "test_ray_engine.py",
    "test_processes.py",
    "test_main_job.py",
    "test_preflight.py",
    "test_corruptions_seen.py",
    "test_scale_run.py",
    "test_contract.py",
    "test_strangers.py",
    "test_doctor.py",
    "test_sweep.py",
    "test_many_kills.py",
    "test_hostile_files.py",
    "test_examples.py",
    "test_plugin_tools.py",
    "test_calibration.py",
    "test_tutorial.py",
    "test_edited_plugins.py",
    "test_strangers_run.py",
)


SHORT = "not long and not speed"  # as in pyproject.toml


def pytest_addoption(parser: pytest.Parser) -> None:
    """How much of the long suite is run, and which part of it."""
    parser.addoption("--share", type=float, help="of the long suite, such as 0.2, with the short")
    parser.addoption("--day", type=int, default=date.today().toordinal(), help="chooses that part")


def pytest_configure(config: pytest.Config) -> None:
    """Let pytest-xdist begin with the longest files; by itself it takes those of most tests."""
    config.option.loadscopereorder = False
    if config.option.share is not None and config.option.markexpr == SHORT:
        config.option.markexpr = "not speed"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files come first; of the long suite the share that was asked for.

    What needs a CUDA device is skipped where there is none.
    """
    place = {name: k for k, name in enumerate(LONGEST)}
    items.sort(key=lambda item: place.get(item.path.name, len(place)))
    items[:] = [item for item in items if _is_due(item)]
    if torch.cuda.is_available():
        return
    for item in items:
        if item.get_closest_marker("gpu"):
            item.add_marker(pytest.mark.skip(reason="no CUDA device here"))


def _is_due(item: pytest.Item) -> bool:
    """Whether a test of the long suite is in the share of the day.

    One that is `divided` always is: it tries that share of its cases.
    """
    share, mark = item.config.option.share, item.get_closest_marker("long")
    if share is None or mark is None or mark.kwargs.get("divided"):
        return True
    days = round(1 / share)
    return crc32(item.nodeid.encode()) % days == int(item.config.option.day) % days


@pytest.fixture(scope="session")
def share(request: pytest.FixtureRequest) -> float:
    """How much of its cases a test of the long suite tries."""
    given = request.config.option.share
    return 1.0 if given is None else float(given)


@pytest.fixture(scope="session")
def today(request: pytest.FixtureRequest) -> int:
    """What the inputs of the day are drawn with."""
    return int(request.config.getoption("--day"))


SIGNALS = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}


@pytest.fixture(autouse=True)
def _signals() -> None:
    """As they were: a cell that was trained in this process has taken them."""
    for number, handler in SIGNALS.items():
        signal.signal(number, handler)


@pytest.fixture(scope="session", autouse=True)
def shared_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """GAN_BENCH_HOME of what several tests share: no test fills the cache of who runs it."""
    folder = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GAN_BENCH_HOME", str(folder))
        yield folder


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """GAN_BENCH_HOME in the test's own folder; no allow-list from outside."""
    folder = tmp_path / "home"
    monkeypatch.setenv("GAN_BENCH_HOME", str(folder))
    monkeypatch.delenv("GAN_BENCH_PLUGINS", raising=False)
    # whatever a cell was trained with: many tests share cells that were trained with another home
    monkeypatch.setattr("gan_bench.results.asked_plugins.is_asked", lambda path: True)
    return folder


@pytest.fixture(scope="session")
def faces_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A GAN_BENCH_HOME for all of toonfaces: drawing 30,000 faces takes longer than most files.

    The workers of pytest-xdist share it, so that whoever comes first draws them.
    """
    base = tmp_path_factory.getbasetemp()
    return (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "faces-home"


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Install a distribution with one plugin module, as `pip install` would."""
    site = tmp_path / "site"
    site.mkdir()
    monkeypatch.syspath_prepend(str(site))
    modules: list[str] = []

    def install(name: str, source: str, version: str = "1.0") -> None:
        module = name.replace("-", "_")
        modules.append(module)
        (site / f"{module}.py").write_text(dedent(source))
        info = site / f"{module}-{version}.dist-info"
        info.mkdir()
        metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        (info / "METADATA").write_text(metadata)
        (info / "entry_points.txt").write_text(f"[gan_bench]\nmine = {module}\n")

    yield install
    for module in modules:
        sys.modules.pop(module, None)


@pytest.fixture
def no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    monkeypatch.setattr("torch.mps.is_available", lambda: False)


@pytest.fixture
def one_thread() -> Iterator[None]:
    """Networks as small as a test's only lose by sharing their work."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def fresh() -> Iterator[Fresh]:
    """A process for all tests, in which trainings are resumed."""
    with Fresh() as fresh:
        yield fresh


@pytest.fixture(scope="session")
def draw_shapes() -> Draw:
    """A folder of simple coloured shapes, every one another."""

    def draw(folder: Path, count: int = 40, side: int = 24) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        for k in range(count):
            image = Image.new("RGB", (side, side), (5 * k % 256, 90, 160))
            pen = ImageDraw.Draw(image)
            box = (k % 5, k % 7, side - 4 + k % 3, side - 5)
            (pen.ellipse if k % 2 else pen.rectangle)(box, fill=(250 - 5 * k % 256, 7 * k % 256, 0))
            image.save(folder / f"{k:03d}.png")
        return folder

    return draw


@pytest.fixture
def shapes(tmp_path: Path, draw_shapes: Draw) -> Path:
    return draw_shapes(tmp_path / "shapes")


@pytest.fixture
def gan_bench(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Command:
    """`gan-bench ...` in this process, in an empty folder."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")

    def run(*words: object) -> Said:
        monkeypatch.setattr(sys, "argv", ["gan-bench", *map(str, words)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as exit_:
            main()
        out, err = capsys.readouterr()
        return Said(int(exit_.value.code or 0), out, err)

    return run


@pytest.fixture
def cells_inside(monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine `local` trains in this process: one of its own imports torch for seconds."""

    def start(cells: Sequence[Path], _: Resources) -> Iterator[tuple[Path, int]]:
        for folder in cells:
            yield folder, run_cell(folder)

    monkeypatch.setattr("gan_bench_plugins.local.start", start)


@pytest.fixture
def pairs_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every pair passes its first step untried, and no scale is measured."""

    def check(folders: Sequence[Path], *_: object) -> Iterator[PairReport]:
        yield from (PairReport(str(folder)) for folder in folders)

    monkeypatch.setattr("gan_bench.run.preflight.check_pairs", check)


@pytest.fixture(scope="session")
def outside(shared_home: Path) -> dict[str, str]:
    """The environment of a gan-bench that runs as a process of its own, on one core."""
    kept = {name: text for name, text in os.environ.items() if not name.startswith("GAN_BENCH_")}
    cache = {"GAN_BENCH_HOME": str(shared_home)}
    return kept | cache | {"OMP_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1"}


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory, draw_shapes: Draw) -> Path:
    """A folder with images, the plugin, and a cell of 40 updates that kept its ten ticks."""
    place = tmp_path_factory.mktemp("branches")
    draw_shapes(place / "shapes")
    shutil.copy(tiny_plugin.PATH, place / "tiny.py")
    asked = Request(
        architectures=("tiny",), losses=("plain",), data=str(place / "shapes"), size=8, batch=8,
        kimg=0.32, samples=16, features=("eye",), metrics=("brightness",), device="cpu",
        precision="fp32", plugins=(place / "tiny.py",), keep_ticks=True,
    )  # fmt: skip
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GAN_BENCH_HOME", str(place / "home"))
        planned = make_plan(asked, catalogues.load(asked.plugins))
        lay_out(planned, place / "results")
        assert run_cell(*folders_of(planned, place / "results")) == 0
    torch.set_num_threads(threads)
    return place


@pytest.fixture
def train(gan_bench: Command, place: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The command that trains the cell, in a results folder of the test's own."""
    monkeypatch.setenv("GAN_BENCH_HOME", str(place / "home"))

    def run(*more: str) -> Said:
        return gan_bench(
            "run", "--plugin", place / "tiny.py", "--arch", "tiny", "--loss", "plain",
            "--data", place / "shapes", "--size", 8, "--batch", 8, "--kimg", 0.32,
            "--samples", 16, "--features", "eye", "--metric", "brightness", "--device", "cpu",
            "--precision", "fp32", "-q", *more,
        )  # fmt: skip

    return run


@pytest.fixture
def kept(train: Any, place: Path) -> Path:
    """The folder of the cell that kept its ticks."""
    shutil.copytree(place / "results", "results")
    (cell,) = Path("results").glob("*/tiny/plain/seed0")
    return cell
