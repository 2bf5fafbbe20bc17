"""The sequential test: exact by enumeration, and how often it errs."""

from __future__ import annotations

import math
from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gan_bench.report.sequential import (
    MOST_ROWS,
    PERMUTATIONS,
    can_decide,
    decide,
    first_crossings,
    in_order,
    level_of,
    sets_of,
)
from gan_bench.results.plans import Sequential
from laws import LAWS, at_most

FEW = 400  # permutations, for time: the test is exact with any number


def name(row: int) -> tuple[str, str]:
    return f"arch{row}", "loss"


def design(rows: int, per_look: int = 5, most: int = 20, alpha: float = 0.05) -> Sequential:
    names = tuple(map(name, range(rows)))
    return Sequential(alpha=alpha, per_look=per_look, most=most, rows=names)


def costs(rows: list[list[float]]) -> dict[tuple[str, str], list[float]]:
    return {name(k): row for k, row in enumerate(rows)}


def ladder(rows: int, seeds: int) -> list[list[float]]:
    return [[100.0 * row + seed for seed in range(seeds)] for row in range(rows)]


# The boundary


def crosses(x: np.ndarray, looks: int, alpha: float) -> int:
    """AdaStop's boundary for two rows (2, looks, N), from all permutations; the look, or 0."""
    done, n = x.shape[1:]
    splits = [list(first) for first in combinations(range(2 * n), n)]
    halves = [
        [2 * x[:, k].ravel()[first].sum() - x[:, k].sum() for first in splits] for k in range(done)
    ]
    paths = [np.abs(np.cumsum(path)) for path in product(*halves)]  # the first one is x itself
    waiting = np.ones(len(paths), bool)
    for k in range(done):
        at = np.array([path[k] for path in paths])
        allowed = math.floor(len(paths) * alpha * (k + 1) / looks + 1e-9) - np.sum(~waiting)
        bound = np.sort(at[waiting])[::-1][allowed]
        crossing = waiting & (at > bound + 1e-9)
        if crossing[0]:
            return k + 1
        waiting &= ~crossing
    return 0


def test_two_rows_cross_where_all_permutations_say() -> None:
    """Random permutations err near the bound only: of 60 tables, nearly all are the same."""
    drawn = np.random.default_rng(0).normal(size=(60, 2, 2, 4))
    drawn[:, 0] -= np.linspace(0, 3, 60)[:, None, None]
    found = first_crossings(drawn, 2, 0.2).tolist()
    exact = [crosses(each, 2, 0.2) for each in drawn]
    assert np.mean(np.equal(found, exact)) >= 0.9
    assert {0, 1, 2} == set(exact)


def test_of_all_permutations_at_most_alpha_k_of_k_have_crossed_by_look_k() -> None:
    """Every permuted table in turn: exactly what validity under exchangeability means."""
    one = np.random.default_rng(1).normal(size=(2, 1, 3))
    values = one[:, 0].ravel()
    tables = [
        np.array([values[list(first)], np.delete(values, list(first))])[:, None]
        for first in combinations(range(6), 3)
    ]
    crossed = sum(crosses(table, 1, 0.2) > 0 for table in tables)
    assert crossed == 4  # of 20: no more than a fifth, and all of it


@given(st.permutations(range(5)), st.floats(0.01, 100), st.floats(-1000, 1000))
@settings(max_examples=20, deadline=None)
def test_a_decision_knows_no_unit_no_zero_and_no_direction_of_time_within_a_look(
    order: list[int], unit: float, zero: float
) -> None:
    drawn = np.random.default_rng(2).normal(size=(3, 10))
    drawn[0] -= 3
    before = decide(costs(drawn.tolist()), design(3))
    moved = unit * drawn + zero
    assert decide(costs(moved.tolist()), design(3)) == before


# Decisions


def test_rows_that_do_not_overlap_stop_at_the_first_look_and_equal_ones_go_on() -> None:
    apart = decide(costs(ladder(2, 5)), design(2))
    assert apart.decided
    assert apart.apart == {(name(0), name(1)): 1}
    assert set(apart.seeds.values()) == {5}
    alike = decide(costs([[1.0, 2, 3, 4, 5]] * 2), design(2))
    assert not alike.decided
    assert set(alike.seeds.values()) == {10}
    assert not alike.tells(name(0), name(1))


def test_a_row_told_apart_from_all_gets_no_more_seeds() -> None:
    alike = np.random.default_rng(3).normal(size=(2, 10)).tolist()
    rows = costs([[1000.0 + k for k in range(10)], *alike])
    said = decide({row: values[:5] for row, values in rows.items()}, design(3))
    if not said.apart:  # three rows: the first look cannot tell them apart
        said = decide(rows, design(3))
    assert said.tells(name(0), name(1))
    assert said.tells(name(2), name(0))
    assert not said.tells(name(1), name(2))
    assert said.seeds[name(0)] < said.seeds[name(1)] == said.seeds[name(2)]
    assert said.reason(name(0)) == "told apart from all"
    assert said.reason(name(1)) == "so far: not told apart from 1 of 2"


