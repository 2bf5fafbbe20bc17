"""Images in .npy and .npz files: the same pixels, and one rule for which axis is what."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sets import SIZE, random_rgb

from gan_bench import DataError
from gan_bench.contract.protocol import Preparation
from gan_bench.data.cache import Prepared, prepare
from gan_bench.data.source import files_at

COLOUR = np.stack([random_rgb(k, SIZE) for k in range(20)])  # (N, H, W, C)


def all_images(prepared: Prepared) -> set[bytes]:
    return {image.tobytes() for part in (prepared.train, prepared.held_out) for image in part}


def wanted(images: np.ndarray) -> set[bytes]:
    return {np.ascontiguousarray(image.transpose(2, 0, 1)).tobytes() for image in images}


ORDERS = {
    "last": COLOUR,
    "first": COLOUR.transpose(0, 3, 1, 2),
    "first, as it lies": np.ascontiguousarray(COLOUR.transpose(0, 3, 1, 2)),
    "Fortran": np.asfortranarray(COLOUR),
}


@pytest.mark.parametrize("packed", ["npy", "npz", "packed npz"])
@pytest.mark.parametrize("order", ORDERS)
def test_the_pixels_of_an_array_are_used_as_they_are(
    order: str, packed: str, tmp_path: Path
) -> None:
    path = tmp_path / f"faces.{packed[-3:]}"
    if packed == "npy":
        np.save(path, ORDERS[order])
    else:
        (np.savez if packed == "npz" else np.savez_compressed)(path, images=ORDERS[order])
    assert all_images(prepare(files_at(path), SIZE)) == wanted(COLOUR)


@pytest.mark.parametrize("shape", [(20, SIZE, SIZE), (20, SIZE, SIZE, 1), (20, 1, SIZE, SIZE)])
def test_grey_arrays_are_grey_images(shape: tuple[int, ...], tmp_path: Path) -> None:
    grey = COLOUR[..., 0]
    np.save(tmp_path / "grey.npy", grey.reshape(shape))
    prepared = prepare(files_at(tmp_path / "grey.npy"), SIZE)
    assert {image[:1].tobytes() for image in prepared.train} <= {each.tobytes() for each in grey}


def test_four_channels_have_transparency(tmp_path: Path) -> None:
    clear = np.concatenate([COLOUR, np.zeros((20, SIZE, SIZE, 1), np.uint8)], -1)
    clear[:, 0, 0, 3] = 255
    np.save(tmp_path / "rgba.npy", clear)
    prepared = prepare(files_at(tmp_path / "rgba.npy"), SIZE)
    assert (prepared.train[:, :, 1:] == 255).all()  # over white


def test_several_arrays_are_folders_and_labels_are_left_out(tmp_path: Path) -> None:
    labels = np.arange(12)
    np.savez(tmp_path / "set.npz", x_train=COLOUR[:12], y_train=labels, x_test=COLOUR[12:])
    source = files_at(tmp_path / "set.npz", Preparation(folder="x_train"))
    prepared = prepare(source, SIZE)
    assert all_images(prepared) == wanted(COLOUR[:12])
    assert [each.name for each in prepared.report.not_used] == ["y_train"]
    assert prepared.report.held_out_names[0].startswith("x_train/")


def test_it_is_said_if_several_arrays_are_one_set(tmp_path: Path) -> None:
    np.savez(tmp_path / "two.npz", faces=COLOUR[:12], cats=COLOUR[12:])
    note = f"arrays: faces 12, cats {len(COLOUR) - 12}; all are used, --folder faces uses one"
    assert note in prepare(files_at(tmp_path / "two.npz"), SIZE).report.notes
    np.savez(tmp_path / "one.npz", faces=COLOUR)
    assert prepare(files_at(tmp_path / "one.npz"), SIZE).report.notes == ()


@pytest.mark.parametrize(
    ("array", "said"),
    [
        (np.zeros((20, SIZE, SIZE), np.float32), r"\(20, 16, 16\) float32 is not uint8"),
        (np.zeros((20, 784), np.uint8), r"\(20, 784\) uint8 is no array of images"),
        (np.zeros((64, 48, 3), np.uint8), r"\(64, 48, 3\) uint8 may be one image"),
        (np.zeros((20, 3, 16, 3), np.uint8), "may be the second or the last axis"),
        (np.zeros((20, 16, 16, 2), np.uint8), "no axis has 1, 3 or 4 channels"),
        (np.array(["a.png"]), "is no array of images"),
    ],
)
@pytest.mark.parametrize("packed", ["npy", "npz"])
def test_an_array_that_may_mean_something_else_is_refused_with_the_rule(
    array: np.ndarray, packed: str, said: str, tmp_path: Path
) -> None:
    path = tmp_path / f"x.{packed}"
    np.save(path, array) if packed == "npy" else np.savez(path, x=array)
    with pytest.raises(
        DataError, match=rf"{said}: images must be uint8, \(N, H, W\), \(N, H, W, C\)"
    ):
        prepare(files_at(path), SIZE)


def header(shape: tuple[int, ...]) -> bytes:
    buffer = io.BytesIO()
    about: dict[str, Any] = {"descr": "|u1", "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(buffer, about)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (header((10**6, 10**6, 3)), "claims 3e.*|claims .* TB"),
        (header((20, 16, 16, 3))[:50], "cannot be read|x"),
        (b"\x93NUMPY\1\0\x10\0{'descr': '|O'}  ", "cannot be read|x"),
    ],
)
@pytest.mark.parametrize("packed", ["npy", "npz"])
def test_a_header_that_claims_more_than_there_is_allocates_nothing(
    content: bytes, packed: str, said: str, tmp_path: Path
) -> None:
    path = tmp_path / f"x.{packed}"
    if packed == "npy":
        path.write_bytes(content)
        said = "cannot read"
    else:
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("x.npy", content)
    with pytest.raises(DataError, match=said):
        prepare(files_at(path), SIZE)


def test_pickles_in_arrays_are_never_run(tmp_path: Path) -> None:
    objects = np.array([print, len], dtype=object)
    np.save(tmp_path / "x.npy", objects)
    np.savez(tmp_path / "x.npz", x=objects)
    for name in ("x.npy", "x.npz"):
        with pytest.raises(DataError, match="cannot"):
            prepare(files_at(tmp_path / name), SIZE)


def test_a_file_that_is_cut_off_is_called_so(tmp_path: Path) -> None:
    path = tmp_path / "x.npy"
    np.save(path, COLOUR)
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(DataError, match="it is only the beginning of a file"):
        prepare(files_at(path), SIZE)


@pytest.mark.parametrize("kind", ["|V0", "|S0", "<U0"])
def test_values_without_a_byte_are_refused(kind: str, tmp_path: Path) -> None:
    # whoever lets numpy map such a file is ended by a SIGFPE
    about = {"descr": kind, "fortran_order": False, "shape": COLOUR.shape}
    with (tmp_path / "x.npy").open("wb") as file:
        np.lib.format.write_array_header_1_0(file, about)
        file.write(bytes(100))
    with pytest.raises(DataError, match=r"x\.npy: its values, of type .*, have no bytes"):
        prepare(files_at(tmp_path / "x.npy"), SIZE)


def test_python_objects_are_refused_with_the_rule(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.array([{}], dtype=object))
    with pytest.raises(DataError, match=r"it holds Python objects.*: images must be uint8"):
        prepare(files_at(tmp_path / "x.npy"), SIZE)


HEADERS = {
    "wraps around": "(4294967296, 4294967296, 3)",
    "too large for any integer": f"({10**30}, 8, 3)",
    "a terabyte": "(1099511627776, 1, 4)",
    "no rows, without end": f"({10**12}, 0, 5)",
    "negative": "(-1, 8, 8)",
    "nested": "[" * 900,
    "many signs": "-" * 5000 + "1",
    "a call": "__import__('os').getcwd()",
    "no end": "(",
}


@pytest.mark.filterwarnings("error::RuntimeWarning")
@pytest.mark.parametrize("claim", HEADERS)
def test_a_header_that_lies_is_refused_before_anything_is_allocated(
    claim: str, tmp_path: Path
) -> None:
    """numpy parses a header as Python, and multiplies its numbers until they wrap around."""
    header = f"{{'descr': '|u1', 'fortran_order': False, 'shape': {HEADERS[claim]}, }}\n".encode()
    content = b"\x93NUMPY\x01\0" + len(header).to_bytes(2, "little") + header + bytes(600)
    (tmp_path / "x.npy").write_bytes(content)
    with zipfile.ZipFile(tmp_path / "x.npz", "w") as archive:
        archive.writestr("x.npy", content)
    for name in ("x.npy", "x.npz"):
        with pytest.raises(DataError) as caught:
            prepare(files_at(tmp_path / name), SIZE)
        assert len(str(caught.value)) < 800
