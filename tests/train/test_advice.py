"""What a diagnosis says: its words, and advice that can be typed."""

from __future__ import annotations

import shlex
from dataclasses import replace

import pytest
from courses import (
    COURSES,
    FLAT,
    NEVER,
    SCHEDULE,
    course,
    curve,
    fading,
    swings,
)

from gan_bench.cli.run import run
from gan_bench.contract.protocol import MetricSpec, Schedule
from gan_bench.train.diagnosis import diagnose, findings
from gan_bench.train.finding import ANOTHER_LOSS, Course
from gan_bench.train.trend import MIN_SCORES
from gan_bench.train.verdicts import Look

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
    assert list(findings(COURSES[name][0]())[0].options) == options


def test_rates_that_differ_are_halved_each() -> None:
    schedule = SCHEDULE.model_copy(update={"lr_g": 1e-4, "lr_d": 4e-4})
    (first, *_) = findings(replace(COURSES["swings with a period of 6 kimg, from 0 of it on"][0](),
                                   schedule=schedule))  # fmt: skip
    assert first.options == ("--lr-g 5e-05 --lr-d 0.0002",)


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
            for advice in finding.options:
                if advice == ANOTHER_LOSS:
                    assert advice.split()[-1] in known
                else:
                    run.make_context("run", shlex.split(advice))


# What is said

USUAL = "nothing unusual: at the end D gave real images 0.62, fakes 0.38"
SENTENCES: dict[str, tuple[Course, str]] = {
    "D is always right": (
        course(curve(real_score=0.999, fake_score=0.001), FLAT),
        "D is too strong: it gave real images 1.00, fakes 0.00 at the end; try --lr-d 0.0001",
    ),
    "G's gradient died, which is named before the D that killed it": (
        course(curve(real_score=0.9998, fake_score=0.0002, grad_g=fading(1e-9))),
        "saturated: G's gradient fell to 1e-07 % of its largest while D gave "
        "real images 1.00, fakes 0.00; try --lr-d 0.0001 or another --loss",
    ),
    "D prefers fakes": (
        course(curve(real_score=0.5, fake_score=0.6), NEVER),
        "D is too weak: it gave real images 0.50, fakes 0.60 at the end; "
        "try --lr-d 0.0004 or --d-steps 2",
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
