"""The main job, end to end, as a user runs it: a process that trains cells as processes."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil
import pytest
from PIL import Image
from safetensors.torch import load_file

import tiny_plugin
from gan_bench import Architecture
from gan_bench import catalogue as catalogues
from gan_bench.results.layout import (
    CHECKPOINTS,
    CURVE,
    GENERATOR,
    LOG,
    RECORD,
    SAMPLES,
    SPEED,
    STARTS,
    cells_in,
    figure_path,
)  # fmt: skip
from gan_bench.results.reading import read_lines
from gan_bench.results.records import read_record
from given import Command, Draw, Place, wait_for

DATA = shlex.split("--data ../shapes --size 16 --kimg 0.3 --batch 16 --samples 32 --device cpu")
METRICS = ("fwd", "diversity", "density", "coverage")
CELLS = shlex.split("--arch dcgan --arch dense --loss minimax --loss non-saturating")
NAMES = [
    f"{arch}/{loss}/seed0" for arch in ("dcgan", "dense") for loss in ("minimax", "non-saturating")
]
UPDATES, MADE = 19, 32  # 300 images in batches of 16


@pytest.fixture(scope="module")
def place(
    tmp_path_factory: pytest.TempPathFactory, draw_shapes: Draw, outside: dict[str, str]
) -> Callable[[str], Place]:
    root = tmp_path_factory.mktemp("main-job")
    draw_shapes(root / "shapes", 60)

    def make(name: str) -> Place:
        (root / name).mkdir()
        return Place(root / name, outside | {"GAN_BENCH_HOME": str(root / name / "home")})

    return make


@dataclass(frozen=True)
class Job:
    """A run that is over."""

    place: Place
    done: subprocess.CompletedProcess[str]


@pytest.fixture(scope="module")
def job(place: Callable[[str], Place]) -> Job:
    """Two architectures, two losses, the preset's own features."""
    here = place("main")
    return Job(here, here.run(*DATA, *CELLS))


# The job


