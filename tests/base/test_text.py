"""One format for every number, duration and size that people read."""

from __future__ import annotations

import pytest

from gan_bench.base.text import date, duration, number, percent, plural, size


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (-0.0, "0"),
        (0.000123, "0.000123"),
        (0.5, "0.5"),
        (12.345678, "12.35"),
        (999.96, "1,000"),
        (1160.4, "1,160"),
        (-123456.7, "-123,457"),
        (1e12, "1e+12"),
        (float("inf"), "inf"),
    ],
)
def test_a_number_has_four_digits_or_all_before_the_point(value: float, text: str) -> None:
    assert number(value) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (5, "5 s"),
        (59.6, "1 min 00 s"),
        (90, "1 min 30 s"),
        (18_720, "5 h 12 min"),
        (3599.6, "1 h 00 min"),
        (3650, "1 h 01 min"),
        (7199, "2 h 00 min"),
        (7_200_000, "2,000 h 00 min"),
    ],
)
def test_a_duration_has_its_two_largest_units(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 bytes"),
        (999, "999 bytes"),
        (1500, "1.5 kB"),
        (84e6, "84 MB"),
        (2e15, "2000 TB"),
        (999_700_000, "1 GB"),
        (999_400_000, "999 MB"),
    ],
)
def test_a_size_is_in_powers_of_ten(count: float, text: str) -> None:
    assert size(count) == text


def test_counts_and_shares() -> None:
    assert [plural(n, "cell") for n in (0, 1, 1200)] == ["0 cells", "1 cell", "1,200 cells"]
    assert [percent(share) for share in (0.256, 1, 12.34, 0.0012, 0.9951, 0.9996, 0.99999)] == [
        "26 %", "100 %", "1,234 %", "0.12 %", "99.5 %", "99.96 %", "over 99.9 %",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("iso", "said"),
    [
        ("2026-11-26T18:33:57+00:00", "2026-11-26 18:33 UTC"),
        ("2026-11-26T01:33:57+02:00", "2026-11-25 23:33 UTC"),
        ("2026-11-26T18:33:57", "2026-11-26T18:33:57"),  # where it was is not known
        ("0001-01-01T00:00:00+02:00", "0001-01-01T00:00:00+02:00"),
        ("yesterday", "yesterday"),
        ("–", "–"),
    ],
)
def test_a_date_is_said_as_people_write_it(iso: str, said: str) -> None:
    assert date(iso) == said
