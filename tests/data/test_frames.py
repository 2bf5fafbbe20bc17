"""Frames of animations, and pages of files with several."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from decoded import SIDES, decoded, file_of, items_of
from PIL import Image

from gan_bench.contract.protocol import Preparation
from gan_bench.data.decoding.decode import Decoded
from gan_bench.data.decoding.frames import MOST_FRAME_PIXELS, MOST_FRAMES, most_frames
from gan_bench.data.files.contents import files_of
from gan_bench.data.gather import Gathered, gather
from gan_bench.data.reasons import Reason
from hostile import png_chunk

COLOURS = [(250, 10, 10), (10, 250, 10), (10, 10, 250), (120, 120, 10)]
FRAMES = [Image.new("RGB", (24, 24), colour) for colour in COLOURS]
ANIMATED = ["GIF", "WEBP", "PNG", "AVIF", "TIFF"]


def animation(kind: str, frames: list[Image.Image] = FRAMES, **options: object) -> bytes:
    first, *others = (frame.copy() for frame in frames)
    return file_of(first, kind, save_all=True, append_images=others, **options)


def gathered(folder: Path, files: dict[str, bytes], **options: object) -> Gathered:
    (folder / "set").mkdir()
    for name, content in files.items():
        (folder / "set" / name).write_bytes(content)
    preparation = Preparation(**options)  # type: ignore[arg-type]
    with files_of(folder / "set") as files:
        return gather(files.members, SIDES, preparation, folder / "images.npy", lambda *_: None)


@pytest.mark.parametrize("kind", ANIMATED)
def test_the_first_frame_is_used_and_the_others_are_counted(kind: str) -> None:
    item = decoded(animation(kind))
    assert np.abs(item.pixels[:, 8, 8].astype(int) - COLOURS[0]).max() <= 6
    assert (item.origin.frame, item.origin.frames) == (0, 4)


@pytest.mark.parametrize("kind", ANIMATED)
def test_all_frames_are_used_if_asked_for(kind: str) -> None:
    items = items_of(animation(kind), frames=range(4))
    for k, (item, colour) in enumerate(zip(items, COLOURS, strict=True)):
        assert isinstance(item, Decoded)
        assert (item.origin.frame, item.origin.frames) == (k, 4)
        assert np.abs(item.pixels[:, 8, 8].astype(int) - colour).max() <= 6


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
def test_a_frame_that_changes_a_part_is_shown_on_those_before(kind: str) -> None:
    frames = [FRAMES[0].copy() for _ in range(4)]
    for k in range(1, 4):
        frames[k].paste((10, 10, 250), (0, 0, 24, 6 * k))
    items = items_of(animation(kind, frames), frames=range(1, 4))
    for k, item in enumerate(items, 1):
        assert isinstance(item, Decoded)
        blue = item.pixels[2, :, 8] > 128
        assert int(blue.sum()) == 4 * k


def test_frames_stand_beside_the_first_in_the_set_and_pages_of_deep_stacks_too(
    tmp_path: Path,
) -> None:
    ramp = np.linspace(0, 1, 16 * 16).reshape(16, 16)
    deep = [Image.fromarray((ramp * 1000 * k).astype(np.uint16)) for k in (1, 2, 4)]
    files = {
        "a.gif": animation("GIF"),
        "b.png": file_of(FRAMES[3], "PNG"),
        "c.tif": animation("TIFF", deep),
        "d.webp": animation("WEBP", lossless=True),
    }
    result = gathered(tmp_path, files, frames="all")
    where = [(origin.name[0], origin.frame) for origin in result.origins]
    assert where == [
        *(("a", k) for k in range(4)),
        ("b", 0),
        *(("c", k) for k in range(3)),
        *(("d", k) for k in range(4)),
    ]
    assert [int(result.pixels[k].max()) for k in range(5, 8)] == [62, 125, 249]
    assert tuple(result.pixels[11][:, 8, 8]) == COLOURS[3]
    assert result.notes == ["3 images of 16 bits: values 0 to 4,095 are shown as 0 to 255"]


def test_thumbnails_pyramids_and_second_pictures_of_phones_are_no_frames() -> None:
    page = Image.fromarray(np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8))
    small = [page.resize((side, side)) for side in (32, 16)]
    for kind in ("TIFF", "MPO"):
        assert decoded(animation(kind, [page, *small])).origin.frames == 1
        assert decoded(animation(kind, [page, small[0], page])).origin.frames == 2
    larger = decoded(animation("TIFF", [small[0], page]))
    assert (larger.origin.width, larger.origin.frames) == (32, 2)


def test_a_page_that_cannot_be_read_is_dropped_by_itself() -> None:
    content = bytearray(animation("TIFF", [Image.new("L", SIDES, 100 + k) for k in range(3)]))
    tag = b"\x06\x01\x03\x00\x01\x00\x00\x00\x01\x00"  # PhotometricInterpretation 1
    second = content.index(tag, content.index(tag) + 1)
    content[second + 8] = 77
    one, two, three = items_of(bytes(content), frames=range(3))
    assert isinstance(one, Decoded)
    assert isinstance(three, Decoded)
    assert not isinstance(two, Decoded)
    assert three.pixels.max() == 102


@pytest.mark.parametrize("loop", [True, False])
def test_pages_that_lead_in_a_circle_end(loop: bool) -> None:
    content = bytearray(animation("TIFF", [Image.new("L", SIDES, 9)]))
    start = int.from_bytes(content[4:8], "little")
    entries = int.from_bytes(content[start : start + 2], "little")
    link = start + 2 + 12 * entries
    content[link : link + 4] = (start if loop else 2**31).to_bytes(4, "little")
    items = items_of(bytes(content))
    assert len(items) == 1


@pytest.mark.parametrize("side", [24, 960])
def test_both_pictures_of_a_camera_with_two_lenses_are_used(side: int) -> None:
    frames = [frame.resize((side, side)) for frame in FRAMES[:2]]
    one, two = items_of(animation("MPO", frames), frames=range(2))
    assert isinstance(one, Decoded)
    assert isinstance(two, Decoded)
    assert np.abs(two.pixels[:, 8, 8].astype(int) - COLOURS[1]).max() <= 6


def test_an_animation_that_claims_more_frames_than_it_has_ends() -> None:
    content = animation("PNG")
    place = content.index(b"acTL")
    chunk = png_chunk(b"acTL", (5000).to_bytes(4, "big") + bytes(4))
    claiming = content[: place - 4] + chunk + content[place + 16 :]
    items = items_of(claiming, frames=range(5000))
    assert [isinstance(item, Decoded) for item in items] == [True] * 4 + [False]


def test_the_frames_of_a_file_are_bounded() -> None:
    assert most_frames(7, 10, 10) == 7
    assert most_frames(10**6, 10, 10) == MOST_FRAMES
    assert most_frames(10**6, 10_000, 5_000) == MOST_FRAME_PIXELS // 50_000_000
    assert most_frames(3, 10**5, 10**5) == 1


def test_frames_beyond_the_bound_are_counted_as_dropped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gan_bench.data.decoding.frames.MOST_FRAMES", 3)
    result = gathered(tmp_path, {"a.webp": animation("WEBP")}, frames="all")
    assert len(result.origins) == 3
    assert result.origins[0].frames == 3


def tiny_gif(count: int) -> bytes:
    """Frames of 1 x 1, as many as fit into the bytes."""
    head = b"GIF89a" + b"\x20\0\x20\0\x80\0\0" + bytes(6)
    return head + count * (b"," + b"\0\0\0\0\x01\0\x01\0\0" + b"\x02\x02\x4c\x01\0") + b";"


def test_a_gif_of_a_million_frames_is_counted_in_no_time() -> None:
    assert decoded(tiny_gif(1_000_000)).origin.frames == MOST_FRAMES


@pytest.mark.parametrize("make", [lambda: animation("GIF"), lambda: tiny_gif(3)])
def test_cut_animations_end(make: Callable[[], bytes]) -> None:
    whole = make()
    for cut in range(10, len(whole), 7):
        items = items_of(whole[:cut], frames=range(4))
        assert items
        assert all(isinstance(item, Decoded) or item.reason in Reason for item in items)