def test_nothing_is_looked_at_before_all_rows_have_their_seeds_and_beyond_the_last_look() -> None:
    whole = ladder(2, 30)
    begun = decide(costs([whole[0][:5], whole[1][:4]]), design(2))
    assert (begun.decided, begun.apart, set(begun.seeds.values())) == (False, {}, {5})
    alike = np.random.default_rng(4).normal(size=(2, 20))
    ended = decide(costs(alike.tolist()), design(2))
    more = np.hstack([alike, [[0.0] * 30, [1e6] * 30]])
    assert decide(costs(more.tolist()), design(2)) == ended
    assert ended.decided
    assert ended.reason(name(0)) == "the most: not told apart from 1 of 1"


def test_a_decision_at_a_look_stays_whatever_comes_later() -> None:
    """So that a run killed at any moment, and seeds that others add, change no decision."""
    drawn = np.random.default_rng(5).normal(size=(3, 20))
    drawn[1] += 2
    drawn[2] += 4
    last: dict[object, int] = {}
    for looks in range(1, 5):
        said = decide(costs(drawn[:, : 5 * looks].tolist()), design(3))
        assert last.items() <= said.apart.items()
        last = dict(said.apart)
    assert last


def test_a_seed_without_a_score_counts_as_the_worst() -> None:
    good = [float(k) for k in range(6)]
    diverged = decide(costs([good, [math.inf] * 6]), design(2, per_look=6, most=6))
    assert diverged.tells(name(0), name(1))
    both = decide(costs([[math.inf] * 6] * 2), design(2, per_look=6, most=6))
    assert not both.apart
    one = costs([[*good[:5], math.inf], [k + 10 for k in good]])
    assert decide(one, design(2, per_look=6, most=6)).used == {name(0): 6, name(1): 6}


def test_seeds_count_up_to_the_first_that_has_not_ended() -> None:
    assert in_order({0: 1.0, 1: 2.0, 3: 4.0}) == [1.0, 2.0]
    assert in_order({1: 1.0}) == []


# Levels


@pytest.mark.parametrize("rows", [2, 3, 6, 8, 12])
def test_of_rows_in_any_groups_the_levels_of_the_groups_add_up_to_alpha_at_most(rows: int) -> None:
    for size in range(2, rows + 1):
        groups = rows // size
        if (size,) != (2,) and rows > 8:
            continue  # such sets are not tested
        assert groups * level_of(size, rows, 0.05) <= 0.05 + 1e-12


def test_many_rows_are_tested_by_pairs_and_too_many_are_not_tested() -> None:
    assert len(sets_of([name(k) for k in range(8)])) == 2**8 - 8 - 1
    assert len(sets_of([name(k) for k in range(9)])) == math.comb(9, 2)
    assert can_decide(9, design(9))
    assert not can_decide(MOST_ROWS + 1, design(MOST_ROWS + 1))
    assert not can_decide(2, design(2, per_look=3, most=3))
    assert can_decide(2, design(2, per_look=4, most=4))


# How often it errs


@pytest.mark.parametrize("law", ["normal", "heavy-tailed", "skewed", "mostly tied"])
def test_of_equal_rows_at_most_alpha_are_called_different_at_any_look(law: str) -> None:
    drawn = LAWS[law](np.random.default_rng(6), (1_000, 3, 3, 4))
    pairs = [(0, 1), (0, 2), (1, 2)]
    whole = first_crossings(drawn, 3, 0.05, FEW) > 0
    apart = [whole & (first_crossings(drawn[:, pair], 3, 0.05, FEW) > 0) for pair in pairs]
    assert at_most(int(np.any(apart, axis=0).sum()), 1_000)


def test_two_equal_rows_beside_others_are_told_apart_in_at_most_alpha() -> None:
    drawn = np.random.default_rng(7).normal(size=(1_000, 4, 2, 4))
    drawn[:, 2:] += 50
    level = level_of(2, 4, 0.05)
    one, other = (first_crossings(drawn[:, pair], 2, level, FEW) > 0 for pair in ([0, 1], [2, 3]))
    assert at_most(int((one | other).sum()), 1_000)


def test_peeking_costs_nothing_in_error_and_a_real_difference_is_found_early() -> None:
    drawn = np.random.default_rng(8).normal(size=(300, 2, 4, 5))
    drawn[:, 0] -= 2
    found = first_crossings(drawn, 4, 0.05, FEW)
    assert np.mean(found > 0) > 0.95
    assert np.mean(found) < 2.5  # of 4 looks


def test_the_permutations_are_the_same_ones_every_time() -> None:
    drawn = np.random.default_rng(9).normal(size=(5, 2, 3, 5))
    one, other = (first_crossings(drawn, 3, 0.05) for _ in range(2))
    assert (one == other).all()
    assert PERMUTATIONS >= 10_000
