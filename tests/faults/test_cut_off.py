"""A cell that a full disk cut off goes on in the same bytes, unless its code or data changed."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path
from textwrap import dedent

import pytest

import tiny
from gan_bench.results.layout import CHECKPOINTS, PROTOCOL, RECORD
from gan_bench.results.records import read_record
from given import Place
from tiny import TINY, Make, cell_of

pytestmark = [
    pytest.mark.skipif(os.name != "posix", reason="signals"),
    pytest.mark.long,
]

Done = subprocess.CompletedProcess[str]
FULL = """
    import errno
    from types import SimpleNamespace
    from gan_bench.results import atomic

    def full(path, *more):
        # There is no room for the checkpoint of step 60 while a file FULL is there.
        if "000000060.pt" in str(path) and Path("FULL").exists():
            raise OSError(errno.ENOSPC, "No space left on device")
        return os.open(path, *more)

    atomic.os = SimpleNamespace(**vars(os) | {"open": full})
"""


@pytest.fixture(scope="module")
def full(make_place: Make) -> tuple[Place, Done]:
    """A run whose cell was stopped by a disk that was full for a while, and what it said."""
    here = make_place("full")
    plugin = here.folder / "tiny.py"
    plugin.write_text(plugin.read_text() + dedent(FULL))
    (here.folder / "FULL").touch()
    done = here.run(*TINY)
    (here.folder / "FULL").unlink()
    assert done.returncode == 5, done.stderr
    return here, done


@pytest.fixture
def cut_off(full: tuple[Place, object], request: pytest.FixtureRequest) -> Place:
    """The same, for this test alone."""
    return copy_of(full[0], re.sub(r"\W", "-", request.node.name))


def test_a_full_disk_ends_the_run_and_nothing_is_lost(
    full: tuple[Place, Done], cut_off: Place, reference: dict[str, str]
) -> None:
    said, folder = full[1].stderr, cell_of(cut_off)
    assert "seed0/checkpoint/000000060.pt: no space left: needs " in said
    assert "seed0/checkpoint; make room first" in said
    assert said.endswith(f"to go on:\ngan-bench run {shlex.join(TINY)}\n")
    assert "Traceback" not in said
    kept = sorted(path.name for path in (folder / CHECKPOINTS).iterdir())
    assert kept == [f"0000000{step}.pt{end}" for step in (20, 40) for end in ("", ".sha256")]
    assert not (folder / RECORD).exists()
    tiny.goes_on(cut_off, reference)


def copy_of(here: Place, name: str) -> Place:
    folder = here.folder.with_name(name)
    shutil.copytree(here.folder, folder)
    return Place(folder, here.env | {"GAN_BENCH_HOME": str(folder / "home")})


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize("damaged", [1, 2])
def test_a_flipped_bit_is_told_and_the_bytes_at_the_end_are_the_same(
    damaged: int, cut_off: Place, reference: dict[str, str]
) -> None:
    for step in (40, 20)[:damaged]:
        flip(cell_of(cut_off) / CHECKPOINTS / f"{step:09d}.pt")
    said = tiny.goes_on(cut_off, reference)
    corrupt = sorted(path.name for path in (cell_of(cut_off) / CHECKPOINTS).iterdir())
    assert corrupt == ["000000020.pt.corrupt", "000000040.pt.corrupt"][-damaged:]
    word = "checkpoint 000000040.pt is damaged" if damaged == 1 else "the training began anew: no g"
    (note,) = read_record(cell_of(cut_off)).notes
    assert note.startswith(word)
    assert word in said


def test_an_edited_plugin_does_not_go_on_with_the_old_ones_weights(cut_off: Place) -> None:
    plugin = cut_off.folder / "tiny.py"
    plugin.write_text(plugin.read_text().replace("nn.Dropout(0.1)", "nn.Dropout(0.2)"))
    done = cut_off.run(*TINY)
    assert done.returncode == 2, done.stderr
    assert "is of another training (tiny.py of the architecture tiny: SHA-256 " in done.stderr
    assert "delete " in done.stderr
    assert not (cell_of(cut_off) / RECORD).exists()


def test_a_changed_data_set_does_not_go_on(cut_off: Place) -> None:
    shutil.copytree(cut_off.folder.parent / "shapes", cut_off.folder / "shapes")
    for path in sorted((cut_off.folder / "shapes").iterdir())[:5]:
        path.unlink()
    words = [word.replace("../shapes", "shapes") for word in TINY]
    done = cut_off.run(*words)
    assert done.returncode == 4, done.stderr
    assert "the data set shapes has changed since " in done.stderr
    assert "training images: 36 then, 32 now" in done.stderr
    assert len(list((cut_off.folder / "results").glob(f"*/{PROTOCOL}"))) == 1
