"""What is said of a table whose seeds were added after its letters could be seen."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gan_bench.report import leaderboard
from gan_bench.report.looks import Looks, looks_of
from gan_bench.report.tables import chapters
from gan_bench.results.layout import PLANS, protocol_dir
from gan_bench.results.plans import SeedPlan
from records import PLAIN, write_cell

Line = tuple[int, int]  # seeds, compared


def plan(line: Line) -> SeedPlan:
    return SeedPlan(seeds=line[0], when="2026-01-01T00:00:00+00:00", records=9, compared=line[1])


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([(6, 0)], Looks(6, 6, 1)),
        ([(1, 0), (6, 1)], Looks(6, 6, 1)),  # one seed has no letters
        ([(4, 0), (6, 0)], Looks(6, 6, 1)),  # extended before all cells were done
        ([(4, 0), (5, 4), (6, 5)], Looks(4, 6, 3)),
        ([(2, 0), (4, 2), (8, 4)], Looks(4, 8, 2)),
        ([(4, 0), (5, 4), (1, 0)], Looks(4, 5, 2)),  # the last one is of another row
        ([(4, 0), (1, 0)], Looks(4, 4, 1)),
        ([(8, 6)], Looks(None, 8, 2)),  # begun by an older version
    ],
)
def test_a_look_is_an_extension_of_four_seeds_or_more(lines: list[Line], expected: Looks) -> None:
    assert looks_of([plan(line) for line in lines]) == expected


@pytest.mark.parametrize(("looks", "share"), [(1, 0.05), (3, 0.15), (30, 1.0)])
def test_false_letters_are_bounded_by_the_sum_over_the_looks(looks: int, share: float) -> None:
    assert Looks(4, 6, looks).false_letters == pytest.approx(share)


# In the report


def claim(results: Path, content: str | None, seeds: int = 6) -> str:
    for name in ("a", "b"):
        for seed in range(seeds):
            write_cell(results, name, seed=seed, scores={"fd-eye": float(seed)})
    if content is not None:
        (protocol_dir(results, PLAIN) / PLANS).write_text(content)
    (chapter,) = chapters(leaderboard.load(results))
    return chapter.claims


def written(*lines: Line) -> str:
    return "".join(json.dumps(plan(line).model_dump()) + "\n" for line in lines)


def test_a_table_says_how_many_seeds_were_planned(tmp_path: Path) -> None:
    assert claim(tmp_path, written((6, 0))).endswith("; planned for 6 seeds")


def test_a_table_that_was_extended_says_what_its_letters_are_worth(tmp_path: Path) -> None:
    assert claim(tmp_path, written((4, 0), (5, 4), (6, 5))).endswith(
        "; planned for 4 seeds, but extended to 6 after letters could be seen: "
        "with 3 looks, a false letter appears in up to 15 % of tables (simulated: 13 % with nine "
        "looks, after each seed from 4 to 12)"
    )


@pytest.mark.parametrize("seeds", [1, 6])
@pytest.mark.parametrize("content", ["nonsense\n", written((6, 0)).replace("6", "0")])
def test_a_damaged_file_is_a_fault_whatever_the_number_of_seeds(
    content: str, seeds: int, tmp_path: Path
) -> None:
    assert "planned" not in claim(tmp_path, content, seeds)
    (chapter,) = chapters(leaderboard.load(tmp_path))
    (fault,) = chapter.faults
    assert fault.startswith("it is not known how many seeds were planned: unreadable")
    assert PLANS in fault


@pytest.mark.parametrize(("content", "seeds"), [(None, 6), (written((1, 0)), 1)])
def test_where_nothing_is_known_or_claimed_nothing_is_said(
    content: str | None, seeds: int, tmp_path: Path
) -> None:
    assert "planned" not in claim(tmp_path, content, seeds)
