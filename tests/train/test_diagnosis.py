"""Each finding on curves made for it, its boundaries, and that no curve breaks the sentence."""

from __future__ import annotations

import math
import subprocess
import sys
from collections.abc import Callable, Sequence

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gan_bench.base.numbers import CURVE_COLUMNS as COLUMNS
from gan_bench.contract.names import NAME
from gan_bench.contract.protocol import MetricSpec
from gan_bench.train.diagnosis import (
    AHEAD,
    APART,
    FADED,
    GAIN,
    LIMIT,
    MIN_POINTS,
    MIN_SCORES,
    TOGETHER,
    WORSE,
    diagnose,
)

Rows = list[dict[str, float | None]]
Scores = list[tuple[float, float]]
ROWS = 200
HEALTHY = {
    "loss_d": 1.1,
    "loss_g": 1.5,
    "real_score": 0.62,
    "fake_score": 0.38,
    "grad_d": 4.5,
    "grad_g": 2.5,
}
FLAT = [60, 55, 50, 48, 47, 46, 46, 46, 46, 46]


def curve(rows: int = ROWS, **columns: float | Sequence[float]) -> Rows:
    """A healthy training of 48 kimg, with some columns replaced."""
    values = {n: np.broadcast_to(columns.get(n, HEALTHY[n]), rows).tolist() for n in COLUMNS}
    kimg = [48 * (row + 1) / rows for row in range(rows)]
    return [{"kimg": kimg[row]} | {n: values[n][row] for n in COLUMNS} for row in range(rows)]


def ticks(values: Sequence[float]) -> Scores:
    return [(48 * (k + 1) / len(values), value) for k, value in enumerate(values)]


def say(rows: Rows, values: Sequence[float] = (), higher_is_better: bool = False) -> str:
    return diagnose(rows, ticks(values), metric(higher_is_better))


def metric(higher_is_better: bool = False, name: str = "fd-eye") -> MetricSpec:
    return MetricSpec(name=name, higher_is_better=higher_is_better, features="eye")


