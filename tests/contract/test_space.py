"""The space that a study draws its trials from."""

from __future__ import annotations

import math

import numpy as np
import pytest
from pydantic import ValidationError

from gan_bench.contract.schedule import Schedule
from gan_bench.contract.space import DEFAULT, TUNABLE, Axis, Space

SCHEDULE = Schedule(kimg=4, betas=(0.5, 0.9))


def test_half_of_a_log_axis_lies_below_the_geometric_mean_of_its_ends() -> None:
    axis = Axis(log=(1e-5, 1e-3))
    drawn = np.array([axis.at(share) for share in np.linspace(0, 1, 201, endpoint=False)])
    assert drawn.min() >= 1e-5
    assert drawn.max() <= 1e-3
    assert abs((drawn < 1e-4).mean() - 0.5) < 0.01
    assert math.isclose(axis.at(0.5), 1e-4)  # type: ignore[arg-type]


def test_a_linear_axis_is_even_and_whole_fields_are_whole() -> None:
    assert Axis(linear=(0, 0.8)).at(0.25) == 0.2
    assert Axis(linear=(10, 20)).at(0.123, whole=True) == 11
    assert isinstance(Axis(log=(8, 64)).at(0.4, whole=True), int)


def test_choices_are_drawn_equally_often_and_keep_their_type() -> None:
    axis = Axis(choices=(16, 32, 64))
    drawn = [axis.at(share) for share in np.linspace(0, 1, 300, endpoint=False)]
    assert [drawn.count(each) for each in (16, 32, 64)] == [100, 100, 100]
    assert all(isinstance(each, int) for each in drawn)


def test_part_of_betas_leaves_the_other_part_as_the_schedule_has_it() -> None:
    space = Space(axes={"beta1": Axis(linear=(0, 0.8))})
    assert space.settings([0.5], SCHEDULE) == {"betas": (0.4, 0.9)}
    both = Space(axes={"beta2": Axis(linear=(0.9, 0.99)), "beta1": Axis(linear=(0, 0.8))})
    assert list(both.axes) == ["beta1", "beta2"]  # whatever order the file has
    assert both.settings([0.5, 0], SCHEDULE) == {"betas": (0.4, 0.9)}


def test_a_space_comes_back_from_its_json() -> None:
    assert Space.model_validate_json(DEFAULT.model_dump_json()) == DEFAULT
    assert set(DEFAULT.axes) <= set(TUNABLE)


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"log": (1e-3, 1e-5)}, "below the second"),
        ({"linear": (1, 1)}, "below the second"),
        ({"log": (0, 1)}, "above 0"),
        ({"choices": ()}, "one value or more"),
        ({"choices": (1, 1)}, "each once"),
        ({}, "one of log, linear and choices"),
        ({"log": (1, 2), "linear": (1, 2)}, "one of log, linear and choices"),
    ],
)
def test_an_axis_that_cannot_be_drawn_from_is_refused(given: dict[str, object], why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        Axis.model_validate(given)
