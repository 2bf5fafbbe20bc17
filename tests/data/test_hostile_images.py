"""Images and zips that mean harm, by the hundred: in bounded memory, and nothing outside.

What could take a machine's memory, or never end, is read by a process of its own.
"""

from __future__ import annotations

import bz2
import io
import json
import os
import shutil
import socket
import stat
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from sets import SIZE, everything_below, honest, loaded, with_honest

from gan_bench.data.reasons import Reason
from hostile import (
    CLAIMS,
    KINDS,
    MEBI,
    Entry,
    deflated_zeros,
    flat_png,
    image_bytes,
    png,
    png_chunk,
    write_zip,
    zlib_zeros,
)

linux = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peaks as Linux tells")


CHILD = r"""
import json, re, sys
from pathlib import Path
from gan_bench.data.cache import prepare
from gan_bench.data.source import files_at


def peak():
    status = Path("/proc/self/status")
    if not status.exists():
        return 0
    return int(re.search(r"VmHWM:\s+(\d+) kB", status.read_text())[1]) // 1024


peaks, reports = [peak()], {}
for name in sys.argv[2:]:
    report = prepare(files_at(Path(name)), int(sys.argv[1])).report
    used = report.train + report.held_out
    reports[name] = {"used": used, "dropped": len(report.dropped), "reasons": report.reasons}
    peaks.append(peak())
print(json.dumps({"grown": peaks[-1] - peaks[0], "peaks": peaks, "reports": reports}))
"""


def in_a_process(env: dict[str, str], *roots: Path, size: int = SIZE) -> dict[str, Any]:
    """The reports of these sets, and by how many MiB the peak of memory grew."""
    above = roots[0].parent
    words = [sys.executable, "-c", CHILD, str(size), *map(str, roots)]
    given: dict[str, Any] = {"cwd": above, "capture_output": True, "text": True, "timeout": 120}
    done = subprocess.run(words, env=env | {"GAN_BENCH_HOME": str(above / "home")}, **given)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


BOMBS: dict[str, Callable[[], bytes]] = {
    "zTXt.png": lambda: png(32, 32, b"", png_chunk(b"zTXt", b"k\0\0" + zlib_zeros(512))),
    "iCCP.png": lambda: png(32, 32, b"", png_chunk(b"iCCP", b"k\0\0" + zlib_zeros(512))),
    "pixels.png": lambda: png(32, 32, zlib_zeros(512)),  # decoded: the rest is left
}


@pytest.fixture
def hostile_folder(tmp_path: Path) -> Path:
    folder = with_honest(tmp_path / "hostile")
    for name, make in (CLAIMS | BOMBS).items():
        (folder / name).write_bytes(make())
    with (folder / "sparse.bmp").open("wb") as file:
        file.truncate(300 * MEBI)
    os.mkfifo(folder / "fifo.png")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(os.path.relpath(folder / "socket.png"))  # a socket's path must be short
    links = {
        "zeros": "/dev/zero",
        "fifo": "fifo.png",
        "image": "honest00.png",
        "loop": "to-loop.png",
    }
    for name, target in links.items():
        (folder / f"to-{name}.png").symlink_to(target)
    return folder


@pytest.fixture
def hostile_zip(tmp_path: Path) -> Path:
    gibi = deflated_zeros(1024)
    flat = deflated_zeros(64)
    return write_zip(
        tmp_path / "hostile.zip",
        [
            *honest(),
            Entry("a.png", b"", packed=gibi, size=1024 * MEBI),
            Entry("a.bmp", b"", packed=gibi, size=1024 * MEBI),
            Entry("flat.bmp", b"", packed=flat, size=64 * MEBI),
            Entry("lies-small.bmp", b"", packed=gibi, size=1000),
            Entry("lies-large.bmp", packed=deflated_zeros(1), size=255 * MEBI, method=0),
            Entry("bzip2.bmp", b"", packed=bz2.compress(bytes(64 * MEBI)), size=1000, method=12),
            Entry("../../slipped.png"),
            Entry(f"{tmp_path}/slipped.png"),
            Entry("link.png", b"/etc/passwd", mode=stat.S_IFLNK | 0o777),
        ],
    )