def falling(end: float, start: float = 1.0) -> list[float]:
    """From start to end within the first half, then flat."""
    return [*np.geomspace(start, end, ROWS // 2), *[end] * (ROWS // 2)]


def swinging(rows_per_period: int, low: float, high: float, rows: int = ROWS) -> list[float]:
    wave = np.sin(2 * np.pi * np.arange(rows) / rows_per_period)
    return list(map(float, (low + high) / 2 + (high - low) / 2 * wave))


# D too strong, saturated, D too weak


def test_a_d_that_is_always_right_is_too_strong() -> None:
    assert say(curve(real_score=0.999, fake_score=0.001), FLAT) == (
        "D is too strong: it gave real images 1.00, fakes 0.00 at the end; "
        "try a slower D or more data"
    )


@pytest.mark.parametrize(("above", "strong"), [(0.005, True), (-0.005, False)])
def test_too_strong_begins_where_it_says(above: float, strong: bool) -> None:
    rows = curve(real_score=0.99, fake_score=0.99 - APART - above)
    assert say(rows).startswith("D is too strong") == strong


@pytest.mark.parametrize(
    ("gap", "kept", "strong"),
    [
        (AHEAD + 0.01, FADED * 0.9, True),
        (AHEAD + 0.01, FADED * 1.1, False),
        (AHEAD - 0.01, FADED * 0.9, False),
    ],
)
def test_a_d_that_is_ahead_and_has_stopped_learning_is_too_strong(
    gap: float, kept: float, strong: bool
) -> None:
    text = say(curve(real_score=0.5 + gap / 2, fake_score=0.5 - gap / 2, grad_d=falling(kept)))
    assert text.startswith("D is too strong") == strong
    assert ("its gradient fell to 4.5 %" in text) == strong


def test_a_critic_whose_loss_has_no_floor_may_keep_images_apart() -> None:
    rows = curve(real_score=0.999, fake_score=0.001, loss_d=-12.0)
    assert say(rows).startswith("nothing unusual")


def test_only_the_last_third_counts_for_the_balance() -> None:
    early = [0.999] * 100 + [0.62] * 100
    late = [0.62] * 120 + [0.999] * 80
    low = [0.001] * 120
    assert "too strong" not in say(curve(real_score=early, fake_score=[*low[:100], *[0.38] * 100]))
    assert "too strong" in say(curve(real_score=late, fake_score=[*[0.38] * 120, *low[:80]]))


def test_a_gradient_of_g_that_died_is_named_before_the_d_that_killed_it() -> None:
    text = say(curve(real_score=0.9998, fake_score=0.0002, grad_g=falling(1e-9)))
    assert text == (
        "saturated: G's gradient fell to 1e-07 % of its largest while D gave "
        "real images 1.00, fakes 0.00; try another loss or a slower D"
    )


@pytest.mark.parametrize(("kept", "dead"), [(FADED * 0.9, True), (FADED * 1.1, False)])
def test_saturation_begins_where_it_says(kept: float, dead: bool) -> None:
    assert say(curve(grad_g=falling(kept))).startswith("saturated") == dead


def test_one_wild_batch_does_not_make_the_others_look_small() -> None:
    wild = [2.5] * ROWS
    wild[40] = 1e6
    assert say(curve(grad_g=wild, grad_d=wild, real_score=0.9, fake_score=0.1)).startswith(
        "nothing unusual"
    )


@pytest.mark.parametrize(("gap", "weak"), [(TOGETHER - 0.005, True), (TOGETHER + 0.005, False)])
def test_a_d_that_tells_nothing_apart_is_too_weak(gap: float, weak: bool) -> None:
    text = say(curve(real_score=0.5 + gap, fake_score=0.5), FLAT)
    assert text.startswith("D is too weak: it gave real images 0.5") == weak


def test_a_d_that_prefers_fakes_is_too_weak() -> None:
    text = say(curve(real_score=0.5, fake_score=0.6))
    assert "real images 0.50, fakes 0.60 at the end; try a larger D" in text


def test_a_weak_d_whose_gradients_died_is_still_called_weak() -> None:
    assert say(curve(real_score=0.5, fake_score=0.5, grad_g=falling(0.01))).startswith("D is too w")


def test_a_d_that_makes_g_better_is_strong_enough() -> None:
    text = say(curve(real_score=0.5, fake_score=0.5), range(100, 50, -5))
    assert text.startswith("still improving")


def test_sigmoids_at_their_edge_show_no_distance() -> None:
    assert "too weak" not in say(curve(real_score=0.999, fake_score=0.998))


# Oscillating


def test_swings_larger_than_the_losses_are_oscillation() -> None:
    text = say(
        curve(loss_g=swinging(25, 0.5, 9.5), fake_score=swinging(25, 0.1, 0.5), loss_d=1.0),
        FLAT,
    )
    assert text == (
        "oscillating: the loss of G swings between 0.72 and 9.28, about every 6 kimg; "
        "try lower learning rates"
    )  # the running median has cut the tips


def test_a_curve_that_swings_less_than_it_measures_is_only_lively() -> None:
    rows = curve(loss_g=swinging(25, 1.0, 2.0), fake_score=swinging(25, 0.1, 0.5))
    assert say(rows).startswith("nothing unusual")


def test_a_critic_that_drifts_to_and_fro_with_both_kinds_does_not_oscillate() -> None:
    real, fake = swinging(25, 0.25, 0.9), swinging(25, 0.2, 0.85)
    rows = curve(loss_g=swinging(25, -3, 3), real_score=real, fake_score=fake, loss_d=-0.3)
    assert say(rows).startswith("nothing unusual")


def test_one_rise_and_fall_is_no_oscillation() -> None:
    rows = curve(loss_g=swinging(100, 0.5, 9.5), fake_score=swinging(100, 0.1, 0.5), loss_d=1.0)
    assert say(rows).startswith("nothing unusual")


def test_single_spikes_are_no_oscillation() -> None:
    spiky = [30.0 if row % 10 == 0 else 1.5 for row in range(ROWS)]
    fakes = [0.9 if row % 10 == 0 else 0.38 for row in range(ROWS)]
    assert say(curve(loss_g=spiky, fake_score=fakes)).startswith("nothing unusual")


@pytest.mark.parametrize("seed", range(20))
def test_noise_is_not_a_finding(seed: int) -> None:
    noise = np.random.default_rng(seed)
    columns = {n: (v * noise.lognormal(0, 0.2, ROWS)).tolist() for n, v in HEALTHY.items()}
    assert say(curve(**columns)).startswith("nothing unusual")


# The scores


def test_a_score_that_still_falls_asks_for_a_longer_training() -> None:
    values = [1350, 1299, 1140, 1006, 1058, 981, 1001, 969, 907, 884]  # a dense pair, toonfaces
    assert say(curve(), values) == ("still improving: fd-eye fell from 981 to 884; train longer")


def test_a_score_that_should_rise_rises() -> None:
    text = say(curve(), [0.1, 0.2, 0.25, 0.3, 0.32, 0.35, 0.36, 0.38, 0.4, 0.45], True)
    assert text == "still improving: fd-eye rose from 0.35 to 0.45; train longer"


@pytest.mark.parametrize(("share", "improving"), [(GAIN * 1.1, True), (GAIN * 0.9, False)])
def test_improving_begins_where_it_says(share: float, improving: bool) -> None:
    text = say(curve(), [150.0] + [100.0] * 5 + [100 * (1 - share)] * 4)
    assert text.startswith("still improving" if improving else "settled")


def test_coming_back_to_an_earlier_best_is_no_progress() -> None:
    assert "improving" not in say(curve(), [60, 60, 67, 77, 89, 92, 71, 69, 65, 61])


def test_a_score_well_past_its_best_says_when_that_was() -> None:
    assert say(curve(), [61, 50, 41, 45, 50, 55, 60, 65, 70, 74]) == (
        "past its best: fd-eye was 41 at 14.4 kimg and ended at 74; "
        "stop earlier or try lower learning rates"
    )


@pytest.mark.parametrize(("share", "past"), [(WORSE * 1.1, True), (WORSE * 0.9, False)])
def test_past_its_best_begins_where_it_says(share: float, past: bool) -> None:
    text = say(curve(), [150.0] + [100.0] * 5 + [100 * (1 + share)] * 4)
    assert text.startswith("past its best" if past else "nothing unusual: fd-eye ended at 118")


@pytest.mark.parametrize(
    "values",
    [
        [1497, 1626, 1758, 1775, 1772, 1671, 1669, 1660, 1688, 1602],
        [1497] * 10,
        [1497] * 9 + [1430],
    ],
)
def test_a_g_that_never_got_better_is_not_called_settled(values: list[float]) -> None:
    text = say(curve(), values)
    assert text.startswith("no gain seen: fd-eye was 1,497 at the first tick and 1,")


def test_a_score_that_stands_still_is_settled() -> None:
    assert say(curve(), FLAT) == (
        "settled: fd-eye ended at 46, its best before the last third was 46; "
        "longer training would change little"
    )


def test_a_distance_near_zero_is_measured_against_where_it_began() -> None:
    kid = [0.3, 0.1, 0.05, 0.02, 0.01, 0.004, 0.003, 0.001, -0.001, 0.002]
    assert say(curve(), kid).startswith("settled: fd-eye ended at 0.002")


def test_scores_are_written_as_people_write_them() -> None:
    assert "fell from 999 to 12.3" in say(curve(), [999, 999, 999, 12.34])
    assert "fell from 1,000 to 0.0123" in say(curve(), [999.7, 999.7, 999.7, 0.01234])
    assert "fell from 123,456 to 1e-05" in say(curve(), [123456, 123456, 123456, 1e-5])


@pytest.mark.parametrize("missing", [math.nan, None, math.inf])
def test_missing_scores_are_passed_over(missing: float) -> None:
    values: list[float] = [1000, missing, 900, 800, 700, 600, 500, 400, missing, 300]
    assert "fell from 600 to 300" in say(curve(), values)


def test_without_enough_scores_only_the_curve_speaks() -> None:
    values = [100, 90, 80, 50, 40][: MIN_SCORES - 1]
    assert say(curve(), values) == (
        "nothing unusual: at the end D gave real images 0.62, fakes 0.38"
    )


def test_scores_of_the_last_third_alone_say_nothing_of_progress() -> None:
    late = [(40.0, 90.0), (42.0, 70.0), (44.0, 50.0), (48.0, 30.0)]
    assert "improving" not in diagnose(curve(), late, metric())


# Together, and when there is little to read


def test_two_findings_share_the_line_the_graver_first() -> None:
    text = say(curve(real_score=0.999, fake_score=0.001), range(1000, 500, -50))
    first, second = text.split("; also ")
    assert first.startswith("D is too strong")
    assert second.startswith("still improving: fd-eye fell from 750 to 550")
    assert len(text) <= LIMIT


@pytest.mark.parametrize("rows", [0, 1, 2, 3, MIN_POINTS - 1])
def test_a_very_short_training_is_too_short_to_tell(rows: int) -> None:
    extreme = curve(rows, real_score=1.0, fake_score=0.0, grad_g=0.0)
    assert say(extreme).startswith(f"too short to tell: {rows} points of a curve")
    assert "too short" not in say(curve(MIN_POINTS))


@pytest.mark.parametrize("lost", [None, math.nan, math.inf, -math.inf])
def test_a_curve_that_ends_in_no_number_diverged(lost: float | None) -> None:
    rows = curve(120)
    rows[-1]["grad_g"] = lost
    assert say(rows) == "diverged: grad_g was no longer finite at 48 kimg; try lower learning rates"
    rows = curve(3)
    rows[-1]["loss_d"] = lost
    assert say(rows).startswith("diverged: loss_d")


@pytest.mark.parametrize("column", COLUMNS)
@pytest.mark.parametrize("lost", [None, math.nan])
def test_a_column_that_was_never_known_is_passed_over(column: str, lost: float | None) -> None:
    rows: Rows = [row | {column: lost} for row in curve()]
    assert say(rows).startswith("nothing unusual")
    without: Rows = [{k: v for k, v in row.items() if k != column} for row in rows]
    assert say(without) == say(rows)


def test_gaps_in_the_middle_are_passed_over() -> None:
    rows = curve(real_score=0.999, fake_score=0.001)
    for row in rows[80:100]:
        row["fake_score"] = None
    assert say(rows) == say(curve(real_score=0.999, fake_score=0.001))


def test_a_curve_of_zeros_is_diagnosed() -> None:
    rows: Rows = [dict.fromkeys(("kimg", *COLUMNS), 0.0) for _ in range(ROWS)]
    assert say(rows, [0.0] * 10).startswith("no gain seen: fd-eye was 0 at the first tick")


numbers = st.none() | st.floats() | st.floats(0, 1) | st.sampled_from([0.0, 1e308, -1e308])
values = st.one_of(
    st.lists(numbers, max_size=70),
    st.builds(lambda v, n: [v] * n, numbers, st.integers(0, 210)),
    st.builds(lambda a, b, n: [a, b] * n, numbers, numbers, st.integers(0, 105)),
    st.builds(
        lambda seed, scale: np.random.default_rng(seed).normal(0, scale, 200).tolist(),
        st.integers(0, 99),
        st.floats(1e-12, 1e12),
    ),
)
curves = st.fixed_dictionaries(dict.fromkeys(("kimg", *COLUMNS), values)).map(
    lambda columns: [
        {name: column[row] for name, column in columns.items() if row < len(column)}
        for row in range(max(map(len, columns.values())))
    ]
)
looks = st.lists(st.tuples(st.floats(), st.floats() | st.none()), max_size=15)


@settings(max_examples=50)
@given(curves, looks, st.booleans(), st.from_regex(NAME, fullmatch=True))
@example([], [], False, "fd")
@example(curve(), ticks(range(1000, 500, -50)), False, "x" * 63)
def test_whatever_comes_gives_one_plain_line(
    rows: Rows, scores: Scores, higher_is_better: bool, name: str
) -> None:
    text = diagnose(rows, scores, metric(higher_is_better, name))
    assert text.strip() == text
    assert text
    assert text.isprintable()
    assert len(text) <= (LIMIT if "; also " in text else 200)
    assert diagnose(rows, scores[::-1], metric(higher_is_better, name)) == text


@given(st.lists(st.integers(1, 1000), min_size=4, max_size=12))
def test_a_score_turned_upside_down_is_read_the_same(scores: list[int]) -> None:
    def kind(turn: float, higher_is_better: bool) -> str:
        return say(curve(), [turn * s for s in scores], higher_is_better).split(":")[0]

    assert kind(1, False) == kind(-1, True)


@given(st.integers(-20, 20), st.lists(st.integers(1, 1000), min_size=4, max_size=12))
def test_the_unit_of_a_score_does_not_matter(power: int, scores: list[int]) -> None:
    def kind(unit: float) -> str:
        return say(curve(), [unit * s for s in scores]).split(":")[0]

    assert kind(1) == kind(2.0**power)


KINDS: dict[str, Callable[[], Rows]] = {
    "saturated": lambda: curve(real_score=0.99, fake_score=0.01, grad_g=falling(0.001)),
    "D is too strong": lambda: curve(real_score=0.9, fake_score=0.1, grad_d=falling(0.001)),
    "D is too weak": lambda: curve(real_score=0.5, fake_score=0.5),
    "oscillating": lambda: curve(
        loss_g=swinging(25, 0.5, 9.5), fake_score=swinging(25, 0.1, 0.5), loss_d=1.0
    ),
    "nothing unusual": curve,
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("unit", [2.0**-20, 2.0**20])
def test_the_unit_of_losses_and_gradients_does_not_matter(kind: str, unit: float) -> None:
    rows = KINDS[kind]()
    scaled: Rows = [
        {k: v * unit if k[:4] in ("loss", "grad") and v is not None else v for k, v in row.items()}
        for row in rows
    ]
    assert say(rows).startswith(kind)
    assert say(scaled).startswith(kind)


def test_the_length_of_a_training_does_not_matter() -> None:
    for kind, make in KINDS.items():
        rows: Rows = [row | {"kimg": 1000 * (row["kimg"] or 0)} for row in make()]
        assert say(rows).startswith(kind)


def test_reading_a_curve_needs_no_torch() -> None:
    code = "import sys, gan_bench.train.diagnosis; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
