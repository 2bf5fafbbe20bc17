"""The line of noise or one colour in figures of the ticks: page, picture and paper."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure
from scales import lay_scale

from gan_bench.report import leaderboard
from gan_bench.report import quality as picture
from gan_bench.report.empty_line import empty_on
from gan_bench.report.page.quality import quality as on_the_page
from gan_bench.report.paper.files import pictures
from gan_bench.report.paper.style import look
from gan_bench.results.atomic import append_line
from gan_bench.results.layout import TICKS
from gan_bench.results.scale import EMPTY_SETS
from records import write_cell

SCORES = (90.0, 70.0, 50.0)


def board_with(results: Path, noise: float, colour: float | None = None) -> leaderboard.Board:
    """One row whose ticks go from 90 to 50; other real images score 40."""
    folder = write_cell(results, "a", scores={"fd-eye": SCORES[-1]})
    for k, score in enumerate(SCORES, start=1):
        append_line(folder / TICKS, {"step": k, "kimg": k / 10, "scores": {"fd-eye": score}})
    ticks = {"noise": noise, "one colour": colour}
    empty = {name: {"fd-eye": score} for name, score in ticks.items() if score is not None}
    lay_scale(results, {"fd-eye": 40}, tick={"fd-eye": 40.0}, empty_ticks=empty)
    (board,) = leaderboard.load(results).boards
    return board


@pytest.mark.parametrize(
    ("noise", "colour", "name"),
    [
        (75.0, None, "noise"),
        (100.0, None, "noise"),
        (130.0, None, None),
        (1000.0, 2000.0, None),
        (1000.0, 100.0, "one colour"),
        (75.0, 80.0, "noise"),
        (80.0, 75.0, "one colour"),
    ],
    ids=["within", "near", "beyond", "far", "far and near", "better", "worse"],
)
def test_the_better_empty_set_within_or_near_the_scores_is_a_line_in_every_figure(
    noise: float,
    colour: float | None,
    name: str | None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    board = board_with(tmp_path, noise, colour)
    score = colour if name == "one colour" else noise
    assert score is not None
    kept: list[Figure] = []
    monkeypatch.setattr(picture, "png_of", lambda figure: kept.append(figure) or b"")
    picture.quality(board)
    paper = next(each for each in pictures(board) if each.name == "quality-kimg")
    with look():
        kept.append(paper.draw(3.5))
    for figure in kept:
        panel = figure.axes[0]
        lines = {line.get_label(): line.get_ydata()[0] for line in panel.lines}
        assert {k: lines[k] for k in EMPTY_SETS if k in lines} == ({name: score} if name else {})
        known = {text.get_text() for text in figure.legends[0].texts}
        assert known & {*EMPTY_SETS} == ({name} if name else set())
        low, high = panel.get_ylim()
        assert bool(low < score < high) is bool(name)
        assert np.ptp([low, high]) < 90  # the rows keep most of the axis
    said = {"noise": "noise: images of random pixels.", "one colour": "one colour: grey images."}
    caption = paper.caption(kept[1:])
    assert [each for each in said if said[each] in caption] == [name] * bool(name)
    page = on_the_page(board)
    assert page is not None
    assert [text for style, text in page.legend if style == "empty"] == [name] * bool(name)
    shown = page.panels[0]
    assert shown.empty == ((name, shown.y(score)) if name else None)
    assert (f"{name}: {score:g}" in shown.about) is bool(name)


def test_on_a_logarithmic_axis_near_is_a_share_of_the_decades(tmp_path: Path) -> None:
    board = board_with(tmp_path, 3000.0)
    assert empty_on(board, 1.0, 1000.0) is None
    assert empty_on(board, 1.0, 1000.0, logarithmic=True) == ("noise", 3000)
    none = board_with(tmp_path, 0.0)
    assert empty_on(none, 1.0, 1000.0) == ("noise", 0)
    assert empty_on(none, 1.0, 1000.0, logarithmic=True) is None  # it has no place there


def test_a_table_without_a_score_of_noise_has_no_line(tmp_path: Path) -> None:
    board = board_with(tmp_path, 75.0)
    lay_scale(tmp_path, {"fd-eye": 40}, tick={"fd-eye": 40.0})
    (board,) = leaderboard.load(tmp_path).boards
    assert empty_on(board, 0.0, 100.0) is None
