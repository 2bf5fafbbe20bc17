"""What a figure of the scores at ticks says where some trainings ended before others."""

from __future__ import annotations

from pathlib import Path

import pytest
from matplotlib.figure import Figure

from gan_bench.report import leaderboard
from gan_bench.report import quality as picture
from gan_bench.report.leaderboard import Board
from gan_bench.report.page.quality import quality as on_the_page
from gan_bench.report.paper.files import pictures
from gan_bench.report.paper.style import look
from gan_bench.report.quality import ENDED, ONE_SEED
from gan_bench.results.atomic import append_line
from gan_bench.results.layout import TICKS
from records import write_cell


def board_of(results: Path, *ticks: tuple[float, ...]) -> Board:
    """One row; the ticks of each of its seeds. A seed of fewer ticks than the others diverged."""
    most = max(map(len, ticks))
    for seed, scores in enumerate(ticks):
        whole = len(scores) == most
        ended = {"scores": {"fd-eye": scores[-1]}} if whole else {"status": "diverged"}
        folder = write_cell(results, "a", seed=seed, **ended)
        for k, score in enumerate(scores, start=1):
            append_line(folder / TICKS, {"step": k, "kimg": 25 * k, "scores": {"fd-eye": score}})
    (board,) = leaderboard.load(results).boards
    return board


LOST = (20.0, 19.0, 18.0), (22.0, 21.0, 20.0), (99.0, 98.0)
WHOLE = (20.0, 19.0, 18.0), (22.0, 21.0, 20.0)


def test_a_tick_says_how_many_seeds_its_mean_is_of_where_one_has_ended(tmp_path: Path) -> None:
    shown = on_the_page(board_of(tmp_path, *LOST))
    assert shown
    texts = [dot.title for dot in shown.panels[0].dots]
    assert texts == [
        "a / hinge: 47 at 25 kimg",
        "a / hinge: 46 at 50 kimg",
        "a / hinge: 19 at 75 kimg (2 of 3 seeds)",
    ]
    assert "a / hinge: 47 at 25 kimg, 19 at 75 kimg (2 of 3 seeds)" in shown.panels[0].about


@pytest.mark.parametrize(("ticks", "early"), [(LOST, True), (WHOLE, False)])
def test_every_figure_says_that_the_mean_is_of_those_that_have_a_score(
    ticks: tuple[tuple[float, ...], ...],
    early: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    board = board_of(tmp_path, *ticks)
    page = on_the_page(board)
    assert page
    assert ("at each tick of those that have a score there" in page.caption) == early
    drawn: list[Figure] = []
    monkeypatch.setattr(picture, "png_of", lambda figure: drawn.append(figure) or b"")
    picture.quality(board)
    named = [text.get_text() for text in drawn[0].legends[0].texts]
    assert (ENDED in named, ONE_SEED in named) == (early, not early)
    paper = next(each for each in pictures(board) if each.name == "quality-kimg")
    with look():
        caption = paper.caption([paper.draw(3.5)])
    assert ("at each tick of those that have a score there" in caption) == early
