"""Power, order and their intervals are those of closed forms and of scipy."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest
from scipy import integrate, stats

from gan_bench.report.audit.findings import Findings
from gan_bench.report.audit.statistics import (
    alarm_chance,
    alarm_rank,
    in_order,
    power,
    share,
    threshold,
)
from gan_bench.report.audit.tables import answer


@pytest.mark.parametrize(("count", "of"), [(0, 20), (1, 20), (13, 20), (20, 20)])
def test_the_interval_of_a_share_is_that_of_clopper_and_pearson(count: int, of: int) -> None:
    exact = stats.binomtest(count, of).proportion_ci(method="exact")
    found = share(count, of)
    assert (found.low, found.high) == pytest.approx((exact.low, exact.high))


@pytest.mark.parametrize(("sets", "rank"), [(99, 1), (198, 1), (199, 2), (999, 10)])
def test_an_alarm_is_as_rare_as_one_in_a_hundred_real_sets(sets: int, rank: int) -> None:
    assert alarm_rank(sets) == rank
    chance = alarm_chance(sets)
    assert chance.value == rank / (sets + 1) <= 0.01
    spread = stats.beta(rank, sets + 1 - rank)
    assert (chance.low, chance.high) == pytest.approx(spread.interval(0.95))


def test_real_sets_are_alarms_in_one_percent_of_cases() -> None:
    """4,000 draws of 99 real sets and another one: 40 alarms are expected, deviation 6.3."""
    drawn = np.random.default_rng(0).normal(size=(4_000, 100))
    alarms = sum(power(row[99:].tolist(), threshold(row[:99].tolist())).value for row in drawn)
    assert 20 < alarms < 60


def test_the_power_against_a_shift_is_that_of_the_closed_form() -> None:
    """P(shift + normal > the largest of 99 normals), an integral over one normal."""
    shift = 2.0
    wanted = integrate.quad(lambda z: stats.norm.pdf(z - shift) * stats.norm.cdf(z) ** 99, -8, 12)[
        0
    ]
    rng = np.random.default_rng(1)
    found = [
        power((shift + rng.normal(size=5)).tolist(), threshold(rng.normal(size=99).tolist())).value
        for _ in range(3_000)
    ]
    assert np.mean(found) == pytest.approx(wanted, abs=0.02)
    assert 0.2 < wanted < 0.6


def test_a_set_as_bad_as_the_limit_is_no_alarm() -> None:
    real = [0.0] * 98 + [1.0]
    assert power([1.0, 1.0, 1.5, float("inf")], threshold(real)).value == 0.5


def test_the_order_is_kendalls_tau_where_nothing_is_tied() -> None:
    costs = np.random.default_rng(2).normal(size=(4, 30)) + 0.5 * np.arange(4)[:, None]
    taus = [stats.kendalltau(range(4), column).statistic for column in costs.T]
    assert 2 * in_order(costs.tolist()).value - 1 == pytest.approx(np.mean(taus))


def test_ties_are_half_right_and_refusals_are_worst() -> None:
    inf = float("inf")
    assert in_order([[0, 0], [0, 0]]).value == 0.5
    assert in_order([[0, 0], [inf, inf]]).value == 1
    assert in_order([[0, 0], [inf, inf], [inf, 1]]).value == pytest.approx((2 + 0.5 + 2) / 6)


def test_an_interval_holds_its_share_and_is_narrower_with_more_sets() -> None:
    few, many = in_order([[0.0] * 10, [1.0] * 10]), in_order([[0.0] * 100, [1.0] * 100])
    assert few.low < many.low < 1 == few.high == many.high


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        ({"a": 0, "b": 0}, "No metric sees any of 3 strengths of corruptions with 16 images."),
        ({"a": 2, "b": 0}, "a sees most: 2 of 3 strengths of corruptions with 16 images."),
        ({"a": 2, "b": 2}, "a and b see most: 2 of 3 strengths of corruptions with 16 images."),
        (
            {"a": 1, "b": 1, "c": 1},
            "a, b and 1 more see most: 1 of 3 strengths of corruptions with 16 images.",
        ),
    ],
)
def test_the_answer_names_who_sees_most_and_nobody_where_nobody_sees_anything(
    seen: dict[str, int], expected: str
) -> None:
    def metric(name: str, count: int) -> SimpleNamespace:
        spec = SimpleNamespace(spec=SimpleNamespace(name=name))
        return SimpleNamespace(metric=spec, at=lambda _: SimpleNamespace(counted=(count, 3)))

    found = SimpleNamespace(
        audit=SimpleNamespace(sizes=(16,)),
        metrics=[metric(*each) for each in seen.items()],
        unseen=lambda _: [],
    )
    assert answer(cast(Findings, found)).startswith(expected)
