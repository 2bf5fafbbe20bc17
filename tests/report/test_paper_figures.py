"""`gan-bench report --figures`: what the figures for a paper show, and how they are written."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text
from scales import lay_scale

import crowd
from gan_bench import StorageError, UsageError
from gan_bench.report import leaderboard
from gan_bench.report.curves import LOSSES
from gan_bench.report.paper import files
from gan_bench.report.paper.axes import fit, mark_clipped
from gan_bench.report.paper.curves import banded
from gan_bench.report.paper.files import draw_all, draw_figures, pictures
from gan_bench.report.paper.quality import real_line
from gan_bench.report.paper.style import KINDS, WIDTHS, Kind, look, saved
from gan_bench.report.paper.words import width_of, wrapped
from gan_bench.results.atomic import append_line
from gan_bench.results.layout import CURVE, SPEED, TICKS
from records import PLAIN, write_cell, write_training

LONG = "a-very-long-name-of-an-architecture-that-somebody-has-chosen"  # 60 characters
COLLAPSED = {"kind": "collapsed", "kimg": 0.3, "reason": "all images are alike"}
NAMES = ["ranking", "quality-kimg", "quality-minutes", "losses", "scores"]


def lay(results: Path, name: str, seed: int, scores: list[float], **more: object) -> Path:
    """A cell with a curve and one tick for each score."""
    folder = write_cell(results, name, seed=seed, scores={"fd-eye": scores[-1]}, **more)
    write_training(folder, ticks=1)
    for k, score in enumerate(scores, start=1):
        tick = {"step": k, "kimg": k / 10, "scores": {"fd-eye": score}, "verdict": None}
        append_line(folder / TICKS, tick)
        append_line(folder / SPEED, {"kimg": k / 10, "seconds": 60.0 * k * (1 + seed)})
    return folder


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two rows: four seeds with long names, one of which collapsed, and one seed of another."""
    results = tmp_path_factory.mktemp("results")
    for seed in range(4):
        more = {"status": "collapsed", "verdicts": [COLLAPSED]} if seed == 3 else {}
        lay(results, LONG, seed, [90 + seed, 50.0, 20.0 + 2 * seed], **more)
    lay(results, "small", 0, [95, 60, 40.0])
    lay_scale(results, real={"fd-eye": 4}, tick={"fd-eye": 5.0})
    return results


@pytest.fixture
def board(results: Path) -> leaderboard.Board:
    return leaderboard.load(results).boards[0]


@pytest.fixture
def drawn(board: leaderboard.Board) -> Iterator[Callable[[str, float], Figure]]:
    known = {picture.name: picture for picture in pictures(board)}
    with look():
        yield lambda name, width: known[name].draw(width)


def captions_of(board: leaderboard.Board, width: float = 3.5) -> dict[str, str]:
    """Name -> the caption of the figure that is drawn in this width."""
    with look():
        return {each.name: each.caption([each.draw(width)]) for each in pictures(board)}


def texts(figure: Figure) -> list[Text]:
    """All texts that are drawn: not those of ticks beyond the ends of an axis."""
    beyond = [
        label
        for panel in figure.axes
        for axis in (panel.xaxis, panel.yaxis)
        for tick in axis.get_major_ticks()
        for label in (tick.label1, tick.label2)
        if not min(axis.get_view_interval()) <= tick.get_loc() <= max(axis.get_view_interval())
    ]
    every = figure.findobj(Text)
    return [t for t in every if t.get_visible() and t.get_text() and t not in beyond]


# What they show


@pytest.mark.parametrize("width", WIDTHS.values(), ids=WIDTHS)
def test_every_text_is_whole_legible_and_inside_a_figure_of_the_asked_width(
    width: float, drawn: Callable[[str, float], Figure]
) -> None:
    for name in NAMES:
        figure = drawn(name, width)
        assert figure.get_size_inches()[0] == width
        figure.draw_without_rendering()
        said = texts(figure)
        assert any(LONG in text.get_text().replace("\n", "") for text in said)
        for text in said:
            assert 7 <= text.get_fontsize() <= 9
            box = text.get_window_extent()
            assert box.min.min() >= 0, text
            assert (box.max <= figure.bbox.size).all(), text


