"""Files of strangers: whatever is in them, it is read, or one sentence says why not.

Nothing is written outside the folder that was given, no code of the file is run, memory is bounded,
and what is shown holds no markup and nothing that a terminal obeys. The short suite tries a few
hundred inputs, others every day; with `-m long` it is 10,000.
"""

from __future__ import annotations

import csv
import io
import math
import os
import resource
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st
from readers import ALONE, SHOWN, Reader, first

from gan_bench import GanBenchError
from parsed import Page

COMMANDS = Path(__file__).parents[1] / "faults/commands.py"
FEW, MANY = 300, 10_000  # inputs of all readers together
ROOM = 3 * 2**29  # bytes that reading may take: 1.5 GiB of address space
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT
STARTS = ("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "pickle.find_class")
ON_ONE, ON_TWO = ("os.mkdir", "os.remove", "os.rmdir"), ("os.rename", "os.symlink", "os.link")
TALLY = Counter[str]()


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Real files of every kind, made by our own commands in a process of its own."""
    root = tmp_path_factory.mktemp("real")
    made = ("score", "measure", "branch", "metrics audit", "tune", "judge")
    done = subprocess.run(
        [sys.executable, str(COMMANDS), str(root), *made], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return root / "stage"


class Watch:
    """What a block does besides reading."""

    def __init__(self) -> None:
        self.inside: Path | None = None
        self.faults = list[str]()
        sys.addaudithook(self._see)  # for good: there is no way to take it back

    def _see(self, event: str, given: tuple[Any, ...]) -> None:
        if self.inside is None:
            return
        if event in STARTS:
            self.faults.append(f"{event} {given}")
        elif event == "open" and isinstance(given[0], str) and (given[2] or 0) & WRITES:
            self._check(given[0])
        elif event in (*ON_ONE, *ON_TWO) and given[-1] == -1:
            # with another number, the name is one in a folder that is open, which was checked
            self._check(given[0] if event in ON_ONE else given[1])

    def _check(self, path: Any) -> None:
        where = Path(os.path.abspath(os.fsdecode(path)))
        if self.inside and not where.is_relative_to(self.inside) and where != Path(os.devnull):
            self.faults.append(f"wrote {where}")


@pytest.fixture(scope="module")
def watch() -> Watch:
    return Watch()


@contextmanager
def watched(watch: Watch, folder: Path) -> Iterator[None]:
    """Nothing is written elsewhere, no program is started, and memory is bounded in the block."""
    before = resource.getrlimit(resource.RLIMIT_AS)
    most = psutil.Process().memory_info().vms + ROOM
    resource.setrlimit(resource.RLIMIT_AS, (most, before[1]))
    watch.inside, watch.faults = folder, []
    bytecode, sys.dont_write_bytecode = sys.dont_write_bytecode, True  # of what is imported late
    try:
        yield
    finally:
        watch.inside, sys.dont_write_bytecode = None, bytecode
        resource.setrlimit(resource.RLIMIT_AS, before)
    assert watch.faults == [], watch.faults


def try_one(reader: Reader, stage: Path, folder: Path, watch: Watch, data: st.DataObject) -> None:
    """Put a hostile file in the place of a real one, and read it."""
    content = reader.mutate(data, reader.real(stage))
    path = place(reader, stage, folder)
    path.write_bytes(content)
    TALLY[reader.name] += 1
    try:
        with watched(watch, folder):
            for style, text in reader.read(path) or ():
                check_text(style, text)
    except GanBenchError as error:
        said = str(error)
        assert said
        assert len(said) < 5000
    finally:
        shutil.rmtree(folder)


def place(reader: Reader, stage: Path, folder: Path) -> Path:
    """Where the file is to lie: in a folder of its own, or in a copy of the results."""
    if reader in SHOWN:
        where = first(stage, reader.file).relative_to(stage)
        leave = shutil.ignore_patterns(*{"studies", "audits", "figures"} - set(where.parts))
        shutil.copytree(
            stage / where.parts[0], folder / where.parts[0], ignore=leave, copy_function=os.link
        )
        (folder / where).unlink()
        return folder / where
    path = folder / reader.file
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def check_text(style: str, text: str) -> None:
    """Nothing in it is obeyed by what shows it."""
    if style == "html":
        tags = Page(text).tags
        assert not tags & {"iframe", "img", "object", "embed", "form", "base"} - {"img"}
        assert text.count("<script") <= 1
    elif style == "csv":
        cells = [cell for row in csv.reader(io.StringIO(text)) for cell in row]
        assert not [cell for cell in cells if cell[:1] in ("=", "@", "\t")]
    elif style != "json":
        assert text.replace("\n", "").isprintable()


def tried(reader: Reader, count: int, day: int, stage: Path, root: Path, watch: Watch) -> None:
    """So many inputs for a reader, other ones each day."""
    names = iter(range(10**9))

    @seed(day)
    @settings(max_examples=count, database=None, suppress_health_check=list(HealthCheck))
    @given(data=st.data())
    def trial(data: st.DataObject) -> None:
        folder = root / str(next(names))
        folder.mkdir()
        try_one(reader, stage, folder, watch, data)

    trial()


def shares(most: int) -> dict[Reader, int]:
    """How many inputs each reader gets."""
    readers = (*ALONE, *SHOWN)
    whole = sum(reader.share for reader in readers)
    return {reader: math.ceil(most * reader.share / whole) for reader in readers}


@pytest.mark.skipif(sys.platform != "linux", reason="limits of memory as on Linux")
@pytest.mark.parametrize("reader", [*ALONE, *SHOWN], ids=lambda reader: reader.name)
def test_a_hostile_file_is_read_or_refused(
    reader: Reader, stage: Path, tmp_path: Path, watch: Watch, today: int
) -> None:
    tried(reader, shares(FEW)[reader], today, stage, tmp_path, watch)


@pytest.mark.long(divided=True)
@pytest.mark.skipif(sys.platform != "linux", reason="limits of memory as on Linux")
@pytest.mark.parametrize("reader", [*ALONE, *SHOWN], ids=lambda reader: reader.name)
def test_thousands_of_hostile_files_are_read_or_refused(
    reader: Reader, stage: Path, tmp_path: Path, watch: Watch, share: float, today: int
) -> None:
    tried(reader, shares(round(MANY * share))[reader], today + 1, stage, tmp_path, watch)
    sys.stderr.write(f"hostile files: {TALLY[reader.name]:,} for {reader.name}\n")
