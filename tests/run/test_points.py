"""The points of a study are the same for every row, and spread evenly."""

from __future__ import annotations

import math

import numpy as np
import pytest

from gan_bench import UsageError
from gan_bench.base import rng
from gan_bench.contract.schedule import Schedule
from gan_bench.contract.space import DEFAULT, Axis, Space
from gan_bench.run.points import points

SCHEDULE = Schedule(kimg=4)


def test_the_first_trial_is_the_default_schedule() -> None:
    assert points(DEFAULT, 8, SCHEDULE)[0] == {}


def test_more_trials_leave_the_first_ones_as_they_are() -> None:
    assert points(DEFAULT, 32, SCHEDULE)[:5] == points(DEFAULT, 5, SCHEDULE)
    assert np.array_equal(rng.spread(3, "space", 40, 4)[:9], rng.spread(3, "space", 9, 4))


def test_sobol_points_put_one_into_each_equal_part_of_every_axis() -> None:
    drawn = rng.spread(0, "space", 64, 5)  # 2^6 points: a (t, m, s)-net in base 2
    for axis in drawn.T:
        assert sorted((64 * axis).astype(int)) == list(range(64))


def test_points_of_a_seed_and_stream_are_its_own() -> None:
    first = rng.spread(0, "space", 8, 3)
    assert np.array_equal(first, rng.spread(0, "space", 8, 3))
    assert not np.array_equal(first, rng.spread(1, "space", 8, 3))
    assert not np.array_equal(first, rng.spread(0, "other", 8, 3))


def test_every_trial_is_another_schedule_within_the_space() -> None:
    drawn = points(DEFAULT, 64, SCHEDULE)[1:]
    assert len({str(each) for each in drawn}) == 63
    for settings in drawn:
        Schedule(**SCHEDULE.model_dump() | settings)
        assert 2e-5 <= settings["lr_g"] <= 2e-3
    logs = [math.log10(each["lr_g"]) for each in drawn]
    assert abs(np.mean(logs) - math.log10(2e-4)) < 0.05


def test_a_space_with_too_few_points_is_refused_with_their_number() -> None:
    few = Space(axes={"d_steps": Axis(choices=(1, 2, 3))})  # 1 is the default
    assert len(points(few, 3, SCHEDULE)) == 3
    with pytest.raises(UsageError, match="--trials 4: the space has 3 different points, with"):
        points(few, 4, SCHEDULE)
