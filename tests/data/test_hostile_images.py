"""Images and zips that mean harm: refused by what they claim, in bounded memory, nothing outside.

What could take a machine's memory, or never end, is read by a process of its own.
"""

from __future__ import annotations

import bz2
import io
import json
import os
import re
import shutil
import socket
import stat
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from gan_bench import DataError, Images
from gan_bench.data.archive import BoundedFile
from gan_bench.data.cache import prepare
from gan_bench.data.decode import Budget, convert
from gan_bench.data.source import files_at
from gan_bench.results.atomic import Draft
from hostile import (
    KINDS,
    MEBI,
    Entry,
    bmp,
    deflated_zeros,
    flat_png,
    gif,
    image_bytes,
    jpeg,
    png,
    png_chunk,
    tiff,
    webp,
    write_zip,
    zlib_zeros,
)

SIZE = 16
LARGE = "larger than 50 megapixels"
posix = pytest.mark.skipif(os.name != "posix", reason="files of POSIX")
linux = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peaks as Linux tells")

# resource.getrusage would do, but for a child that is forked off it begins with its parent's peak.
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


peaks, told = [peak()], {}
for name in sys.argv[2:]:
    told[name] = prepare(files_at(Path(name)), int(sys.argv[1])).report
    peaks.append(peak())
