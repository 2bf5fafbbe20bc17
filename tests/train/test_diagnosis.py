"""Each finding on trainings made for it, and where it begins."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from courses import (
    COURSES,
    FLAT,
    HEALTHY,
    KIMG,
    NEVER,
    ROWS,
    Rows,
    Scores,
    apart,
    course,
    curve,
    fading,
    shaken,
    swings,
)
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gan_bench.base.numbers import CURVE_COLUMNS as COLUMNS
from gan_bench.contract.names import NAME
from gan_bench.contract.protocol import MetricSpec
from gan_bench.train.balance import AHEAD, APART, FADED, TOGETHER
from gan_bench.train.curves import MIN_POINTS
from gan_bench.train.diagnosis import LIMIT, diagnose, findings
from gan_bench.train.finding import Course, Kind
from gan_bench.train.trend import GAIN, WORSE


def kind(made: Course) -> Kind:
    return findings(made)[0].kind


def rising(name: str = "coverage") -> MetricSpec:
    return MetricSpec(name=name, higher_is_better=True, features="eye")


# The cause of every training


@pytest.mark.parametrize(("make", "cause"), COURSES.values(), ids=COURSES)
def test_the_cause_of_a_training_is_found(make: Callable[[], Course], cause: Kind) -> None:
    made = make()
    assert kind(made) == cause
    for seed in range(5):
        noisy = shaken(list(made.curve), np.random.default_rng(seed))
        assert kind(replace(made, curve=noisy)) == cause


@pytest.mark.parametrize("seed", range(20))
def test_noise_is_not_a_finding(seed: int) -> None:
    noise = np.random.default_rng(seed)
    columns = {n: v * noise.lognormal(0, 0.2, ROWS) for n, v in HEALTHY.items()}
    assert kind(course(curve(**columns))) == "usual"


@pytest.mark.parametrize("period", [1.5, 3, 6, 12, 24])
def test_the_period_of_swings_is_said(period: float) -> None:
    said = str(findings(course(swings(period), FLAT))[0])
    every = float(said.partition("about every ")[2].partition(" kimg")[0])
    assert every == pytest.approx(period, abs=0.5 * KIMG / ROWS + 0.05)


# Where a finding begins

BALANCE: dict[str, tuple[Rows, Scores, Kind]] = {
    "apart": (curve(real_score=0.99, fake_score=0.985 - APART), (), "D too strong"),
    "not yet apart": (curve(real_score=0.99, fake_score=0.995 - APART), (), "usual"),
    "ahead, no longer learning": (
        apart(AHEAD + 0.01, grad_d=fading(FADED * 0.9)), (), "D too strong"
    ),
    "ahead and learning": (apart(AHEAD + 0.01, grad_d=fading(FADED * 1.1)), (), "usual"),
    "not ahead": (apart(AHEAD - 0.01, grad_d=fading(FADED * 0.9)), (), "usual"),
    "apart in the first half only": (apart([0.998] * 100 + [0.24] * 100), (), "usual"),
    "apart in the last third": (apart([0.24] * 120 + [0.998] * 80), (), "D too strong"),
    "G's gradient faded": (curve(grad_g=fading(FADED * 0.9)), (), "saturated"),
    "G's gradient not yet faded": (curve(grad_g=fading(FADED * 1.1)), (), "usual"),
    "G's gradient faded, and G is done": (
        curve(grad_g=fading(FADED * 0.9)), [900, 500, 300, 200, *[100] * 6], "settled"
    ),
    "one wild batch does not make the others look small": (
        apart(0.8, grad_g=[*[2.5] * 40, 1e6, *[2.5] * 159]), (), "usual"
    ),
    "together": (apart(TOGETHER - 0.005), NEVER, "D too weak"),
    "together, without a score": (apart(TOGETHER - 0.005), (), "usual"),
    "together, and G gets better": (apart(0), range(100, 50, -5), "improving"),
    "together, and G got much better": (apart(0), [500, 300, 200, *[100] * 7], "settled"),
    "together after D told them apart": (
        apart([*[0.3] * 60, *[0.0] * 140]), NEVER, "no gain"
    ),
    "not together": (apart(TOGETHER + 0.005), NEVER, "no gain"),
    "weak, and the gradients died": (
        apart([*[0.3] * 60, *[0.0] * 140], grad_g=fading(0.01)), NEVER, "D too weak"
    ),
    "sigmoids at their edge": (curve(real_score=0.999, fake_score=0.998), NEVER, "no gain"),
    "swings smaller than the losses": (
        swings(6, loss_g=1.5 + 0.5 * np.sin(np.arange(ROWS) / 4)), (), "usual"
    ),
    "loss swings, the distance stays": (swings(6, fake_score=0.3), (), "usual"),
}  # fmt: skip


@pytest.mark.parametrize(("rows", "scores", "expected"), BALANCE.values(), ids=BALANCE)
def test_where_a_finding_about_d_and_g_begins(rows: Rows, scores: Scores, expected: Kind) -> None:
    assert kind(course(rows, scores)) == expected


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([150.0] + [100.0] * 5 + [100 * (1 - GAIN * 1.1)] * 4, "improving"),
        ([150.0] + [100.0] * 5 + [100 * (1 - GAIN * 0.9)] * 4, "settled"),
        ([150.0] + [100.0] * 5 + [100 * (1 + WORSE * 1.1)] * 4, "past its best"),
        ([150.0] + [100.0] * 5 + [100 * (1 + WORSE * 0.9)] * 4, "usual"),
        # a dense GAN of the cartoon faces at 16 px: it rose at the last third, and fell again
        ([1768, 1400, 1250, 1094, 1110, 1120, 1130, 1220, 1155, 1072], "usual"),
        # back at an earlier best is no progress
        ([60, 60, 67, 77, 89, 92, 71, 69, 65, 61], "no gain"),
        ([1497] * 10, "no gain"),
        ([1497, 1626, 1758, 1775, 1772, 1671, 1669, 1660, 1688, 1602], "no gain"),
        ([0.0] * 10, "no gain"),
        # a distance near 0 is measured against where it began
        ([0.3, 0.1, 0.05, 0.02, 0.01, 0.004, 0.003, 0.001, -0.001, 0.002], "settled"),
    ],
)
def test_where_a_finding_about_the_scores_begins(values: list[float], expected: Kind) -> None:
    assert kind(course(curve(), values)) == expected


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ([150.0] + [100.0] * 9, "more kimg would change little"),
        # a relativistic GAN of stacked MNIST, which began very badly
        (
            [24310, 34540, 12911, 3532, 1329, 770, 526, 332, 329, 308],
            "a small part of the way from 34,540",
        ),
    ],
)
def test_no_more_than_the_numbers_show_is_said_of_a_settled_score(
    values: list[float], why: str
) -> None:
    found = findings(course(curve(), values))[0]
    assert found.kind == "settled"
    assert found.what.endswith(why)


@pytest.mark.parametrize(
    ("variety", "expected"),
    [
        ([0.1, 0.3, 0.3, 0.15, 0.15], "losing variety"),
        ([0.1, 0.3, 0.3, 0.16, 0.15], "settled"),
        ([0.1, 0.3, 0.3, 0.15, 0.3], "settled"),
        ([0.01, 0.04, 0.04, 0.01, 0.01], "settled"),  # it never had any
    ],
)
def test_where_the_loss_of_variety_begins(variety: list[float], expected: Kind) -> None:
    assert kind(course(curve(), [100, 50, 45, 45, 45], variety=variety)) == expected


# When there is little to read


def test_a_very_short_training_is_too_short_to_tell() -> None:
    for rows in (0, 1, 2, 3, MIN_POINTS - 1):
        extreme = curve(rows, real_score=1.0, fake_score=0.0, grad_g=0.0)
        said = diagnose(course(extreme))
        points = "1 point" if rows == 1 else f"{rows} points"
        assert said.startswith(f"too short to tell: {points} of a curve")
    assert kind(course(curve(MIN_POINTS))) == "usual"


@pytest.mark.parametrize("lost", [None, math.nan, math.inf, -math.inf])
def test_a_curve_that_ends_in_no_number_diverged(lost: float | None) -> None:
    for name, rows in (("grad_g", curve(120)), ("loss_d", curve(3))):
        rows[-1][name] = lost
        said = diagnose(course(rows))
        assert said == f"diverged at 48 kimg: {name} was no longer finite; try --lr 0.0001"


@pytest.mark.parametrize("name", COLUMNS)
def test_a_column_that_was_never_known_and_gaps_are_passed_over(name: str) -> None:
    for lost in (None, math.nan):
        assert kind(course([row | {name: lost} for row in curve()])) == "usual"
    without: Rows = [{k: v for k, v in row.items() if k != name} for row in curve()]
    assert kind(course(without)) == "usual"
    strong = curve(real_score=0.999, fake_score=0.001)
    gaps: Rows = [row | ({name: None} if 80 <= k < 100 else {}) for k, row in enumerate(strong)]
    assert diagnose(course(gaps)) == diagnose(course(strong))


numbers = st.none() | st.floats() | st.floats(0, 1) | st.sampled_from([0.0, 1e308, -1e308])
values = st.one_of(
    st.lists(numbers, max_size=70),
    st.builds(lambda a, b, n: [a, b] * n, numbers, numbers, st.integers(0, 105)),
    st.builds(
        lambda seed, scale: np.random.default_rng(seed).normal(0, scale, 200).tolist(),
        st.integers(0, 99), st.floats(1e-12, 1e12),
    ),
)  # fmt: skip
curves = st.fixed_dictionaries(dict.fromkeys(("kimg", *COLUMNS), values)).map(
    lambda columns: [
        {name: column[row] for name, column in columns.items() if row < len(column)}
        for row in range(max(map(len, columns.values())))
    ]
)
scores = st.lists(st.floats() | st.none(), max_size=15)


@settings(max_examples=50)
@given(curves, scores, st.booleans(), st.from_regex(NAME, fullmatch=True))
@example([], [], False, "fd")
@example([dict.fromkeys(("kimg", *COLUMNS), 0.0)] * ROWS, [0.0] * 10, False, "fd")
@example(curve(), range(1000, 500, -50), False, "x" * 63)
def test_whatever_comes_gives_one_plain_line(
    rows: Rows, scores: Sequence[Any], higher_is_better: bool, name: str
) -> None:
    metric = MetricSpec(name=name, higher_is_better=higher_is_better, features="eye")
    made = course(rows, scores, metric, variety=scores)
    text = diagnose(made)
    assert text.strip() == text
    assert text.isprintable()
    assert 0 < len(text) <= (LIMIT if "; also " in text else 230)
    assert diagnose(replace(made, looks=made.looks[::-1])) == text


@given(st.integers(-20, 20), st.lists(st.integers(1, 1000), min_size=4, max_size=12))
def test_the_unit_and_the_direction_of_a_score_do_not_matter(power: int, scores: list[int]) -> None:
    plain = kind(course(curve(), scores))
    assert kind(course(curve(), [-score for score in scores], rising())) == plain
    assert kind(course(curve(), [2.0**power * score for score in scores])) == plain


@pytest.mark.parametrize(("make", "cause"), COURSES.values(), ids=COURSES)
def test_the_unit_of_losses_and_gradients_and_the_length_do_not_matter(
    make: Callable[[], Course], cause: Kind
) -> None:
    made = make()
    for unit in (2.0**-20, 2.0**20):
        factor = dict.fromkeys(("loss_d", "loss_g", "grad_d", "grad_g"), unit)
        scaled = [{k: (v or 0) * factor.get(k, 1) for k, v in row.items()} for row in made.curve]
        assert kind(replace(made, curve=scaled)) == cause
    longer = [row | {"kimg": 1000 * (row["kimg"] or 0)} for row in made.curve]
    assert kind(replace(made, curve=longer)) == cause
