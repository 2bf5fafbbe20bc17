"""A score that images with nothing in them reach as well is said to be so, whatever else is."""

from __future__ import annotations

from pathlib import Path

import pytest
from scales import lay_scale

from gan_bench.contract.protocol import MetricSpec
from gan_bench.report import leaderboard
from gan_bench.report.cell_facts import read_cell
from gan_bench.report.cell_page import cell_page
from gan_bench.report.no_better import no_better, no_better_of, no_better_than
from gan_bench.report.site.history import history
from gan_bench.results.records import Score
from gan_bench.results.scale import Scale, Scored
from records import FD, write_cell

SHARE = MetricSpec(name="share", higher_is_better=True, features="eye")
COPIES = MetricSpec(name="copies", higher_is_better=False, features="eye", alarm=0.1)


def scored(metric: MetricSpec, value: float) -> Scored:
    score = Score(
        value=value, higher_is_better=metric.higher_is_better, features="eye", n=9, reference="t",
        reference_n=9,
    )  # fmt: skip
    return Scored(scores={metric.name: score})


def scale(metric: MetricSpec, noise: float, colour: float, real: float | None) -> Scale:
    bad = {"noise": noise, "one colour": colour, "one image": 0.0}
    return Scale(
        real=None if real is None else scored(metric, real),
        bad={name: scored(metric, value) for name, value in bad.items()},
    )


@pytest.mark.parametrize(
    ("value", "metric", "known", "said"),
    [
        (1545, FD, (1318, 1900, 30), "no better than noise (1,318)"),
        (2024, FD, (1318, 1900, 30), "no better than noise (1,318) or one colour (1,900)"),
        (1318, FD, (1318, 1900, 30), "no better than noise (1,318)"),
        (1317.9, FD, (1318, 1900, 30), None),
        (0.2, SHARE, (0.3, 0.1, 0.9), "no better than noise (0.3)"),
        (0.4, SHARE, (0.3, 0.1, 0.9), None),
        # a metric by which noise is as good as real images does not see what is wrong with it
        (0.5, SHARE, (0.9, 0.9, 0.9), None),
        (2024, FD, (1318, 1900, None), "no better than noise (1,318) or one colour (1,900)"),
        (0.5, COPIES, (0.0, 0.0, None), None),
    ],
)
def test_a_score_is_held_against_those_of_empty_images(
    value: float,
    metric: MetricSpec,
    known: tuple[float, float, float | None],
    said: str | None,
) -> None:
    assert no_better_than(value, metric, scale(metric, *known)) == said
    assert no_better_than(value, metric, None) is None


def test_the_report_and_the_page_of_a_cell_say_it_beside_a_diagnosis(tmp_path: Path) -> None:
    for seed, value in enumerate((1545.0, 900.0, 2024.0)):
        bad = write_cell(tmp_path, "dense", "critic", seed, scores={"fd-eye": value})
    write_cell(tmp_path, "dcgan", "critic", 0, scores={"fd-eye": 300.0})
    lay_scale(tmp_path, {"fd-eye": 30.0}, {"fd-eye": 1318.0})
    (board,) = leaderboard.load(tmp_path).boards
    assert [*no_better(board)] == [
        "dense / critic: 2 of 3 scores no better than noise (1,318): fd-eye 1,545, 2,024"
    ]
    pages = dict(cell_page(read_cell(bad)))
    assert ("but", "no better than noise (1,318): fd-eye 2,024") in pages["verdicts"]


def test_the_page_of_a_row_says_it_beside_its_place(tmp_path: Path) -> None:
    for seed in (0, 1):
        write_cell(tmp_path, "a", seed=seed, scores={"fd-eye": 60.0 + seed})
    write_cell(tmp_path, "b", scores={"fd-eye": 10.0})
    lay_scale(tmp_path, real={"fd-eye": 1}, noise={"fd-eye": 50})
    (board,) = leaderboard.load(tmp_path).boards
    b, a = board.rows
    assert no_better_of(b, board) == ""
    assert no_better_of(a, board) == "2 of 2 scores no better than noise (50)"
    assert "; 2 of 2 scores no better than noise (50)." in history(board, a).place
