"""toonfaces: cartoon faces drawn on demand, with a thousand known modes and nothing to download.

A face is a pure function of (seed, index), whatever else is drawn with it. Three independent
factors of ten values each (hair style, hair colour, expression) give the mode; pose, head turn,
skin, clothes, background and light are continuous nuisance.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gan_bench import Dataset, Images, UsageError, hookimpl
from gan_bench_plugins.toonfaces.canvas import Canvas, Layer, Pose, centres
from gan_bench_plugins.toonfaces.chance import Array, Chance, Ints, factors, modes
from gan_bench_plugins.toonfaces.colours import COLOURS, inks_of
from gan_bench_plugins.toonfaces.face import BODY, EXPRESSIONS, FACES, HEAD, NECK
from gan_bench_plugins.toonfaces.hair import HAIRCUTS, STYLES, Style
from gan_bench_plugins.toonfaces.shapes import circle

SIZES = (16, 32, 64, 128, 256)
TRAIN, HELD_OUT, SEED = 20_000, 10_000, 2_014  # 2014: the year of the first GAN


# -- pictures -----------------------------------------------------------------------------------

GROUND = [Layer(circle(0.0, -0.05, 0.86), "ground light", soft=0.5)]


def pose_of(chance: Chance) -> Pose:
    """A head that leans and turns a little and stands slightly off the centre."""
    half = chance.between(10, -0.085, 0.085)  # tan(angle / 2): up to 10 degrees either way
    square = half * half
    return Pose(
        x=chance.between(11, -0.07, 0.07),
        y=chance.between(12, -0.02, 0.1),
        scale=chance.between(13, 0.88, 1.0),
        cosine=(1 - square) / (1 + square),
        sine=(half + half) / (1 + square),
        turn=chance.between(14, -0.06, 0.06),
        nod=chance.between(15, -0.03, 0.03),
    )


def _runs(values: Ints) -> Iterator[tuple[int, slice]]:
    """The runs of equal values in a sorted array."""
    starts = np.flatnonzero(np.diff(values, prepend=-1))
    for start, stop in zip(starts, [*starts[1:], len(values)], strict=True):
        yield int(values[start]), slice(int(start), int(stop))


def paint(canvas: Canvas, style: Style, expressions: Ints) -> None:
    """Faces of one style, from the back to the front; expressions are sorted."""
    body = canvas.with_body()
    body.draw(GROUND)
    canvas.draw(style.behind())
    body.draw(BODY)
    canvas.draw([*NECK, *HEAD, *style.shadow()])
    canvas.draw(style.before())
    for expression, rows in _runs(expressions):
        canvas[rows].draw(FACES[EXPRESSIONS[expression]])


def lit(pixels: Array, chance: Chance) -> NDArray[np.uint8]:
    """(N, 3, S, S) in [0, 1] -> uint8, lit from one side, brighter or dimmer."""
    place = centres(pixels.shape[-1])[None, :]
    level, slope, fall = chance.triple(16, (0.9, 1.06), (-0.07, 0.07), (-0.05, 0.05))
    across, down = level[:, None] + slope[:, None] * place, fall[:, None] * place
    pixels *= (across[:, None, :] - down[:, :, None])[:, None] * 255
    return (np.clip(pixels, 0, 255) + 0.5).astype(np.uint8)


def _draw(seed: int, indices: Ints, size: int) -> NDArray[np.uint8]:
    """(N, 3, size, size) in the order of the indices; equal styles are drawn together."""
    digits = factors(seed, indices)
    order = np.lexsort((digits[:, 2], digits[:, 0]))
    chance, digits = Chance(seed, indices[order]), digits[order]
    inks = inks_of(chance, digits[:, 1])
    pixels = np.empty((len(indices), 3, size, size), np.float32)
    pixels[:] = inks["ground"][:, :, None, None]
    canvas = Canvas(pixels, pose_of(chance), inks)
    for style, rows in _runs(digits[:, 0]):
        paint(canvas[rows], HAIRCUTS[STYLES[style]], digits[rows, 2])
    pictures = np.empty(pixels.shape, np.uint8)
    pictures[order] = lit(pixels, chance)
    return pictures


def render(seed: int, indices: Sequence[int] | Ints, size: int) -> NDArray[np.uint8]:
    """(N, 3, size, size) uint8: image i depends on (seed, indices[i], size) and nothing else."""
    rows = np.asarray(indices, np.int64)
    if size not in SIZES:
        raise UsageError(_no_size(size))
    # One thread: the arrays are so small that threads only wait for each other's turn in Python.
    # 16 of them drew 176 images/s at 64 px, one draws 617.
    chunk = max(1, 2**20 // size**2)
    drawn = [_draw(seed, rows[k : k + chunk], size) for k in range(0, len(rows), chunk)]
    return np.concatenate(drawn or [np.empty((0, 3, size, size), np.uint8)])


def _no_size(size: int) -> str:
    *some, last = SIZES
    allowed = f"{', '.join(map(str, some))} or {last}"
    return f"toonfaces are drawn at {allowed} px, not at {size}: pass one of those as --size."


# -- the data set -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Faces:
    """Rows first .. first + count - 1 of the set, drawn when they are asked for."""

    first: int
    count: int
    size: int

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, rows: slice, /) -> NDArray[np.uint8]:
        return render(SEED, self.indices()[rows], self.size)

    def indices(self) -> Ints:
        """The indices of all rows."""
        return np.arange(self.first, self.first + self.count)


def load(_root: Path | None, size: int, _download: bool) -> Images:
    """20,000 faces to train on and 10,000 others, labelled with their modes."""
    if size not in SIZES:
        raise UsageError(_no_size(size))
    train, held_out = Faces(0, TRAIN, size), Faces(TRAIN, HELD_OUT, size)
    return Images(
        train=train,
        held_out=held_out,
        train_labels=modes(SEED, train.indices()),
        held_out_labels=modes(SEED, held_out.indices()),
    )


@hookimpl
def gan_bench_datasets() -> list[Dataset]:
    """`toonfaces`."""
    return [
        Dataset(
            name="toonfaces",
            source="drawn by this package: 10 hair styles x 10 hair colours x 10 expressions",
            version="1",
            load=load,
            modes=len(STYLES) * len(COLOURS) * len(EXPRESSIONS),
            judge="toonfaces-judge",
        )
    ]