@linux
def test_hostile_files_take_little_memory_and_write_nothing_outside_the_cache(
    hostile_folder: Path, hostile_zip: Path, tmp_path: Path, outside: dict[str, str]
) -> None:
    (tmp_path / "tmp").mkdir()
    env = outside | {"HOME": str(tmp_path), "TMPDIR": str(tmp_path / "tmp")}
    before = everything_below(tmp_path)
    result = in_a_process(env | {"PYTHONDONTWRITEBYTECODE": "1"}, hostile_folder, hostile_zip)
    assert result["grown"] < 100  # 10 are measured; honest images alone take 3
    folder, packed = (result["reports"][str(root)] for root in (hostile_folder, hostile_zip))
    assert folder["used"] == 12 + 1  # pixels.png; a link to an image is that image
    assert folder["reasons"]["no regular file"] == 4  # devices, a pipe and a broken link
    assert (packed["used"], packed["dropped"]) == (12, 9)
    shutil.rmtree(tmp_path / "home")
    assert everything_below(tmp_path) == before


@linux
def test_the_largest_image_allowed_is_decoded_in_bounded_memory(
    tmp_path: Path, outside: dict[str, str]
) -> None:
    folder = with_honest(tmp_path / "set")
    (folder / "largest.png").write_bytes(flat_png(10_000, 5_000))
    result = in_a_process(outside, folder)
    assert result["reports"][str(folder)]["dropped"] == 0
    assert result["grown"] < 600  # the layer and its RGB are 200 MB each


@linux
def test_a_set_six_times_as_large_takes_no_more_memory(
    tmp_path: Path, outside: dict[str, str]
) -> None:
    side, archives = 96, list[Path]()
    contents = [io.BytesIO() for _ in range(60)]
    for k, content in enumerate(contents):
        Image.new("RGB", (side, side), (4 * k, 30, 60)).save(content, "JPEG")
    for count in (1000, 6000):
        archives.append(tmp_path / f"{count}.zip")
        with zipfile.ZipFile(archives[-1], "w") as archive:
            for k in range(count):
                archive.writestr(f"{k}.jpg", contents[k % len(contents)].getvalue())
    result = in_a_process(outside, *archives, size=side)
    assert result["reports"][str(archives[1])]["used"] == 6000
    _, few, many = result["peaks"]
    assert many - few < 6000 * 3 * side**2 / MEBI / 3  # of 158 MiB of pixels; 25 are measured


@pytest.mark.parametrize("kind", KINDS)
def test_an_image_cut_anywhere_is_dropped_or_used_but_ends_nothing(
    kind: str, tmp_path: Path
) -> None:
    whole = image_bytes(kind)
    folder = with_honest(tmp_path / "set")
    cuts = sorted({*range(0, len(whole), max(1, len(whole) // 60)), *range(0, 40)})
    for cut in cuts:
        (folder / f"cut{cut:05d}.{KINDS[kind]}").write_bytes(whole[:cut])
    given = loaded(folder)
    why = dict(given.dropped)
    assert len(given.train) + len(given.held_out) + len(why) == 12 + len(cuts)
    assert why[f"cut00000.{KINDS[kind]}"] == "empty"
    known = tuple(reason.value.split("{")[0] for reason in Reason)
    assert all(text.startswith(known) for text in why.values())
    assert f"cut{cuts[len(cuts) // 2]:05d}.{KINDS[kind]}" in why


def read_all(blobs: dict[str, bytes]) -> None:
    """Every one is dropped or used, and the honest ones are used."""
    with tempfile.TemporaryDirectory() as parent:
        folder = with_honest(Path(parent) / "set", 10)
        for name, blob in blobs.items():
            (folder / name).write_bytes(blob)
        given = loaded(folder)
    why = dict(given.dropped)
    assert set(why) <= set(blobs)
    assert len(given.train) + len(given.held_out) + len(why) == 10 + len(blobs)
    json.dumps(why)


@settings(max_examples=25)
@given(st.lists(st.tuples(st.integers(4, 40), st.binary(max_size=300)), min_size=1, max_size=8))
def test_rubbish_that_begins_like_an_image_ends_nothing(parts: list[tuple[int, bytes]]) -> None:
    read_all(
        {
            f"{k}.{suffix}": image_bytes(kind)[:length] + tail
            for k, (length, tail) in enumerate(parts)
            for kind, suffix in KINDS.items()
        }
    )


@settings(max_examples=25)
@given(st.data())
def test_an_image_with_altered_bytes_ends_nothing(data: st.DataObject) -> None:
    blobs = {}
    for kind, suffix in KINDS.items():
        content = bytearray(image_bytes(kind))
        places = st.integers(0, min(len(content), 200) - 1)
        for place in data.draw(st.lists(places, min_size=1, max_size=6)):
            content[place] = data.draw(st.integers(0, 255))
        blobs[f"altered.{suffix}"] = bytes(content)
    read_all(blobs)
