"""`gan-bench tune`: trials are trained, measured on both halves, and gone on with."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

import tiny_plugin
from gan_bench.results.layout import (
    CURVE,
    GENERATOR,
    RECORD,
    SCALE,
    STUDY,
    TICKS,
    cells_in,
    evaluation_dir,
)
from gan_bench.results.measurements import read_measurement
from gan_bench.results.reading import read_lines
from gan_bench.results.studies import HALVES, Study, read_study
from gan_bench.run import time_measuring
from gan_bench.run.cell import run_cell
from gan_bench.run.outcome import PAUSED
from gan_bench.train.session import Stopped
from given import Command, Draw, refused, wait_for

SPACE = "lr_g = { log = [1e-4, 1e-2] }\nbatch = { choices = [4, 8] }\n"
TINY = shlex.split(
    "--plugin ../plugin.py --arch tiny --loss plain --features eye --metric brightness --size 8 "
    "--kimg 0.16 --batch 8 --ticks 4 --samples 32 --device cpu --precision fp32 --data ../shapes"
)
TUNE = ["tune", *TINY, "--space", "../space.toml", "--trials", "4"]


@pytest.fixture
def words(tmp_path: Path, draw_shapes: Draw) -> list[str]:
    """What is typed, beside the files that it names."""
    shutil.copy(tiny_plugin.PATH, tmp_path / "plugin.py")
    (tmp_path / "space.toml").write_text(SPACE)
    draw_shapes(tmp_path / "shapes", 80)
    return TUNE


@pytest.fixture
def codes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cells are trained in this process, and may pause."""

    def start(cells: Sequence[Path], slots: int) -> Iterator[tuple[Path, int]]:
        for folder in cells:
            try:
                code = run_cell(folder)
            except Stopped:
                code = PAUSED
            yield folder, code

    monkeypatch.setattr("gan_bench_plugins.local.start", start)


def the_study(results: Path = Path("results")) -> tuple[Path, Study]:
    (path,) = results.glob(f"studies/*/{STUDY}")
    return path.parent, read_study(path.parent)


def cells_of(folder: Path, study: Study) -> list[Path]:
    return [cell for trial in study.trials for cell in cells_in(folder / trial.protocol)]


@pytest.mark.usefixtures("codes", "pairs_tried", "one_thread")
def test_every_row_is_trained_at_every_point_and_measured_on_both_halves(
    gan_bench: Command, words: list[str]
) -> None:
    said = gan_bench(*words, "--loss", "minimax", "--seeds", 2)
    assert said.code == 0, said.err
    assert "Untuned, tiny / " in said.out
    assert "best of 4 ↑" in said.out
    folder, study = the_study()
    assert study.rows == (("tiny", "plain"), ("tiny", "minimax"))
    assert (study.seeds, study.trials[0].settings) == (2, {})
    assert len({trial.protocol for trial in study.trials}) == 4
    cells = cells_of(folder, study)
    assert len(cells) == 4 * 2 * 2
    for cell in cells:
        values = set()
        for half in HALVES:
            found = read_measurement(cell, study.evaluation(half).slug)
            assert found
            assert found.scores["brightness"].n == 32
            values.add(found.scores["brightness"].value)
        assert len(values) == 2  # other real images and other z
    for trial in study.trials:  # real images are measured once, and every trial is told
        for half in HALVES:
            home = evaluation_dir(folder / trial.protocol, study.evaluation(half).slug)
            assert (home / SCALE).is_file()
    shown = gan_bench("report")
    assert shown.out == said.out  # the folder of a study is not flooded by its trials
    assert json.loads(gan_bench("report", folder, "--format", "json").out)["slug"] == study.slug
    one = gan_bench("report", folder, "--protocol", study.trials[1].protocol)
    assert one.code == 0
    assert one.out.startswith(f"## {study.trials[1].protocol}")
    again = gan_bench(*words, "--loss", "minimax", "--seeds", 2)
    assert "16 cells, 16 done" in again.err


@pytest.mark.usefixtures("codes", "pairs_tried", "one_thread")
def test_the_best_settings_give_run_the_protocol_of_the_chosen_trial(
    gan_bench: Command, words: list[str]
) -> None:
    said = gan_bench(*words, "--json")
    row = json.loads(said.out)["rows"][0]
    folder, study = the_study()
    best = folder / "best" / "tiny" / "plain.toml"
    assert best.is_file()
    asked = [word for k, word in enumerate(TINY) if not {"--batch", "--kimg"} & {word, TINY[k - 1]}]
    ran = gan_bench("run", *asked, "--schedule", best, "--results", "other")
    assert ran.code == 0, ran.err
    (protocol,) = Path("other").glob("*/protocol.json")
    assert protocol.parent.name == study.trials[row["chosen_trial"]].protocol
    (cell,) = cells_in(protocol.parent)
    trained = folder / protocol.parent.name / "tiny" / "plain" / "seed0"
    assert (cell / GENERATOR).read_bytes() == (trained / GENERATOR).read_bytes()


