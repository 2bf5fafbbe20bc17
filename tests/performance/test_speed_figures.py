"""The figures of the speed suite: bounds, what counts as worse, and what is kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from figures import Figure, keep, kept, slower, table, write_page

RATIO = Figure(2.0, "{:.2f} x", least=1.8, noise=0.02, date="2026-01-01")
SHARE = Figure(
    0.12, "{:.0%}", beside=" of 3 s", most=0.15, more_is_better=False, noise=0.02, date="2026-01-01"
)
ABSENT = Figure(None, "not measured: there is no GPU")


@pytest.mark.parametrize(
    ("figure", "text", "wanted", "holds"),
    [
        (RATIO, "2.00 x", "≥ 1.80 x", True),
        (Figure(1.7, "{:.2f} x", least=1.8), "1.70 x", "≥ 1.80 x", False),
        (SHARE, "12% of 3 s", "≤ 15%", True),
        (Figure(0.2, "{:.0%}", most=0.15), "20%", "≤ 15%", False),
        (Figure(1.0, "{:.1f} s"), "1.0 s", "", True),
        (ABSENT, "not measured: there is no GPU", "", True),
    ],
)
def test_a_figure_says_itself_and_its_bound(
    figure: Figure, text: str, wanted: str, holds: bool
) -> None:
    assert (figure.text, figure.wanted, figure.holds) == (text, wanted, holds)


@pytest.mark.parametrize(
    ("now", "last", "worse"),
    [
        (Figure(1.9, "{}", noise=0.02), RATIO, False),  # 5 % less, and the noise is 2 x 2.8 %
        (Figure(1.8, "{}", noise=0.02), RATIO, True),
        (Figure(1.8, "{}", noise=0.10), RATIO, False),
        (Figure(3.0, "{}", noise=0.02), RATIO, False),
        (Figure(1.97, "{}", noise=0.0), Figure(2.0, "{}", noise=0.0), False),  # within 3 %
        (Figure(0.14, "{}", more_is_better=False, noise=0.02), SHARE, True),
        (Figure(0.05, "{}", more_is_better=False, noise=0.02), SHARE, False),
        (ABSENT, RATIO, False),
        (RATIO, ABSENT, False),
    ],
)
def test_worse_is_more_than_the_noise_of_both(now: Figure, last: Figure, worse: bool) -> None:
    assert now.worse_than(last) == worse


def test_each_machine_keeps_its_last_figures(tmp_path: Path) -> None:
    path = tmp_path / "figures.json"
    keep("one", {"a": RATIO, "b": SHARE}, path)
    keep("two", {"a": ABSENT}, path)
    keep("one", {"a": Figure(1.5, "{:.2f} x", noise=0.01, date="2026-02-02")}, path)
    assert kept("two", path) == {"a": ABSENT}
    assert kept("three", path) == {}
    now = kept("one", path)
    assert now["b"] == SHARE
    (said,) = slower(now, {"a": RATIO, "b": SHARE})
    assert said == "worse than on 2026-01-01: a: 1.50 x, it was 2.00 x"


def test_the_page_keeps_what_stands_around_its_table(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "before\n\n<!-- measured by tox -e speed -->\nold\n<!-- end -->\n\nafter\n",
        encoding="utf-8",
    )
    write_page(table("one", {"a": RATIO}), page)
    text = page.read_text(encoding="utf-8")
    assert text.startswith("before\n")
    assert text.endswith("\n\nafter\n")
    assert "| a | 2.00 x | ≥ 1.80 x | 2026-01-01 |" in text
    assert "old" not in text
