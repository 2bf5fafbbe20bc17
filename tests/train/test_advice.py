"""What a diagnosis says: its words, and advice that can be typed."""

from __future__ import annotations

import shlex
from dataclasses import replace

import pytest
from courses import (
    COLLAPSED,
    COURSES,
    FLAT,
    KIMG,
    NEVER,
    ROWS,
    SCHEDULE,
    apart,
    course,
    curve,
    fading,
    swings,
)
from hypothesis import given
from hypothesis import strategies as st

from gan_bench.cli.branch import branch
from gan_bench.cli.run import run
from gan_bench.contract.protocol import MetricSpec, Schedule
from gan_bench.run.branch_changes import BOTH, CHANGEABLE
from gan_bench.train.diagnosis import diagnose, findings
from gan_bench.train.finding import Course
from gan_bench.train.hints import Rates
from gan_bench.train.trend import MIN_SCORES
from gan_bench.train.verdicts import Look, counting

ANOTHER_LOSS = "another --loss"
COVERAGE = MetricSpec(name="coverage", higher_is_better=True, features="eye")

# What to try

OPTIONS = [
    ("D is always right", ["--lr-d 0.0001"]),
    ("D is too small to tell them apart", ["--lr-d 0.0004", "--d-steps 2"]),
    ("minimax saturates", ["--lr-d 0.0001", ANOTHER_LOSS]),
    ("swings with a period of 6 kimg, from 0 of it on", ["--lr 0.0001"]),
    ("a loss is not finite at the end", ["--lr 0.0001"]),
    ("too short a training", ["--kimg 96"]),
    ("past its best", ["--kimg 14.4", "--lr 0.0001"]),
    ("twenty updates", ["--kimg 6.4"]),
    ("non-saturating", []),
]


@pytest.mark.parametrize(("name", "options"), OPTIONS)
def test_advice_is_computed_from_the_schedule(name: str, options: list[str]) -> None:
    assert findings(COURSES[name][0]())[0].options() == options


def test_rates_that_differ_are_halved_each() -> None:
    schedule = SCHEDULE.model_copy(update={"lr_g": 1e-4, "lr_d": 4e-4})
    (first, *_) = findings(replace(COURSES["swings with a period of 6 kimg, from 0 of it on"][0](),
                                   schedule=schedule))  # fmt: skip
    assert first.options() == ["--lr-g 5e-05 --lr-d 0.0002"]


@pytest.mark.parametrize(
    "schedule",
    [
        SCHEDULE,
        Schedule(kimg=123_456, batch=64, lr_g=1e-7, lr_d=3e-3, d_steps=5),
        Schedule(kimg=0.1, batch=2),
    ],
    ids=lambda schedule: f"{schedule.kimg:g} kimg",
)
def test_every_advice_is_an_option_of_run_with_a_value_that_it_takes(schedule: Schedule) -> None:
    known = {option for param in run.params for option in param.opts}
    for make, _ in COURSES.values():
        for finding in findings(replace(make(), schedule=schedule)):
            for advice in finding.options():
                if advice == ANOTHER_LOSS:
                    assert advice.split()[-1] in known
                else:
                    run.make_context("run", shlex.split(advice))


# What is said


def test_a_training_that_still_improves_is_not_told_to_change_its_rates() -> None:
    fast = Schedule(kimg=48, batch=50, lr_g=4e-3, lr_d=4e-3)
    improving = course(curve(), [900, 800, 700, 600, 500, 400, 350, 300])
    said = diagnose(replace(improving, schedule=fast, usual_rates=(2e-4, 2e-4)))
    assert said.endswith("; try --kimg 96")
    branch = replace(improving, schedule=fast, usual_rates=(2e-4, 2e-4), fork=1.0)
    assert "try" not in diagnose(branch)


def test_the_first_tick_of_a_trend_is_the_first_that_counts() -> None:
    never = course(curve(), [1497] * 9 + [1430])
    assert "fd-eye was 1,497 at first and" in diagnose(never)
    young = replace(never, young=looks_at(2))
    assert "fd-eye was 1,497 at the first tick that counts and" in diagnose(young)


def looks_at(ticks: int) -> list[Look]:
    """The ticks of a training of 1 kimg, none of which has a score."""
    return [Look((k + 1) / ticks, {}) for k in range(ticks)]


