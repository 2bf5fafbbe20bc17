"""The built-in data set: faces that are pure functions of (seed, index), with known modes."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from scipy.stats import chi2_contingency, chisquare

from gan_bench import Images, UsageError
from gan_bench_plugins import toonfaces
from gan_bench_plugins.toonfaces import (
    COLOURS,
    EXPRESSIONS,
    SEED,
    SIZES,
    STYLES,
    factors,
    modes,
    render,
)
from gan_bench_plugins.toonfaces.colours import HAIR
from gan_bench_plugins.toonfaces.face import FACES
from gan_bench_plugins.toonfaces.hair import HAIRCUTS

# version -> SHA-256 of the first 200 faces at 32 px
PUBLISHED = {"1": "3b681082be1f9a068ffb28644f8c2f33630086b39ce068a1e4244b9c4387bb30"}


@pytest.fixture(scope="module")
def images() -> Images:
    return toonfaces.load(None, 32, False)


@pytest.mark.parametrize("size", [16, 32, 128])
def test_a_face_is_the_same_whatever_is_drawn_beside_it(size: int) -> None:
    indices = np.arange(60)
    together = render(5, indices, size)
    alone = np.concatenate([render(5, [index], size) for index in range(60)])
    backwards = render(5, indices[::-1], size)[::-1]
    assert (together == alone).all()
    assert (together == backwards).all()


def test_a_face_has_the_very_pixels_that_were_published() -> None:
    """Whoever changes a pixel must change the data set's version, and train its judge again."""
    faces = render(SEED, range(200), 32)
    assert hashlib.sha256(faces.tobytes()).hexdigest() == PUBLISHED["1"]
    assert toonfaces.gan_bench_datasets()[0].version == "1"


def test_another_seed_or_index_is_another_face() -> None:
    faces = np.concatenate([render(1, range(100), 32), render(2, range(100), 32)])
    assert len(np.unique(faces.reshape(200, -1), axis=0)) == 200


@pytest.mark.parametrize("size", SIZES)
def test_faces_come_at_every_size_and_in_any_number(size: int) -> None:
    for count in (0, 3):
        faces = render(SEED, range(count), size)
        assert faces.shape == (count, 3, size, size)
        assert faces.dtype == np.uint8


def test_sizes_show_the_same_face() -> None:
    small, large = (render(SEED, range(50), size).astype(float) for size in (32, 128))
    shrunk = large.reshape(50, 3, 32, 4, 32, 4).mean((3, 5))
    assert np.abs(shrunk - small).mean() < 4  # of 255; two different faces differ by about 50


@pytest.mark.parametrize("size", [8, 28, 33, 512])
def test_a_size_that_cannot_be_drawn_is_refused_with_the_sizes_that_can(size: int) -> None:
    with pytest.raises(UsageError, match=f"16, 32, 64, 128 or 256 px, not at {size}"):
        toonfaces.load(None, size, False)


@pytest.mark.parametrize(("one", "other"), [(0, 1), (0, 2), (1, 2)])
def test_factors_are_uniform_and_independent(one: int, other: int) -> None:
    table = np.zeros((10, 10))
    np.add.at(table, tuple(factors(SEED, range(30_000))[:, [one, other]].T), 1)
    assert chi2_contingency(table).pvalue > 1e-3
    assert chisquare(table.sum(0)).pvalue > 1e-3
    assert chisquare(table.sum(1)).pvalue > 1e-3


def test_a_mode_is_its_three_factors_as_digits_and_there_are_a_thousand() -> None:
    digits = factors(SEED, range(20_000))
    assert (modes(SEED, range(20_000)) == digits @ [100, 10, 1]).all()
    assert len(np.unique(modes(SEED, range(20_000)))) == 1000
    assert len(STYLES) == len(COLOURS) == len(EXPRESSIONS) == len(HAIR) == 10
    assert set(HAIRCUTS) == set(STYLES)
    assert set(FACES) == set(EXPRESSIONS)


def test_held_out_faces_are_none_of_those_to_train_on(images: Images) -> None:
    train, held_out = (images.train[:1500], images.held_out[:1500])
    seen = {face.tobytes() for face in train}
    assert not any(face.tobytes() in seen for face in held_out)


def test_the_set_slices_like_an_array(images: Images) -> None:
    assert (len(images.train), len(images.held_out)) == (20_000, 10_000)
    assert (images.train[10:20:3] == render(SEED, [10, 13, 16, 19], 32)).all()
    assert (images.held_out[-2:] == render(SEED, [29_998, 29_999], 32)).all()
    assert images.train[20_000:].shape == (0, 3, 32, 32)


def test_labels_are_modes(images: Images) -> None:
    labels = images.train_labels, images.held_out_labels
    for given, rows in zip(labels, (range(20_000), range(20_000, 30_000)), strict=True):
        assert given is not None
        assert np.array_equal(given, modes(SEED, rows))


def test_the_offer_names_its_judge_and_its_modes() -> None:
    (offer,) = toonfaces.gan_bench_datasets()
    assert (offer.name, offer.modes, offer.judge) == ("toonfaces", 1000, "toonfaces-judge")
    assert offer.size is None
    assert offer.features is None
