"""Pictures of a protocol: loss curves, score curves, one sheet of samples."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from gan_bench import store
from gan_bench.contract import StorageError
from gan_bench.curves import number
from gan_bench.escape import plain
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
ACROSS = 10  # a sample grid is no larger than so many images each way


def draw(board: Board) -> list[Path]:
    """Draw what is missing or older than the records; the paths of all pictures there are.

    StorageError, when all others are drawn, for what a damaged curve or sample grid costs.
    """
    drawings: dict[str, Callable[[Board], bytes | None]] = {
        "samples": sample_sheet,
        "quality": quality,
        "losses": lambda board: curves(board, LOSSES, "loss"),
        "scores": lambda board: curves(board, SCORES, "score"),
    }
    paths = figure_paths(board)
    faults: dict[str, list[str]] = {}
    for name, path in paths.items():
        if _stale(path, board):
            try:
                picture = drawings[name](board)
            except Exception as error:  # pillow raises nearly anything on a damaged grid
                faults.setdefault(str(error), []).append(name)
                continue
            if picture is not None:
                store.make_folder(path.parent)
                store.write_bytes(path, picture)
    if faults:
        told = "; ".join(f"{', '.join(names)}: {why}" for why, names in faults.items())
        raise StorageError(f"cannot draw {board.folder / 'figures'}: {told}")
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

    told = [(row, [_curve(folder, lines) for folder in row.folders]) for row in board.rows]
    drawn = [(row, seeds) for row, seeds in told if any(map(_has_a_value, seeds))]
    if not drawn:
        return None
    columns = min(3, len(drawn))
    height = ceil(len(drawn) / columns)
    figure = Figure(figsize=(3.3 * columns + 0.6, 2.3 * height + 0.7), layout="constrained")
    panels = figure.subplots(height, columns, sharex=True, sharey=True, squeeze=False).ravel()
    for panel, (row, seeds) in zip(panels, drawn, strict=False):
        _panel(panel, row, seeds, lines)
    for panel in panels[len(drawn) :]:
        panel.remove()
    panels[0].set_ylim(*_limits([seed for _, seeds in drawn for seed in seeds]))
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
        label = None if k in told_of else _label(row)
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
    told = [(number(look, "kimg"), number(look, "scores", metric)) for look in looks]
    return [point for point in told if np.isfinite(point).all()]


def _png(figure: Figure) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=150)
    return buffer.getvalue()


def _panel(
    panel: Axes, row: Row, seeds: list[np.ndarray], lines: dict[str, tuple[str, str]]
) -> None:
    for k, (label, colour) in enumerate(lines.values(), start=1):
        for seed, curve in enumerate(seeds):
            named = label if seed == 0 else None
            panel.plot(curve[:, 0], curve[:, k], color=colour, lw=1, label=named)
    panel.set_title(_label(row), fontsize=9)
    panel.grid(alpha=0.25)
    panel.tick_params(labelsize=8)


def _label(row: Row) -> str:
    r"""A row's name, of which matplotlib reads no $...$ as mathematics."""
    return plain(row.name).replace("$", r"\$")


def _curve(folder: Path, columns: Iterable[str]) -> np.ndarray:
    """(points, 1 + columns): kimg and the columns, NaN for a gap."""
    names = ["kimg", *columns]
    points = store.read_lines(folder / "curve.jsonl")
    values = [[number(point, name) for name in names] for point in points]
    return np.array(values).reshape(-1, len(names))


def _has_a_value(curve: np.ndarray) -> bool:
    return bool(np.isfinite(curve[:, 1:]).any())


def _limits(seeds: list[np.ndarray]) -> tuple[float, float]:
    """Axes for all panels; a few extreme points may leave them so that the rest can be read."""
    low, high = np.nanpercentile(np.concatenate([seed[:, 1:] for seed in seeds]), [0.5, 99.5])
    room = 0.05 * (high - low) or 0.5
    return float(low - room), float(high + room)


# The sheet


def sample_sheet(board: Board) -> bytes | None:
    """Rows are cells, columns are ticks; the same z in every row of a seed."""
    from PIL import Image

    strips = []
    for row in board.rows:
        for folder in row.folders:
            ticks = sorted(path for path in (folder / "samples").glob("*.png") if path.is_file())
            if ticks:
                name = plain(f"{row.name} / {folder.name}")
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
        if max(grid.size) > ACROSS * (side + 2):
            raise ValueError(f"{path} is {grid.width} x {grid.height}: no grid of {side} px")
        box = (2, 2, 2 + across * (side + 2) - 2, 2 + down * (side + 2) - 2)
        tile = Image.new("RGB", (box[2] - 2, box[3] - 2), "white")  # there may be fewer images
        tile.paste(grid.convert("RGB"), (-2, -2))
    zoom = max(1, FACE_PX // side)
    return tile.resize((tile.width * zoom, tile.height * zoom), Image.Resampling.NEAREST)
