from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gan_bench.contract.protocol import Gauge, MetricSpec, Schedule
from gan_bench.results.records import Verdict
from gan_bench.train.verdicts import Look, counting, healthy, loss_limit, verdict_at

FD = MetricSpec(name="fd", higher_is_better=False, features="net")
COVERAGE = MetricSpec(name="coverage", higher_is_better=True, features="net")
KID = MetricSpec(name="kid", higher_is_better=False, features="net")
DIVERSITY = Gauge(name="diversity", higher_is_better=True, features="net", floor=0.1)
REPEATS = Gauge(name="repeats", higher_is_better=False, features="net", floor=0.5)

positive = st.floats(0.01, 1e4)
curves = st.lists(positive, min_size=1, max_size=30)


def looks(**scores: Sequence[float | None]) -> list[Look]:
    """One look every 10 kimg; None is a score that was not measured."""
    rows = [dict(zip(scores, row, strict=True)) for row in zip(*scores.values(), strict=True)]
    return [
        Look(10.0 * (k + 1), {name: s for name, s in row.items() if s is not None})
        for k, row in enumerate(rows)
    ]


def verdict(ranking: MetricSpec = FD, *gauges: Gauge, **scores: Sequence[float | None]) -> Any:
    """Its kind."""
    holds = verdict_at(looks(**scores), ranking, gauges, 256)
    return holds and holds.kind


def onsets(curve: Sequence[float], ranking: MetricSpec = FD) -> list[int]:
    """Every tick at which the curve so far is degraded."""
    seen = looks(**{ranking.name: curve})
    return [k for k in range(len(seen)) if verdict_at(seen[: k + 1], ranking, [], 256)]


# Collapsed


def test_a_gauge_beyond_its_floor_for_three_ticks_is_a_collapse_with_its_numbers() -> None:
    seen = looks(fd=[300, 200, 210, 220], diversity=[0.4, 0.021, 0.0099, 0])
    assert verdict_at(seen, FD, [DIVERSITY], 256) == Verdict(
        kind="collapsed",
        kimg=40,
        reason="diversity 0.021, 0.0099, 0 at 20, 30, 40 kimg (256 images); "
        "under 0.1, G makes too few different images",
    )


@pytest.mark.parametrize(
    "diversity",
    [
        [0.4, 0.4, 0.0, 0.0],  # two ticks are not three
        [0.0, 0.0, 0.2, 0.0],  # not in a row
        [0.0, 0.0, 0.0, 0.2],  # it came back
        [0.4, 0.1, 0.1, 0.1],  # on the floor is not beyond it
        [0.0, 0.0, 0.0],  # nothing is known of what was before
        [0.0],
    ],
)
def test_less_than_three_ticks_in_a_row_up_to_the_last_are_no_collapse(
    diversity: list[float],
) -> None:
    assert verdict(FD, DIVERSITY, fd=[300] * len(diversity), diversity=diversity) is None


def test_a_young_g_is_let_go_on_for_as_long_as_it_gets_better() -> None:
    diversity = [0.0, 0.01, 0.02, 0.04, 0.05, 0.06, 0.05, 0.06, 0.04]  # at the end it is stuck
    kinds = [verdict(FD, DIVERSITY, fd=[9] * k, diversity=diversity[:k]) for k in range(1, 10)]
    assert kinds == [None] * 8 + ["collapsed"]


def test_a_collapse_holds_until_the_gauge_is_back_on_the_good_side() -> None:
    diversity = [0.0, 0.02, 0.01, 0.01, 0.01, 0.03, 0.05, 0.09, 0.1, 0.05]
    kinds = [verdict(FD, DIVERSITY, fd=[9] * k, diversity=diversity[:k]) for k in range(1, 11)]
    assert kinds == [None] * 4 + ["collapsed"] * 4 + [None] * 2


def test_the_numbers_are_those_of_the_ticks_at_which_it_got_stuck() -> None:
    diversity = [0.4, 0.03, 0.02, 0.01, 0.05, 0.06, 0.07]  # it rises again, but not to its floor
    holds = verdict_at(looks(diversity=diversity), FD, [DIVERSITY], 1000)
    assert holds is not None
    assert holds.reason.startswith("diversity 0.03, 0.02, 0.01 at 20, 30, 40 kimg (1,000 images)")


@pytest.mark.parametrize("grey", [0.0, 0.01])
def test_a_g_that_never_had_any_variety_is_collapsed_at_the_fourth_tick(grey: float) -> None:
    kinds = [verdict(FD, DIVERSITY, fd=[9] * k, diversity=[grey] * k) for k in (3, 4)]
    assert kinds == [None, "collapsed"]