def test_quality_has_the_mean_of_the_seeds_their_range_ticks_collapse_and_real_images(
    drawn: Callable[[str, float], Figure],
) -> None:
    panel = drawn("quality-minutes", 3.5).axes[0]
    row, _, real, verdict = panel.lines[:4]
    x, y = row.get_data()
    assert (list(x), list(y)) == ([2.5, 5, 7.5], [91.5, 50, 23])
    assert row.get_marker() == "o"
    ends = panel.collections[0].get_paths()[0].vertices
    assert {(7.5, 20), (7.5, 26), (2.5, 90), (2.5, 93)} <= {tuple(end) for end in ends}
    assert real.get_ydata()[0] == 5
    assert [list(part) for part in verdict.get_data()] == [[12], [26]]  # of its own seed


def test_the_ranking_has_a_dot_an_interval_and_the_seeds_of_each_row(
    drawn: Callable[[str, float], Figure],
) -> None:
    panel = drawn("ranking", 3.5).axes[0]
    spots = {tuple(np.round(line.get_xdata(), 2)) for line in panel.lines}
    assert {(23.0,), (20, 22, 24, 26), (26.0,), (40.0,), (4, 4)} <= spots
    assert (18.89, 27.11) in spots  # 23 ± 3.182 * 2.582 / 2
    first, second = panel.get_yticklabels()
    assert first.get_text().startswith("a-very")
    assert second.get_text() == "small / hinge"


def test_a_curve_has_the_mean_and_the_range_of_its_seeds() -> None:
    curve = np.stack([np.arange(1, 21) / 10, np.arange(20.0)], axis=1)
    other = np.stack([curve[:, 0], curve[:, 1] + 4], axis=1)
    other[3, 1] = np.nan
    place, mean, low, high = banded([curve, other], 2.0)
    assert list(place) == pytest.approx(list(curve[:, 0]))
    assert list(mean[2:5, 0]) == [4, 3, 6]
    assert list(low[2:5, 0]), list(high[2:5, 0]) == ([2, 3, 4], [6, 3, 8])
    long = np.stack([np.arange(1, 1001) / 10, np.full(1000, 7.0)], axis=1)
    assert banded([long], 100)[1].tolist() == [[7.0]] * 80


def test_a_value_beyond_the_axis_is_a_triangle_at_its_edge() -> None:
    panel = Figure().subplots()
    values = np.array([*np.linspace(10, 20, 400), 1e3, -1e3])
    fit(panel, values)
    assert 9 < panel.get_ylim()[0] < 10 < 20 < panel.get_ylim()[1] < 21
    assert mark_clipped(panel, np.arange(402), values, values, "red") == 2
    below, above = panel.lines
    assert (below.get_marker(), below.get_xdata()) == ("v", [401])
    assert (above.get_marker(), above.get_xdata()) == ("^", [400])
    assert below.get_ydata()[0] < 0.05 < 0.95 < above.get_ydata()[0]


def test_real_images_far_from_all_rows_are_a_triangle_with_their_score() -> None:
    panel = Figure().subplots()
    assert fit(panel, [100, 900], 50)
    assert real_line(panel, 50)[1] == "other real images"
    assert not fit(panel, [1000, 1200], 50)
    mark, name = real_line(panel, 50)
    assert (mark.get_marker(), name) == ("v", "other real images: 50, beyond the axis")
    assert panel.get_ylim()[0] > 900
    assert fit(panel, [1000], 50)  # of one value there is nothing to tell apart


def test_a_caption_says_what_is_shown_of_how_many_seeds_by_which_protocol(
    board: leaderboard.Board,
) -> None:
    known = captions_of(board)
    assert list(known) == NAMES
    for caption in known.values():
        assert f"Protocol {PLAIN.slug}." in caption
        assert "1 to 4 seeds of each row" in caption
    assert "fd-eye at the end of training (n = 500). Lower is better." in known["ranking"]
    assert "the mean of the seeds and their range" in known["quality-kimg"]
    assert "wall-clock time of training on cpu (2 threads)" in known["quality-minutes"]
    without = replace(board, scale=None)
    assert "real images" not in captions_of(without)["ranking"]


def test_a_caption_explains_no_mark_that_its_figure_does_not_have(tmp_path: Path) -> None:
    lay(tmp_path, "one", 0, [95, 60, 40.0])
    lay(tmp_path, "two", 0, [94, 50, 20.0])
    known = captions_of(leaderboard.load(tmp_path).boards[0])
    words = "Triangles", "Crosses", "band", "thin marks", "Bars", "Diamonds", "dashes and dots"
    for caption in known.values():
        assert not [word for word in words if word in caption]
    assert "Dots: the only seed of each row." in known["ranking"]
    assert "Lines: the only seed of each row." in known["quality-kimg"]
    assert "averaged over 1/20 of the training" in known["losses"]  # it has 20 points


