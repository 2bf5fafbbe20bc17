"""Durations as people say them."""

from __future__ import annotations

import pytest

from gan_bench.base.text import duration

SAID = {
    0.4: "0 s",
    47.2: "47 s",
    59.6: "1 min 00 s",
    200: "3 min 20 s",
    3599: "59 min 59 s",
    3600: "1 h 00 min",
    5 * 3600 + 12 * 60 + 59: "5 h 12 min",
    200_000: "55 h 33 min",
}


@pytest.mark.parametrize("seconds", SAID)
def test_a_duration_is_said_as_people_say_it(seconds: float) -> None:
    assert duration(seconds) == SAID[seconds]
