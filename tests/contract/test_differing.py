"""What differs between protocols is said briefly: a digest by its beginning, a list by items."""

from __future__ import annotations

import pytest

from gan_bench.contract.differing import said


@pytest.mark.parametrize(
    ("pair", "text"),
    [
        ((100.0, 200.0), "field: 100.0 here, 200.0 there"),
        ((None, 3), "field: nothing here, 3 there"),
        (("a" * 64, "b" * 64), "field: aaaaaaaaaaaa here, bbbbbbbbbbbb there"),
        (("a" * 64, None), "field: aaaaaaaaaaaa here, nothing there"),
        (("a" * 63, "b"), f"field: {'a' * 63} here, b there"),
        (("none", "flip, blur"), "field: only here none; only there flip, blur"),
        (("fd eye, kd eye, ndb raw", "kd eye"), "field: only here fd eye, ndb raw"),
        (("x, y", None), "field: only here x, y"),
        (("x, y", "y, x"), "field: x, y here, y, x there"),
    ],
)
def test_each_kind_of_value(pair: tuple[object, object], text: str) -> None:
    assert said("field", pair) == text


def test_the_two_sides_have_the_names_that_are_given() -> None:
    assert said("batch", (9, 8), ("then", "now")) == "batch: 9 then, 8 now"
