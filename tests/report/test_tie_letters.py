"""Holm's correction and tie letters: by hand, against all p-values, and how often they err."""

from __future__ import annotations

from itertools import combinations
from random import Random
from string import ascii_lowercase, ascii_uppercase

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gan_bench.report.comparison import p_value
from gan_bench.report.letters import holm, least_seeds, letters, tie_columns
from gan_bench.report.statistics import MIN_SEEDS
from laws import LAWS, at_most


def ladder(rows: int, seeds: int) -> list[list[float]]:
    """Rows that do not overlap at all."""
    return [[100.0 * row + seed for seed in range(seeds)] for row in range(rows)]


# Holm


def test_holm_by_hand() -> None:
    # in rising order 0.01 x 4, 0.02 x 3, 0.03 x 2, 0.04 x 1, each at least the one before
    assert holm([0.03, 0.01, 0.04, 0.02]) == pytest.approx([0.06, 0.04, 0.06, 0.06])
    assert holm([0.5, 0.9]) == pytest.approx([1, 1])
    assert holm([0.03]) == [0.03]
    assert holm([]) == []


@given(st.lists(st.floats(0, 1), min_size=1, max_size=10), st.randoms())
def test_holm_lies_between_no_correction_and_bonferroni_s(ps: list[float], random: Random) -> None:
    adjusted = holm(ps)
    for p, found in zip(ps, adjusted, strict=True):
        assert p <= found <= min(1, len(ps) * p)
    assert sorted(holm(random.sample(ps, len(ps)))) == pytest.approx(sorted(adjusted))


# Tie letters


def test_rows_that_do_not_overlap_have_letters_of_their_own_and_equal_rows_share_one() -> None:
    assert letters(ladder(3, 6)) == ["a", "b", "c"]
    assert letters([[1, 2, 3, 4, 5, 6]] * 3) == ["a", "a", "a"]


def test_a_row_between_two_shares_a_letter_with_each() -> None:
    low, high = [float(k) for k in range(6)], [float(k) for k in range(6, 12)]
    between = [3.0, 4.0, 5.0, 6.0, 7.0, 8.0]
    assert letters([low, between, high]) == ["a", "ab", "b"]


def test_a_row_under_four_seeds_is_not_tested() -> None:
    few = [1000.0, 1001.0, 1002.0]
    # with it, the pairs would be three and 4 v 4 seeds could not be told apart
    assert letters([ladder(2, 4)[0], few, ladder(2, 4)[1]]) == ["a", "", "b"]
    assert letters([few, *ladder(2, 4)]) == ["", "a", "b"]


def test_a_table_of_nothing_has_no_letters() -> None:
    assert letters([]) == []
    assert letters([[1.0], [2.0]]) == ["", ""]


def test_a_row_with_which_no_other_can_be_compared_has_no_letter() -> None:
    assert letters([[1.0, 2.0, 3.0, 4.0]]) == [""]
    assert letters([*ladder(1, 6), [1.0, 2.0, 3.0]]) == ["", ""]


def test_the_letters_do_not_end_with_z() -> None:
    found = letters(ladder(54, MIN_SEEDS), alpha=1)
    assert found == [*ascii_lowercase, *ascii_uppercase, ".a", ".b"]


def test_columns_by_hand() -> None:
    # Four rows of which the first differs from the last two and the second from the last.
    assert tie_columns(range(4), [(0, 2), (0, 3), (1, 3)]) == [(0, 1), (1, 2), (2, 3)]
    assert tie_columns(range(3), []) == [(0, 1, 2)]
    assert tie_columns(range(3), [(0, 1), (0, 2), (1, 2)]) == [(0,), (1,), (2,)]
    assert tie_columns(range(3), [(1, 2)]) == [(0, 1), (0, 2)]


@given(st.integers(1, 7).flatmap(lambda n: st.tuples(st.just(n), st.sets(pairs_of(n)))))
def test_two_rows_share_a_column_unless_they_are_apart(
    case: tuple[int, set[frozenset[int]]],
) -> None:
    rows, found = case
    apart = [(min(pair), max(pair)) for pair in found]
    columns = tie_columns(range(rows), apart)
    shared = {pair for column in columns for pair in combinations(column, 2)}
    assert shared == set(combinations(range(rows), 2)) - set(apart)
    assert {row for column in columns for row in column} == set(range(rows))
    assert 0 in columns[0]
    assert columns == tie_columns(range(rows), reversed(apart))


def pairs_of(n: int) -> st.SearchStrategy[frozenset[int]]:
    return st.frozensets(st.integers(0, n - 1), min_size=2, max_size=2) if n > 1 else st.nothing()


sizes = st.integers(MIN_SEEDS, 12)


tables = st.integers(0, 99).flatmap(
    lambda seed: st.tuples(st.just(seed), st.lists(sizes, min_size=2, max_size=6))
)


@settings(max_examples=50)
@given(tables, st.sampled_from([1e-4, 0.01, 0.05, 0.5, 1.0]))
def test_the_letters_are_those_of_all_p_values(table: tuple[int, list[int]], alpha: float) -> None:
    rng = np.random.default_rng(table[0])
    rows = [rng.normal(4 * k, 1, n).tolist() for k, n in enumerate(table[1])]
    pairs = list(combinations(range(len(rows)), 2))
    adjusted = holm([p_value(rows[i], rows[j]) for i, j in pairs])
    columns = tie_columns(range(len(rows)), [pair for pair, p in zip(pairs, adjusted, strict=True)
                                             if p <= alpha])  # fmt: skip
    for row, found in enumerate(letters(rows, alpha)):
        assert found == "".join(ascii_lowercase[k] for k, c in enumerate(columns) if row in c)


@pytest.mark.parametrize(("rows", "seeds"), [(1000, 10), (1000, 14), (26, 8), (46, 30), (8, 6)])
def test_where_no_two_rows_can_be_told_apart_nothing_is_computed(
    rows: int, seeds: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "gan_bench.report.letters.p_values", lambda pairs: pytest.fail("was computed")
    )
    assert letters(ladder(rows, seeds)) == ["a"] * rows


@pytest.mark.parametrize(("rows", "seeds"), [(25, 8), (45, 12), (7, 6)])
def test_with_one_row_less_the_tests_are_computed(rows: int, seeds: int) -> None:
    assert len(set(letters(ladder(rows, seeds)))) > 1


# Calibration


@pytest.mark.parametrize("law", LAWS)
def test_in_at_most_5_of_100_tables_of_six_equal_rows_is_any_difference_claimed(law: str) -> None:
    trials = 500
    drawn = LAWS[law](np.random.default_rng(4), (trials, 6, 6)).tolist()
    assert at_most(sum(set(letters(table)) != {"a"} for table in drawn), trials)


def test_six_seeds_separate_rows_three_standard_deviations_apart() -> None:
    trials = 200
    drawn = np.random.default_rng(5).normal([[0], [3]], 1, (trials, 2, 6))
    assert sum(letters(table) == ["a", "b"] for table in drawn.tolist()) > 0.95 * trials


@pytest.mark.parametrize("rows", [2, 3, 6, 10, 15])
def test_the_least_number_of_seeds_is_where_claims_begin(rows: int) -> None:
    n = least_seeds(rows) or pytest.fail("too many rows")
    assert len(set(letters(ladder(rows, n)))) > 1
    assert n == MIN_SEEDS or set(letters(ladder(rows, n - 1))) == {"a"}
