from __future__ import annotations

import errno
import hashlib
import io
import json
import os
import re
import shutil
import threading
import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NoReturn

import numpy as np
import pytest
from PIL import Image

from gan_bench import DataError, Dataset, Images, StorageError
from gan_bench.contract.protocol import Data
from gan_bench.data.cache import Prepared, check_bad, prepare
from gan_bench.data.decode import convert
from gan_bench.data.source import Source, files_at
from gan_bench.results import atomic, reading
from given import Draw

SIZE = 16
RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)


def through(image: Image.Image, kind: str, size: int = SIZE, **options: object) -> np.ndarray:
    """What the rule makes of an image that has been a file: (H, W, 3) uint8."""
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)  # type: ignore[arg-type]
    with Image.open(buffer) as opened:
        pixels = convert(opened, size)
    assert pixels.shape == (3, size, size)
    assert pixels.dtype == np.uint8
    return pixels.transpose(1, 2, 0)


def random_rgb(seed: int = 0, side: int = SIZE) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (side, side, 3), dtype=np.uint8)


# The one rule


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF", "PPM", "WEBP"])
def test_an_image_of_the_right_size_keeps_every_pixel(kind: str) -> None:
    pixels = random_rgb()
    options = {"lossless": True} if kind == "WEBP" else {}
    assert np.array_equal(through(Image.fromarray(pixels), kind, **options), pixels)


def test_alpha_lies_over_white() -> None:
    image = Image.new("RGBA", (SIZE, SIZE), (0, 0, 255, 0))
    image.paste((255, 0, 0, 255), (0, 0, SIZE, 4))
    image.paste((0, 0, 0, 51), (0, 4, SIZE, 8))  # a fifth of black on white
    out = through(image, "PNG")
    assert np.all(out[:4] == RED)
    assert np.all(out[4:8] == 204)
    assert np.all(out[8:] == WHITE)  # not the blue that nobody sees


def test_grey_with_alpha_lies_over_white() -> None:
    assert np.all(through(Image.new("LA", (SIZE, SIZE), (0, 51)), "PNG") == 204)


@pytest.mark.parametrize("kind", ["PNG", "GIF"])
def test_a_palette_becomes_its_colours_and_what_is_transparent_white(kind: str) -> None:
    image = Image.new("P", (SIZE, SIZE), 0)
    image.putpalette([*RED, *GREEN, *BLUE])
    image.paste(1, (0, 0, SIZE, 8))
    image.paste(2, (0, 8, 8, SIZE))
    out = through(image, kind, transparency=2)
    assert np.all(out[:8] == GREEN)
    assert np.all(out[8:, :8] == WHITE)
    assert np.all(out[8:, 8:] == RED)


def test_a_transparent_colour_of_an_rgb_image_is_white() -> None:
    out = through(Image.new("RGB", (SIZE, SIZE), GREEN), "PNG", transparency=GREEN)
    assert np.all(out == WHITE)


def test_cmyk_becomes_rgb() -> None:
    out = through(Image.new("CMYK", (SIZE, SIZE), (0, 255, 255, 0)), "TIFF")
    assert np.all(out == RED)


def test_grey_is_three_equal_channels() -> None:
    assert np.all(through(Image.new("L", (SIZE, SIZE), 77), "PNG") == 77)


def test_black_and_white_is_0_and_255() -> None:
    image = Image.new("1", (SIZE, SIZE), 0)
    image.paste(1, (0, 0, SIZE, 8))
    out = through(image, "PNG")
    assert np.all(out[:8] == 255)
    assert np.all(out[8:] == 0)


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_grey_of_16_bits_keeps_its_upper_byte(kind: str) -> None:
    values = (np.arange(SIZE * SIZE, dtype=np.uint16) * 251).reshape(SIZE, SIZE)
    out = through(Image.fromarray(values), kind)
    assert np.array_equal(out[..., 0], values >> 8)
    assert np.array_equal(out[..., 0], out[..., 2])


def test_an_animated_gif_is_its_first_frame() -> None:
    first, second = (Image.new("RGB", (SIZE, SIZE), colour) for colour in (RED, BLUE))
    assert np.all(through(first, "GIF", save_all=True, append_images=[second]) == RED)


def rotated_by(orientation: int) -> np.ndarray:
    """Top half red, lower half green, as a camera held so would have stored it."""
    image = Image.new("RGB", (32, 32), GREEN)
    image.paste(RED, (0, 0, 32, 16))
    exif = Image.Exif()
    exif[0x0112] = orientation
    return through(image, "PNG", size=32, exif=exif)


@pytest.mark.parametrize(
    ("orientation", "red_side"),
    [(1, np.s_[:14, :]), (3, np.s_[18:, :]), (6, np.s_[:, 18:]), (8, np.s_[:, :14])],
)
def test_the_exif_rotation_is_applied(orientation: int, red_side: tuple[slice, slice]) -> None:
    out = rotated_by(orientation)
    assert np.all(out[red_side] == RED)
    assert np.mean(np.all(out == RED, axis=-1)) == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize("wide", [True, False])