print(json.dumps({"grown": peaks[-1] - peaks[0], "peaks": peaks, "reports": told}))
"""


def in_a_process(env: dict[str, str], *roots: Path, size: int = SIZE) -> dict[str, Any]:
    """The reports of these sets, and by how many MiB the peak of memory grew."""
    done = subprocess.run(
        [sys.executable, "-c", CHILD, str(size), *map(str, roots)],
        env=env,
        cwd=roots[0].parent,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def loaded(root: Path) -> Images:
    return files_at(root).dataset.load(None, SIZE, False)


def dropped(root: Path) -> dict[str, str]:
    """All that was dropped, and why; in this process."""
    return dict(loaded(root).dropped)


def with_honest(folder: Path, count: int = 12) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for k in range(count):
        (folder / f"honest{k:02d}.png").write_bytes(image_bytes(seed=k))
    return folder


def honest(count: int = 12) -> list[Entry]:
    return [Entry(f"honest{k:02d}.png", image_bytes(seed=k)) for k in range(count)]


def everything_below(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*")}


# Memory


CLAIMS: dict[str, Callable[[], bytes]] = {
    "huge.png": lambda: png(50_000, 50_000, zlib_zeros(1)),
    "huge.gif": lambda: gif(50_000, 50_000),
    "huge-frame.gif": lambda: gif(32, 32, frame=(50_000, 50_000)),
    "huge.bmp": lambda: bmp(50_000, 50_000),
    "huge.tif": lambda: tiff(50_000, 50_000, zlib_zeros(1)),
    "huge-tile.tif": lambda: tiff(64, 64, zlib_zeros(768), tile=(16_384, 16_384)),
    "huge.webp": lambda: webp(16_384, 16_384),
    "huge.ppm": lambda: b"P6 50000 50000 255\n" + bytes(100),
    "huge.jpg": lambda: jpeg(50_000, 50_000),
    "just-too-large.png": lambda: png(50_000_001, 32, b""),
}
BOMBS: dict[str, Callable[[], bytes]] = {
    "zTXt.png": lambda: png(32, 32, b"", png_chunk(b"zTXt", b"k\0\0" + zlib_zeros(512))),
    "iCCP.png": lambda: png(32, 32, b"", png_chunk(b"iCCP", b"k\0\0" + zlib_zeros(512))),
    "pixels.png": lambda: png(32, 32, zlib_zeros(512)),  # decoded: the rest is left
}


@pytest.mark.parametrize("name", CLAIMS)
def test_what_claims_too_many_pixels_is_refused_by_its_header(name: str, tmp_path: Path) -> None:
    folder = with_honest(tmp_path / "set")
    (folder / name).write_bytes(CLAIMS[name]())
    said = dropped(folder)[name]
    assert said.startswith(f"{LARGE}: "), said
    if name not in ("huge.webp", "huge-frame.gif"):  # there Pillow is the first to refuse
        assert re.fullmatch(rf"{LARGE}: \d+ x \d+", said)


def test_no_decoder_runs_on_what_claims_too_many_pixels(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = with_honest(tmp_path / "set")
    (folder / "huge.png").write_bytes(png(50_000, 1_001, b""))
    (folder / "largest.png").write_bytes(png(50_000, 1_000, b""))
    seen: list[tuple[int, int]] = []

    def convert(image: Image.Image, size: int) -> np.ndarray:
        seen.append(image.size)
        return np.zeros((3, size, size), np.uint8)

    monkeypatch.setattr("gan_bench.data.decode.convert", convert)
    assert dropped(folder) == {"huge.png": f"{LARGE}: 50000 x 1001"}
    assert set(seen) == {(24, 24), (50_000, 1_000)}


@pytest.fixture
def hostile_folder(tmp_path: Path) -> Path:
    folder = with_honest(tmp_path / "hostile")
    for name, make in (CLAIMS | BOMBS).items():
        (folder / name).write_bytes(make())
    with (folder / "sparse.bmp").open("wb") as file:
        file.truncate(300 * MEBI)
    if os.name == "posix":
        os.mkfifo(folder / "fifo.png")
        (folder / "zeros.png").symlink_to("/dev/zero")
        (folder / "loop.png").symlink_to(folder / "loop.png")
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
    home = tmp_path / "home"
    (tmp_path / "tmp").mkdir()
    env = outside | {
        "GAN_BENCH_HOME": str(home),
        "HOME": str(tmp_path),
        "TMPDIR": str(tmp_path / "tmp"),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    before = everything_below(tmp_path)
    told = in_a_process(env, hostile_folder, hostile_zip)
    assert told["grown"] < 100  # 10 are measured; honest images alone take 3
    folder, packed = (told["reports"][str(root)] for root in (hostile_folder, hostile_zip))
    assert folder["train"] + folder["held_out"] == 12 + 1  # pixels.png
    assert packed["train"] + packed["held_out"] == 12
    assert packed["dropped"] == 9
    shutil.rmtree(home)
    assert everything_below(tmp_path) == before


@linux
def test_the_largest_image_allowed_is_decoded_in_bounded_memory(
    tmp_path: Path, outside: dict[str, str]
) -> None:
    folder = with_honest(tmp_path / "set")
    (folder / "largest.png").write_bytes(flat_png(10_000, 5_000))
    told = in_a_process(outside | {"GAN_BENCH_HOME": str(tmp_path / "home")}, folder)
    assert told["reports"][str(folder)]["dropped"] == 0
    assert told["grown"] < 600  # the layer and its RGB are 200 MB each


@linux
def test_a_set_six_times_as_large_takes_no_more_memory(
    tmp_path: Path, outside: dict[str, str]
) -> None:
    side, content, archives = 96, io.BytesIO(), []
    Image.new("RGB", (side, side), (200, 30, 60)).save(content, "JPEG")
    for count in (1000, 6000):
        archives.append(tmp_path / f"{count}.zip")
        with zipfile.ZipFile(archives[-1], "w") as archive:
            for k in range(count):
                archive.writestr(f"{k}.jpg", content.getvalue())
    told = in_a_process(outside | {"GAN_BENCH_HOME": str(tmp_path / "home")}, *archives, size=side)
    assert told["reports"][str(archives[1])]["train"] == 5400
    _, few, many = told["peaks"]
    assert many - few < 6000 * 3 * side**2 / MEBI / 3  # of 158 MiB of pixels; 25 are measured


@pytest.mark.parametrize("most", [1, 3, 40, 100])
def test_no_more_images_wait_to_be_written_than_allowed(
    most: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = with_honest(tmp_path / "set", 150)
    monkeypatch.setattr("gan_bench.data.decode.WAITING_BYTES", most * 3 * SIZE**2)
    monkeypatch.setattr("gan_bench.data.split.CHUNK_BYTES", 1)
    begun, taken, waited = 0, 0, [0]
    original, add = convert, Draft.add

    def counted(image: Image.Image, size: int) -> np.ndarray:
        nonlocal begun
        begun += 1
        return original(image, size)

    def slowly(draft: Draft, part: bytes | memoryview) -> None:
        nonlocal taken
        time.sleep(0.001)  # the decoders are faster
        if memoryview(part).nbytes == 3 * SIZE**2:
            waited.append(begun - taken)
            taken += 1
        add(draft, part)

    monkeypatch.setattr("gan_bench.data.decode.convert", counted)
    monkeypatch.setattr(Draft, "add", slowly)
    prepare(files_at(folder), SIZE)
    assert taken == 150
    assert most // 2 <= max(waited) <= most


def test_an_image_that_takes_long_holds_up_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = with_honest(tmp_path / "set", 80)
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    others, all_done = [], threading.Event()
    original = convert

    def first_waits(image: Image.Image, size: int) -> np.ndarray:
        pixels = original(image, size)
        if np.array_equal(pixels, first):
            assert all_done.wait(20)
        else:
            others.append(1)
            if len(others) == 79:
                all_done.set()
        return pixels

    with Image.open(folder / "honest00.png") as image:
        first = original(image, SIZE)
    monkeypatch.setattr("gan_bench.data.decode.convert", first_waits)
    assert dropped(folder) == {}


def test_no_more_is_read_and_decoded_at_once_than_allowed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = with_honest(tmp_path / "set", 40)
    pixels = 24 * 24
    monkeypatch.setattr(os, "cpu_count", lambda: 8)
    monkeypatch.setattr("gan_bench.data.decode.MOST_PIXELS", 2 * pixels)
    now, most = 0, 0
    lock = threading.Lock()

    def convert(image: Image.Image, size: int) -> np.ndarray:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        time.sleep(0.002)
        with lock:
            now -= 1
        return np.zeros((3, size, size), np.uint8)

    monkeypatch.setattr("gan_bench.data.decode.convert", convert)
    assert dropped(folder) == {}
    assert most == 2


def test_a_budget_lets_wait_and_gives_back_even_after_an_error() -> None:
    budget = Budget(10)
    with pytest.raises(KeyError), budget.take(10):
        raise KeyError
    taken: list[int] = []

    def take(count: int) -> None:
        with budget.take(count):
            taken.append(count)

    thread = threading.Thread(target=take, args=(7,))
    with budget.take(4):
        thread.start()
        thread.join(0.05)
        assert taken == []
    thread.join(10)
    assert taken == [7]
    take(11)  # more than there is: it has all, and nobody waits for ever
    assert budget.left == 10


# Files in folders


@posix
def test_what_is_no_regular_file_is_not_read(tmp_path: Path, outside: dict[str, str]) -> None:
    folder = with_honest(tmp_path / "set")
    os.mkfifo(folder / "fifo.png")
    (folder / "zeros.png").symlink_to("/dev/zero")
    (folder / "link-to-fifo.png").symlink_to(folder / "fifo.png")
    (folder / "link.png").symlink_to(folder / "honest00.png")
    with socket.socket(socket.AF_UNIX) as listening:
        where = os.path.relpath(folder / "socket.png")  # a socket's path must be short
        listening.bind(where)
        told = in_a_process(outside | {"GAN_BENCH_HOME": str(tmp_path / "home")}, folder)
    report = told["reports"][str(folder)]
    assert report["reasons"] == {"no regular file": 4}
    assert report["train"] + report["held_out"] == 13


@posix
def test_a_pipe_is_no_set_of_images(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(DataError, match=r"pipe is neither a folder nor a file: give a folder"):
        prepare(files_at(tmp_path / "pipe"), SIZE)


def test_a_file_too_large_is_refused_unread(tmp_path: Path) -> None:
    folder = with_honest(tmp_path / "set")
    with (folder / "large.bmp").open("wb") as file:
        file.truncate(256 * MEBI + 1)  # sparse
    assert dropped(folder) == {"large.bmp": "larger than 256 MiB: 257 MiB"}


def test_a_file_that_grows_is_read_as_it_was_checked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = with_honest(tmp_path / "set")
    length = (folder / "honest00.png").stat().st_size
    read: list[int] = []

    def image(content: bytes) -> Image.Image:
        read.append(len(content))
        raise ValueError("seen")

    monkeypatch.setattr("gan_bench.data.decode._image", image)
    monkeypatch.setattr("gan_bench.data.decode._checked_bytes", lambda member: length - 5)
    with pytest.raises(DataError, match="12 unreadable"):
        loaded(folder)
    assert set(read) == {length - 5}


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
    assert {text.split(":")[0] for text in why.values()} <= {
        "empty",
        "unreadable",
        "smaller than 16 px",
        LARGE,
    }
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


def test_what_decoders_warn_of_is_not_shown_beside_the_reasons(
    tmp_path: Path, recwarn: pytest.WarningsRecorder
) -> None:
    folder = with_honest(tmp_path / "set")
    (folder / "cut.tif").write_bytes(image_bytes("TIFF")[:-60])
    (folder / "frame.gif").write_bytes(gif(32, 32, frame=(10_000, 10_000)))
    assert len(dropped(folder)) == 2
    assert [str(warning.message) for warning in recwarn] == []


NAMES = (
    "line\nbreak.png",
    "tab\tand\rreturn.png",
    "\x1b[31mred\x1b[0m.png",
    "\u202egnp.exe.png",
    "[link](javascript:x) | `tick`.png",
    os.fsdecode(b"undecodable\xff\xfe.png"),
)


@posix
@pytest.mark.parametrize("usable", [True, False])
def test_any_name_gets_into_the_report_and_back(usable: bool, tmp_path: Path, home: Path) -> None:
    folder = with_honest(tmp_path / os.fsdecode(b"s\xe9t"))
    for k, name in enumerate(NAMES):
        try:
            (folder / name).write_bytes(image_bytes(seed=k) if usable else b"rubbish")
        except OSError:  # some disks take UTF-8 only
            pytest.skip("this disk has no such names")
    first, second = (prepare(files_at(folder), SIZE) for _ in range(2))
    assert first.report == second.report
    assert first.report["dropped"] == (0 if usable else len(NAMES))
    if not usable:
        listed = {line.split(": unreadable")[0] for line in first.report["first_dropped"]}
        assert listed == set(NAMES)
    (kept,) = home.glob("images/*/data.json")
    kept.read_bytes().decode("ascii")
    assert json.loads(kept.read_bytes())["report"] == first.report


@posix
def test_an_undecodable_name_is_part_of_the_key(tmp_path: Path) -> None:
    folder = with_honest(tmp_path / "set")
    keys = [files_at(folder).key(SIZE)]
    for name in (b"a\xff.png", b"a\xfe.png"):
        (folder / os.fsdecode(name)).write_bytes(b"")
        os.utime(folder / os.fsdecode(name), (1, 1))
        keys.append(files_at(folder).key(SIZE))
        (folder / os.fsdecode(name)).unlink()
    assert len(set(keys)) == 3


# Zips


ONE_MIB = zlib_zeros(1)[2:-4]
REFUSED: dict[str, tuple[Entry, str]] = {
    "parent": (Entry("../slipped.png"), "name that leads out of the zip"),
    "parent within": (Entry("a/../../slipped.png"), "name that leads out of the zip"),
    "parent of Windows": (Entry("..\\slipped.png"), "name that leads out of the zip"),
    "absolute": (Entry("/slipped.png"), "absolute name"),
    "drive": (Entry("C:\\slipped.png"), "absolute name"),
    "share": (Entry("\\\\host\\share\\slipped.png"), "absolute name"),
    "link": (Entry("a.png", b"/etc/passwd", mode=stat.S_IFLNK | 0o777), "link in a zip"),
    "encrypted": (Entry("a.png", flags=1), "encrypted"),
    "strongly encrypted": (Entry("a.png", flags=0x41), "encrypted"),
    "bzip2": (
        Entry("a.bmp", b"", packed=bz2.compress(bytes(MEBI)), size=MEBI, method=12),
        "packed otherwise than by deflate: method 12",
    ),
    "unknown method": (Entry("a.png", method=77), "packed otherwise than by deflate: method 77"),
    "large": (
        Entry("a.png", b"", packed=deflated_zeros(257), size=257 * MEBI),
        r"packed more than 200 times: \d,\d\d\d times",
    ),
    "large and not packed much": (
        Entry("a.png", bytes(2 * MEBI), size=257 * MEBI),
        "larger than 256 MiB: 257 MiB",
    ),
    "flat": (
        Entry("a.bmp", b"", packed=deflated_zeros(17), size=17 * MEBI),
        r"packed more than 200 times: \d,\d\d\d times",
    ),
    "empty": (Entry("a.png", b""), "empty"),
    "text": (Entry("a.png", b"I am a text"), "unreadable: no PNG, JPEG, .*"),
    "a zip": (Entry("a.png", b"PK\3\4" + bytes(40)), "unreadable: no PNG, JPEG, .*"),
    "wrong checksum": (Entry("a.png", checksum=1), "unreadable: Bad CRC-32.*"),
    "more than told": (
        Entry("a.png", b"", packed=deflated_zeros(64), size=1000),
        "unreadable: Bad CRC-32.*",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_a_member_that_means_harm_is_dropped_with_its_reason(what: str, tmp_path: Path) -> None:
    entry, reason = REFUSED[what]
    archive = write_zip(tmp_path / "set.zip", [*honest(), entry])
    given = loaded(archive)
    assert len(given.train) + len(given.held_out) == 12
    ((name, said),) = given.dropped
    assert name == entry.name
    assert re.fullmatch(reason, said), said
    assert everything_below(tmp_path) == {"set.zip"}


def test_a_flat_picture_of_ordinary_size_may_be_packed_much(tmp_path: Path) -> None:
    flat = Image.new("RGB", (1024, 1024), (9, 9, 9))
    flat.save(tmp_path / "flat.bmp")
    archive = tmp_path / "set.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        for k in range(12):
            packed.write(tmp_path / "flat.bmp", f"{k}.bmp")
    (info, *_) = zipfile.ZipFile(archive).infolist()
    assert info.file_size > 200 * info.compress_size
    assert dropped(archive) == {}


def test_no_more_is_unpacked_than_the_directory_tells(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int | None] = []
    read = zipfile.ZipExtFile.read

    def counted(file: zipfile.ZipExtFile, count: int | None = -1) -> bytes:
        asked.append(count)
        return read(file, count)

    monkeypatch.setattr(zipfile.ZipExtFile, "read", counted)
    entry = Entry("lies.bmp", b"", packed=deflated_zeros(64), size=1000)
    assert set(dropped(write_zip(tmp_path / "set.zip", [*honest(), entry]))) == {"lies.bmp"}
    assert sorted(filter(None, asked))[0] == min(1000, len(image_bytes()))
    assert None not in asked
    assert -1 not in asked


def test_a_member_that_is_smaller_than_told_is_read_to_its_end(tmp_path: Path) -> None:
    archive = write_zip(tmp_path / "set.zip", [*honest(), Entry("a.png", size=10**6)])
    assert dropped(archive) == {}


def test_a_zip_within_a_zip_is_no_image(tmp_path: Path) -> None:
    inner = write_zip(tmp_path / "inner.zip", honest()).read_bytes()
    archive = write_zip(tmp_path / "set.zip", [*honest(), Entry("inner.zip", inner)])
    assert dropped(archive) == {}


def test_a_zip_that_is_corrupt_in_the_middle_loses_members_only(tmp_path: Path) -> None:
    archive = write_zip(tmp_path / "set.zip", honest(20))
    content = bytearray(archive.read_bytes())
    middle = content.index(b"honest07.png") + 300
    content[middle : middle + 2500] = bytes(2500)
    archive.write_bytes(content)
    given = loaded(archive)
    assert 1 <= len(given.dropped) <= 3
    assert all(why.startswith("unreadable: ") for _, why in given.dropped)
    assert len(given.train) + len(given.held_out) + len(given.dropped) == 20


def test_a_zip_cut_anywhere_is_said_to_be_none(tmp_path: Path) -> None:
    whole = write_zip(tmp_path / "whole.zip", honest()).read_bytes()
    for cut in range(0, len(whole), len(whole) // 20 + 1):
        (tmp_path / "set.zip").write_bytes(whole[:cut])
        with pytest.raises(DataError, match=r"set\.zip is no zip: .*; give a folder or a zip"):
            loaded(tmp_path / "set.zip")


@settings(max_examples=60)
@given(st.data())
def test_an_altered_zip_ends_in_a_set_or_in_an_error_of_the_data(data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as folder:
        archive = write_zip(Path(folder) / "set.zip", honest())
        content = bytearray(archive.read_bytes())
        directory = content.index(b"PK\1\2")
        for place in data.draw(st.lists(st.integers(directory, len(content) - 1), max_size=5)):
            content[place] = data.draw(st.integers(0, 255))
        archive.write_bytes(content)
        try:
            given = loaded(archive)
        except DataError:
            return
        assert len(given.train) + len(given.held_out) >= 10


def test_a_long_comment_does_no_harm(tmp_path: Path) -> None:
    archive = write_zip(tmp_path / "set.zip", honest(), comment=b"PK\5\6" + bytes(65_000))
    with zipfile.ZipFile(write_zip(tmp_path / "other.zip", honest(), b"c" * 65_535)) as other:
        assert len(other.comment) == 65_535
    assert dropped(tmp_path / "other.zip") == {}
    with pytest.raises(DataError, match=r"is no zip|no images in"):
        loaded(archive)  # the end that zipfile finds is a false one


def test_of_members_with_one_name_the_last_counts_as_if_unpacked(tmp_path: Path) -> None:
    entries = [Entry("honest00.png", b"rubbish"), *honest(10)]
    given = loaded(write_zip(tmp_path / "set.zip", entries))
    assert list(given.dropped) == []
    assert len(given.train) + len(given.held_out) == 10


def test_members_that_share_their_bytes_are_no_trouble(tmp_path: Path) -> None:
    archive = write_zip(tmp_path / "set.zip", [*honest(11), Entry("honest11.png")])
    content = archive.read_bytes()
    last = content.rindex(b"PK\1\2")
    shared = content[: last + 42] + bytes(4) + content[last + 46 :]  # it lies where the first does
    archive.write_bytes(shared)
    assert set(dropped(archive)) == {"honest11.png"}


def test_a_folder_in_a_zip_that_is_called_like_an_image_is_none(tmp_path: Path) -> None:
    entries = [Entry("photos.png/", b"", mode=stat.S_IFDIR | 0o755), *honest()]
    assert dropped(write_zip(tmp_path / "set.zip", entries)) == {}


def test_a_directory_too_large_to_bear_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = write_zip(tmp_path / "set.zip", honest())
    length = len(archive.read_bytes()) - archive.read_bytes().index(b"PK\1\2") - 22
    monkeypatch.setattr("gan_bench.data.archive.MOST_BYTES", length - 1)
    with pytest.raises(DataError, match=rf"is no zip: its directory has {length} bytes"):
        loaded(archive)
    monkeypatch.setattr("gan_bench.data.archive.MOST_BYTES", 10**6)
    assert dropped(archive) == {}


def test_the_file_of_a_zip_is_closed(tmp_path: Path) -> None:
    archive = write_zip(tmp_path / "set.zip", honest())
    opened: list[BoundedFile] = []

    class Watched(BoundedFile):
        def __init__(self, path: Path) -> None:
            super().__init__(path)
            opened.append(self)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("gan_bench.data.archive.BoundedFile", Watched)
        loaded(archive)
    assert [file.closed for file in opened] == [True]
