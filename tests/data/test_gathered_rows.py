"""Gathered images are read from their file as rows of an array are taken."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gan_bench.data.gather import Stored

PIXELS = np.random.default_rng(0).integers(0, 256, (40, 3, 4, 5), np.uint8)


@pytest.fixture
def stored(tmp_path: Path) -> Stored:
    np.save(tmp_path / "images.npy", PIXELS)
    return Stored(tmp_path / "images.npy", (40, 3, 4, 5))


@pytest.mark.parametrize(
    "key",
    [
        0,
        -1,
        slice(0, 0),
        slice(3, 9),
        slice(None, None, 7),
        [5, 6, 7, 2, 2, 39],
        np.array([], np.int64),
        np.array([0, 1, 2, 10, 39]),
        np.arange(40) % 3 == 0,
    ],
)
def test_rows_are_those_of_the_array(key: Any, stored: Stored) -> None:
    assert np.array_equal(stored[key], PIXELS[key])


def test_a_file_that_became_shorter_is_no_image(stored: Stored) -> None:
    stored.path.write_bytes(stored.path.read_bytes()[:-1])
    assert np.array_equal(stored[:39], PIXELS[:39])
    with pytest.raises(OSError, match="shorter than it was written"):
        stored[38:]


def test_a_row_that_is_not_there(stored: Stored) -> None:
    with pytest.raises(IndexError):
        stored[40]
