"""The judges: they name the modes of real images, and know noise and blends for what they are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torchvision_files import real_digits

from gan_bench import DataError, Features
from gan_bench_plugins import judges, toonfaces
from gan_bench_plugins.toonfaces import HELD_OUT, SEED, TRAIN


def offer(name: str) -> Features:
    return next(offer for offer in judges.gan_bench_features() if offer.name == name)


def judged(name: str, images: np.ndarray) -> np.ndarray:
    """(N, C, H, W) uint8 -> (N,) modes."""
    judge = offer(name)
    assert judge.modes is not None
    return judge.modes(judge.load("cpu", None)(torch.from_numpy(images.copy())).numpy())


@pytest.fixture(scope="module")
def rows() -> np.ndarray:
    return np.arange(TRAIN, TRAIN + HELD_OUT)[:2000]


@pytest.fixture(scope="module")
def faces(rows: np.ndarray) -> np.ndarray:
    return toonfaces.render(SEED, rows, 32)


@pytest.fixture(scope="module")
def found(faces: np.ndarray) -> np.ndarray:
    return judged("toonfaces-judge", faces)


@pytest.fixture(scope="module")
def digits() -> tuple[np.ndarray, np.ndarray]:
    tiles, labels = real_digits()
    return tiles[:, None], labels


def factor_accuracy(found: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """(3,) the share of faces with a factor named rightly; a rejected face is named wrongly."""
    named = found[:, None] // [100, 10, 1] % 10
    right: np.ndarray = (named == toonfaces.factors(SEED, rows)) & (found >= 0)[:, None]
    return np.asarray(right.mean(0))


def test_99_of_100_held_out_faces_are_named_in_every_factor(
    found: np.ndarray, rows: np.ndarray
) -> None:
    assert (factor_accuracy(found, rows) >= 0.99).all()


@pytest.mark.parametrize("size", [64, 128])
def test_faces_of_other_sizes_are_named_as_well(size: int, rows: np.ndarray) -> None:
    faces = toonfaces.render(SEED, rows[:400], size)
    assert (factor_accuracy(judged("toonfaces-judge", faces), rows[:400]) >= 0.99).all()


def test_no_style_colour_or_expression_is_neglected(found: np.ndarray, rows: np.ndarray) -> None:
    factors = toonfaces.factors(SEED, rows)
    for column in range(3):
        for value in range(10):
            chosen = factors[:, column] == value
            assert factor_accuracy(found[chosen], rows[chosen])[column] >= 0.98, (column, value)


def test_blends_of_two_faces_are_none(faces: np.ndarray, rows: np.ndarray) -> None:
    differ = toonfaces.modes(SEED, rows) != np.roll(toonfaces.modes(SEED, rows), 1)
    blends = (faces[differ].astype(int) + np.roll(faces, 1, 0)[differ]) // 2
    assert (judged("toonfaces-judge", blends.astype(np.uint8)) == -1).mean() >= 0.95


NOISE = {  # (1000, 3, 32, 32) from random numbers
    "uniform": lambda rng: rng.integers(0, 256, (1000, 3, 32, 32), np.uint8),
    "gaussian": lambda rng: rng.normal(127.5, 60, (1000, 3, 32, 32)).clip(0, 255).astype(np.uint8),
    "flat": lambda rng: rng.integers(0, 256, (1000, 3, 1, 1), np.uint8).repeat(32, 2).repeat(32, 3),
    "coarse": lambda rng: rng.integers(0, 256, (1000, 3, 4, 4), np.uint8).repeat(8, 2).repeat(8, 3),
}


@pytest.mark.parametrize("kind", NOISE)
@pytest.mark.parametrize("name", ["toonfaces-judge", "mnist-judge"])
def test_noise_is_none(name: str, kind: str) -> None:
    images = NOISE[kind](np.random.default_rng(0))
    assert (judged(name, images) == -1).mean() >= 0.98


def test_98_of_100_digits_that_it_never_saw_are_named(
    digits: tuple[np.ndarray, np.ndarray],
) -> None:
    tiles, labels = digits
    assert (judged("mnist-judge", tiles) == labels).mean() >= 0.98


def test_grey_and_its_colour_copy_are_judged_alike(digits: tuple[np.ndarray, np.ndarray]) -> None:
    tiles, _ = digits
    assert (judged("mnist-judge", tiles) == judged("mnist-judge", tiles.repeat(3, 1))).all()
    grey = toonfaces.render(SEED, range(20), 32)[:, :1]
    alike = (judged("toonfaces-judge", g) for g in (grey, grey.repeat(3, 1)))
    assert (next(alike) == next(alike)).all()


@pytest.mark.parametrize("name", ["toonfaces-judge", "mnist-judge"])
def test_features_are_signed_float32_and_one_row_per_image(name: str) -> None:
    f = offer(name).load("cpu", None)
    images = torch.randint(0, 256, (5, 3, 48, 48), dtype=torch.uint8)
    features = f(images)
    assert features.shape == (5, 64)
    assert features.dtype == torch.float32
    assert (features < 0).any()
    torch.testing.assert_close(f(images[2:3]), features[2:3])


@pytest.mark.parametrize("name", ["toonfaces-judge", "mnist-judge"])
def test_the_weights_are_those_that_the_source_pins(name: str) -> None:
    judge = next(judge for judge in judges.JUDGES if judge.name == name)
    assert offer(name).digest(None) == judge.sha256
    assert judge.path.stat().st_size < 1_000_000


@pytest.mark.parametrize("name", ["toonfaces-judge", "mnist-judge"])
def test_altered_or_missing_weights_are_an_error(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = bytearray((judges.WEIGHTS / f"{name}.safetensors").read_bytes())
    content[-1] ^= 1
    monkeypatch.setattr(judges, "WEIGHTS", tmp_path)
    judge = offer(name)
    assert judge.modes is not None
    with pytest.raises(DataError, match=r"cannot be read .*: reinstall gan-bench"):
        judge.digest(None)
    (tmp_path / f"{name}.safetensors").write_bytes(content)
    with pytest.raises(DataError, match=rf"{name}.* not the bytes that were shipped: reinstall"):
        judge.digest(None)
    with pytest.raises(DataError, match=name):
        judge.load("cpu", None)
    with pytest.raises(DataError, match=name):
        judge.modes(np.zeros((1, 64), np.float32))


def test_an_unsure_factor_makes_an_image_no_mode() -> None:
    logits = np.zeros((3, 31), np.float32)
    logits[:, 0] = [1, 1, -1]  # a face, a face, none
    logits[:, [1 + 4, 11 + 5, 21 + 6]] = 9
    logits[1, 21:] = 0  # any expression
    assert judges.mode_of(logits, 3).tolist() == [456, -1, -1]
