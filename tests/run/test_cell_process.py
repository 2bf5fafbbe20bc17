"""How the process of a cell ends that leaves no record."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import pytest
from planning import LayCell

from gan_bench import StorageError
from gan_bench.results.layout import CHECKPOINTS, OUTCOME
from gan_bench.run.cell import main
from gan_bench.run.command import cell_command
from gan_bench.run.outcome import read_outcome

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture
def no_room(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """The disk is full when a cell is measured, until it is undone; signals are given back."""

    def full(*_: object) -> NoReturn:
        raise StorageError("no space left")

    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    with monkeypatch.context() as broken:
        broken.setattr("gan_bench.run.cell._measure", full)
        yield broken
    for number, handler in before.items():
        signal.signal(number, handler)


def outcome_of(folder: Path, code: int) -> tuple[str, str]:
    outcome = read_outcome(folder, code)
    assert outcome is not None
    return outcome.kind, outcome.message


def test_a_process_without_a_record_leaves_its_outcome_until_the_next_one(
    lay: LayCell, no_room: pytest.MonkeyPatch
) -> None:
    folder = lay()
    assert main([str(folder)]) == 5
    assert outcome_of(folder, 5) == ("storage", "no space left")
    no_room.undo()
    with no_room.context() as sent:
        sent.setattr("gan_bench.run.cell.read_task", lambda _: signal.raise_signal(signal.SIGTERM))
        assert main([str(folder)]) == 143
    assert outcome_of(folder, 143) == ("stopped", "stopped before or after the training")
    assert main([str(folder)]) == 0
    assert not (folder / OUTCOME).exists()


def test_a_checkpoint_of_another_training_is_an_outcome(
    lay: LayCell, no_room: pytest.MonkeyPatch
) -> None:
    folder, other = lay(), lay(seed=1)
    assert [main([str(stopped)]) for stopped in (folder, other)] == [5, 5]
    no_room.undo()
    shutil.rmtree(folder / CHECKPOINTS)
    shutil.copytree(other / CHECKPOINTS, folder / CHECKPOINTS)
    assert main([str(folder)]) == 2
    kind, message = outcome_of(folder, 2)
    assert kind == "usage"
    assert "is of another training (seed: 1 then, 0 now)" in message


def test_a_folder_may_begin_with_a_dash(tmp_path: Path) -> None:
    (tmp_path / "-h").mkdir()
    words, environment = cell_command(Path("-h", "seed0"))
    words.remove("--attached")
    done = subprocess.run(words, cwd=tmp_path, env=environment, capture_output=True, check=False)
    assert done.returncode == 5  # there is no cell.json
    assert b"usage:" not in done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device that is always full")
def test_a_log_that_cannot_be_written_changes_no_exit_code(tmp_path: Path) -> None:
    with open("/dev/full", "wb") as full:
        words = [sys.executable, "-m", "gan_bench.run.cell", str(tmp_path)]
        done = subprocess.run(
            words, stdout=full, stderr=full, stdin=subprocess.DEVNULL, check=False
        )
    assert done.returncode == 5  # there is no cell.json
    assert outcome_of(tmp_path, 5)[0] == "storage"
