"""A tenth is held out by content: groups stay together, names and order change nothing."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gan_bench.data.choosing.split import held_out

sizes_of_groups = st.lists(st.integers(1, 30), min_size=1, max_size=60)


def digests(count: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (5001, 32), np.uint8)[:count]


def groups_of(sizes: list[int]) -> np.ndarray:
    return np.repeat(np.arange(len(sizes)), sizes)


@pytest.mark.parametrize("count", [10, 11, 19, 20, 163, 5000])
def test_exactly_a_tenth_of_single_images_is_held_out(count: int) -> None:
    assert held_out(np.arange(count), digests(count)).sum() == count // 10


@settings(max_examples=25, deadline=None)
@given(sizes=sizes_of_groups, seed=st.integers(0, 99))
def test_groups_stay_together_in_any_order(sizes: list[int], seed: int) -> None:
    groups = groups_of(sizes)
    names = digests(len(groups))
    held = held_out(groups, names)
    for group in range(len(sizes)):
        assert len(set(held[groups == group])) == 1
    order = np.random.default_rng(seed).permutation(len(groups))
    numbers = np.random.default_rng(seed).permutation(len(sizes))
    assert np.array_equal(held_out(numbers[groups[order]], names[order]), held[order])


@settings(max_examples=25, deadline=None)
@given(sizes=st.lists(st.integers(1, 5), min_size=50, max_size=200))
def test_small_groups_make_a_tenth_exactly_or_nearly(sizes: list[int]) -> None:
    count = sum(sizes)
    assert count // 10 - 4 <= held_out(groups_of(sizes), digests(count)).sum() <= count // 10


@settings(max_examples=25, deadline=None)
@given(count=st.integers(10, 400))
def test_another_image_moves_one_at_most(count: int) -> None:
    before = held_out(np.arange(count), digests(count))
    after = held_out(np.arange(count + 1), digests(count + 1))[:count]
    assert (before != after).sum() <= 1


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ([20] * 5, 20),  # five folders: one of them, although it is a fifth
        ([50, 25, 25], 25),
        ([1, *[33] * 3], 1),  # another third would be too much
        ([50, 50], 0),
        ([100], 0),
        ([90, *[1] * 10], 10),
    ],
)
def test_large_groups(sizes: list[int], expected: int) -> None:
    assert held_out(groups_of(sizes), digests(sum(sizes))).sum() == expected


def test_large_groups_are_as_likely_to_be_held_out_as_small_ones() -> None:
    sizes = [1] * 450 + [3] * 150
    shares = [held_out(groups_of(sizes), digests(900, seed))[450:].sum() / 90 for seed in range(40)]
    assert np.mean(shares) == pytest.approx(0.5, abs=0.06)
