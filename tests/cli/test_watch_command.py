"""`gan-bench watch`: on folders without a run, and beside a real run that is killed."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

import tiny_plugin
from gan_bench.results.layout import CURVE
from given import Command, Draw, Place, refused, wait_for
from records import protocol, write_cell

RUN = shlex.split(
    "--plugin tiny.py --arch tiny --loss minimax --data shapes --size 8 --batch 8 --kimg 1.6 "
    "--samples 16 --features eye --metric brightness --device cpu"
)  # 200 updates


def test_where_no_run_is_going_on_one_sentence_says_so(gan_bench: Command) -> None:
    write_cell(Path("results"), "dcgan")
    said = gan_bench("watch")
    assert (said.code, said.err) == (0, "")
    assert said.out == (
        "no run is going on in results: 1 of 1 cell done; "
        "`gan-bench report results` shows what is there\n"
    )
    write_cell(Path("results"), "dcgan", under=protocol(7))
    assert gan_bench("watch", "results").out.startswith("no run is going on in results: `gan-bench")


@pytest.mark.parametrize("words", [["resluts"], ["empty"], ["results", "--protocol", "digits"]])
def test_a_folder_without_results_and_a_wrong_name_are_refused(
    words: list[str], gan_bench: Command
) -> None:
    Path("empty").mkdir()
    said = gan_bench("watch", *words)
    refused(said, 2, f"error: no results in {words[0]}")


@pytest.fixture
def place(tmp_path: Path, draw_shapes: Draw, outside: dict[str, str]) -> Place:
    draw_shapes(tmp_path / "shapes")
    shutil.copy(tiny_plugin.PATH, tmp_path / "tiny.py")
    slow = {"GAN_BENCH_HOME": str(tmp_path / "home"), "TINY_SECONDS": "0.05"}
    return Place(tmp_path, outside | slow)


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_a_real_run_is_watched_until_ctrl_c_or_until_it_is_killed(place: Place) -> None:
    def watch() -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "gan_bench.cli", "watch"],
            cwd=place.folder,
            env=place.env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            preexec_fn=partial(signal.signal, signal.SIGINT, signal.default_int_handler),
        )

    run = place.start(*RUN)
    wait_for(lambda: list(place.folder.glob(f"results/*/tiny/minimax/seed0/{CURVE}")), run)
    one, other = watch(), watch()
    first = [one.stdout.readline() for _ in range(3)] if one.stdout else []
    assert first[0] == f"watching results/{place.protocol.name}\n"
    assert first[1].startswith("0 of 1 done, ")
    assert first[2].startswith("tiny / minimax / seed0: training ")
    one.send_signal(signal.SIGINT)
    said = one.communicate(timeout=60)[0]
    assert said.splitlines()[-1] == "no longer watching; the run goes on"
    assert one.returncode == 0
    assert run.poll() is None
    run.kill()
    run.communicate()
    said = other.communicate(timeout=60)[0]
    assert (
        said.splitlines()[-1] == "the run has stopped: 0 of 1 cell done; the same command goes on"
    )
    assert other.returncode == 0