def test_a_collapse_that_was_there_at_the_first_look_says_so() -> None:
    never = verdict_at(looks(diversity=[0.02, 0.01, 0.01, 0.01]), FD, [DIVERSITY], 64)
    once = verdict_at(looks(diversity=[0.1, 0.01, 0.01, 0.01]), FD, [DIVERSITY], 64)
    assert never is not None
    assert once is not None
    assert never.reason == (
        "diversity 0.01, 0.01, 0.01 at 20, 30, 40 kimg (64 images); "
        "under 0.1 since the first tick that counts, at 10 kimg: G makes too few different images"
    )
    assert "first look" not in once.reason


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_a_gauge_that_only_gets_better_or_is_never_beyond_its_floor_is_no_collapse(
    diversity: list[float],
) -> None:
    fd = [9.0] * len(diversity)
    rising = sorted(set(diversity))
    assert verdict(FD, DIVERSITY, fd=fd[: len(rising)], diversity=rising) is None
    assert verdict(FD, DIVERSITY, fd=fd, diversity=[max(0.1, each) for each in diversity]) is None


def test_a_gauge_of_which_less_is_better_has_its_floor_above() -> None:
    assert verdict(FD, REPEATS, fd=[9] * 4, repeats=[0.9, 0.8, 0.7, 0.6]) is None
    assert verdict(FD, REPEATS, fd=[9] * 4, repeats=[0.1, 0.2, 0.3, 0.4]) is None
    holds = verdict_at(looks(fd=[9] * 4, repeats=[0.1, 0.6, 0.7, 0.8]), FD, [REPEATS], 256)
    assert holds is not None
    assert holds.reason.startswith(
        "repeats 0.6, 0.7, 0.8 at 20, 30, 40 kimg (256 images); over 0.5, "
    )


def test_any_gauge_is_enough_and_the_first_one_is_named() -> None:
    both = looks(fd=[9] * 4, diversity=[0] * 4, repeats=[1] * 4)
    holds = verdict_at(both, FD, [REPEATS, DIVERSITY], 256)
    assert holds is not None
    assert holds.reason.startswith("repeats")
    assert verdict(FD, DIVERSITY, REPEATS, fd=[9] * 4, diversity=[1] * 4, repeats=[1] * 4)


def test_collapsed_wins_over_degraded() -> None:
    fd = [100, 400, 400, 400]
    assert verdict(FD, fd=fd) == "degraded"
    assert verdict(FD, DIVERSITY, fd=fd, diversity=[0.5, 0, 0, 0]) == "collapsed"


def test_a_tick_at_which_the_gauge_was_not_measured_says_nothing_either_way() -> None:
    gone: list[float | None] = [0.4, 0.0, 0.0, None, 0.0]
    assert verdict(FD, DIVERSITY, fd=[9] * 5, diversity=gone) == "collapsed"
    assert verdict(FD, DIVERSITY, fd=[9] * 4, diversity=gone[:4]) is None


# Degraded


def test_half_of_the_best_lost_at_two_ticks_is_degraded_with_its_numbers() -> None:
    reason = "fd 2,310, 5,000,000 at 40, 50 kimg (10,000 images); its best was 1,160 at 20 kimg"
    seen = looks(fd=[4000, 1160, 1200, 2310.2, 0.5e7])
    assert verdict_at(seen, FD, [], 10_000) == Verdict(kind="degraded", kimg=50, reason=reason)


@pytest.mark.parametrize(
    ("fd", "kind"),
    [
        # half of the best, if it gained more than that
        ([300, 100, 150, 150], "degraded"),
        ([300, 100, 149, 900], None),
        ([300, 100, 149, 149, 149, 149], None),
        ([300, 100, 900, 120], None),  # a single outlier, however far
        ([300, 100, 900, 120, 900, 120], None),
        ([300, 5, 8, 7], None),  # half of the best, but not a tenth of the gain
        ([300, 5, 35, 35], "degraded"),
        # half of the gain, if that is less
        ([160, 100, 130, 130], "degraded"),
        ([160, 100, 129, 160], None),
        ([1996, 1195, 1600, 1600], "degraded"),  # a quick run
        # at least a fifth of the best
        ([125, 100, 120, 120], "degraded"),
        ([125, 100, 119, 119], None),
        # a gain of less than a fifth does not count
        ([119, 100, 149, 149], None),
        ([119, 100, 150, 150], "degraded"),
        ([100, 149, 149], None),
        ([100, 150, 150], "degraded"),
        ([400, 300, 200, 100, 50], None),
        ([100], None),
        ([], None),
    ],
)
def test_cases_of_degradation(fd: list[float], kind: str | None) -> None:
    assert verdict(FD, fd=fd) == kind


@pytest.mark.parametrize(
    ("fd", "ticks"),
    [
        ([300, 90, 200, 210, 220, 230, 100, 80, 70], [3, 4, 5]),  # the score comes back
        ([300, 100, 200, 90, 140, 140, 130, 136], [5]),  # a later, better best counts
    ],
)
def test_it_holds_for_as_long_as_the_score_is_worse_than_the_best_so_far(
    fd: list[float], ticks: list[int]
) -> None:
    assert onsets(fd) == ticks


