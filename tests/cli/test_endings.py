"""The ways in which a command ends that is not simply done: signals, pipes, faults of ours."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NoReturn

import pytest

from given import Command
from records import write_cell

COMMANDS = ["run", "report", "plugins", "doctor", "--help"]
BEGIN = """
import os, signal, sys
sys.argv = ["gan-bench", *{words!r}]
from gan_bench.cli.__main__ import main
{prepare}
os.write(1, b".")  # Python itself has started
main()
"""
AFTER_IMPORTS = """
left = {count}
def count(event, arguments):
    global left
    if event == "import":
        left -= 1
        if not left:
            os.kill(os.getpid(), signal.SIGINT)
sys.addaudithook(count)
"""
Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def start(tmp_path: Path, outside: dict[str, str]) -> Start:
    """`gan-bench words` in a process of its own, in which Ctrl-C is not switched off."""
    write_cell(tmp_path / "results", "dense")
    env = outside | {"GAN_BENCH_HOME": str(tmp_path / "home")}

    def start(words: list[str], prepare: str = "", **more: object) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-c", BEGIN.format(words=words, prepare=prepare)],
            cwd=tmp_path,
            env=env,
            preexec_fn=partial(signal.signal, signal.SIGINT, signal.default_int_handler),
            text=True,
            **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | more,  # type: ignore[arg-type]
        )

    return start


def interrupted(running: subprocess.Popen[str]) -> bool:
    """The command ended by the signal, without a traceback; False if it was quicker."""
    _, err = running.communicate(timeout=60)
    assert "Traceback" not in err
    assert running.returncode in (0, 130, -signal.SIGINT), err  # a shell calls the last one 130
    return running.returncode != 0


@pytest.mark.skipif(os.name != "posix", reason="signals")
@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("count", [1, 20, 300, 1000])
def test_ctrl_c_during_any_import_ends_without_a_traceback(
    command: str, count: int, start: Start
) -> None:
    running = start([command], AFTER_IMPORTS.format(count=count))
    assert interrupted(running) or command in ("report", "--help")


@pytest.mark.skipif(os.name != "posix", reason="signals")
@pytest.mark.parametrize("command", COMMANDS)
def test_ctrl_c_in_the_first_second_ends_without_a_traceback(command: str, start: Start) -> None:
    for seconds in (0.02, 0.05, 0.1, 0.2, 0.4, 0.8):
        running = start([command])
        assert running.stdout is not None
        assert running.stdout.read(1) == "."
        time.sleep(seconds)
        running.send_signal(signal.SIGINT)
        interrupted(running)


def test_ctrl_c_in_a_run_ends_with_the_command_that_goes_on(
    gan_bench: Command, monkeypatch: pytest.MonkeyPatch, shapes: Path
) -> None:
    def interrupt(*_: object) -> NoReturn:
        raise KeyboardInterrupt

    monkeypatch.setattr("gan_bench.run.whole_run.make_plan", interrupt)
    (shapes / "my faces").mkdir()
    said = gan_bench("run", "--data", f"{shapes}/my faces", "--kimg", "3")
    assert said.code == 130
    assert said.err.endswith(f"gan-bench run --data '{shapes}/my faces' --kimg 3\n")


def test_an_error_of_our_own_is_a_sentence_and_with_debug_a_traceback(
    gan_bench: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> NoReturn:
        raise ZeroDivisionError("a bug of ours")

    monkeypatch.setattr("gan_bench.report.leaderboard.load", broken)
    said = gan_bench("report")
    assert said.code == 1
    assert said.err.startswith("error: ZeroDivisionError: a bug of ours\n")
    assert "gan-bench doctor" in said.err
    with pytest.raises(ZeroDivisionError):
        gan_bench("report", "--debug")


def test_a_reader_that_has_seen_enough_ends_a_command_quietly(start: Start) -> None:
    running = start(["plugins"])
    assert running.stdout is not None
    assert running.stderr is not None
    assert running.stdout.read(1) == "."
    running.stdout.close()
    assert running.stderr.read() == ""
    assert running.wait(60) == 0


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="a disk that is always full")
@pytest.mark.parametrize("typed", ["report", "--version", "--help", "report --help"])
def test_a_disk_that_is_full_is_named_without_a_traceback(
    typed: str, tmp_path: Path, outside: dict[str, str]
) -> None:
    write_cell(tmp_path / "results", "dense")
    words = [sys.executable, "-m", "gan_bench.cli", *typed.split()]
    with open("/dev/full", "w") as full:
        done = subprocess.run(words, cwd=tmp_path, env=outside, stdout=full, stderr=subprocess.PIPE)
    assert done.returncode == 5
    assert done.stderr == b"error: cannot write to stdout: No space left on device\n"


@pytest.mark.usefixtures("pairs_tried")
@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_while_cells_train_is_answered_before_it_is_obeyed(
    sent: signal.Signals,
    code: int,
    shapes: Path,
    gan_bench: Command,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("gan_bench_plugins.local.start", lambda *_: signal.raise_signal(sent))
    small = shlex.split(
        "--size 8 --batch 8 --kimg 0.1 --samples 16 --arch dense --device cpu "
        "--features pixels --metric fd"
    )
    said = gan_bench("run", "--data", shapes, *small)
    assert said.code == code
    assert "stopping: each cell saves its state" in said.err
    typed = shlex.join(["gan-bench", "run", "--data", str(shapes), *small])
    assert said.err.endswith(f"interrupted, nothing is lost; to go on:\n{typed}\n")
