"""The figures of leaderboards as files for a paper: each in two widths, and their captions."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from gan_bench.contract.errors import StorageError, UsageError
from gan_bench.report.courses import courses, timed
from gan_bench.report.curves import LOSSES, SCORES
from gan_bench.report.leaderboard import Board, Boards
from gan_bench.report.paper import captions
from gan_bench.report.paper.curves import curves, read_curves
from gan_bench.report.paper.quality import quality
from gan_bench.report.paper.ranking import ranking, rows_of_ranking
from gan_bench.report.paper.style import KINDS, WIDTHS, Kind, look, saved
from gan_bench.results.atomic import make_folder, writing
from gan_bench.results.own_files import check_outside

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CAPTIONS = "captions.md"
NOTHING = "nothing to draw: no cell has a score or a curve yet"


@dataclass(frozen=True)
class Picture:
    """A figure that can be drawn in any width."""

    name: str
    about: Callable[[captions.Marks], str]  # its caption, by the marks that are drawn
    draw: Callable[[float], Figure]

    def caption(self, figures: Sequence[Figure]) -> str:
        """What these figures, drawn in any widths, show."""
        return self.about(captions.marks_in(figures))


def pictures(board: Board) -> Iterator[Picture]:
    """What there is to draw. StorageError if a curve cannot be read.

    The board of an evaluation that was added has its ranking only: its trainings are those of the
    protocol's own board.
    """
    rows = {
        size: [row for row, _ in rows_of_ranking(board, width)] for size, width in WIDTHS.items()
    }
    if any(row.values(board.ranking.name) for shown in rows.values() for row in shown):
        about = partial(captions.ranking_caption, board, rows)
        yield Picture("ranking", about, partial(ranking, board))
    if board.evaluation is not None:
        return
    if drawn := courses(board):
        for by_time, name in ((False, "quality-kimg"), (True, "quality-minutes")):
            if not by_time or timed(drawn):
                about = partial(captions.quality_caption, board, drawn, by_time)
                yield Picture(name, about, partial(quality, board, drawn, by_time))
    for name, lines, what in (("losses", LOSSES, "loss"), ("scores", SCORES, "score of D")):
        if known := read_curves(board, list(lines)):
            about = partial(captions.curves_caption, board, known, name)
            yield Picture(name, about, partial(curves, known, lines, what))


def draw_figures(board: Board, kind: Kind, folder: Path) -> list[Path]:
    """Write all figures of a board and their captions to a folder, or none; the paths.

    UsageError if there is nothing to draw or the kind or the folder does not suit; StorageError if
    a curve cannot be read or not all can be written.
    """
    if kind not in KINDS:
        raise UsageError(f"no kind of figures {kind!r}: there are {', '.join(KINDS)}")
    _check_folder(folder)
    contents = _drawn(board, kind)
    if not contents:
        raise UsageError(NOTHING)
    return _written(folder, contents)


def draw_all(boards: Boards, kind: Kind, out: Path) -> dict[Path, list[Path]]:
    """The figures of every board in a folder of its own, `out`/<slug>: folder -> its files.

    StorageError if what some boards show cannot be read, after all others are drawn; UsageError if
    there is nothing to draw.
    """
    for board in boards.boards:
        _check_folder(out / board.slug)
    faults, written = list(boards.unreadable), {}
    for board in boards.boards:
        folder = out / board.slug
        try:
            if contents := _drawn(board, kind):
                written[folder] = _written(folder, contents)
        except StorageError as error:
            faults.append(f"no figures of {board.slug}: {error}")
    if faults:
        raise StorageError("; ".join(faults))
    if not written:
        raise UsageError(NOTHING)
    return written


def _drawn(board: Board, kind: Kind) -> dict[str, bytes]:
    """File name -> content of all figures and of their captions; empty if there are none."""
    contents, texts = {}, {}
    with look():
        for picture in pictures(board):
            figures = {size: picture.draw(width) for size, width in WIDTHS.items()}
            texts[picture.name] = picture.caption([*figures.values()])
            title = f"{picture.name} of {board.slug}"
            for size, figure in figures.items():
                contents[f"{picture.name}-{size}.{kind}"] = saved(figure, kind, title)
    return contents | ({CAPTIONS: captions.as_markdown(board, texts)} if texts else {})


def _check_folder(folder: Path) -> None:
    """UsageError if no figures can be written there: it is a file, or a folder of the results."""
    for path in (folder, *folder.parents):
        if os.path.lexists(path) and not os.path.isdir(path):
            raise UsageError(f"{path} is a file: --out names the folder for the figures")
    check_outside(folder)


def _written(folder: Path, contents: dict[str, bytes]) -> list[Path]:
    """Write all of the files; if the disk is full, the files of before stay as they were."""
    is_new = not os.path.lexists(folder)
    make_folder(folder)
    paths = [folder / name for name in contents]
    try:
        with ExitStack() as stack:
            for path, content in zip(paths, contents.values(), strict=True):
                stack.enter_context(writing(path, len(content))).add(content)
    except BaseException:
        if is_new:
            with suppress(OSError):  # other files may be there by now
                folder.rmdir()
        raise
    return paths