@pytest.mark.parametrize(
    ("metric", "scores", "kind"),
    [
        (COVERAGE, [0.0, 0.8, 0.4, 0.4], "degraded"),
        (COVERAGE, [0.0, 0.8, 0.41, 0.41], None),
        (COVERAGE, [0.5, 0.8, 0.64, 0.64], "degraded"),
        (COVERAGE, [0.0, 0.8, 0.0, 0.0], "degraded"),  # even to nothing
        (COVERAGE, [0.1, 0.6, 0.7, 0.9], None),
        (COVERAGE, [0.0, 0.0, 0.0, 0.0], None),
        # a score that falls below 0, where only differences say something
        (KID, [0.1, -0.001, 0.06, 0.06], "degraded"),
        (KID, [0.1, -0.001, 0.009, 0.009], None),  # the noise of a G that is done
        (KID, [0.1, 0.0, 0.06, 0.06], "degraded"),
        (KID, [0.001, 0.0005, 0.0006, 0.0006], None),
        (KID, [-50, -52, -51, -51], None),  # of which 0 is no special value
        (FD, [300, 100, 200, None, 200], "degraded"),  # a tick without the score is left out
        (FD, [300, 100, 200, 200, None], "degraded"),
        (FD, [300, 100, None, None, 200], None),
    ],
)
def test_a_score_degrades_in_its_own_direction_where_it_is_known(
    metric: MetricSpec, scores: list[float | None], kind: str | None
) -> None:
    assert verdict(metric, **{metric.name: scores}) == kind


@given(curves, positive)
def test_the_unit_of_the_score_makes_no_difference(curve: list[float], unit: float) -> None:
    scale = 2.0 ** round(unit % 20)  # exact, so that no rounding moves a score over the line
    assert onsets([scale * score for score in curve]) == onsets(curve)


@given(curves)
def test_a_curve_that_only_improves_is_never_degraded(curve: list[float]) -> None:
    assert onsets(sorted(curve, reverse=True)) == []
    assert onsets(sorted(curve), COVERAGE) == []


@given(curves, st.integers(0, 29), st.floats(1e-3, 1e6))
def test_one_outlier_in_an_improving_curve_is_never_degraded(
    curve: list[float], where: int, score: float
) -> None:
    """An outlier to the worse; after one to the better, all that follows is worse than the best."""
    better = sorted(curve, reverse=True)
    better.insert(where, max(score, better[min(where, len(better) - 1)]))
    assert onsets(better) == []


@given(curves)
def test_no_verdict_reads_the_future(curve: list[float]) -> None:
    for k in range(1, len(curve)):
        assert onsets(curve[:k]) == [tick for tick in onsets(curve) if tick < k]


@given(curves)
def test_better_up_and_better_down_are_the_same_rule(curve: list[float]) -> None:
    assert onsets([-score for score in curve], COVERAGE) == onsets(curve)


@given(curves)
def test_never_is_less_than_a_fifth_or_all_of_the_best_and_of_the_gain_forgiven(
    curve: list[float],
) -> None:
    best, gain = min(curve), curve[0] - min(curve)
    assert 0.2 * best <= loss_limit(curve) <= max(best / 2, gain)


# Which looks count


def test_looks_before_the_hundredth_update_count_for_nothing() -> None:
    schedule = Schedule(kimg=16, batch=32, d_steps=2)  # 64 images an update: 6.4 kimg
    seen = [Look(kimg, {"fd": kimg}) for kimg in (0.064, 6.336, 6.4, 12.8)]
    assert [look.kimg for look in counting(seen, schedule)] == [6.4, 12.8]


# Healthy


@pytest.mark.parametrize(
    ("fd", "diversity", "expected"),
    [
        ([200, 100], [0.5, 0.5], True),
        ([100, 124], [0.5, 0.5], True),
        ([100, 125], [0.5, 0.5], False),  # half of the way to degraded
        ([160, 100, 114], [0.5, 0.5, 0.5], True),
        ([160, 100, 115], [0.5, 0.5, 0.5], False),
        ([200, 100], [0.5, 0.09], False),  # one sign, long before a verdict
        ([100, 200, 100], [0.5, 0.0, 0.5], True),  # only the last look counts
        ([200, None], [0.5, 0.5], False),  # what was not measured is not known to be healthy
        ([200, 100], [0.5, None], False),
        ([], [], False),
    ],
)
def test_a_state_is_worth_returning_to_if_nothing_at_all_is_wrong_with_it(
    fd: list[float | None], diversity: list[float | None], expected: bool
) -> None:
    assert healthy(looks(fd=fd, diversity=diversity), FD, [DIVERSITY]) is expected


@given(curves, st.lists(st.floats(0, 1), min_size=30, max_size=30))
def test_a_state_with_a_verdict_is_never_healthy(
    curve: list[float], diversity: list[float]
) -> None:
    seen = looks(fd=curve, diversity=diversity[: len(curve)])
    assert not (verdict_at(seen, FD, [DIVERSITY], 256) and healthy(seen, FD, [DIVERSITY]))


@given(curves)
def test_the_best_so_far_is_healthy(curve: list[float]) -> None:
    seen = looks(fd=[*curve, min(curve)], diversity=[0.5] * (len(curve) + 1))
    assert healthy(seen, FD, [DIVERSITY])