@pytest.mark.usefixtures("codes", "pairs_tried", "one_thread")
def test_more_trials_and_rows_are_added_to_the_study(gan_bench: Command, words: list[str]) -> None:
    gan_bench(*words, "--trials", 2)
    folder, before = the_study()
    said = gan_bench(*words, "--loss", "minimax", "--trials", 3)
    assert said.code == 0, said.err
    again, after = the_study()
    assert again == folder
    assert after.trials[:2] == before.trials
    assert after.rows == (("tiny", "plain"), ("tiny", "minimax"))
    assert "6 cells, 2 done" in said.err


@pytest.mark.usefixtures("codes", "pairs_tried", "one_thread")
def test_halving_stops_the_worse_half_and_without_it_the_rest_is_trained_to_the_same_bytes(
    gan_bench: Command, words: list[str]
) -> None:
    whole = gan_bench(*words, "--results", "whole")
    assert whole.code == 0, whole.err
    said = gan_bench(*words, "--halve")
    assert said.code == 0, said.err
    assert "favour fast starters" in said.out
    folder, study = the_study()
    cells = cells_of(folder, study)
    done = [cell for cell in cells if (cell / RECORD).exists()]
    assert len(done) + len(study.stopped) == 4
    assert 1 <= len(done) <= 2  # one of 4, and the default schedule
    early = [len(read_lines(cell / TICKS)) for cell in cells if cell not in done]
    assert set(early) <= {1, 2}
    assert 1 in early
    full = gan_bench(*words)
    assert full.code == 0, full.err
    assert full.out == whole.out.replace("whole/", "results/")
    for cell in cells:
        there = Path("whole", *cell.parts[1:])
        for name in (GENERATOR, CURVE, TICKS):
            assert (cell / name).read_bytes() == (there / name).read_bytes()


@pytest.mark.usefixtures("no_cell_is_started")
@pytest.mark.parametrize(
    ("typed", "parts"),
    [
        (["--space", "none.toml"], ["--space: cannot read", "none.toml"]),
        (["--trials", "1"], ["--trials"]),
        (["--trials", "400", "--space", "../few.toml"], ["--trials 400: the space has 4"]),
        (["--halve", "--ticks", "2"], ["--ticks 2 are too few: give 4 or more"]),
        (["--samples", "12"], ["trials would be chosen by 12 images, and 32 are needed"]),
        (["--space", "../large.toml"], ["trial ", "(batch 5,000)", "fewer than one batch"]),
        (["--entry", "a=b"], ["No such option", "--entry"]),
        (
            ["--trials", "4096", "--seeds", "25"],
            ["102,400 cells are too many, 100,000 are the most: give a lower --seeds or --trials"],
        ),
    ],
)
def test_what_cannot_be_tuned_is_refused(
    typed: list[str], parts: list[str], gan_bench: Command, words: list[str], tmp_path: Path
) -> None:
    (tmp_path / "few.toml").write_text("d_steps = { choices = [1, 2, 3, 4] }")
    (tmp_path / "large.toml").write_text("batch = { choices = [5000] }")
    given = [*words, "--trials", "2", *typed]
    refused(gan_bench(*given), 4 if "samples" in typed[0] or "large" in typed[-1] else 2, *parts)


def test_a_dry_run_names_every_trial_and_trains_nothing(
    gan_bench: Command,
    words: list[str],
    no_cell_is_started: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    time, timed = time_measuring._time, []
    monkeypatch.setattr(time_measuring, "_time", lambda *of: timed.append(of) or time(*of))
    said = gan_bench(*words, "--dry-run")
    assert said.code == 0, said.err
    assert len(timed) == 1  # all trials are measured alike
    assert "trial 0:   the default schedule" in said.out
    assert said.out.count("\ntrial ") == 4
    assert "4: 1 cell in each of 4 trials" in said.out
    assert not Path("results").exists()


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_a_killed_study_is_finished_by_the_same_command_to_the_same_bytes(
    words: list[str], tmp_path: Path, outside: dict[str, str]
) -> None:
    here = tmp_path / "there"
    here.mkdir()
    command = [sys.executable, "-m", "gan_bench.cli", *words, "--trials", "2"]
    env = outside | {"GAN_BENCH_HOME": str(tmp_path / "home")}

    def start(results: str, **more: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [*command, "--results", results],
            cwd=here,
            env=env | more,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    running = start("killed", TINY_SECONDS="0.2")
    wait_for(lambda: list(here.glob(f"killed/studies/*/*/*/*/*/{RECORD}")), running)
    running.send_signal(signal.SIGKILL)
    running.communicate(timeout=60)
    outs = []
    for results in ("killed", "whole"):
        running = start(results)
        out, err = running.communicate(timeout=600)
        assert running.returncode == 0, err
        outs.append(out.replace(results, ""))
    assert outs[0] == outs[1]
    folder, study = the_study(here / "whole")
    cells = cells_of(folder, study)
    assert len(cells) == 2
    for cell in cells:
        other = here / "killed" / cell.relative_to(here / "whole")
        for name in (GENERATOR, CURVE, TICKS):
            assert (cell / name).read_bytes() == (other / name).read_bytes()
    twin = here / "killed" / folder.relative_to(here / "whole")
    for file in (STUDY, "best/tiny/plain.toml"):
        assert (folder / file).read_bytes() == (twin / file).read_bytes()