def test_a_seed_that_diverged_without_a_score_has_no_cross_to_explain(tmp_path: Path) -> None:
    lay(tmp_path, "one", 0, [95, 60, 40.0])
    lay(tmp_path, "one", 1, [94, 50, 20.0])
    verdict = {"kind": "diverged", "kimg": 0.3, "reason": "a loss is not finite"}
    write_cell(tmp_path, "one", seed=2, status="diverged", verdicts=[verdict])
    assert "Crosses" not in captions_of(leaderboard.load(tmp_path).boards[0])["ranking"]


def test_triangles_are_explained_where_a_figure_has_some(tmp_path: Path) -> None:
    for name in ("one", "two"):
        lay(tmp_path, name, 0, [1200.0, 1100.0, 1000.0 + len(name)])
    lay(tmp_path, "three", 0, [1200.0, 1100.0, 1020.0])
    lay_scale(tmp_path, real={"fd-eye": 4}, tick={"fd-eye": 5.0})
    known = captions_of(leaderboard.load(tmp_path).boards[0])
    assert "Triangles at an edge" in known["ranking"]  # of other real images
    assert "Triangles" not in known["losses"]


def test_a_caption_says_how_many_rows_each_width_has_room_for(tmp_path: Path) -> None:
    names = [f"{LONG}{k:02d}" for k in range(60)]
    crowd.lay_grid(tmp_path, crowd.protocol(), names, ["r1"], range(1))
    board = leaderboard.load(tmp_path).boards[0]
    (ranking, *_) = pictures(board)
    with look():
        drawn = {size: ranking.draw(width) for size, width in WIDTHS.items()}
    rooms = {size: len(figure.axes[0].get_yticks()) for size, figure in drawn.items()}
    assert rooms["1col"] < rooms["2col"] < 60
    said = f"Shown: the best of 60 rows: {rooms['1col']} in 1col, {rooms['2col']} in 2col."
    assert said in ranking.caption([*drawn.values()])


def test_panels_stand_in_the_order_of_the_table(tmp_path: Path) -> None:
    for name, score in (("a-worst", 90.0), ("m-best", 10.0), ("z-middle", 50.0)):
        lay(tmp_path, name, 0, [99, score])
    board = leaderboard.load(tmp_path).boards[0]
    names = [row.name for row in board.rows]
    assert names[0].startswith("m-best")
    with look():
        drawn = {picture.name: picture.draw(7.2) for picture in pictures(board)}
    for name in ("losses", "scores"):
        assert [panel.get_title() for panel in drawn[name].axes] == names
    legend = [text.get_text() for text in drawn["quality-kimg"].legends[0].texts]
    assert legend[:3] == names
    assert [label.get_text() for label in drawn["ranking"].axes[0].get_yticklabels()] == names


@pytest.mark.parametrize("width", [0.4, 1.5, 9])
def test_a_name_is_wrapped_and_never_cut(width: float) -> None:
    name = f"{LONG} / {'x' * 60}"
    lines = wrapped(name, width).split("\n")
    assert "".join(lines).replace(" ", "") == name.replace(" ", "")
    assert max(width_of(line, 7) for line in lines) <= width


# How they are written


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_figure_is_the_same_file_with_its_fonts(
    kind: Kind, drawn: Callable[[str, float], Figure]
) -> None:
    first, second = (saved(drawn("ranking", 3.5), kind, "ranking") for _ in range(2))
    assert first == second
    assert b"Date" not in first
    if kind == "pdf":
        assert b"/FontFile2" in first  # TrueType
        assert b"/Type3" not in first
        (box,) = re.findall(rb"/MediaBox \[ ?0 0 ([\d.]+)", first)
        assert float(box) == pytest.approx(3.5 * 72)
    if kind == "svg":
        assert b"<text" not in first


def test_each_board_has_a_folder_with_each_figure_in_two_widths(
    board: leaderboard.Board, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "saved", lambda figure, kind, title: title.encode())
    write_cell(tmp_path, "planned", under=crowd.protocol(7), status=None)
    out = tmp_path / "out"
    (planned,) = leaderboard.load(tmp_path).boards
    written = draw_all(leaderboard.Boards([planned, board], []), "svg", out)
    assert list(written) == [out / PLAIN.slug]  # the other board has nothing to draw
    names = [f"{name}-{width}.svg" for name in NAMES for width in ("1col", "2col")]
    assert [path.name for path in written[out / PLAIN.slug]] == [*names, "captions.md"]
    assert (out / PLAIN.slug / "losses-2col.svg").read_text() == f"losses of {PLAIN.slug}"
    assert (out / PLAIN.slug / "captions.md").read_text().count("**") == 2 * len(NAMES)


