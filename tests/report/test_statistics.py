"""Numbers known by hand, an independent library, properties, and how often a claim is wrong."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import combinations
from random import Random
from string import ascii_lowercase, ascii_uppercase

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

from gan_bench.report.statistics import (
    MIN_SEEDS,
    SPLITS,
    Spread,
    agreement,
    holm,
    interval,
    least_seeds,
    letters,
    p_value,
    sources,
    tie_columns,
)

# Whole numbers: two sums are equal or far apart, so that rounding decides nothing.
scores = st.lists(st.integers(-1000, 1000), min_size=1, max_size=7)
many_scores = st.lists(st.integers(-1000, 1000), min_size=9, max_size=12)
LAWS: dict[str, Callable[[np.random.Generator, tuple[int, ...]], np.ndarray]] = {
    "normal": lambda rng, shape: rng.normal(size=shape),
    "heavy-tailed": lambda rng, shape: rng.standard_t(2, shape),
    "very heavy-tailed": lambda rng, shape: rng.standard_cauchy(shape),
    "skewed": lambda rng, shape: rng.lognormal(0, 1.5, shape),
    "mostly tied": lambda rng, shape: rng.integers(0, 3, shape).astype(float),
}


def at_most(wrong: int, trials: int, rate: float = 0.05) -> bool:
    """Whether a true rate no greater gives so many once in 1,000 times or oftener."""
    test = scipy.stats.binomtest(wrong, trials, rate, alternative="greater")
    return bool(test.pvalue > 0.001)


# Intervals


def test_the_interval_is_that_of_the_t_table() -> None:
    # mean 3, s = sqrt(2.5), t(4 degrees of freedom, 97.5 %) = 2.776445 from a printed table
    reach = 2.776445 * math.sqrt(2.5) / math.sqrt(5)
    assert interval([1, 2, 3, 4, 5]) == pytest.approx((3 - reach, 3 + reach), rel=1e-6)


@given(st.lists(st.floats(-1e3, 1e3), min_size=MIN_SEEDS, max_size=12))
def test_the_interval_is_that_of_scipy(values: list[float]) -> None:
    found, error = interval(values), np.std(values, ddof=1) / math.sqrt(len(values))
    if error < 1e-9:
        return
    expected = scipy.stats.t.interval(0.95, len(values) - 1, np.mean(values), error)
    assert found == pytest.approx(expected, rel=1e-9, abs=1e-9)


def test_equal_values_give_an_interval_of_no_width() -> None:
    assert interval([0.1] * 6) == pytest.approx((0.1, 0.1), rel=1e-15)


@pytest.mark.parametrize("n", range(MIN_SEEDS))
def test_under_four_seeds_there_is_no_interval(n: int) -> None:
    assert interval([1.0, 2.0, 3.0][:n]) is None


@pytest.mark.parametrize("n", [4, 6, 10])
def test_of_intervals_of_normal_values_95_in_100_hold_the_mean(n: int) -> None:
    trials = 2_000
    drawn = np.random.default_rng(n).normal(7, 3, (trials, n))
    found = [interval(values) for values in drawn.tolist()]
    held = sum(low <= 7 <= high for low, high in filter(None, found))
    assert scipy.stats.binomtest(held, trials, 0.95).pvalue > 0.001


# The permutation test


@pytest.mark.parametrize(
    ("n", "p"), [(1, 1), (2, 2 / 6), (3, 0.10), (4, 2 / 70), (5, 2 / 252), (6, 2 / 924)]
)
def test_the_p_value_of_rows_that_do_not_overlap(n: int, p: float) -> None:
    assert p_value(range(n), range(100, 100 + n)) == pytest.approx(p)


def test_of_random_splits_none_as_far_is_no_p_value_of_zero() -> None:
    # 12 v 12 has 2,704,156 splits, of which two part the rows as far: 19,999 at random miss them
    assert p_value(range(12), range(100, 112)) == 1 / 20_000


def test_a_p_value_by_hand() -> None:
    # 1 3 | 2 6: of the six splits 1 2|3 6, 1 3|2 6 and their mirrors part the means by 2 or more
    assert p_value([1, 3], [2, 6]) == pytest.approx(4 / 6)


def scipys(a: Sequence[float], b: Sequence[float]) -> float:
    def distance(x: np.ndarray, y: np.ndarray, axis: int) -> np.ndarray:
        return np.asarray(np.abs(x.mean(axis) - y.mean(axis)))

    found = scipy.stats.permutation_test(
        (a, b), distance, vectorized=True, n_resamples=math.inf, alternative="greater"
    )
    return float(found.pvalue)


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("sizes", [(4, 4), (6, 6), (4, 7), (7, 5)])
def test_the_p_value_is_that_of_scipy(law: str, sizes: tuple[int, int]) -> None:
    rng = np.random.default_rng(sum(sizes))
    a, b = (LAWS[law](rng, (n,)).tolist() for n in sizes)
    moved = [value + 1.5 for value in b]
    assert p_value(a, b) == pytest.approx(scipys(a, b), abs=1e-12)
    assert p_value(a, moved) == pytest.approx(scipys(a, moved), abs=1e-12)


def test_the_p_value_of_random_splits_is_close_to_that_of_all() -> None:
    rng = np.random.default_rng(3)
    a, b = rng.normal(size=9).tolist(), rng.normal(0.9, 1, 9).tolist()
    exact = scipys(a, b)
    noise = math.sqrt(exact * (1 - exact) / SPLITS)
    assert p_value(a, b) == pytest.approx(exact, abs=4 * noise)


@given(scores, scores, st.randoms())
def test_the_order_of_seeds_is_nothing(a: list[int], b: list[int], random: Random) -> None:
    assert p_value(shuffled(a, random), shuffled(b, random)) == p_value(a, b)


@settings(max_examples=20)
@given(many_scores, many_scores, st.randoms())
def test_the_order_of_many_seeds_is_nothing(a: list[int], b: list[int], random: Random) -> None:
    assert p_value(shuffled(a, random), shuffled(b, random)) == p_value(a, b)


def shuffled(values: Sequence[float], random: Random) -> list[float]:
    return random.sample(values, len(values))


@given(scores, scores)
def test_neither_row_comes_first(a: list[int], b: list[int]) -> None:
    assert p_value(a, b) == p_value(b, a)


@settings(max_examples=20)
@given(many_scores, many_scores)
def test_neither_of_two_long_rows_comes_first(a: list[int], b: list[int]) -> None:
    assert p_value(a, b) == p_value(b, a)


units = st.floats(1e-3, 1e3) | st.floats(-1e3, -1e-3)


@given(scores, scores, units, st.floats(-1e3, 1e3))
def test_the_unit_and_the_zero_of_scores_are_nothing(
    a: list[int], b: list[int], unit: float, zero: float
) -> None:
    other = ([unit * value + zero for value in row] for row in (a, b))
    assert p_value(*other) == p_value(a, b)


@settings(max_examples=20)
@given(many_scores, many_scores, units, st.floats(-1e3, 1e3))
def test_the_unit_and_the_zero_of_many_scores_are_nothing(
    a: list[int], b: list[int], unit: float, zero: float
) -> None:
    other = ([unit * value + zero for value in row] for row in (a, b))
    assert p_value(*other) == p_value(a, b)


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=7), st.randoms())
def test_a_row_is_never_told_from_itself(values: list[float], random: Random) -> None:
    assert p_value(values, shuffled(values, random)) == 1.0


def test_sums_that_differ_by_rounding_alone_are_tied() -> None:
    # 0.1 + 0.2 + 0.3 is 0.6000000000000001, and 0.3 + 0.2 + 0.1 is 0.6
    assert p_value([0.1, 0.2, 0.3], [0.3, 0.2, 0.1]) == 1.0
    assert p_value([0.1, 0.2, 0.3, 0.4], [0.25] * 4) == 1.0


# Calibration: how often equal rows are called different


@pytest.mark.parametrize("law", LAWS)
def test_over_all_splits_of_any_12_values_at_most_5_in_100_are_called_different(law: str) -> None:
    for pool in LAWS[law](np.random.default_rng(1), (4, 12)).tolist():
        ps = []
        for chosen in combinations(range(12), 6):
            rest = [pool[k] for k in range(12) if k not in chosen]
            ps.append(p_value([pool[k] for k in chosen], rest))
        assert sum(p <= 0.05 for p in ps) <= 0.05 * 924  # no binomial bound: these are all


@pytest.mark.parametrize("law", ["normal", "very heavy-tailed", "skewed"])
def test_above_20_000_splits_at_most_5_in_100_are_called_different(law: str) -> None:
    trials = 400
    drawn = LAWS[law](np.random.default_rng(2), (trials, 2, 9)).tolist()
    assert at_most(sum(p_value(a, b) <= 0.05 for a, b in drawn), trials)


@pytest.mark.parametrize("law", LAWS)
def test_in_at_most_5_of_100_tables_of_six_equal_rows_is_anything_told_apart(law: str) -> None:
    trials = 500
    drawn = LAWS[law](np.random.default_rng(4), (trials, 6, 6)).tolist()
    assert at_most(sum(set(letters(table)) != {"a"} for table in drawn), trials)


def test_six_seeds_tell_rows_apart_that_lie_three_standard_deviations_from_each_other() -> None:
    trials = 200
    drawn = np.random.default_rng(5).normal([[0], [3]], 1, (trials, 2, 6))
    assert sum(letters(table) == ["a", "b"] for table in drawn.tolist()) > 0.95 * trials


@pytest.mark.parametrize("rows", [2, 3, 6, 10, 15])
def test_the_least_number_of_seeds_is_where_claims_begin(rows: int) -> None:
    n = least_seeds(rows) or pytest.fail("too many rows")
    assert len(set(letters(ladder(rows, n)))) > 1
    assert n == MIN_SEEDS or set(letters(ladder(rows, n - 1))) == {"a"}


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
    assert sorted(holm(shuffled(ps, random))) == pytest.approx(sorted(adjusted))


# Tie letters


def test_rows_that_do_not_overlap_have_letters_of_their_own() -> None:
    assert letters(ladder(3, 6)) == ["a", "b", "c"]


def test_equal_rows_share_a_letter() -> None:
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
    assert letters([[1.0, 2.0, 3.0, 4.0]]) == ["a"]


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
        "gan_bench.report.statistics.p_values", lambda pairs: pytest.fail("was computed")
    )
    assert letters(ladder(rows, seeds)) == ["a"] * rows


@pytest.mark.parametrize(("rows", "seeds"), [(25, 8), (45, 12), (7, 6)])
def test_one_row_less_and_they_are(rows: int, seeds: int) -> None:
    assert len(set(letters(ladder(rows, seeds)))) > 1


# Where the spread comes from


def test_the_spread_of_seeds_has_two_parts() -> None:
    # s = 5 over seeds, of which 3 is sampling: 4 is left for training
    values = [10 - 5 / math.sqrt(2), 10 + 5 / math.sqrt(2)]
    found = sources(values, [3.0, 3.0])
    assert (found.seeds, found.training, found.sampling) == pytest.approx((5, 4, 3))


def test_sampling_errors_are_averaged_as_variances() -> None:
    assert sources([0.0, 0.0], [3.0, 4.0]).sampling == pytest.approx(math.sqrt(12.5))


def test_a_spread_of_sampling_alone_leaves_none_for_training() -> None:
    assert sources([1.0, 1.1], [3.0, 3.0]).training == 0


def test_what_cannot_be_told_is_none() -> None:
    alone = sources([1.0], [0.5])
    assert (alone.seeds, alone.training, alone.sampling) == (None, None, 0.5)
    unknown = sources([1.0, 3.0], [None, 0.5])
    assert (unknown.training, unknown.sampling) == (None, None)
    assert unknown.seeds == pytest.approx(math.sqrt(2))
    assert sources([], []) == Spread(None, None, None)


@pytest.mark.parametrize("value", [0.1, 1e100, 1 / 3])
def test_equal_values_have_no_spread_at_all(value: float) -> None:
    assert sources([value] * 7, [None] * 7).seeds == 0.0


def test_the_parts_are_found_again_in_simulated_seeds() -> None:
    rng = np.random.default_rng(6)
    values = rng.normal(0, 2, 4_000) + rng.normal(0, 1, 4_000)
    found = sources(values.tolist(), [1.0] * 4_000)
    assert found.training == pytest.approx(2, rel=0.05)


# Rankings


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=3, max_size=8))
def test_agreement_is_kendall_s_tau_b(rows: list[tuple[int, int]]) -> None:
    a, b = zip(*rows, strict=True)
    expected = float(scipy.stats.kendalltau(a, b).statistic)
    found = agreement(a, b)
    assert (found is None) == math.isnan(expected)
    assert found is None or found == pytest.approx(expected)


def test_agreement_by_hand() -> None:
    assert agreement([1, 2, 3], [10, 20, 30]) == 1
    assert agreement([1, 2, 3], [30, 20, 10]) == -1
    assert agreement([1, 2, 3], [10, 30, 20]) == pytest.approx(1 / 3)  # two pairs for, one against
    assert agreement([1, 2], [1, 2]) is None  # two rows agree or do not: that is no degree
    assert agreement([1, 1, 1], [1, 2, 3]) is None