def test_it_is_said_if_ticks_were_too_young_to_count() -> None:
    short = replace(course(curve()), young=looks_at(10), schedule=Schedule(kimg=1, batch=16))
    said = "too few ticks count to tell whether G improved: there were 62 updates, and ticks count"
    assert f"{said} from the 100th on" in diagnose(short)
    assert diagnose(short).endswith("; try --kimg 2.672")
    longer = Schedule(kimg=2.672, batch=16)
    looks = [Look(longer.kimg * k / longer.ticks, {}) for k in range(1, longer.ticks + 1)]
    counted = counting(looks, longer)
    assert len(counted) > MIN_SCORES
    assert counted[0].kimg <= longer.kimg * 2 / 3  # else there is no trend
    branch = diagnose(replace(short, fork=0.1))
    assert f"{said} from the 100th on;" in branch
    assert "try" not in branch  # a branch has the length of its cell
    late = diagnose(replace(short, young=looks_at(10)[:5], fork=0.9))
    assert "too few ticks were scored after the fork to tell whether G improved" in late
    few = replace(short, schedule=Schedule(kimg=1, batch=16, ticks=2))
    assert diagnose(few).endswith("; try --ticks 10 --kimg 2.672")
    long = replace(short, young=looks_at(1), schedule=Schedule(kimg=9, batch=16, ticks=2))
    assert diagnose(long).endswith("; try --ticks 10")
    assert "too few ticks were scored" in diagnose(replace(short, young=()))


THIRD = "over the last third"
USUAL = (
    "the losses and gradients show no fault, but too few ticks were scored to tell whether G "
    f"improved; sigmoid(D) averaged 0.62 on real images and 0.38 on fakes {THIRD}"
)
SENTENCES: dict[str, tuple[Course, str]] = {
    "D is always right": (
        course(curve(real_score=0.999, fake_score=0.001), FLAT),
        "D is too strong: sigmoid(D) averaged 1.00 on real images and 0.00 on fakes "
        f"{THIRD}; try --lr-d 0.0001",
    ),
    "G's gradient died, which is named before the D that killed it": (
        course(curve(real_score=0.9998, fake_score=0.0002, grad_g=fading(1e-9))),
        "saturated: G's gradient fell to 1e-07 % of its largest while sigmoid(D) averaged "
        f"1.00 on real images and 0.00 on fakes {THIRD}; try --lr-d 0.0001 or another --loss",
    ),
    "D prefers fakes": (
        course(curve(real_score=0.5, fake_score=0.6), NEVER),
        "D is too weak: sigmoid(D) averaged 0.50 on real images and 0.60 on fakes "
        f"{THIRD}; try --lr-d 0.0004 or --d-steps 2",
    ),
    "swings larger than the losses": (
        course(swings(6), FLAT),
        "oscillating: the loss of G swings between 0.72 and 9.28, about every 6 kimg; "
        "try --lr 0.0001",
    ),
    "a score that still falls, of a dense pair on toonfaces": (
        course(curve(), [1350, 1299, 1140, 1006, 1058, 981, 1001, 969, 907, 884]),
        "still improving: fd-eye fell from 981 to 884 (256 images); try --kimg 96",
    ),
    "missing scores are passed over": (
        course(curve(), [1000, None, 900, 800, 700, 600, 500, 400, None, 300]),
        "still improving: fd-eye fell from 600 to 300 (256 images); try --kimg 96",
    ),
    "a score well past its best": (
        course(curve(), [61, 50, 41, 45, 50, 55, 60, 65, 70, 74]),
        "past its best: fd-eye was 41 at 14.4 kimg and ended at 74 (256 images); "
        "try --kimg 14.4 or --lr 0.0001",
    ),
    "a score that stands still": (
        course(curve(), FLAT),
        "settled: fd-eye ended at 46, its best before the last third was 46 (256 images): "
        "more kimg would change little",
    ),
    "a G that never got better": (
        course(curve(), [1497] * 9 + [1430]),
        "no gain seen: fd-eye was 1,497 at first and 1,430 at the end (256 images); "
        "try --kimg 96 or another --loss",
    ),
    "a rising score": (
        course(curve(), [0.1, 0.2, 0.25, 0.3, 0.32, 0.35, 0.36, 0.38, 0.4, 0.45], COVERAGE),
        "still improving: coverage rose from 0.35 to 0.45 (256 images); try --kimg 96",
    ),
    "too few scores": (course(curve(), [100, 90, 80, 50, 40][: MIN_SCORES - 1]), USUAL),
    "no score before the last third": (
        replace(
            course(curve()), looks=[Look(k, {"fd-eye": 2178.0 / k}) for k in (40, 42, 44, 48)]
        ),
        USUAL,
    ),
}  # fmt: skip


@pytest.mark.parametrize(("made", "text"), SENTENCES.values(), ids=SENTENCES)
def test_what_is_said_of_a_training(made: Course, text: str) -> None:
    assert diagnose(made) == text


def test_two_findings_share_the_line_the_graver_first() -> None:
    text = diagnose(course(curve(real_score=0.999, fake_score=0.001), range(1000, 500, -50)))
    first, second = text.split("; also ")
    assert first.startswith("D is too strong")
    assert second.startswith("still improving: fd-eye fell from 750 to 550")


@pytest.mark.parametrize("name", [name for name in COURSES if "diverged" in COURSES[name][1]])
def test_a_training_that_diverged_is_not_told_to_go_on(name: str) -> None:
    assert [finding.kind for finding in findings(COURSES[name][0]())] == ["diverged"]


