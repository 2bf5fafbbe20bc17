"""The line of noise in figures of the ticks: on the page, in the picture and in the paper."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure
from scales import lay_scale

from gan_bench.report import leaderboard
from gan_bench.report import quality as picture
from gan_bench.report.noise_line import NOISE, noise_on
from gan_bench.report.page.quality import quality as on_the_page
from gan_bench.report.paper.files import pictures
from gan_bench.report.paper.style import look
from gan_bench.results.atomic import append_line
from gan_bench.results.layout import TICKS
from records import write_cell

SCORES = (90.0, 70.0, 50.0)


def board_with(results: Path, noise: float) -> leaderboard.Board:
    """One row whose ticks go from 90 to 50; other real images score 40."""
    folder = write_cell(results, "a", scores={"fd-eye": SCORES[-1]})
    for k, score in enumerate(SCORES, start=1):
        append_line(folder / TICKS, {"step": k, "kimg": k / 10, "scores": {"fd-eye": score}})
    lay_scale(results, {"fd-eye": 40}, tick={"fd-eye": 40.0}, noise_tick={"fd-eye": noise})
    (board,) = leaderboard.load(results).boards
    return board


@pytest.mark.parametrize(
    ("noise", "is_drawn"),
    [(75.0, True), (100.0, True), (130.0, False), (1000.0, False)],
    ids=["within", "near", "beyond", "far"],
)
def test_noise_is_a_line_where_it_lies_within_or_near_the_scores_in_every_figure(
    noise: float, is_drawn: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    board = board_with(tmp_path, noise)
    kept: list[Figure] = []
    monkeypatch.setattr(picture, "png_of", lambda figure: kept.append(figure) or b"")
    picture.quality(board)
    paper = next(each for each in pictures(board) if each.name == "quality-kimg")
    with look():
        kept.append(paper.draw(3.5))
    for figure in kept:
        panel = figure.axes[0]
        lines = [line.get_ydata()[0] for line in panel.lines if line.get_label() == NOISE]
        assert lines == [noise] * is_drawn
        assert (NOISE in [text.get_text() for text in figure.legends[0].texts]) is is_drawn
        low, high = panel.get_ylim()
        assert bool(low < noise < high) is is_drawn
        assert np.ptp([low, high]) < 90  # the rows keep most of the axis
    assert ("random pixels" in paper.caption(kept[1:])) is is_drawn
    page = on_the_page(board)
    assert page is not None
    assert (("noise", NOISE) in page.legend) is is_drawn
    shown = page.panels[0]
    assert shown.noise == (shown.y(noise) if is_drawn else None)
    assert (f"noise: {noise:g}" in shown.about) is is_drawn


def test_on_a_logarithmic_axis_near_is_a_share_of_the_decades(tmp_path: Path) -> None:
    board = board_with(tmp_path, 3000.0)
    assert noise_on(board, 1.0, 1000.0) is None
    assert noise_on(board, 1.0, 1000.0, logarithmic=True) == 3000
    none = board_with(tmp_path, 0.0)
    assert noise_on(none, 1.0, 1000.0) == 0
    assert noise_on(none, 1.0, 1000.0, logarithmic=True) is None  # it has no place there


def test_a_table_without_a_score_of_noise_has_no_line(tmp_path: Path) -> None:
    board = board_with(tmp_path, 75.0)
    lay_scale(tmp_path, {"fd-eye": 40}, tick={"fd-eye": 40.0})
    (board,) = leaderboard.load(tmp_path).boards
    assert noise_on(board, 0.0, 100.0) is None