def test_the_centre_is_cropped(wide: bool) -> None:
    image = Image.new("RGB", (96, 32) if wide else (32, 96), RED)
    image.paste(GREEN, (32, 0, 64, 32) if wide else (0, 32, 32, 64))
    inner = through(image, "PNG")[2:-2, 2:-2]  # the seam itself is antialiased
    assert np.all(np.abs(inner.astype(int) - GREEN) <= 3)


def test_the_short_side_is_resized_not_cut() -> None:
    image = Image.new("RGB", (64, 48), RED)
    image.paste(GREEN, (0, 24, 64, 48))
    out = through(image, "PNG")
    assert np.all(np.abs(out[:6].astype(int) - RED) <= 3)
    assert np.all(np.abs(out[-6:].astype(int) - GREEN) <= 3)


@pytest.mark.parametrize("side", [32, 64, 128])
def test_a_fine_checkerboard_shrinks_to_grey(side: int) -> None:
    board = (np.indices((side, side)).sum(0) % 2 * 255).astype(np.uint8)
    out = through(Image.fromarray(board), "PNG").astype(int)
    assert np.all(np.abs(out[1:-1, 1:-1] - 127.5) <= 4)


def test_every_colour_at_every_alpha_over_white_is_what_pillow_composes() -> None:
    levels = np.arange(256, dtype=np.uint8)
    colour, alpha = np.meshgrid(levels, levels)
    layer = Image.fromarray(np.stack([colour, 255 - colour, colour // 2, alpha], -1))
    white = Image.new("RGBA", layer.size, "white")
    composed = np.asarray(Image.alpha_composite(white, layer).convert("RGB"))
    assert np.array_equal(through(layer, "PNG", 256), composed)


def test_an_image_smaller_than_asked_is_refused_not_enlarged() -> None:
    with pytest.raises(ValueError, match="smaller than 16 px: 40 x 15"):
        convert(Image.new("RGB", (40, 15)), SIZE)


# Folders and zips


def names_of_dropped(prepared: Prepared) -> dict[str, str]:
    return dict(line.split(": ", 1) for line in prepared.report["first_dropped"])


def same(one: Prepared, other: Prepared) -> bool:
    return np.array_equal(one.train, other.train) and np.array_equal(one.held_out, other.held_out)


def test_every_tenth_image_in_order_of_names_is_held_out(tmp_path: Path) -> None:
    for k in range(25):
        Image.new("RGB", (SIZE, SIZE), (k, k, k)).save(tmp_path / f"{k:02d}.png")
    prepared = prepare(files_at(tmp_path), SIZE)
    assert prepared.held_out[:, 0, 0, 0].tolist() == [9, 19]
    assert prepared.train[:, 0, 0, 0].tolist() == [k for k in range(25) if k not in (9, 19)]
    assert (prepared.data.train, prepared.data.held_out) == (23, 2)
    assert prepared.data.shape == (3, SIZE, SIZE)
    assert prepared.train.dtype == np.uint8


def test_what_cannot_be_used_is_dropped_and_counted_with_its_reason(shapes: Path) -> None:
    whole = (shapes / "000.png").read_bytes()
    (shapes / "cut.png").write_bytes(whole[: len(whole) // 2])
    (shapes / "empty.jpg").write_bytes(b"")
    (shapes / "text.png").write_text("I am a text")
    (shapes / "script.png").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    Image.new("RGB", (SIZE, 1)).save(shapes / "line.png")
    prepared = prepare(files_at(shapes), SIZE)
    dropped = names_of_dropped(prepared)
    assert set(dropped) == {"cut.png", "empty.jpg", "text.png", "script.png", "line.png"}
    assert dropped["line.png"] == "smaller than 16 px: 16 x 1"
    assert dropped["empty.jpg"] == "empty"
    no_image = "unreadable: no PNG, JPEG, WEBP, BMP, GIF, TIFF or PPM"
    assert dropped["text.png"] == dropped["script.png"] == no_image
    assert prepared.report["dropped"] == 5
    assert prepared.report["reasons"] == {"unreadable": 3, "empty": 1, "smaller than 16 px": 1}
    assert prepared.data.train + prepared.data.held_out == 40


def test_only_the_first_ten_dropped_are_listed_and_all_are_counted(shapes: Path) -> None:
    for k in range(15):
        (shapes / f"bad{k:02d}.png").write_bytes(b"")
    report = prepare(files_at(shapes), SIZE).report
    assert report["dropped"] == 15
    assert len(report["first_dropped"]) == 10


def test_a_file_that_cannot_be_opened_is_dropped(
    shapes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_ = Path.open

    def denied(path: Path, *how: Any, **more: Any) -> Any:
        if path.name == "003.png":
            raise PermissionError(13, "Permission denied", str(path))
        return open_(path, *how, **more)

    monkeypatch.setattr(Path, "open", denied)
    prepared = prepare(files_at(shapes), SIZE)
    assert "Permission denied" in names_of_dropped(prepared)["003.png"]


def test_class_folders_and_unicode_names_are_fine(tmp_path: Path) -> None:
    for folder in ("katzen äöü", "顔", "deep/er"):
        (tmp_path / folder).mkdir(parents=True)
        for k in range(4):
            Image.fromarray(random_rgb(k)).save(tmp_path / folder / f"ÿ😀 {k}\n.PNG")
    prepared = prepare(files_at(tmp_path), SIZE)
    assert prepared.data.train + prepared.data.held_out == 12
    assert prepared.report["dropped"] == 0


def test_hidden_files_and_what_a_mac_adds_to_a_zip_are_ignored(shapes: Path) -> None:
    before = prepare(files_at(shapes), SIZE)
    for name in (".trash/a.png", "__MACOSX/a.png", "__MACOSX/._000.png", ".a.png", "readme.txt"):
        (shapes / name).parent.mkdir(exist_ok=True)
        (shapes / name).write_bytes((shapes / "000.png").read_bytes())
    after = prepare(files_at(shapes), SIZE)
    assert same(before, after)
    assert after.report["dropped"] == 0


@pytest.mark.parametrize("top", ["", "shapes/"])
def test_a_zip_equals_its_folder_pixel_for_pixel(top: str, shapes: Path, tmp_path: Path) -> None:
    (shapes / "more").mkdir()
    Image.new("RGB", (50, 30), RED).save(shapes / "more" / "é.jpg")
    (shapes / "broken.png").write_bytes(b"rubbish")
    archive = tmp_path / "shapes.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        for path in shapes.rglob("*"):  # in whatever order
            packed.write(path, top + path.relative_to(shapes).as_posix())
        packed.write(shapes / "000.png", "__MACOSX/._000.png")
    one, other = prepare(files_at(shapes), SIZE), prepare(files_at(archive), SIZE)
    assert same(one, other)
    assert one.data.fingerprint == other.data.fingerprint
    assert one.report["dropped"] == other.report["dropped"] == 1


def test_links_that_lead_in_circles_end(shapes: Path) -> None:
    before = prepare(files_at(shapes), SIZE)
    (shapes / "up").symlink_to(shapes, target_is_directory=True)
    assert same(before, prepare(files_at(shapes), SIZE))


@pytest.mark.parametrize("target", ["000z.png", "nowhere.png"], ids=["itself", "nowhere"])
def test_a_link_that_leads_nowhere_is_dropped(target: str, shapes: Path) -> None:
    (shapes / "000z.png").symlink_to(shapes / target)
    prepared = prepare(files_at(shapes), SIZE)
    assert names_of_dropped(prepared)["000z.png"].startswith("unreadable: ")
    assert prepared.data.train + prepared.data.held_out == 40


def test_a_folder_that_cannot_be_listed_is_named(
    shapes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (shapes / "private").mkdir()
    scandir = os.scandir

    def denied(path: str) -> object:
        if str(path).endswith("private"):
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", denied)
    with pytest.raises(DataError, match=r"cannot read the folder .*private: Permission denied"):
        prepare(files_at(shapes), SIZE)


def empty(path: Path) -> None:
    path.mkdir()
    (path / "notes.txt").write_text("no image")


def some(count: int, path: Path) -> None:
    path.mkdir()
    for k in range(count):
        Image.fromarray(random_rgb(k)).save(path / f"{k}.png")


def nine_of_eleven(path: Path) -> None:
    some(9, path)
    (path / "z.png").write_bytes(b"rubbish")
    (path / "zz.png").write_bytes(b"")


def rubbish(path: Path) -> None:
    path.mkdir()
    for k in range(1200):
        (path / f"{k:04d}.png").write_bytes(b"rubbish")


def text(path: Path) -> None:
    path.write_text("I am no zip")


def empty_zip(path: Path) -> None:
    zipfile.ZipFile(path, "w").close()


def nothing(path: Path) -> None:
    pass


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (nothing, r"there is no .*/given"),
        (empty, r"no images in .*/given: looked for bmp, gif, jpeg, jpg, pgm, png"),
        (empty_zip, r"no images in .*/given"),
        (text, r"given is no zip: .*; give a folder or a zip of images"),
        (partial(some, 1), r"given has one image, and 10 or more are needed: add images$"),
        (partial(some, 9), r"given has 9 images, and 10 or more are needed: add images$"),
        (
            nine_of_eleven,
            r"given has 11 images, only 9 can be used, and 10 or more are needed: 1 unreadable, "
            r"1 empty; the first: z\.png: unreadable: no PNG",
        ),
        (
            rubbish,
            r"given has 1,200 images, none can be used: 1,200 unreadable; the first: 0000\.png: un",
        ),
    ],
)
def test_what_is_no_set_of_images_is_a_data_error(
    make: Callable[[Path], None], said: str, tmp_path: Path, home: Path
) -> None:
    make(tmp_path / "given")
    with pytest.raises(DataError, match=said) as error:
        prepare(files_at(tmp_path / "given"), SIZE)
    assert error.value.exit_code == 4
    assert not list(home.glob("images/*/data.json"))


# The cache


def no_image_is_opened(*_: object, **__: object) -> NoReturn:
    raise AssertionError("an image was opened")


def test_the_second_start_opens_no_image(shapes: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = prepare(files_at(shapes), SIZE)
    monkeypatch.setattr("gan_bench.data.decode._image", no_image_is_opened)
    second = prepare(files_at(shapes), SIZE)
    assert same(first, second)
    assert first.data == second.data
    assert first.report == second.report


def test_the_second_start_asks_for_every_file_once(
    shapes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare(files_at(shapes), SIZE)
    asked: list[str] = []
    stat_ = os.stat

    def counted(path: Any, **how: Any) -> os.stat_result:
        asked.append(str(path))
        return stat_(path, **how)

    monkeypatch.setattr(os, "stat", counted)
    prepare(files_at(shapes), SIZE)
    assert sorted(path for path in asked if path.endswith(".png")) == sorted(
        str(path) for path in shapes.iterdir()
    )


@pytest.mark.parametrize("named", [False, True], ids=["files", "named"])
def test_the_key_is_of_names_bytes_and_times_in_order_of_folders(
    named: bool, tmp_path: Path
) -> None:
    """A set that is in the cache is found there by later versions, too."""
    root = tmp_path / "set"
    for k, name in enumerate(("a/b.png", "a-b.png", "a.png", "b/ü\n.png", "0", "a/a/a.jpg")):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(bytes(k))
        os.utime(root / name, ns=(0, 10**9 + k))
    os.symlink("nowhere", root / "z.png")
    given = sorted(path for path in root.rglob("*") if named or not path.is_dir())
    listing = [
        [path.relative_to(tmp_path).as_posix(), about.st_size, about.st_mtime_ns]
        for path in given
        for about in [path.lstat()]
    ]
    text = json.dumps(["set", "1", SIZE, listing])
    dataset = drawn("set", [random_rgb()], [random_rgb()])
    source = Source(dataset, root, given=None if named else root)
    assert source.key(SIZE) == hashlib.sha256(text.encode()).hexdigest()[:16]


def test_another_size_is_another_set(shapes: Path) -> None:
    small, large = prepare(files_at(shapes), 16), prepare(files_at(shapes), 24)
    assert small.train.shape[1:] == (3, 16, 16)
    assert large.train.shape[1:] == (3, 24, 24)


@pytest.mark.parametrize("change", ["content", "time", "one more", "one less"])
def test_a_folder_that_has_changed_is_read_again(
    change: str, shapes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare(files_at(shapes), SIZE)
    if change == "content":
        Image.fromarray(random_rgb(99, 24)).save(shapes / "000.png")
    elif change == "time":  # an edit that kept the number of bytes
        os.utime(shapes / "000.png", (1, 1))
    elif change == "one more":
        Image.fromarray(random_rgb(99, 24)).save(shapes / "999.png")
    else:
        (shapes / "000.png").unlink()
    monkeypatch.setattr("gan_bench.data.source._stream_of_files", no_image_is_opened)
    with pytest.raises(AssertionError, match="an image was opened"):
        prepare(files_at(shapes), SIZE)


def test_the_fingerprint_depends_on_pixels_only(tmp_path: Path) -> None:
    for folder, suffix in (("one", "png"), ("other", "bmp"), ("third", "png")):
        (tmp_path / folder).mkdir()
        for k in range(10):
            path = tmp_path / folder / f"{folder}-{k}.{suffix}"
            Image.fromarray(random_rgb(k + 90 * (folder == "third" and k == 4))).save(path)
            os.utime(path, (k, k))
    one, other, third = (
        prepare(files_at(tmp_path / name), SIZE).data.fingerprint
        for name in ("one", "other", "third")
    )
    assert one == other
    assert one != third


def test_a_pixel_that_moves_between_the_splits_changes_the_fingerprint() -> None:
    images = [random_rgb(k).transpose(2, 0, 1) for k in range(4)]
    parts = [(images[:2], images[2:]), (images[:3], images[3:])]
    prints = {
        prepare(Source(drawn(f"set{k}", train, held_out)), SIZE).data.fingerprint
        for k, (train, held_out) in enumerate(parts)
    }
    assert len(prints) == 2


def test_the_arrays_cannot_alter_the_cache(shapes: Path) -> None:
    first = prepare(files_at(shapes), SIZE)
    before = first.train.copy()
    first.train[:] = 0  # torch may write where it thinks that it reads
    assert np.array_equal(prepare(files_at(shapes), SIZE).train, before)


def test_a_cache_that_cannot_be_written_is_a_storage_error(
    shapes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("GAN_BENCH_HOME", str(tmp_path / "file"))
    with pytest.raises(StorageError, match=r"cannot use the cache .*; set GAN_BENCH_HOME"):
        prepare(files_at(shapes), SIZE)


@pytest.mark.parametrize("count", [2, 0, 700])
def test_the_arrays_are_kept_as_numpy_keeps_them(count: int, home: Path) -> None:
    held_out = np.arange(count * 3 * 16, dtype=np.uint8).reshape(count, 3, 4, 4)
    images = Images(train=np.ones((5, 3, 4, 4), np.uint8), held_out=held_out)
    dataset = Dataset(name="kept", source="a test", version="1", load=lambda *_: images)
    prepared = prepare(Source(dataset), 4)
    (kept,) = home.glob("images/*/held_out.npy")
    buffer = io.BytesIO()
    np.save(buffer, held_out)
    assert kept.read_bytes() == buffer.getvalue()
    assert np.array_equal(prepared.held_out, held_out)


@pytest.fixture
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Four images are written at once, and eight are begun before the first is done."""
    monkeypatch.setattr("gan_bench.data.split.CHUNK_BYTES", 4 * 3 * SIZE * SIZE)
    monkeypatch.setattr("gan_bench.data.decode.WAITING_BYTES", 8 * 3 * SIZE * SIZE)


@pytest.mark.usefixtures("small_pieces")
@pytest.mark.parametrize("count", [10, 29, 40, 163])
@pytest.mark.parametrize("packed", [False, True], ids=["folder", "zip"])
def test_files_are_kept_in_order_with_the_fingerprint_of_their_pixels(
    packed: bool, count: int, tmp_path: Path, home: Path
) -> None:
    pixels = [random_rgb(k).transpose(2, 0, 1) for k in range(count)]
    (tmp_path / "set").mkdir()
    for k, each in enumerate(pixels):
        Image.fromarray(each.transpose(1, 2, 0)).save(tmp_path / "set" / f"{k:03d}.png")
        if k % 7 == 0:
            (tmp_path / "set" / f"{k:03d}bad.png").write_bytes(b"rubbish")
    given = tmp_path / "set"
    if packed:
        given = tmp_path / "set.zip"
        with zipfile.ZipFile(given, "w") as archive:
            for path in (tmp_path / "set").iterdir():
                archive.write(path, path.name)
    prepared = prepare(files_at(given), SIZE)

    held_out = np.stack(pixels[9::10])
    train = np.stack([each for k, each in enumerate(pixels) if k % 10 != 9])
    told = hashlib.sha256()
    for split in (train, held_out):
        told.update(json.dumps(split.shape).encode() + split.tobytes())
    assert prepared.data.fingerprint == told.hexdigest()
    assert prepared.report["dropped"] == -(-count // 7)
    for name, split in (("train", train), ("held_out", held_out)):
        (kept,) = home.glob(f"images/*/{name}.npy")
        buffer = io.BytesIO()
        np.save(buffer, split)
        assert kept.read_bytes() == buffer.getvalue()


def test_the_fingerprint_is_what_it_always_was() -> None:
    pixels = (np.arange(1200 * 3 * 16) % 251).astype(np.uint8).reshape(1200, 3, 4, 4)
    images = Images(train=pixels, held_out=pixels[:7])
    dataset = Dataset(name="fixed", source="a test", version="1", load=lambda *_: images)
    told = hashlib.sha256(b"[1200, 3, 4, 4]" + pixels.tobytes())
    told.update(b"[7, 3, 4, 4]" + pixels[:7].tobytes())
    assert prepare(Source(dataset), 4).data.fingerprint == told.hexdigest()


def test_a_set_for_which_there_is_no_room_is_refused_before_it_is_written(
    shapes: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    needed = 40 * 3 * SIZE * SIZE
    monkeypatch.setattr("gan_bench.data.cache.room", lambda folder: needed - 1)
    monkeypatch.setattr("gan_bench.data.cache.writing", no_image_is_opened)
    monkeypatch.setattr("gan_bench.data.decode.convert", no_image_is_opened)  # nor any work done
    with pytest.raises(StorageError, match=r"no room .* shapes: needs 30.7 kB, 30.7 kB free on"):
        prepare(files_at(shapes), SIZE)
    assert [path.suffix for path in (home / "images").iterdir()] in ([], [".lock"])
    monkeypatch.undo()
    monkeypatch.setenv("GAN_BENCH_HOME", str(home))
    monkeypatch.setattr("gan_bench.data.cache.room", lambda folder: needed)
    assert prepare(files_at(shapes), SIZE).data.train == 36


@pytest.mark.usefixtures("small_pieces")
@pytest.mark.parametrize("at", [1, 20, 40])
def test_an_interrupt_while_images_are_read_leaves_nothing_and_no_thread(
    at: int, shapes: Path, home: Path
) -> None:
    def interrupted(what: str, done: int, of: int) -> None:
        if done == at:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        prepare(files_at(shapes), SIZE, interrupted)
    assert [path.suffix for path in (home / "images").iterdir()] in ([], [".lock"])
    assert [each.name for each in threading.enumerate() if "PoolExecutor" in each.name] == []


def test_how_many_files_have_been_read_is_told(shapes: Path) -> None:
    (shapes / "007a.png").write_bytes(b"rubbish")
    told: list[tuple[str, int, int]] = []
    prepare(files_at(shapes), SIZE, lambda *state: told.append(state))
    assert told == [("files", k, 41) for k in range(1, 42)]


@pytest.mark.parametrize("call", ["write", "fsync", "replace"])
def test_a_disk_that_fills_up_is_the_caches_fault_and_leaves_nothing(
    call: str, shapes: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> NoReturn:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, call, full)
        with pytest.raises(StorageError, match=r"cannot (write|use) .*[Nn]o space left"):
            prepare(files_at(shapes), SIZE)
    assert [path.suffix for path in (home / "images").iterdir()] in ([], [".lock"])
    assert prepare(files_at(shapes), SIZE).data.train == 36


class Failing(SimpleNamespace):
    """The `os` of all writing and reading, whose n-th operation fails; none does if n is 0."""

    def __init__(self, n: int = 0) -> None:
        super().__init__(left=n)

    def __getattr__(self, name: str) -> Any:
        call = getattr(os, name)
        changing = ("open", "write", "lseek", "read", "fsync", "close", "replace")
        return partial(self._counted, call) if name in changing else call

    def _counted(self, call: Callable[..., Any], *given: Any) -> Any:
        self.left -= 1
        if self.left == 0 and call is not os.close:
            raise OSError(errno.EIO, "Input/output error")
        done = call(*given)
        if self.left == 0:  # it is closed all the same
            raise OSError(errno.EIO, "Input/output error")
        return done


def test_whichever_operation_fails_nothing_half_made_is_left(
    tmp_path: Path, draw_shapes: Draw, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, counting = files_at(draw_shapes(tmp_path / "set", 12)), Failing()
    monkeypatch.setattr("gan_bench.data.split.CHUNK_BYTES", 4 * 3 * SIZE * SIZE)
    for module in (atomic, reading):
        monkeypatch.setattr(module, "os", counting)
    whole = prepare(source, SIZE).data
    assert -counting.left > 40
    for n in range(1, 1 - counting.left):
        shutil.rmtree(home)
        failing = Failing(n)
        for module in (atomic, reading):
            monkeypatch.setattr(module, "os", failing)
        with pytest.raises(StorageError, match="Input/output error"):
            prepare(source, SIZE)
        assert list(home.rglob(".*")) == []
        for module in (atomic, reading):
            monkeypatch.setattr(module, "os", os)
        assert prepare(source, SIZE).data == whole


def test_the_folder_of_a_new_set_is_synced(shapes: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[tuple[Path, list[str]]] = []

    def sync(folder: Path) -> None:
        synced.append((folder, sorted(path.name for path in folder.glob("shapes*/*"))))

    monkeypatch.setattr("gan_bench.data.cache.sync_folder", sync)
    prepare(files_at(shapes), SIZE)
    ((folder, there),) = synced
    assert folder.name == "images"
    assert there == ["data.json", "held_out.npy", "train.npy"]  # renamed before it is synced


# How much may be bad


def with_dropped(used: int, dropped: int, name: str = "faces") -> Prepared:
    pixels = np.zeros((used, 3, 2, 2), np.uint8)
    data = Data(name=name, fingerprint="0" * 64, shape=(3, 2, 2), train=used - 1, held_out=1)
    report = {
        "train": used - 1,
        "held_out": 1,
        "dropped": dropped,
        "reasons": {"unreadable": dropped},
        "first_dropped": [f"{k}.png: unreadable: cut" for k in range(min(dropped, 10))],
    }
    return Prepared(data, pixels[1:], pixels[:1], report)


@pytest.mark.parametrize(
    ("used", "dropped", "percent"),
    [(999, 1, 0.1), (1000, 0, 0), (50, 50, 50), (10, 990, 99), (997, 3, 0.3)],
)
def test_as_many_bad_images_as_allowed_are_fine(used: int, dropped: int, percent: float) -> None:
    check_bad(with_dropped(used, dropped), percent)


@pytest.mark.parametrize(
    ("used", "dropped", "percent", "enough"),
    [(998, 1, 0.1, "0.2"), (999, 1, 0, "0.1"), (49, 51, 50, "51"), (2, 1, 10, "33.4")],
)
def test_more_bad_images_than_allowed_stop_and_tell_what_would_allow_them(
    used: int, dropped: int, percent: float, enough: str
) -> None:
    prepared = with_dropped(used, dropped)
    with pytest.raises(DataError, match=rf"allow them with --max-bad {re.escape(enough)}$"):
        check_bad(prepared, percent)
    check_bad(prepared, float(enough))


def test_what_is_bad_is_counted_and_the_first_ten_are_named(
    shapes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for k in range(12):
        (shapes / f"bad\n{k:02d}.png").write_bytes(b"" if k else b"rubbish")
    prepare(files_at(shapes), SIZE)
    monkeypatch.setattr("gan_bench.data.decode._image", no_image_is_opened)  # from the cache
    with pytest.raises(DataError) as error:
        check_bad(prepare(files_at(shapes), SIZE), 0.1)
    first, *listed, rest, last = str(error.value).split("\n")
    assert first == (
        "12 of the 52 images of shapes cannot be used, more than 0.1 %: 11 empty, 1 unreadable"
    )
    assert listed[0] == (r"  bad\n00.png: unreadable: no PNG, JPEG, WEBP, BMP, GIF, TIFF or PPM")
    assert listed[1:] == [rf"  bad\n{k:02d}.png: empty" for k in range(1, 10)]
    assert rest == "  and 2 more"
    assert last == "Mend or remove them, or allow them with --max-bad 23.1"


# Data sets of plugins


def drawn(name: str, train: list[np.ndarray], held_out: list[np.ndarray]) -> Dataset:
    """A data set of these images."""
    images = Images(train=np.stack(train), held_out=np.stack(held_out))
    return Dataset(name=name, source="a test", version="1", load=lambda *_: images)


def test_a_data_set_is_asked_with_what_the_user_gave(tmp_path: Path) -> None:
    asked: list[tuple[Path | None, int, bool]] = []

    def load(root: Path | None, size: int, download: bool) -> Images:
        asked.append((root, size, download))
        pixels = np.zeros((10, 1, size, size), np.uint8)
        return Images(train=pixels, held_out=pixels[:1])

    dataset = Dataset(name="asked", source="a test", version="1", load=load)
    prepare(Source(dataset, tmp_path, download=True), SIZE)
    assert asked == [(tmp_path, SIZE, True)]


def test_a_data_set_of_another_version_is_loaded_again() -> None:
    loads: list[str] = []

    def dataset(version: str) -> Dataset:
        def load(root: Path | None, size: int, download: bool) -> Images:
            loads.append(version)
            pixels = np.zeros((10, 1, size, size), np.uint8)
            return Images(train=pixels, held_out=pixels[:1])

        return Dataset(name="versioned", source="a test", version=version, load=load)

    for version in ("1", "1", "2", "1"):
        prepare(Source(dataset(version)), SIZE)
    assert loads == ["1", "2"]


def from_files(loads: list[str], **more: tuple[str, ...]) -> Dataset:
    """A data set that reads the files below its root, and says how often."""

    def load(root: Path | None, size: int, download: bool) -> Images:
        assert root is not None
        loads.append(root.name)
        brightness = int((root / "deep" / "value.txt").read_text())
        pixels = np.full((10, 1, size, size), brightness, np.uint8)
        return Images(train=pixels, held_out=pixels[:1])

    return Dataset(name="kept", source="a test", version="1", load=load, **more)


@pytest.mark.parametrize("more", [{}, {"reads": ("deep/*.txt",)}], ids=["all", "some"])
def test_another_root_or_a_changed_file_is_another_set(
    more: dict[str, tuple[str, ...]], tmp_path: Path
) -> None:
    loads: list[str] = []
    for k, name in enumerate(("one", "other")):
        (tmp_path / name / "deep").mkdir(parents=True)
        (tmp_path / name / "deep" / "value.txt").write_text(str(k))
    for name, value in (("one", 0), ("other", 1), ("one", 0), ("other", 1)):
        prepared = prepare(Source(from_files(loads, **more), tmp_path / name), SIZE)
        assert prepared.train[0, 0, 0, 0] == value
    assert loads == ["one", "other"]
    (tmp_path / "one" / "deep" / "value.txt").write_text("77")
    prepared = prepare(Source(from_files(loads, **more), tmp_path / "one"), SIZE)
    assert prepared.train[0, 0, 0, 0] == 77


def test_a_file_that_a_data_set_does_not_read_changes_nothing(tmp_path: Path) -> None:
    loads: list[str] = []
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "value.txt").write_text("5")
    for k in range(2):
        (tmp_path / f"notes{k}.md").write_text("a note")
        prepare(Source(from_files(loads, reads=("deep/*.txt",)), tmp_path), SIZE)
    assert len(loads) == 1


def test_a_set_larger_than_a_slice_is_written_whole_and_in_order() -> None:
    class Counted:
        """Image k is filled with k; slices are drawn when asked for."""

        def __init__(self, count: int) -> None:
            self.count = count

        def __len__(self) -> int:
            return self.count

        def __getitem__(self, rows: slice) -> np.ndarray:
            numbers = np.arange(self.count)[rows] % 251
            return np.broadcast_to(numbers[:, None, None, None], (len(numbers), 1, 4, 4)).astype(
                np.uint8
            )

    images = Images(train=Counted(1300), held_out=Counted(3))
    dataset = Dataset(name="counted", source="a test", version="1", load=lambda *_: images)
    told: list[tuple[str, int, int]] = []
    prepared = prepare(Source(dataset), 4, lambda *state: told.append(state))
    assert prepared.train[:, 0, 0, 0].tolist() == [k % 251 for k in range(1300)]
    assert told[-2:] == [("train", 1300, 1300), ("held_out", 3, 3)]


def test_a_data_set_may_hold_nothing_out() -> None:
    pixels = np.zeros((10, 1, SIZE, SIZE), np.uint8)
    images = Images(train=pixels, held_out=pixels[:0])
    dataset = Dataset(name="all", source="a test", version="1", load=lambda *_: images)
    prepared = prepare(Source(dataset), SIZE)
    assert prepared.data.held_out == len(prepared.held_out) == 0


@pytest.mark.parametrize(
    "pixels",
    [
        np.full((10, 1, SIZE, SIZE), 0.5, np.float32),
        np.zeros((10, SIZE, SIZE), np.uint8),
        np.zeros((0, 1, SIZE, SIZE), np.uint8),
    ],
    ids=["floats", "no channels", "no images"],
)
def test_a_data_set_that_breaks_the_contract_is_refused(pixels: np.ndarray) -> None:
    images = Images(train=pixels, held_out=pixels)
    dataset = Dataset(name="wrong", source="a test", version="1", load=lambda *_: images)
    with pytest.raises(DataError, match="wrong"):
        prepare(Source(dataset), SIZE)


@pytest.mark.parametrize(
    "held_out",
    [np.zeros((2, 1, 8, 8), np.uint8), np.zeros((2, 1, SIZE, SIZE), np.float32)],
    ids=["another size", "floats"],
)
def test_a_split_that_is_not_like_the_other_is_refused(held_out: np.ndarray, home: Path) -> None:
    images = Images(train=np.zeros((10, 1, SIZE, SIZE), np.uint8), held_out=held_out)
    dataset = Dataset(name="uneven", source="a test", version="1", load=lambda *_: images)
    with pytest.raises(
        DataError, match=r"uneven must give \(2, 1, 16, 16\) uint8 .* it gave \(2, 1"
    ):
        prepare(Source(dataset), SIZE)
    assert not list(home.glob("images/*/data.json"))


def test_a_data_set_that_fails_leaves_nothing_and_is_not_the_caches_fault(home: Path) -> None:
    def load(root: Path | None, size: int, download: bool) -> Images:
        raise FileNotFoundError(2, "No such file or directory", "faces.bin")

    dataset = Dataset(name="failing", source="a test", version="1", load=load)
    with pytest.raises(DataError, match=r"failing.*faces\.bin"):
        prepare(Source(dataset), SIZE)
    assert [path.suffix for path in (home / "images").iterdir()] in ([], [".lock"])


def test_rows_that_cannot_be_read_are_not_the_caches_fault(home: Path) -> None:
    class Gone:
        def __len__(self) -> int:
            return 10

        def __getitem__(self, rows: slice) -> np.ndarray:
            if rows.stop > 1:
                raise OSError(5, "Input/output error", "faces.bin")
            return np.zeros((1, 1, SIZE, SIZE), np.uint8)

    images = Images(train=Gone(), held_out=Gone())
    dataset = Dataset(name="gone", source="a test", version="1", load=lambda *_: images)
    with pytest.raises(DataError, match=r"the data set gone cannot be read: .*faces\.bin"):
        prepare(Source(dataset), SIZE)
    assert [path.suffix for path in (home / "images").iterdir()] in ([], [".lock"])


def test_a_set_that_breaks_half_way_leaves_nothing(home: Path) -> None:
    class Breaking:
        def __len__(self) -> int:
            return 10

        def __getitem__(self, rows: slice) -> np.ndarray:
            if rows.stop > 1:
                raise DataError("image 7 cannot be drawn")
            return np.zeros((1, 1, SIZE, SIZE), np.uint8)

    images = Images(train=Breaking(), held_out=Breaking())
    dataset = Dataset(name="breaking", source="a test", version="1", load=lambda *_: images)
    with pytest.raises(DataError, match="image 7"):
        prepare(Source(dataset), SIZE)
    assert [path.suffix for path in (home / "images").iterdir()] in ([], [".lock"])


def test_a_data_set_may_be_downloaded_into_a_folder_that_is_not_there_yet(tmp_path: Path) -> None:
    def load(root: Path | None, size: int, download: bool) -> Images:
        assert root is not None
        assert download
        root.mkdir(parents=True)
        pixels = np.zeros((10, 1, size, size), np.uint8)
        return Images(train=pixels, held_out=pixels[:1])

    dataset = Dataset(name="fetched", source="a test", version="1", load=load)
    prepared = prepare(Source(dataset, tmp_path / "new" / "folder", download=True), SIZE)
    assert prepared.data.train == 10


def test_two_runs_that_start_at_once_make_a_set_once() -> None:
    loads: list[int] = []
    both_are_here = threading.Barrier(2)

    def load(root: Path | None, size: int, download: bool) -> Images:
        loads.append(1)
        pixels = np.zeros((10, 1, size, size), np.uint8)
        return Images(train=pixels, held_out=pixels[:1])

    dataset = Dataset(name="shared", source="a test", version="1", load=load)
    made: list[Prepared] = []

    def start() -> None:
        both_are_here.wait()
        made.append(prepare(Source(dataset), SIZE))

    threads = [threading.Thread(target=start) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(made) == 2
    assert loads == [1]
