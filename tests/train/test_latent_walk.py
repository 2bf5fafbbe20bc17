"""A walk through z stays where z from N(0, 1) are, and ends where it began."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gan_bench import UsageError, generator
from gan_bench.train.walk import closed_walk, spherical, square_walk, walks
from trained import CONDITIONAL, write_trained

pytestmark = pytest.mark.usefixtures("one_thread")

RANDOM = np.random.default_rng(0)


def test_an_arc_joins_its_ends_and_keeps_their_length() -> None:
    a, b = RANDOM.normal(size=(2, 64))
    b *= np.linalg.norm(a) / np.linalg.norm(b)
    arc = spherical(a, b, np.linspace(0, 1, 11))
    assert np.allclose(arc[[0, -1]], [a, b])
    assert np.allclose(np.linalg.norm(arc, axis=1), np.linalg.norm(a))
    steps = np.linalg.norm(np.diff(arc, axis=0), axis=1)
    assert np.allclose(steps, steps[0])  # even steps
    middle = np.linalg.norm((a + b) / 2)
    assert middle < 0.8 * np.linalg.norm(a)  # where a straight line would pass


@pytest.mark.parametrize("factor", [1.0, 2.0, 0.0, -1.0])
def test_an_arc_between_parallel_ends_is_finite(factor: float) -> None:
    a = RANDOM.normal(size=16)
    arc = spherical(a, factor * a, np.linspace(0, 1, 5))
    assert np.isfinite(arc).all()
    assert np.allclose(arc[[0, -1]], [a, factor * a])


def test_a_square_has_its_corners_and_arcs_between_them() -> None:
    corners = RANDOM.normal(size=(4, 32))
    square = square_walk(corners, 5).reshape(5, 5, 32)
    assert square.dtype == np.float32
    found = square[[0, 0, -1, -1], [0, -1, 0, -1]]
    assert np.allclose(found, corners, atol=1e-6)
    at = np.linspace(0, 1, 5)
    assert np.allclose(square[:, 0], spherical(corners[0], corners[2], at), atol=1e-6)
    assert np.allclose(square[2], spherical(square[2, 0], square[2, -1], at), atol=1e-6)


@pytest.mark.parametrize(("points", "steps"), [(3, 60), (4, 10), (5, 3), (2, 2)])
def test_a_walk_passes_all_points_and_its_last_step_leads_to_the_first(
    points: int, steps: int
) -> None:
    z = np.random.default_rng(0).normal(size=(points, 2048)).astype(np.float32)
    walk = closed_walk(z, steps)
    assert walk.shape == (steps, 2048)
    assert walk.dtype == np.float32
    assert np.allclose(walk[0], z[0], atol=1e-5)
    if steps % points == 0:
        assert np.allclose(walk[:: steps // points], z, atol=1e-5)
    if steps == 60:
        lengths = np.linalg.norm(np.diff(walk, axis=0, append=walk[:1]), axis=1)
        assert lengths.max() < 1.3 * lengths.min()  # closed: the last step is like the others


def test_generators_of_equal_seeds_walk_the_same_path(tmp_path: Path) -> None:
    one, same = generator(write_trained(tmp_path)), generator(write_trained(tmp_path))
    seen = walks(one, 2, 3, 6, seed=1)
    assert seen.shape == (6, 2, 3, 8, 8)
    assert np.array_equal(seen, walks(same, 2, 3, 6, seed=1))
    assert not np.array_equal(seen, walks(same, 2, 3, 6, seed=2))
    assert not np.array_equal(seen[:, 0], seen[:, 1])


def test_walks_of_a_conditional_generator_have_a_class_each(tmp_path: Path) -> None:
    G = generator(write_trained(tmp_path, "embedding", CONDITIONAL, 3))
    mixed, zeros = walks(G, 2, 2, 4, 0), walks(G, 2, 2, 4, 0, chosen=0)
    assert np.array_equal(mixed[:, 0], zeros[:, 0])
    assert not np.array_equal(mixed[:, 1], zeros[:, 1])
    with pytest.raises(UsageError, match="has no class 3"):
        walks(G, 1, 2, 4, 0, chosen=3)
