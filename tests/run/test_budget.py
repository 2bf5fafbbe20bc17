"""`run --budget`: what fits into a time; numbers by hand, and no training."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from planning import Plan

from gan_bench import UsageError
from gan_bench.catalogue import Catalogue
from gan_bench.contract.schedule import Schedule
from gan_bench.results.plans import budget_in, read_plans
from gan_bench.run import trial_cells
from gan_bench.run.budget import FEWEST, MOST, Fit, Trial, fit, run_seconds
from gan_bench.run.folders import lay_out
from gan_bench.run.plan import make_plan
from gan_bench.run.request import Request
from gan_bench.run.time_left import Pace
from gan_bench.run.trial_cells import check_budget, within_budget

SCHEDULE = Schedule(kimg=100, batch=10, ticks=10)


def pace(training: float, begin: float = 5, tick: float = 1, end: float = 2) -> Pace:
    """Of a cell of 1 kimg; `end` is in ticks."""
    return Pace(Path("row"), training, begin, tick, end)


TWO = Trial(kimg=1, paces=(pace(2), pace(4)), before=20, after=10, spent=30)


def test_the_whole_run_counts_every_part() -> None:
    # two rows of 3 seeds: training 10 x (2 + 4), and 5 to begin, 10 ticks, 2 ticks at the end each
    expected = 30 + 20 + 3 * (10 * 6 + 2 * (5 + 10 + 2)) + 10
    assert run_seconds(TWO, SCHEDULE, 10, 3, jobs=1) == pytest.approx(expected)
    at_once = 30 + 20 + 3 * (40 + 17) + 10  # the slower row alone takes this, if each has a slot
    assert run_seconds(TWO, SCHEDULE, 10, 3, jobs=2) <= at_once


def test_with_time_for_all_of_it_the_training_is_the_preset_s_and_seeds_are_added() -> None:
    chosen = fit(TWO, SCHEDULE, 60 + 6 * (600 + 34), jobs=1)
    assert (chosen.kimg, chosen.seeds) == (100, 6)
    long = fit(TWO, SCHEDULE, 10**6, jobs=1)
    assert long.seeds == MOST
    assert long.kimg > 100


def test_with_less_time_four_seeds_are_trained_shorter_and_then_fewer_seeds() -> None:
    assert fit(TWO, SCHEDULE, 60 + 4 * (300 + 34), jobs=1).seeds == FEWEST
    chosen = fit(TWO, SCHEDULE, 60 + 2 * (180 + 34), jobs=1)
    assert (chosen.seeds, chosen.kimg) == (2, 30)
    quarter = "less than a quarter of the preset's 100 kimg"
    assert chosen.why == f"with more seeds a cell would have {quarter}"
    short = fit(TWO, SCHEDULE, 60 + 1 * (60 + 34), jobs=1)
    assert (short.seeds, short.kimg) == (1, 10)
    assert short.why == f"even with one seed a cell has {quarter}"


def test_what_is_given_stays_as_it_is() -> None:
    assert fit(TWO, SCHEDULE, 2000, jobs=1, seeds=3).seeds == 3
    chosen = fit(TWO, SCHEDULE, 60 + 5 * (120 + 34) + 1, jobs=1, kimg=20)
    assert (chosen.kimg, chosen.seeds) == (20, 5)


@pytest.mark.parametrize("given_", [{}, {"seeds": 4}, {"kimg": 100.0}, {"kimg": 10.0, "seeds": 9}])
def test_too_little_time_is_refused_with_what_is_needed(given_: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="--budget is 1 min 40 s, and") as error:
        fit(TWO, SCHEDULE, 100, jobs=1, **given_)
    needed = float(str(error.value).split("give --budget ")[1].split()[0])
    assert fit(TWO, SCHEDULE, 3600 * needed * 1.06, jobs=1, **given_)


@given(
    st.lists(st.floats(0.01, 50), min_size=1, max_size=6),
    st.floats(300, 1e6),
    st.integers(1, 4),
    st.sampled_from([None, 1, 5]),
)
@settings(max_examples=60, deadline=None)
def test_what_is_chosen_fits_and_leaves_little_unused(
    speeds: list[float], seconds: float, jobs: int, seeds: int | None
) -> None:
    trial = Trial(kimg=1, paces=tuple(map(pace, speeds)), before=9, after=9)
    try:
        chosen: Fit = fit(trial, SCHEDULE, seconds, jobs, seeds=seeds)
    except UsageError:
        return
    assert chosen.seconds <= seconds * 1.01  # kimg has three digits
    if seeds:
        assert chosen.seconds >= seconds * 0.99


@pytest.mark.parametrize(
    ("asked", "dry", "said"),
    [
        ({"until_decided": 0.05}, False, "--until-decided by the scores: leave one of them out"),
        ({}, True, "--dry-run trains nothing"),
    ],
)
def test_options_that_do_not_go_with_a_budget_are_refused(
    asked: dict[str, Any], dry: bool, said: str
) -> None:
    with pytest.raises(UsageError, match=said):
        check_budget(Request(budget=1, **asked), dry)


def test_the_same_command_finds_what_it_chose_and_tries_nothing_again(
    plan: Plan, known: Catalogue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries = []

    def tried(*_: object) -> Trial:
        tries.append(1)
        return Trial(kimg=1, paces=(pace(len(tries)),), before=1, after=1)

    monkeypatch.setattr(trial_cells, "_try_rows", tried)
    monkeypatch.setattr(trial_cells, "seconds_since_start", lambda: 3.0)

    def chosen(**asked: Any) -> tuple[float | None, int | None]:
        planned = plan(budget=0.1, **asked)
        request = planned.choice.request
        fitted, budget = within_budget(
            request, known, planned, tmp_path, lambda _: None, lambda _: None
        )
        lay_out(replace(make_plan(fitted, known), budget=budget), tmp_path)
        return fitted.kimg, fitted.seeds

    first = chosen()
    assert chosen() == first
    assert len(tries) == 1
    home = next(tmp_path.glob("*/protocol.json")).parent
    noted = budget_in(read_plans(home))
    assert noted is not None
    assert (noted.kimg, noted.seeds, noted.hours) == (*first, 0.1)
    chosen(lr_g=0.01)  # another protocol is another fit
    assert len(tries) == 2
