"""Each finding on curves made for it, its boundaries, and that no curve breaks the sentence."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

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
    "loss_d": 1.1, "loss_g": 1.5, "real_score": 0.62, "fake_score": 0.38, "grad_d": 4.5,
    "grad_g": 2.5,
}  # fmt: skip
FLAT = [60, 55, 50, 48, 47, 46, 46, 46, 46, 46]


def curve(rows: int = ROWS, **columns: float | Sequence[float]) -> Rows:
    """A healthy training of 48 kimg, with some columns replaced."""
    values = {n: np.broadcast_to(columns.get(n, HEALTHY[n]), rows).tolist() for n in COLUMNS}
    kimg = [48 * (row + 1) / rows for row in range(rows)]
    return [{"kimg": kimg[row]} | {n: values[n][row] for n in COLUMNS} for row in range(rows)]


def ticks(values: Sequence[Any]) -> Scores:
    return [(48 * (k + 1) / len(values), value) for k, value in enumerate(values)]


def say(rows: Rows, values: Sequence[Any] = (), higher_is_better: bool = False) -> str:
    return diagnose(rows, ticks(values), metric(higher_is_better))


def metric(higher_is_better: bool = False, name: str = "fd-eye") -> MetricSpec:
    return MetricSpec(name=name, higher_is_better=higher_is_better, features="eye")


def falling(end: float, start: float = 1.0) -> list[float]:
    """From start to end within the first half, then flat."""
    return [*np.geomspace(start, end, ROWS // 2), *[end] * (ROWS // 2)]


def swinging(rows_per_period: int, low: float, high: float, rows: int = ROWS) -> list[float]:
    wave = np.sin(2 * np.pi * np.arange(rows) / rows_per_period)
    return list(map(float, (low + high) / 2 + (high - low) / 2 * wave))


def swings(rows: int = 25, **columns: float | Sequence[float]) -> Rows:
    """G's loss and the distance between D's scores swing in a period of so many rows."""
    both = {"loss_g": swinging(rows, 0.5, 9.5), "fake_score": swinging(rows, 0.1, 0.5)}
    return curve(**{"loss_d": 1.0} | both | columns)


def apart(gap: float | Sequence[float], **columns: float | Sequence[float]) -> Rows:
    half = np.asarray(gap) / 2
    return curve(real_score=0.5 + half, fake_score=0.5 - half, **columns)


WILD = [*[2.5] * 40, 1e6, *[2.5] * (ROWS - 41)]  # one extreme batch


def spikes(usual: float, spike: float) -> list[float]:
    return [spike if row % 10 == 0 else usual for row in range(ROWS)]


USUAL = "nothing unusual: at the end D gave real images 0.62, fakes 0.38"
SENTENCES: dict[str, tuple[Rows, Sequence[Any], str]] = {
    "D is always right": (
        curve(real_score=0.999, fake_score=0.001), FLAT,
        "D is too strong: it gave real images 1.00, fakes 0.00 at the end; "
        "try a slower D or more data",
    ),
    "G's gradient died, which is named before the D that killed it": (
        curve(real_score=0.9998, fake_score=0.0002, grad_g=falling(1e-9)), (),
        "saturated: G's gradient fell to 1e-07 % of its largest while D gave "
        "real images 1.00, fakes 0.00; try another loss or a slower D",
    ),
    "D prefers fakes": (
        curve(real_score=0.5, fake_score=0.6), (),
        "D is too weak: it gave real images 0.50, fakes 0.60 at the end; "
        "try a larger D or a higher learning rate for it",
    ),
    "swings larger than the losses; the running median has cut the tips": (
        swings(), FLAT,
        "oscillating: the loss of G swings between 0.72 and 9.28, about every 6 kimg; "
        "try lower learning rates",
    ),
    "a score that still falls, of a dense pair on toonfaces": (
        curve(), [1350, 1299, 1140, 1006, 1058, 981, 1001, 969, 907, 884],
        "still improving: fd-eye fell from 981 to 884; train longer",
    ),
    "missing scores are passed over": (
        curve(), [1000, math.nan, 900, 800, 700, 600, 500, 400, None, 300],
        "still improving: fd-eye fell from 600 to 300; train longer",
    ),
    "a score well past its best": (
        curve(), [61, 50, 41, 45, 50, 55, 60, 65, 70, 74],
        "past its best: fd-eye was 41 at 14.4 kimg and ended at 74; "
        "stop earlier or try lower learning rates",
    ),
    "a score that stands still": (
        curve(), FLAT,
        "settled: fd-eye ended at 46, its best before the last third was 46; "
        "longer training would change little",
    ),
    "a G that never got better": (
        curve(), [1497] * 9 + [1430],
        "no gain seen: fd-eye was 1,497 at the first tick and 1,430 at the end; "
        "look at its samples",
    ),
    "too few scores": (curve(), [100, 90, 80, 50, 40][: MIN_SCORES - 1], USUAL),
}  # fmt: skip


@pytest.mark.parametrize(("rows", "values", "text"), SENTENCES.values(), ids=SENTENCES)
def test_what_is_said_of_a_training(rows: Rows, values: Sequence[float], text: str) -> None:
    assert say(rows, values) == text


def test_what_is_said_of_scores_depends_on_their_direction_on_d_and_on_when_they_came() -> None:
    rising = say(curve(), [0.1, 0.2, 0.25, 0.3, 0.32, 0.35, 0.36, 0.38, 0.4, 0.45], True)
    assert rising == "still improving: fd-eye rose from 0.35 to 0.45; train longer"
    assert say(apart(0), FLAT).startswith("D is too weak")
    assert say(apart(0), range(100, 50, -5)).startswith("still improving")  # D is strong enough
    last_third = [(40.0, 90.0), (42.0, 70.0), (44.0, 50.0), (48.0, 30.0)]
    assert diagnose(curve(), last_third, metric()) == USUAL


BALANCE: dict[str, tuple[Rows, str]] = {
    "apart": (curve(real_score=0.99, fake_score=0.985 - APART), "D is too strong"),
    "not yet apart": (curve(real_score=0.99, fake_score=0.995 - APART), "nothing unusual"),
    "ahead and no longer learning": (
        apart(AHEAD + 0.01, grad_d=falling(FADED * 0.9)),
        "D is too strong: it gave real images 0.76, fakes 0.25 at the end and its gradient fell "
        "to 4.5 %;",
    ),
    "ahead and learning": (apart(AHEAD + 0.01, grad_d=falling(FADED * 1.1)), "nothing unusual"),
    "not ahead": (apart(AHEAD - 0.01, grad_d=falling(FADED * 0.9)), "nothing unusual"),
    "a critic, whose loss has no floor": (
        curve(real_score=0.999, fake_score=0.001, loss_d=-12.0), "nothing unusual"
    ),
    "apart in the first half only": (apart([0.998] * 100 + [0.24] * 100), "nothing unusual"),
    "apart in the last third": (apart([0.24] * 120 + [0.998] * 80), "D is too strong"),
    "G's gradient faded": (curve(grad_g=falling(FADED * 0.9)), "saturated"),
    "G's gradient not yet faded": (curve(grad_g=falling(FADED * 1.1)), "nothing unusual"),
    "one wild batch does not make the others look small": (
        apart(0.8, grad_g=WILD, grad_d=WILD), "nothing unusual"
    ),
    "together": (curve(real_score=0.495 + TOGETHER, fake_score=0.5), "D is too weak"),
    "not together": (curve(real_score=0.505 + TOGETHER, fake_score=0.5), "nothing unusual"),
    "weak, and the gradients died": (apart(0, grad_g=falling(0.01)), "D is too weak"),
    "sigmoids at their edge": (curve(real_score=0.999, fake_score=0.998), "nothing unusual"),
    "swings smaller than the losses": (swings(loss_g=swinging(25, 1.0, 2.0)), "nothing unusual"),
    "a critic that drifts to and fro with both kinds": (
        swings(
            loss_g=swinging(25, -3, 3), loss_d=-0.3,
            real_score=swinging(25, 0.25, 0.9), fake_score=swinging(25, 0.2, 0.85),
        ),
        "nothing unusual",
    ),
    "one rise and fall": (swings(100), "nothing unusual"),
    "single spikes": (
        curve(loss_g=spikes(1.5, 30), fake_score=spikes(0.38, 0.9)), "nothing unusual"
    ),
}  # fmt: skip


@pytest.mark.parametrize(("rows", "start"), BALANCE.values(), ids=BALANCE)
def test_where_a_finding_about_d_and_g_begins(rows: Rows, start: str) -> None:
    assert say(rows).startswith(start)


@pytest.mark.parametrize("seed", range(20))
def test_noise_is_not_a_finding(seed: int) -> None:
    noise = np.random.default_rng(seed)
    columns = {n: (v * noise.lognormal(0, 0.2, ROWS)).tolist() for n, v in HEALTHY.items()}
    assert say(curve(**columns)).startswith("nothing unusual")


@pytest.mark.parametrize(
    ("values", "start"),
    [
        ([150.0] + [100.0] * 5 + [100 * (1 - GAIN * 1.1)] * 4, "still improving"),
        ([150.0] + [100.0] * 5 + [100 * (1 - GAIN * 0.9)] * 4, "settled"),
        ([150.0] + [100.0] * 5 + [100 * (1 + WORSE * 1.1)] * 4, "past its best"),
        (
            [150.0] + [100.0] * 5 + [100 * (1 + WORSE * 0.9)] * 4,
            "nothing unusual: fd-eye ended at 118 after a best of 100 at 9.6 kimg",
        ),
        # back at an earlier best is no progress
        ([60, 60, 67, 77, 89, 92, 71, 69, 65, 61], "no gain seen"),
        ([1497] * 10, "no gain seen"),
        ([1497, 1626, 1758, 1775, 1772, 1671, 1669, 1660, 1688, 1602], "no gain seen"),
        ([0.0] * 10, "no gain seen: fd-eye was 0 at the first tick"),
        # a distance near 0 is measured against where it began
        ([0.3, 0.1, 0.05, 0.02, 0.01, 0.004, 0.003, 0.001, -0.001, 0.002], "settled: fd-eye ended"),
    ],
)
def test_where_a_finding_about_the_scores_begins(values: list[float], start: str) -> None:
    assert say(curve(), values).startswith(start)


# Together, and when there is little to read


def test_two_findings_share_the_line_the_graver_first() -> None:
    text = say(curve(real_score=0.999, fake_score=0.001), range(1000, 500, -50))
    first, second = text.split("; also ")
    assert first.startswith("D is too strong")
    assert second.startswith("still improving: fd-eye fell from 750 to 550")


def test_a_very_short_training_is_too_short_to_tell() -> None:
    for rows in (0, 1, 2, 3, MIN_POINTS - 1):
        extreme = curve(rows, real_score=1.0, fake_score=0.0, grad_g=0.0)
        assert say(extreme).startswith(f"too short to tell: {rows} points of a curve")
    assert "too short" not in say(curve(MIN_POINTS))


@pytest.mark.parametrize("lost", [None, math.nan, math.inf, -math.inf])
def test_a_curve_that_ends_in_no_number_diverged(lost: float | None) -> None:
    for name, rows in (("grad_g", curve(120)), ("loss_d", curve(3))):
        rows[-1][name] = lost
        assert say(rows).startswith(f"diverged: {name} was no longer finite at 48 kimg; try lower")


@pytest.mark.parametrize("column", COLUMNS)
def test_a_column_that_was_never_known_and_gaps_are_passed_over(column: str) -> None:
    for lost in (None, math.nan):
        assert say([row | {column: lost} for row in curve()]).startswith("nothing unusual")
    without: Rows = [{k: v for k, v in row.items() if k != column} for row in curve()]
    assert say(without).startswith("nothing unusual")
    strong = curve(real_score=0.999, fake_score=0.001)
    gaps: Rows = [row | ({column: None} if 80 <= k < 100 else {}) for k, row in enumerate(strong)]
    assert say(gaps) == say(strong)


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
looks = st.lists(st.tuples(st.floats(), st.floats() | st.none()), max_size=15)


@settings(max_examples=50)
@given(curves, looks, st.booleans(), st.from_regex(NAME, fullmatch=True))
@example([], [], False, "fd")
@example([dict.fromkeys(("kimg", *COLUMNS), 0.0)] * ROWS, ticks([0.0] * 10), False, "fd")
@example(curve(), ticks(range(1000, 500, -50)), False, "x" * 63)
def test_whatever_comes_gives_one_plain_line(
    rows: Rows, scores: Scores, higher_is_better: bool, name: str
) -> None:
    text = diagnose(rows, scores, metric(higher_is_better, name))
    assert text.strip() == text
    assert text.isprintable()
    assert 0 < len(text) <= (LIMIT if "; also " in text else 200)
    assert diagnose(rows, scores[::-1], metric(higher_is_better, name)) == text


@given(st.integers(-20, 20), st.lists(st.integers(1, 1000), min_size=4, max_size=12))
def test_the_unit_and_the_direction_of_a_score_do_not_matter(power: int, scores: list[int]) -> None:
    def kind(factor: float, higher_is_better: bool = False) -> str:
        return say(curve(), [factor * s for s in scores], higher_is_better).split(":")[0]

    assert kind(1) == kind(-1, True) == kind(2.0**power)


KINDS: dict[str, Rows] = {
    "saturated": curve(real_score=0.99, fake_score=0.01, grad_g=falling(0.001)),
    "D is too strong": curve(real_score=0.9, fake_score=0.1, grad_d=falling(0.001)),
    "D is too weak": apart(0),
    "oscillating": swings(),
    "nothing unusual": curve(),
}


@pytest.mark.parametrize("kind", KINDS)
def test_the_unit_of_losses_and_gradients_and_the_length_do_not_matter(kind: str) -> None:
    rows = KINDS[kind]
    assert say(rows).startswith(kind)
    for unit in (2.0**-20, 2.0**20):
        factor = dict.fromkeys(("loss_d", "loss_g", "grad_d", "grad_g"), unit)
        scaled: Rows = [{k: (v or 0) * factor.get(k, 1) for k, v in row.items()} for row in rows]
        assert say(scaled).startswith(kind)
    longer: Rows = [row | {"kimg": 1000 * (row["kimg"] or 0)} for row in rows]
    assert say(longer).startswith(kind)
