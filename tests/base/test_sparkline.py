"""A curve as a line of blocks."""

from __future__ import annotations

from math import inf, nan

import pytest

from gan_bench.base.sparkline import sparkline


@pytest.mark.parametrize(
    ("values", "line"),
    [
        ([0, 1, 2, 3, 4, 5, 6, 7], "▁▂▃▄▅▆▇█"),
        ([7, 0], "█▁"),
        ([3, 3, 3], "▁▁▁"),
        ([0, nan, 7], "▁ █"),
        ([0, inf, 7], "▁ █"),
        ([nan, nan], "  "),
        ([1e100, -1e100], "█▁"),
        ([], ""),
    ],
)
def test_the_lowest_value_is_the_lowest_block(values: list[float], line: str) -> None:
    assert sparkline(values, 8) == line


def test_a_long_curve_is_as_wide_as_asked_and_shows_means() -> None:
    assert sparkline([0, 2, 4, 6, 10, 18], 3) == "▁▃█"
    assert len(sparkline(range(1001), 32)) == 32
