"""Cells through an engine. The engines here train nothing: they write what a cell would."""

from __future__ import annotations

import re
import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from planning import Scripted, record

from gan_bench import Engine, Resources, StorageError
from gan_bench.contract.protocol import Cell
from gan_bench.results.atomic import append_line, write_json
from gan_bench.results.layout import CELL, LOG, RECORD, STARTS, TICKS
from gan_bench.results.reading import read_lines, read_model
from gan_bench.results.records import read_record
from gan_bench.run.folders import done
from gan_bench.run.outcome import ERRORS, PAUSED, StopKind, write_outcome
from gan_bench.run.scheduler import run_cells


def test_every_cell_is_yielded_as_it_ends_and_none_is_started_again(folders: list[Path]) -> None:
    engine = Scripted(record)
    record(folders[0])
    assert list(run_cells(engine.offer, folders)) == engine.given == [folders[1]]
    (folders[0] / RECORD).unlink()
    assert list(run_cells(engine.offer, folders)) == [folders[0]]
    assert list(run_cells(engine.offer, folders)) == []


@pytest.mark.parametrize(
    ("code", "log", "said"),
    [
        (
            -11,
            b"first\n\xdcbel: \xff no memory\n\n",
            "signal 11; its last output was: .*no memory$",
        ),
        (3, b"x" * 3_000_000 + b"\n" + b"y" * 5000 + b"\nthe end", "exit code 3; .*: the end$"),
        (0, b"no memory", "exit code 0; its last output was: no memory$"),
        (-11, b"", "signal 11$"),
        (-11, None, "signal 11$"),  # an engine need not leave a log
    ],
)
def test_a_cell_that_ends_without_a_record_gets_a_failed_one(
    code: int, log: bytes | None, said: str, folders: list[Path]
) -> None:
    def act(folder: Path) -> int:
        if log is not None:
            (folder / LOG).write_bytes(log)
        return code

    list(run_cells(Scripted(act).offer, folders))
    for seed, folder in enumerate(folders):
        failed = read_record(folder)
        assert (failed.status, failed.seed, failed.architecture) == ("failed", seed, "dense")
        reason = f"the process left no record: it ended with {said}"
        assert re.match(reason, failed.reason or "")
        assert not failed.scores


@pytest.mark.parametrize("code", [-9, -15, 143])
@pytest.mark.parametrize(("lost", "status"), [(3, "finished"), (4, "failed")])
def test_a_lost_process_is_started_again_three_times_at_most(
    lost: int, status: str, code: int, folders: list[Path]
) -> None:
    starts = Counter[Path]()

    def act(folder: Path) -> int:
        starts[folder] += 1
        append_line(folder / STARTS, {"at": "now"})
        if folder == folders[0] and starts[folder] <= lost:
            return code
        return record(folder)

    said: list[str] = []
    ended = list(run_cells(Scripted(act).offer, folders, say=said.append))
    assert ended == [folders[1], folders[0]]  # the others come first
    assert read_record(folders[0]).status == status
    assert said == ["dense / non-saturating / seed0: its process was ended from outside; it will "
                    "go on"] * 3  # fmt: skip
    if status == "failed":
        assert read_record(folders[0]).starts == 4


def test_an_engine_gets_the_same_resources_whatever_is_done_or_lost(folders: list[Path]) -> None:
    codes = iter([-9, 0])

    def act(folder: Path) -> int:
        return next(codes) or record(folder)

    record(folders[0])
    engine = Scripted(act)
    given = Resources(jobs=2, cpus_per_cell=4)
    assert list(run_cells(engine.offer, folders, given)) == [folders[1]]
    assert engine.resources == [given, given]


@pytest.mark.parametrize(("code", "kind"), [(5, "storage"), (2, "usage")])
def test_what_no_cell_can_do_anything_about_stops_the_run(
    code: int, kind: StopKind, folders: list[Path]
) -> None:
    def act(folder: Path) -> int:
        (folder / LOG).write_text("error: a line that some plugin prints\n")
        write_outcome(folder, kind, "the disk says no")
        return code

    with pytest.raises(ERRORS[kind], match=r"^the disk says no$"):
        list(run_cells(Scripted(act).offer, folders))
    assert not any(map(done, folders))  # to be gone on with


def test_without_an_outcome_the_exit_code_and_the_disk_say_what_there_is_to_say(
    folders: list[Path],
) -> None:
    """An outcome of an earlier process, or a line of a log, is not one."""
    for folder in folders:
        write_outcome(folder, "storage", "of an earlier process")

    def act(folder: Path) -> int:
        (folder / LOG).write_text("error: a line that some plugin prints\n")
        return 5

    with pytest.raises(StorageError, match=r"seed0 cannot be written, not even its outcome: .*B f"):
        list(run_cells(Scripted(act).offer, folders))


def test_a_cell_whose_folder_is_gone_says_so(folders: list[Path]) -> None:
    def act(folder: Path) -> int:
        shutil.rmtree(folder)
        return 5

    with pytest.raises(StorageError, match=f"{folders[0]} is gone: put it back"):
        list(run_cells(Scripted(act).offer, folders))


def test_an_engine_that_is_left_early_is_closed(folders: list[Path]) -> None:
    ended: list[bool] = []

    def start(cells: Sequence[Path], _: Resources) -> Iterator[tuple[Path, int]]:
        try:
            for cell in cells:
                record(cell)
                yield cell, 0
        finally:
            ended.append(True)

    running = run_cells(Engine(name="e", source="a test", start=start), folders)
    next(running)
    running.close()  # type: ignore[attr-defined]
    assert ended == [True]


def pause_at(folder: Path, tick: int | None) -> None:
    cell = read_model(folder / CELL, Cell)
    environment = cell.environment.model_copy(update={"pause": tick})
    write_json(
        folder / CELL,
        cell.model_copy(update={"environment": environment}).model_dump(mode="json"),
    )


def test_a_cell_that_pauses_is_yielded_where_it_is_to_pause_and_else_goes_on(
    folders: list[Path],
) -> None:
    """A job of a queue may have read the cell before another command told it to go further."""
    for folder, tick in zip(folders, [1, 2], strict=True):
        pause_at(folder, tick)

    def act(folder: Path) -> int:
        append_line(folder / TICKS, {"kimg": 1})
        return PAUSED

    engine, said = Scripted(act), list[str]()
    ended = list(run_cells(engine.offer, folders, say=said.append))
    assert ended == folders
    assert [len(read_lines(folder / TICKS)) for folder in folders] == [1, 2]
    assert said == [
        "dense / non-saturating / seed1: it has paused where an earlier command had asked for it; "
        "it will go on"
    ]


def test_a_process_that_ends_as_if_it_paused_for_ever_is_a_failure(folders: list[Path]) -> None:
    """Such as one whose plugin ends it with this exit code."""
    list(run_cells(Scripted(lambda _: PAUSED).offer, folders[:1]))
    assert "it ended with exit code 75" in (read_record(folders[0]).reason or "")
