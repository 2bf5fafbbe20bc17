"""Pictures of a protocol: loss curves, score curves, one sheet of samples."""

from __future__ import annotations

import io
from collections.abc import Callable
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from gan_bench import store
from gan_bench.contract import StorageError
from gan_bench.leaderboard import Board, Row, figure_paths

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from PIL import Image

D_COLOUR, G_COLOUR = "#2166ac", "#d6604d"
LOSSES = {"loss_d": ("loss of D", D_COLOUR), "loss_g": ("loss of G", G_COLOUR)}
SCORES = {
    "real_score": ("real score, mean s(D(x))", D_COLOUR),
    "fake_score": ("fake score, mean s(D(G(z)))", G_COLOUR),
}
KIMG = "kimg (thousand real images shown)"
FACES = (2, 3)  # images across and down for each tick of the sheet
FACE_PX = 64  # smaller images are enlarged to about this
MARGIN = 12


def draw(board: Board) -> list[Path]:
    """Draw what is missing or older than the records; the paths of all pictures there are."""
    drawings: dict[str, Callable[[Board], bytes | None]] = {
        "samples": sample_sheet,
        "quality": quality,
        "losses": lambda board: curves(board, LOSSES, "loss"),
        "scores": lambda board: curves(board, SCORES, "score"),
    }
    paths = figure_paths(board)
    for name, path in paths.items():
        if _stale(path, board):
            try:
                picture = drawings[name](board)
            except (OSError, ValueError, KeyError) as error:  # a damaged curve or sample grid
                raise StorageError(f"cannot draw {path}: {error}") from error
            if picture is not None:
                store.write_bytes(path, picture)
    return [path for path in paths.values() if path.exists()]


def _stale(path: Path, board: Board) -> bool:
    if not path.exists():
        return True
    sources = [folder / "record.json" for row in board.rows for folder in row.folders]
    newest = max((source.stat().st_mtime for source in sources if source.exists()), default=0)
    return path.stat().st_mtime < newest


def curves(board: Board, lines: dict[str, tuple[str, str]], what: str) -> bytes | None:
    """One panel a row of the table, all on the same axes; a thin line for each seed."""
    from matplotlib.figure import Figure

    rows = [row for row in board.rows if any(map(_curve, row.folders))]
    if not rows:
        return None
    columns = min(3, len(rows))
    height = ceil(len(rows) / columns)
    figure = Figure(figsize=(3.3 * columns + 0.6, 2.3 * height + 0.7), layout="constrained")
    panels = figure.subplots(height, columns, sharex=True, sharey=True, squeeze=False).ravel()
    for panel, row in zip(panels, rows, strict=False):
        _panel(panel, row, lines)
    for panel in panels[len(rows) :]:
        panel.remove()
    panels[0].set_ylim(*_limits(rows, lines))
    figure.supxlabel(KIMG, fontsize=9)
    figure.supylabel(what, fontsize=9)
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=2, frameon=False, fontsize=9)
    return _png(figure)


def quality(board: Board) -> bytes | None:
    """The ranking metric at every tick: one colour a row, one line a seed."""
    from matplotlib import colormaps
    from matplotlib.figure import Figure

    metric = board.protocol.evaluation.metrics[0]
    lines = [
        (k, row, told)
        for k, row in enumerate(board.rows)
        for folder in row.folders
        if (told := _ticks(folder, metric.name))
    ]
    if not lines:
        return None
    figure = Figure(figsize=(7, 3.6), layout="constrained")
    panel = figure.subplots()
    told_of = set[int]()
    for k, row, told in lines:
        label = None if k in told_of else row.name.replace("$", r"\$")
        told_of.add(k)
        panel.plot(*zip(*told, strict=True), color=colormaps["tab10"](k % 10), lw=1.2, label=label)
    better = "higher" if metric.higher_is_better else "lower"
    samples = board.protocol.evaluation.tick_samples
    panel.set_ylabel(f"{metric.name}\n({better} is better, n = {samples:,})", fontsize=9)
    panel.set_xlabel(KIMG, fontsize=9)
    panel.grid(alpha=0.25)
    panel.tick_params(labelsize=8)
    figure.legend(loc="outside upper center", ncols=2, frameon=False, fontsize=9)
    return _png(figure)


