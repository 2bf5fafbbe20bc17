"""The scale of a protocol: measured once, whatever becomes of the run, and never in its way."""

from __future__ import annotations

import shlex
import signal
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest

import tiny
from gan_bench import catalogue as catalogues
from gan_bench.results.layout import RECORD, SCALE, protocol_folder_of
from gan_bench.results.records import Record, write_record
from gan_bench.results.scale import read_scale, write_scale
from gan_bench.run.cell import run_cell
from gan_bench.run.folders import folders_of, lay_out
from gan_bench.run.plan import make_plan
from gan_bench.run.preflight import preflight
from given import Draw, wait_for
from tiny import WORDS, Make

Said = list[str]
FRAGILE = """
    import os
    import numpy as np
    from gan_bench import Metric, hookimpl

    def fragile(samples):
        if not np.ptp(samples.fake, axis=0).any():
            {act}
        return 1.0

    @hookimpl
    def gan_bench_metrics(features):
        return [Metric(name="fragile", source="a test", higher_is_better=True, compute=fragile)]
"""


@pytest.fixture
def check(tmp_path: Path, draw_shapes: Draw) -> Callable[..., tuple[list[Path], Said, Said]]:
    """Lay cells out and try them; their folders, what was said and what was shown."""
    plugin = tiny.write_plugin(tmp_path)
    draw_shapes(tmp_path / "shapes")

    def make(act: str = "pass", **more: object) -> tuple[list[Path], Said, Said]:
        other = tmp_path / "fragile.py"
        other.write_text(dedent(FRAGILE).format(act=act))
        asked = tiny.request_for(plugin, tmp_path / "shapes", plugins=(plugin, other), **more)
        planned = make_plan(asked, catalogues.load(asked.plugins))
        lay_out(planned, tmp_path / "results")
        folders, said, shown = folders_of(planned, tmp_path / "results"), Said(), Said()
        tiny.say_trained(folders[0])
        preflight(folders, protocol_folder_of(folders[0]), said.append, show=shown.append)
        return folders, said, shown

    return make


@pytest.mark.usefixtures("one_thread")
def test_a_run_measures_one_scale_and_its_continuation_none(
    check: Callable[..., tuple[list[Path], Said, Said]],
) -> None:
    folders, *_ = check(architectures=("tiny",), seeds=2)
    home = protocol_folder_of(folders[0])
    scale, written = read_scale(home), (home / SCALE).stat().st_mtime_ns
    assert scale is not None
    assert scale.real is not None
    score = scale.real.scores["brightness"]
    assert (score.n, score.reference_n, score.features) == (16, 16, "eye")
    assert scale.real.tick.keys() == {"brightness", "diversity", "spread"}
    assert list(scale.bad) == ["noise", "one colour", "one image"]
    assert [run_cell(folder) for folder in folders] == [0, 0]
    folders, _, shown = check(architectures=("tiny",), seeds=3)
    assert run_cell(folders[2]) == 0
    assert shown == []
    assert (home / SCALE).stat().st_mtime_ns == written


@pytest.mark.parametrize(
    ("act", "why"),
    [
        ("raise ValueError('no spread')", "the metric fragile failed: ValueError: no spread"),
        ("os._exit(3)", "the process ended with exit code 3"),
    ],
)
def test_a_fault_while_the_scale_is_measured_is_a_warning(
    act: str, why: str, check: Callable[..., tuple[list[Path], Said, Said]]
) -> None:
    folders, said, shown = check(act, architectures=("tiny",), metrics=("brightness", "fragile"))
    (warning,) = said
    assert warning.startswith(f"no scores of other real images: {why}")
    assert shown == [f"measuring {n}" for n in ("other real images", "noise", "one colour")]
    assert not (protocol_folder_of(folders[0]) / SCALE).exists()
    assert not (folders[0] / RECORD).exists()


def test_a_pair_that_ends_the_process_does_not_keep_the_scale_from_being_measured(
    check: Callable[..., tuple[list[Path], Said, Said]],
) -> None:
    folders, said, _ = check(architectures=("tiny", "vanishes"))
    assert read_scale(protocol_folder_of(folders[0])) is not None
    assert len(said) == 1
    assert "vanishes / minimax / seed0: failed" in said[0]


def test_too_few_other_images_are_said(
    check: Callable[..., tuple[list[Path], Said, Said]],
) -> None:
    folders, said, _ = check(architectures=("tiny",), samples=36)
    scale = read_scale(protocol_folder_of(folders[0]))
    assert scale is not None
    assert scale.why_no_real is not None
    assert said == [f"no scores of other real images: {scale.why_no_real}"]
    assert list(scale.bad) == ["noise", "one colour", "one image"]


@pytest.mark.long
@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupt_while_the_scale_is_measured_names_the_command_that_goes_on(
    sent: signal.Signals, code: int, make_place: Make
) -> None:
    here = make_place(f"interrupted-scale-{code}")
    act = "import time; open('began', 'w'); time.sleep(100)"
    (here.folder / "fragile.py").write_text(dedent(FRAGILE).format(act=act))
    words = [*WORDS, "--plugin", "fragile.py", "--metric", "fragile", "--arch", "tiny"]
    running = here.start(*words)
    wait_for((here.folder / "began").exists, running)
    running.send_signal(sent)
    _, err = running.communicate(timeout=60)
    assert running.returncode == code
    ending = err[err.index("interrupted") :]
    assert ending == f"interrupted, nothing is lost; to go on:\ngan-bench run {shlex.join(words)}\n"
    assert "Traceback" not in err
    assert "stopping" not in err  # no cell is there that could save its state


@pytest.mark.long
def test_the_next_run_of_a_finished_plan_measures_what_the_scale_lacks(
    check: Callable[..., tuple[list[Path], Said, Said]],
) -> None:
    (folder,), _, _ = check(architectures=("tiny",))
    home = protocol_folder_of(folder)
    scale = read_scale(home)
    assert scale is not None
    architecture, loss, _ = folder.parts[-3:]
    write_record(
        folder,
        Record(architecture=architecture, loss=loss, seed=0, status="finished", ended="now"),
    )
    lacking = {name: each for name, each in scale.bad.items() if name != "noise"}
    for left in (None, scale.model_copy(update={"bad": lacking})):
        (home / SCALE).unlink()
        if left is not None:
            write_scale(home, left)
        preflight([folder], home)
        assert read_scale(home) == scale
