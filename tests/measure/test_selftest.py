"""The self-test of an evaluator: where lost modes can be tested."""

from __future__ import annotations

import numpy as np
import pytest

from gan_bench.measure import selftest


@pytest.mark.parametrize(
    ("labels", "reason"),
    [
        (None, "the images have no labels"),
        (np.arange(90) % 9, "the labels are of 9 modes, and 10 are needed"),
        (np.zeros(90, int), "the labels are of 1 mode, and 10 are needed"),
        (np.arange(90) % 10, None),
    ],
)
def test_lost_modes_are_tested_where_there_are_enough(
    labels: np.ndarray | None, reason: str | None
) -> None:
    assert selftest.why_no_lost_modes(labels) == reason
    faults = {each.fault for each in selftest.corruptions_for(labels)}
    assert ("lost modes" in faults) == (reason is None)
    assert {"repeats", "blur", "noise", "copies"} <= faults


@pytest.mark.parametrize("modes", [10, 20, 100, 1000])
def test_fewer_modes_are_a_stronger_fault_and_some_are_left(modes: int) -> None:
    made = selftest.corruptions_for(np.arange(modes))
    names = [each.name for each in made if each.fault == "lost modes"]
    left = [int(name.split()[0]) for name in names]
    assert left == sorted(set(left), reverse=True)
    assert 1 <= left[-1] <= modes / 10