def _ticks(folder: Path, metric: str) -> list[tuple[float, float]]:
    looks = store.read_lines(folder / "vitals.jsonl")
    return [(look["kimg"], look["scores"][metric]) for look in looks if metric in look["scores"]]


def _png(figure: Figure) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=150)
    return buffer.getvalue()


def _panel(panel: Axes, row: Row, lines: dict[str, tuple[str, str]]) -> None:
    for column, (label, colour) in lines.items():
        for k, folder in enumerate(row.folders):
            points = _curve(folder)
            kimg = [point["kimg"] for point in points]
            values = np.array([point[column] for point in points], float)  # null becomes a gap
            panel.plot(kimg, values, color=colour, lw=1, label=label if k == 0 else None)
    panel.set_title(f"{row.architecture} / {row.loss}".replace("$", r"\$"), fontsize=9)
    panel.grid(alpha=0.25)
    panel.tick_params(labelsize=8)


def _curve(folder: Path) -> list[dict[str, float]]:
    return store.read_lines(folder / "curve.jsonl")


def _limits(rows: list[Row], lines: dict[str, tuple[str, str]]) -> tuple[float, float]:
    """Axes for all panels; a few extreme points may leave them so that the rest can be read."""
    points = [point for row in rows for folder in row.folders for point in _curve(folder)]
    values = np.array([point[column] for point in points for column in lines], float)
    low, high = np.nanpercentile(values, [0.5, 99.5])
    room = 0.05 * (high - low) or 0.5
    return float(low - room), float(high + room)


# The sheet


def sample_sheet(board: Board) -> bytes | None:
    """Rows are cells, columns are ticks; the same z in every row of a seed."""
    from PIL import Image

    strips = []
    for row in board.rows:
        for folder in row.folders:
            ticks = sorted((folder / "samples").glob("*.png"))
            if ticks:
                name = f"{row.architecture} / {row.loss} / {folder.name}"
                strips.append(_strip(name, ticks, board.protocol.data.shape[1]))
    if not strips:
        return None
    width = max(strip.width for strip in strips) + 2 * MARGIN
    sheet = Image.new("RGB", (width, sum(s.height for s in strips) + 2 * MARGIN), "white")
    top = MARGIN
    for strip in strips:
        sheet.paste(strip, (MARGIN, top))
        top += strip.height
    buffer = io.BytesIO()
    sheet.save(buffer, "PNG")
    return buffer.getvalue()


def _strip(name: str, ticks: list[Path], side: int) -> Image.Image:
    """One cell: its name, then a few of its samples at every tick, each under its kimg."""
    from PIL import Image, ImageDraw, ImageFont

    tiles = [_tile(path, side) for path in ticks]
    width, height = tiles[0].size
    strip = Image.new("RGB", ((width + MARGIN) * len(tiles), height + 62), "white")
    draw = ImageDraw.Draw(strip)
    draw.text((0, 2), name, "black", ImageFont.load_default(18))
    for k, (tile, path) in enumerate(zip(tiles, ticks, strict=True)):
        left = k * (width + MARGIN)
        draw.text((left, 26), f"{float(path.stem):.3g} kimg", "#555555", ImageFont.load_default(14))
        strip.paste(tile, (left, 46))
    return strip


def _tile(path: Path, side: int) -> Image.Image:
    """The first few images of a sample grid, enlarged by a whole number."""
    from PIL import Image

    across, down = FACES
    with Image.open(path) as grid:
        box = (2, 2, 2 + across * (side + 2) - 2, 2 + down * (side + 2) - 2)
        tile = Image.new("RGB", (box[2] - 2, box[3] - 2), "white")  # there may be fewer images
        tile.paste(grid.convert("RGB"), (-2, -2))
    zoom = max(1, FACE_PX // side)
    return tile.resize((tile.width * zoom, tile.height * zoom), Image.Resampling.NEAREST)
