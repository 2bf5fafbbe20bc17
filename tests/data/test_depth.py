"""Images of more than 8 bits: one rule for the set, whatever the file format."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from decoded import SIDES, file_of, pixels_of, why_dropped
from PIL import Image
from PIL.TiffImagePlugin import ImageFileDirectory_v2

from gan_bench.contract.protocol import AS_IT_IS
from gan_bench.data.decoding.depth import Depth, notes_on, scale_for
from gan_bench.data.files.contents import files_of
from gan_bench.data.gather import Gathered, gather
from hostile import png_chunk

RAMP = np.linspace(0, 1, SIDES[0])[:, None] * np.ones(SIDES[1])
SHOWN = (255 * RAMP).round()


def ramp(white: float, dtype: str = "u2") -> np.ndarray:
    """Black above, `white` below."""
    return (
        (white * RAMP).round().astype(dtype) if dtype[-2] in "ui" else (white * RAMP).astype(dtype)
    )


def tiff_of(values: np.ndarray, photometric: int = 1, planes: bool = False) -> bytes:
    """An unpacked TIFF of these numbers, (H, W) or (H, W, C), in the byte order of their dtype."""
    order = ">" if values.dtype.byteorder == ">" else "<"
    channels = values.shape[2] if values.ndim == 3 else 1
    bits = values.dtype.itemsize * 8
    sample = {"u": 1, "i": 2, "f": 3}[values.dtype.kind]
    body = values.transpose(2, 0, 1).tobytes() if planes else values.tobytes()
    each = len(body) // channels if planes else len(body)
    starts = [each * k for k in range(channels if planes else 1)]
    tags = ImageFileDirectory_v2(b"MM\0*\0\0\0\x08" if order == ">" else b"II*\0\x08\0\0\0")
    tags[256], tags[257], tags[259], tags[262] = values.shape[1], values.shape[0], 1, photometric
    tags[258], tags[339] = (bits,) * channels, (sample,) * channels
    tags[277], tags[278], tags[284] = channels, values.shape[0], 2 if planes else 1
    tags[273], tags[279] = tuple(starts), (each,) * len(starts)
    head = (b"MM" if order == ">" else b"II") + struct.pack(f"{order}HI", 42, 8)
    return head + tags.tobytes(8) + body  # Pillow adds the length of the directory to the starts


def pgm_of(values: np.ndarray, maximum: int, kind: str = "P5") -> bytes:
    height, width = values.shape[:2]
    return f"{kind} {width} {height} {maximum}\n".encode() + values.astype(">u2").tobytes()


def same(shown: np.ndarray, expected: np.ndarray = SHOWN) -> bool:
    """Whether all channels are as expected, within the rounding."""
    return bool(np.abs(shown.astype(float) - expected[..., None]).max() <= 0.51)


@pytest.mark.parametrize("white", [255, 1023, 4095, 16383, 65535])
@pytest.mark.parametrize("kind", ["PNG", "TIFF", "PPM", "JPEG2000"])
def test_white_is_the_least_depth_that_holds_all_values(white: int, kind: str) -> None:
    assert same(pixels_of(file_of(Image.fromarray(ramp(white)), kind)))


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("dtype", ["u2", "i2", "u4", "i4", "f4"])
@pytest.mark.parametrize(("photometric", "expected"), [(1, SHOWN), (0, SHOWN[::-1])])
def test_a_tiff_is_read_in_both_byte_orders_with_white_or_black_as_zero(
    order: str, dtype: str, photometric: int, expected: np.ndarray
) -> None:
    white = 1 if dtype == "f4" else 4095
    assert same(pixels_of(tiff_of(ramp(white, order + dtype), photometric)), expected)


def test_numbers_from_2_to_the_31_on_are_not_negative() -> None:
    assert same(pixels_of(tiff_of(ramp(2**32 - 1, "<u4"))))
    assert same(pixels_of(tiff_of(ramp(2**32 - 1, ">u4"))))


COLOURS = np.stack([RAMP, RAMP[::-1], 0 * RAMP + 0.5], -1)


def png_of(values: np.ndarray, colour: int, extra: bytes = b"") -> bytes:
    """A PNG of 16 bits with 2 (LA), 3 or 4 channels."""
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    head = struct.pack(">IIBBBBB", values.shape[1], values.shape[0], 16, colour, 0, 0, 0)
    chunks = png_chunk(b"IHDR", head) + extra + png_chunk(b"IDAT", zlib.compress(rows))
    return b"\x89PNG\r\n\x1a\n" + chunks + png_chunk(b"IEND", b"")


def test_colours_of_16_bits_keep_the_bits_that_pillow_cuts_off() -> None:
    values = (4095 * COLOURS).round().astype(np.uint16)
    expected = (255 * COLOURS).round()
    for content in (
        png_of(values, 2),
        tiff_of(values, 2),
        tiff_of(values.astype(">u2"), 2),
        tiff_of(values, 2, planes=True),
        tiff_of(values.astype(">u2"), 2, planes=True),
        pgm_of(values, 65535, "P6"),
        pgm_of(values, 4095, "P6"),
    ):
        assert np.abs(pixels_of(content).astype(float) - expected).max() <= 0.51


@pytest.mark.parametrize("colour", [4, 6])
def test_transparency_of_16_bits_lies_over_white(colour: int) -> None:
    channels = 2 if colour == 4 else 4
    values = np.zeros((*SIDES, channels), np.uint16)
    values[..., :-1] = 1023
    values[:8, :, -1] = 65535
    out = pixels_of(png_of(values, colour), alpha=True)
    assert np.all(out[:6] == 255)
    assert np.all(out[10:, :, 3] == 0)
    assert np.all(pixels_of(png_of(values // np.array([2] * (channels - 1) + [1]), colour)) >= 127)


def test_the_transparent_colour_of_16_bits_is_compared_in_all_its_bits() -> None:
    key = png_chunk(b"tRNS", struct.pack(">HHH", 1000, 1000, 1000))
    values = np.full((*SIDES, 3), 1001, np.uint16)  # the same upper byte
    values[:8] = 1000
    out = pixels_of(png_of(values, 2, key), alpha=True)
    assert np.all(out[:7, :, 3] == 0)
    assert np.all(out[9:, :, 3] == 255)
    grey = png_of(values[..., :1], 0, png_chunk(b"tRNS", struct.pack(">H", 1000)))
    assert np.all(pixels_of(grey, alpha=True)[..., 3] == out[..., 3])


@pytest.mark.parametrize("maximum", [1, 7, 15, 100, 255, 300, 1000, 4095, 65535])
@pytest.mark.parametrize("plain", [True, False])
def test_the_maximum_that_a_pgm_declares_is_white(maximum: int, plain: bool) -> None:
    values = ramp(maximum)
    if plain:
        numbers = " ".join(map(str, values.ravel()))
        content = f"P2\n# by hand\n16 16\n{maximum}\n{numbers}\n".encode()
    else:
        packed = values.astype(">u2" if maximum > 255 else "u1").tobytes()
        content = f"P5\n16 16 {maximum}\n".encode() + packed
    assert same(pixels_of(content), 255.0 * values / maximum)


def test_a_declared_maximum_counts_even_if_no_pixel_has_it() -> None:
    assert same(pixels_of(pgm_of(ramp(1000), 4000)), SHOWN / 4)


def test_pbm_pam_and_pfm_are_read() -> None:
    bits = np.zeros(SIDES, np.uint8)
    bits[8:] = 1  # black
    expected = np.where(bits, 0, 255)
    assert same(pixels_of(b"P4 16 16\n" + np.packbits(bits, axis=1).tobytes()), expected)
    assert same(pixels_of(b"P1 16 16\n" + "".join(map(str, bits.ravel())).encode()), expected)
    pam = b"P7\nWIDTH 16\nHEIGHT 16\nDEPTH 4\nMAXVAL 255\nTUPLTYPE RGB_ALPHA\nENDHDR\n"
    rgba = np.full((*SIDES, 4), (255, 0, 0, 0), np.uint8)
    rgba[:8, :, 3] = 255
    out = pixels_of(pam + rgba.tobytes())
    assert np.all(out[:8] == (255, 0, 0))
    assert np.all(out[8:] == 255)
    upside_down = ramp(1, "<f4")[::-1].tobytes()
    assert same(pixels_of(b"Pf\n16 16\n-1.0\n" + upside_down))


@pytest.mark.parametrize(("white", "factor"), [(0.5, 255), (1, 255), (200, 1), (255, 1)])
def test_floats_are_0_to_1_or_0_to_255(white: float, factor: float) -> None:
    assert same(pixels_of(tiff_of(ramp(white, "<f4"))), (factor * white * RAMP).round())


def test_bits_that_pillow_stretches_stay_as_they_are() -> None:
    grey = Image.fromarray(np.repeat(np.repeat(np.eye(2, dtype=np.uint8) * 255, 8, 0), 8, 1))
    for bits in (1, 2, 4):
        palette = grey.point(lambda v: v and 1).convert("L").convert("P")
        assert pixels_of(file_of(palette, "PNG", bits=bits)).shape == (16, 16, 3)


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (-ramp(1000, "i2"), "negative values"),
        (-ramp(1, "<f4"), "negative values"),
        (ramp(300, "<f4"), "floats that are neither 0 to 1 nor 0 to 255"),
        (np.where(RAMP > 0.5, np.nan, RAMP).astype("<f4"), "infinite or undefined values"),
        (ramp(1, "<f8"), "values of a kind that is not read"),
        (ramp(1, "<f2"), "values of a kind that is not read"),
        (COLOURS.astype("<f4"), "values of a kind that is not read"),
        (np.repeat(ramp(4095)[..., None], 5, -1), "values of a kind that is not read"),
        (-ramp(100, "i1"), "negative values"),
    ],
)
def test_what_has_no_rule_is_refused_by_name(values: np.ndarray, kind: str) -> None:
    photometric = 2 if values.ndim == 3 and values.shape[2] == 3 else 1
    assert why_dropped(tiff_of(values, photometric))[0] == kind


def test_the_refusal_names_what_the_file_has() -> None:
    assert why_dropped(tiff_of(COLOURS.astype("<f4"), 2))[1] == "a TIFF of 3 x 32 bits, float"


# The set
def gathered(folder: Path, scratch: Path) -> Gathered:
    scratch.mkdir()
    with files_of(folder) as files:
        return gather(files.members, SIDES, AS_IT_IS, scratch / "images.npy", lambda *_: None)


def test_one_scale_holds_for_all_integers_of_as_many_bits_and_their_order_does_not_change(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "set"
    folder.mkdir()
    for k, white in enumerate((100, 1000, 4000)):
        (folder / f"{k}-deep.png").write_bytes(file_of(Image.fromarray(ramp(white)), "PNG"))
        flat = Image.new("L", SIDES, 10 * k)
        (folder / f"{k}-flat.png").write_bytes(file_of(flat, "PNG"))
    (folder / "0-float.tif").write_bytes(tiff_of(ramp(1, "<f4")))
    (folder / "3-long.tif").write_bytes(tiff_of(ramp(255, "<u4")))  # black by the others' scale
    result = gathered(folder, tmp_path / "scratch")
    names = ["0-deep", "0-flat", "0-float", "1-deep", "1-flat", "2-deep", "2-flat", "3-long"]
    assert [origin.name[:-4] for origin in result.origins] == names
    brightest = [int(result.pixels[k].max()) for k in range(8)]
    assert brightest == [round(255 * 100 / 4095), 0, 255, 62, 10, 249, 20, 255]
    assert list(result.facts.max) == brightest
    assert result.notes == [
        "3 images of 16 bits: values 0 to 4,095 are shown as 0 to 255",
        "1 image of 32 bits: values 0 to 255 are shown as 0 to 255",
        "1 image of floats: values 0 to 1 are shown as 0 to 255",
    ]


def test_floats_of_a_set_are_refused_together() -> None:
    depths = [Depth(0, 1, True, 32, None), Depth(0, 300, True, 32, None)]
    assert scale_for(depths).floats == 300


def test_notes_name_a_white_that_files_declare() -> None:
    depths = [Depth(0, 9, False, 16, 1000), Depth(0, 70_000, False, 32, None)]
    assert notes_on(depths, scale_for(depths)) == [
        "1 image of 16 bits: values 0 to 1,000 are shown as 0 to 255",
        "1 image of 32 bits: values 0 to 16,777,215 are shown as 0 to 255",
    ]


def test_a_deep_image_is_resized_before_it_is_scaled() -> None:
    board = np.indices((128, 128)).sum(0) % 2 * 4095
    out = pixels_of(file_of(Image.fromarray(board.astype(np.uint16)), "PNG"))
    assert np.all(np.abs(out.astype(int) - 127.5) <= 4)


def test_a_deep_image_is_turned_by_exif() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    out = pixels_of(file_of(Image.fromarray(ramp(4095)), "PNG", exif=exif))
    assert same(out, SHOWN[::-1].T)
