"""The kernel distance against its definition, and the blocks that it is a mean over."""

from __future__ import annotations

import numpy as np
import pytest

from gan_bench import Unscorable
from gan_bench_plugins.kernel import UNIT, disjoint_blocks, kernel_distance


def unbiased(x: np.ndarray, y: np.ndarray) -> float:
    """The sums of the definition, one pair at a time."""

    def mean(a: np.ndarray, b: np.ndarray, *, same: bool) -> float:
        pairs = [(i, j) for i in range(len(a)) for j in range(len(b)) if not (same and i == j)]
        return float(np.mean([(a[i] @ b[j] / a.shape[1] + 1) ** 3 for i, j in pairs]))

    return mean(x, x, same=True) + mean(y, y, same=True) - 2 * mean(x, y, same=False)


def test_the_kernel_distance_is_its_definition() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(30, 7)), rng.exponential(size=(30, 7))
    assert kernel_distance(x, y) == pytest.approx(UNIT * unbiased(x, y), rel=1e-9)


@pytest.mark.parametrize("n", [10, 200])
@pytest.mark.parametrize(("mean", "expected"), [(0, 0), (1, 16 + 3 + 3)])
def test_the_kernel_distance_is_its_closed_form_on_average_whatever_n(
    mean: int, expected: int, n: int
) -> None:
    """F = 1: (ab + 1)^3 compares three moments, (m_3 - n_3)^2 + 3 (m_2 - n_2)^2 + 3 (m_1 - n_1)^2.

    N(1, 1) has the moments 1, 2, 4 and N(0, 1) has 0, 1, 0.
    """
    rng = np.random.default_rng(1)
    drawn = [(rng.normal(size=(n, 1)), rng.normal(mean, size=(n, 1))) for _ in range(200)]
    values = [kernel_distance(real, fake) for real, fake in drawn]
    error = np.std(values) / np.sqrt(200)
    assert np.mean(values) == pytest.approx(UNIT * expected, abs=4 * error)
    assert min(values) < 0 or expected


@pytest.mark.parametrize(("n", "m", "blocks"), [(50, 50, 1), (2_500, 3_700, 2), (9_000, 3_000, 3)])
def test_no_image_is_in_two_blocks_and_blocks_are_equal(n: int, m: int, blocks: int) -> None:
    real, fake = np.arange(n)[:, None], np.arange(m)[:, None]
    pairs = list(disjoint_blocks(real, fake))
    assert {(len(x), len(y)) for x, y in pairs} == {(min(n, m) // blocks,) * 2}
    for drawn in zip(*pairs, strict=True):
        rows = np.concatenate(drawn).ravel()
        assert len(rows) == len(set(rows)) == min(n, m) // blocks * blocks


def test_a_sorted_folder_is_not_cut_into_its_classes() -> None:
    classes = np.repeat([0, 1], 1_500)[:, None]
    assert all(0.4 < x.mean() < 0.6 for x, _ in disjoint_blocks(classes, classes))


def test_the_kernel_distance_of_several_blocks_is_their_mean_and_repeats_itself() -> None:
    rng = np.random.default_rng(3)
    real, fake = rng.normal(size=(2_100, 3)), rng.normal(0.3, size=(2_300, 3))
    parts = [kernel_distance(x, y) for x, y in disjoint_blocks(real, fake)]
    assert len(parts) == 2
    assert kernel_distance(real, fake) == kernel_distance(real, fake)
    assert kernel_distance(real, fake) == pytest.approx(np.mean(parts))


def test_large_features_are_no_obstacle_and_what_has_no_pairs_is_refused() -> None:
    large = np.random.default_rng(5).normal(size=(2, 9, 3)).astype(np.float32) * np.float32(1e30)
    assert np.isfinite(kernel_distance(*large))
    with pytest.raises(Unscorable, match="needs 2 images"):
        kernel_distance(np.ones((5, 3)), np.ones((1, 3)))