def test_every_cell_finishes(job: Job) -> None:
    assert job.done.returncode == 0, job.done.stderr
    root = job.place.protocol
    assert root.name.startswith("shapes-16px-0.3kimg-")
    cells = [path.relative_to(root).as_posix() for path in cells_in(root)]
    assert sorted(cells) == sorted(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_cell_leaves_its_record_curve_samples_and_generator(name: str, job: Job) -> None:
    folder = job.place.protocol / name
    record = read_record(folder)
    assert record.status == "finished"
    assert f"{record.architecture}/{record.loss}/seed{record.seed}" == name
    assert set(record.scores) == {"fd-efficientnet-lite0", "kd-efficientnet-lite0", *METRICS}
    assert set(record.unscored) == {"ndb", "copies"}  # too few images
    assert record.diagnosis
    assert record.best is not None
    assert record.scores["fd-efficientnet-lite0"].value > 0
    assert record.scores["fd-efficientnet-lite0"].n == MADE
    assert record.cost is not None
    assert record.cost.train_seconds > 0
    curve = read_lines(folder / CURVE)
    assert [row["step"] for row in curve] == list(range(1, UPDATES + 1))
    assert curve[-1]["kimg"] == UPDATES * 16 / 1000
    assert len(read_lines(folder / SPEED)) == UPDATES
    assert len(list((folder / SAMPLES).glob("*.png"))) == 10
    assert (folder / LOG).exists()
    G = catalogues.load().find(Architecture, record.architecture).generator((3, 16, 16))
    G.load_state_dict(load_file(folder / GENERATOR))


def test_cells_differ_in_what_they_should(job: Job) -> None:
    curves = [(job.place.protocol / name / CURVE).read_bytes() for name in NAMES]
    assert len(set(curves)) == 4
    first = {name: read_lines(job.place.protocol / name / CURVE)[0] for name in NAMES}
    for arch in ("dcgan", "dense"):  # the two losses agree on D, and so on its first step
        one, other = first[f"{arch}/minimax/seed0"], first[f"{arch}/non-saturating/seed0"]
        assert one["loss_d"] == other["loss_d"]
        assert one["loss_g"] < 0 < other["loss_g"]


def test_stdout_carries_the_table_and_nothing_else(job: Job) -> None:
    lines = job.done.stdout.splitlines()
    assert lines[0] == f"## {job.place.protocol.name}"
    starts = ("## ", "**", "±: ", "every row has ", "4 cells took ", "- ", "| ", "![")
    starts += ("train ", "```", "gan-bench run ", "gan-bench reproduce ")  # to make it again
    folds = ("<details><summary>", "</details>")
    assert all(line == "" or line.startswith((*starts, *folds)) for line in lines)
    rows = [line for line in lines if re.match(r"\| (\d \| )?d", line)]
    assert len(rows) == 4 * 4  # scores, other metrics, best ticks, cost
    assert "cells = 1 finished" in job.done.stdout


def test_stderr_tells_what_was_taken_and_how_each_cell_ended(job: Job) -> None:
    told = job.done.stderr
    assert "preset quick, because the device is cpu" in told
    assert "54 training, 6 held out, 16 px" in told
    for name in NAMES:
        assert f"{name.replace('/', ' / ')}: finished, fd-efficientnet-lite0 " in told
    assert told.rstrip().endswith(
        "more: gan-bench report --out board.html, or .md, .csv, .json, .tex"
    )


def test_the_pictures_are_drawn_and_told(job: Job) -> None:
    for name in ("samples", "losses", "scores"):
        path = figure_path(job.place.protocol, name)
        with Image.open(path) as opened:
            assert min(opened.size) > 200
        assert f"picture: {path.relative_to(job.place.folder)}" in job.done.stderr


def test_what_is_known_of_the_real_images_was_computed_once(job: Job) -> None:
    kept = list(Path(job.place.env["GAN_BENCH_HOME"], "features").glob("*.npz"))
    features = [path for path in kept if "features" in np.load(path).files]
    nets = sorted(path.name.rpartition("-")[0] for path in features)
    # of the reference, and by the nets of `ndb` and `copies` of all images
    once = ["shapes-efficientnet-lite0", "shapes-haar-packets"]
    assert nets == [*once, *["shapes-pixels"] * 3, *["shapes-spectrum"] * 3]
    assert len(kept) > len(features)  # what the metrics keep
    first = min((job.place.protocol / name / RECORD).stat().st_mtime for name in NAMES)
    assert max(path.stat().st_mtime for path in kept) < first


@pytest.fixture
def again(
    job: Job, gan_bench: Command, no_cell_is_started: None, monkeypatch: pytest.MonkeyPatch
) -> Command:
    """`gan-bench` in the folder of the job; no cell may be started."""
    monkeypatch.chdir(job.place.folder)
    monkeypatch.setenv("GAN_BENCH_HOME", job.place.env["GAN_BENCH_HOME"])
    return gan_bench


def test_the_same_command_again_trains_nothing_and_prints_the_same_table(
    job: Job, again: Command
) -> None:
    files = [path for path in job.place.protocol.rglob("*") if "seed0" in path.parts]
    before = {path: path.stat().st_mtime_ns for path in files if path.is_file()}
    said = again("run", *DATA, *CELLS)
    assert said.code == 0
    assert said.out == job.done.stdout
    assert {path: path.stat().st_mtime_ns for path in before} == before


def test_with_json_stdout_is_one_document(job: Job, again: Command) -> None:
    document = json.loads(again("run", *DATA, *CELLS, "--json").out)
    assert document["schema"] == 1
    (found,) = document["protocols"]
    assert len(found["rows"]) == 4
    assert found["slug"] == job.place.protocol.name


def test_the_report_is_the_table_that_the_run_ended_with(job: Job, again: Command) -> None:
    assert again("report").out == job.done.stdout


# What goes wrong in a cell


FAULT_NAMES = ("broken", "crashes", "dcgan")
FAULTS = shlex.split("--plugin plugin.py --arch broken,crashes,dcgan --loss minimax")


@pytest.fixture(scope="module")
def other(place: Callable[[str], Place]) -> Job:
    """Another user, other results, another cache: two architectures that fail, and dcgan."""
    here = place("other")
    shutil.copy(tiny_plugin.PATH, here.folder / "plugin.py")
    return Job(here, here.run(*DATA, *FAULTS))


def test_cells_that_fail_or_crash_leave_a_record_and_the_others_go_on(other: Job) -> None:
    assert other.done.returncode == 3
    folders = {name: other.place.protocol / name / "minimax/seed0" for name in FAULT_NAMES}
    records = {name: read_record(folder) for name, folder in folders.items()}
    assert [record.status for record in records.values()] == ["failed", "failed", "finished"]
    assert records["broken"].reason == "ValueError: no such | thing as this"
    assert "Traceback" in (folders["broken"] / LOG).read_text()
    said = "at its first step the process ended with signal 11; it was at File "
    assert (records["crashes"].reason or "").startswith(said)


def test_failed_cells_are_rows_without_a_number_and_their_reasons_are_told(other: Job) -> None:
    for name in ("broken", "crashes"):
        (row, *_) = [r for r in other.done.stdout.splitlines() if f"| {name} | – |" in r]
        assert row.endswith("| 1 failed |")
    assert "- broken / minimax / seed0: ValueError: no such \\| thing" in other.done.stdout
    assert "broken / minimax / seed0: failed, ValueError: no such | thing" in other.done.stderr
    assert "Traceback" not in other.done.stderr


def test_the_same_cell_elsewhere_has_the_same_protocol_curve_and_scores(
    job: Job, other: Job
) -> None:
    assert job.place.protocol.name == other.place.protocol.name
    one, two = (j.place.protocol / "dcgan" / "minimax" / "seed0" for j in (job, other))
    for path in (one / CURVE, one / GENERATOR, *(one / SAMPLES).iterdir()):
        assert path.read_bytes() == (two / path.relative_to(one)).read_bytes()
    assert read_record(one).scores == read_record(two).scores


@pytest.mark.usefixtures("cells_inside", "one_thread")
def test_failed_cells_are_trained_again_when_asked_for(
    other: Job, gan_bench: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(other.place.folder)
    for name in ("GAN_BENCH_HOME", "OMP_NUM_THREADS"):
        monkeypatch.setenv(name, other.place.env[name])
    plugin = other.place.folder / "plugin.py"
    plugin.write_text(plugin.read_text().replace('offer("broken", broken)', 'offer("broken")'))
    words = [*DATA, "--plugin", "plugin.py", "--arch", "broken", "--loss", "minimax"]
    folder = other.place.protocol / "broken" / "minimax" / "seed0"
    assert gan_bench("run", *words).code == 3  # unasked, it stays as it was
    assert read_record(folder).status == "failed"
    said = gan_bench("run", *words, "--retry-failed")
    assert said.code == 0, said.err
    assert read_record(folder).status == "finished"
    assert "| broken | minimax | – |" not in said.out


# Interrupted


@pytest.mark.skipif(os.name != "posix", reason="signals")
@pytest.mark.parametrize(
    ("sent", "code", "file", "jobs"),
    [
        (signal.SIGINT, 130, CURVE, 2),
        pytest.param(signal.SIGTERM, 143, STARTS, 1, marks=pytest.mark.long),
    ],
)
def test_an_interrupted_run_leaves_no_process_and_says_how_to_go_on(
    sent: signal.Signals, code: int, file: str, jobs: int, place: Callable[[str], Place]
) -> None:
    here = place(sent.name)
    words = ["--arch=dense", *DATA, "--kimg=300", f"--seeds={jobs}", f"--jobs={jobs}"]
    running = here.start(*words)
    try:
        me = psutil.Process(running.pid)
        wait_for(lambda: len(list(here.folder.glob(f"results/*/*/*/*/{file}"))) == jobs, running)
        cells = me.children(recursive=True)
        ends = sorted(cell.cmdline()[-1][-26:] for cell in cells)
        assert ends == [f"dense/non-saturating/seed{k}" for k in range(jobs)]
        running.send_signal(sent)
        out, err = running.communicate(timeout=60)
    finally:
        running.kill()
    assert running.returncode == code, err
    assert out == ""
    assert "Traceback" not in err
    assert "stopping: each cell saves its state" in err
    assert err.endswith(f"nothing is lost; to go on:\ngan-bench run {shlex.join(words)}\n")
    gone, alive = psutil.wait_procs(cells, timeout=60)
    assert (len(gone), alive) == (jobs, [])
    assert not list(here.folder.rglob(RECORD))
    if file == CURVE:  # long before the first tick
        assert len(list(here.folder.glob(f"results/*/*/*/*/{CHECKPOINTS}/*.pt"))) == jobs