def test_a_verdict_is_not_repeated_in_what_to_try_against_it() -> None:
    said = {name: diagnose(COURSES[name][0]()) for name in COURSES if COURSES[name][0]().verdict}
    assert sorted(said.values()) == [
        "against the collapse, try --lr 0.0001 or another --loss",
        "against the divergence, try --lr 0.0001",
    ]


def test_no_number_of_d_is_said_where_its_sigmoid_shows_nothing() -> None:
    text = diagnose(course(curve(loss_d=-60.0, real_score=0.001, fake_score=0.0)))
    assert text == USUAL.partition("; ")[0]


# Where the rates are not the usual ones


def at(lr_g: float, lr_d: float, d_steps: int = 1, usual: float = 4e-4) -> Rates:
    schedule = SCHEDULE.model_copy(update={"lr_g": lr_g, "lr_d": lr_d, "d_steps": d_steps})
    return Rates(schedule, (usual, usual))


@pytest.mark.parametrize(
    ("rates", "slower", "slower_d", "faster_d", "longer"),
    [
        (at(1, 1), "--lr 0.0004", "--lr 0.0004", ["--lr 0.0004", "--d-steps 2"], "--lr 0.0004"),
        (
            at(4e-4, 0.02),
            "--lr-g 0.0002 --lr-d 0.0004", "--lr-d 0.0004", ["--lr-d 0.0004", "--d-steps 2"],
            "--lr-d 0.0004",
        ),
        (at(6e-4, 6e-4, 2), "--lr 0.0004", "--lr-d 0.0004", ["--d-steps 4"], "--kimg 96"),
        (at(4e-4, 4e-4), "--lr 0.0002", "--lr-d 0.0002", ["--lr-d 0.0008", "--d-steps 2"],
         "--kimg 96"),
        (at(1e-5, 1e-5), "--lr 5e-06", "--lr-d 5e-06", ["--lr-d 0.0004", "--d-steps 2"],
         "--kimg 96"),
    ],
)  # fmt: skip
def test_a_rate_above_the_usual_one_goes_back_to_it(
    rates: Rates, slower: str, slower_d: str, faster_d: list[str], longer: str
) -> None:
    assert rates.slower().typed(branch=False) == slower
    assert rates.slower_d().typed(branch=False) == slower_d
    assert [hint.typed(branch=False) for hint in rates.faster_d()] == faster_d
    assert rates.longer().typed(branch=False) == longer


rate = st.floats(1e-7, 10)


@given(rate, rate, rate, st.sampled_from(sorted(COURSES)))
def test_no_hint_leads_a_rate_that_is_too_high_further_up(
    lr_g: float, lr_d: float, usual: float, name: str
) -> None:
    schedule = SCHEDULE.model_copy(update={"lr_g": lr_g, "lr_d": lr_d})
    made = replace(COURSES[name][0](), schedule=schedule, usual_rates=(usual, usual))
    for finding in findings(made):
        for hint in finding.hints:
            for field, now in (("lr_g", lr_g), ("lr_d", lr_d)):
                if field in hint.changes and now > usual:
                    assert usual <= hint.changes[field] < now


def test_two_findings_of_one_line_never_ask_for_opposite_changes() -> None:
    weak = course(apart(0.002), NEVER, verdict=COLLAPSED)
    first, second = findings(weak)[:2]
    assert (first.kind, second.kind) == ("collapsed", "D too weak")
    assert second.against(first, SCHEDULE)
    said = diagnose(weak)
    assert said == (
        "against the collapse, try --lr 0.0001 or another --loss; also D is too weak: "
        f"sigmoid(D) averaged 0.50 on real images and 0.50 on fakes {THIRD}"
    )


def test_the_hints_of_a_branch_are_changes_that_branch_can_make() -> None:
    options = {option for param in branch.params for option in param.opts}
    for make, _ in COURSES.values():
        for finding in findings(made := replace(make(), fork=0.0)):
            for typed in finding.options(branch=True):
                words = shlex.split(typed.removeprefix("another "))
                assert words[0] == "--set"
                assert words[0] in options
                for change in words[1::2]:
                    assert change.partition("=")[0] in {*CHANGEABLE, BOTH}
        assert "--kimg" not in diagnose(made)
    slow = replace(COURSES["collapsed, with a score that still falls"][0](), fork=0.0)
    assert diagnose(slow) == "against the collapse, try --set lr=0.0001 or another --set loss=NAME"


def test_of_a_branch_the_diagnosis_reads_what_came_after_its_fork() -> None:
    """The gradient of G was large before, under another loss, and has been steady since then."""
    before, since = [32.0] * 20, [1.0] * 180
    rows = curve(grad_g=[*before, *since], real_score=0.56, fake_score=0.44)
    whole = course(rows, NEVER)
    assert diagnose(whole).startswith("saturated: G's gradient fell to 3.1 % of its largest")
    forked = replace(whole, fork=20 * KIMG / ROWS)
    assert "saturated" not in diagnose(forked)
    assert [look.kimg for look in forked.own.looks] == [look.kimg for look in whole.looks[1:]]
