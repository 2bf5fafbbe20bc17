"""Graded corruptions: sets of any size, with as much of a fault as they say."""

from __future__ import annotations

import numpy as np
import pytest

from gan_bench.measure import graded
from gan_bench.measure.graded import GRADED, Graded, Pool

N, BANK = 40, 80


def pool(modes: bool = True, channels: int = 3) -> Pool:
    """Images of which no two are equal; every tenth has the same mode."""
    images = np.random.default_rng(0).integers(0, 256, (400, channels, 16, 16), dtype=np.uint8)
    return Pool(
        reference=images[:100],
        others=images[100:],
        count=300,
        clean=200,
        bank=BANK,
        modes=np.arange(300) % 10 if modes else None,
    )


def drawn(each: Graded, strength: float, of: Pool) -> np.ndarray:
    """(N, C, H, W): one set."""
    bank = each.bank(of, strength)
    base = np.random.default_rng(1).permutation(len(bank) or of.bank)[:N]
    clean, rows = each.choose(base, strength)
    parts = [of.first(of.clean)[clean], bank[rows]] if len(rows) else [of.first(of.clean)[clean]]
    return np.concatenate(parts)


@pytest.mark.parametrize("each", GRADED, ids=lambda each: each.name)
def test_every_strength_makes_sets_that_differ(each: Graded) -> None:
    sets = [drawn(each, strength, pool()) for strength in each.strengths_for(pool(), N)]
    assert sets
    for images in sets:
        assert (images.shape, images.dtype) == ((N, 3, 16, 16), np.uint8)
    assert not any(np.array_equal(a, b) for k, a in enumerate(sets) for b in sets[:k])


def test_names_differ_and_the_strength_that_is_followed_is_one_of_them() -> None:
    assert len(graded.BY_NAME) == len(GRADED)
    assert graded.FIXED_STRENGTH in graded.BY_NAME[graded.FIXED].strengths


@pytest.mark.parametrize(("share", "count"), [(0.1, 4), (0.5, 20), (1, 40)])
def test_so_many_images_are_copies(share: float, count: int) -> None:
    of = pool()
    images = drawn(graded.BY_NAME["copies"], share, of).astype(int)
    nearest = [abs(of.reference.astype(int) - image).mean((1, 2, 3)).min() for image in images]
    assert sum(distance < 2 for distance in nearest) == count


def test_even_the_smallest_share_is_one_image() -> None:
    clean, bad = graded.BY_NAME["only-noise"].choose(np.arange(16), 0.01)
    assert (len(clean), len(bad)) == (15, 1)


@pytest.mark.parametrize(
    ("name", "strength", "different"),
    [("one-image", 0.5, 21), ("one-image", 0.9, 5), ("each-again", 2, 20), ("each-again", 20, 2)],
)
def test_repeats_leave_so_many_different_images(name: str, strength: float, different: int) -> None:
    images = drawn(graded.BY_NAME[name], strength, pool())
    assert len(np.unique(images.reshape(N, -1), axis=0)) == different


def test_modes_are_lost_and_a_larger_loss_leaves_none_that_a_smaller_one_took() -> None:
    of, lost = pool(), graded.BY_NAME["lost-modes"]
    known = {image.tobytes(): mode for image, mode in zip(of.first(300), of.modes, strict=True)}  # type: ignore[arg-type]
    left = [{known[image.tobytes()] for image in lost.bank(of, share)} for share in (0.5, 0.8)]
    assert [len(modes) for modes in left] == [5, 2]
    assert left[1] < left[0]


def test_what_cannot_be_made_has_a_reason() -> None:
    lost, hue = graded.BY_NAME["lost-modes"], graded.BY_NAME["hue"]
    assert lost.why_not(pool(modes=False), N) == "the images have no labels"
    assert hue.why_not(pool(channels=1), N) == "the images are grey"
    assert lost.strengths_for(pool(), N) == (0.5,)  # one mode has 30 images, and 0.99 leaves none
    assert lost.impossible(pool(), N, 0.9) is not None
    assert lost.impossible(pool(), N, 0.99) == "there are only 10 modes"


def test_opacity_stays_where_colours_turn() -> None:
    of = pool(channels=4)
    turned = graded.BY_NAME["hue"].bank(of, 120)
    assert np.array_equal(turned[:, 3], of.first(BANK)[:, 3])
    assert not np.array_equal(turned[:, :3], of.first(BANK)[:, :3])