def test_the_look_is_ours_whatever_the_user_has_set(board: leaderboard.Board) -> None:
    import matplotlib

    (picture, *_) = pictures(board)
    with matplotlib.rc_context({"font.size": 30, "axes.facecolor": "black", "pdf.fonttype": 3}):
        with look():
            figure = picture.draw(3.5)
        assert matplotlib.rcParams["font.size"] == 30
    assert figure.axes[0].get_facecolor() == (1, 1, 1, 1)
    assert max(text.get_fontsize() for text in texts(figure)) <= 9


@pytest.mark.parametrize(
    ("out", "words"),
    [
        (".", "is inside the results in"),
        (f"{PLAIN.slug}/paper", "is inside the results in"),
        (f"{PLAIN.slug}/small/hinge/seed0", "is inside the results in"),
        ("a-file", "is a file: --out names the folder for the figures"),
        ("a-file/below", "is a file: --out names the folder for the figures"),
    ],
)
def test_no_figure_is_written_into_the_results_or_over_a_file(
    out: str, words: str, tmp_path: Path
) -> None:
    write_training(write_cell(tmp_path, "small"), ticks=1, points=1)
    (tmp_path / "a-file").touch()
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(UsageError, match=words):
        draw_all(leaderboard.load(tmp_path), "png", tmp_path / out)
    assert sorted(tmp_path.rglob("*")) == before


def test_a_full_disk_leaves_no_half_set(
    board: leaderboard.Board, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    monkeypatch.setattr(files, "saved", lambda figure, kind, title: title.encode())
    monkeypatch.setattr("gan_bench.results.atomic.write_all", _full_after(4))
    with pytest.raises(StorageError, match="no space left"):
        draw_figures(board, "png", out)
    assert not out.exists()


def test_a_name_that_no_folder_can_have_is_named(
    board: leaderboard.Board, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "_drawn", lambda board, kind: {"a.png": b"a"})
    with pytest.raises(StorageError, match="too long"):
        draw_figures(board, "png", tmp_path / ("x" * 300))


def _full_after(writes: int) -> Callable[[int, bytes], None]:
    left = iter(range(writes))

    def write(handle: int, part: bytes) -> None:
        import errno
        import os

        if next(left, None) is None:
            raise OSError(errno.ENOSPC, "No space left on device")
        os.write(handle, part)

    return write


def test_nothing_to_draw_and_an_unknown_kind_are_refused(tmp_path: Path) -> None:
    write_cell(tmp_path, "planned", status=None)
    boards = leaderboard.load(tmp_path)
    with pytest.raises(UsageError, match="nothing to draw: no cell has a score or a curve yet"):
        draw_all(boards, "pdf", tmp_path / "out")
    with pytest.raises(UsageError, match="no kind of figures 'eps': there are pdf, svg, png"):
        draw_figures(boards.boards[0], "eps", tmp_path / "out")  # type: ignore[arg-type]
    assert not (tmp_path / "out").exists()


def test_a_damaged_curve_is_named(tmp_path: Path) -> None:
    (write_cell(tmp_path, "small") / CURVE).write_bytes(b"{]\n")
    with pytest.raises(StorageError, match=rf"no figures of {PLAIN.slug}: .*{CURVE}"):
        draw_all(leaderboard.load(tmp_path), "pdf", tmp_path / "out")


def test_a_figure_shows_the_best_twelve_rows_and_says_so(tmp_path: Path) -> None:
    crowd.lay_grid(tmp_path, crowd.protocol(), [f"a{k:02d}" for k in range(14)], ["r1"], range(2))
    board = leaderboard.load(tmp_path).boards[0]
    known = {picture.name: picture for picture in pictures(board)}
    with look():
        figure = known["losses"].draw(7.2)
    assert len(figure.axes) == 12
    said = captions_of(board)
    for name in ("quality-kimg", "losses"):
        assert "Shown: the best 12 of 14 rows by fd-eye." in said[name]
    assert "Shown" not in said["ranking"]  # which has room for all
    assert len(LOSSES) == 2
    assert io.BytesIO(saved(figure, "png", "x")).read(4) == b"\x89PNG"
