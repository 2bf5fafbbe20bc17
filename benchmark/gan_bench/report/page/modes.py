"""A map of the modes of a judged set: a square for each, by how often G makes it."""

from __future__ import annotations

import math
from dataclasses import dataclass

from gan_bench.base.text import plural
from gan_bench.contract.errors import UsageError
from gan_bench.results.shown import Modes

CELL = 8  # units of a square in the map
ROW = 20  # modes that fit into one row
FEWER, MORE = 0.5, 2.0  # of the share among real images: beyond these a mode is rare, or frequent
LISTED = 50  # lost modes that are named

# from the emptiest to the fullest square, and what it means
KINDS = {
    "lost": "lost: not one generated image",
    "rare": "less than half as often as among real images",
    "fair": "about as often",
    "frequent": "more than twice as often",
}


@dataclass(frozen=True)
class ModeMap:
    """The map of one cell."""

    name: str
    says: str
    found: str  # how many of the modes
    marks: list[tuple[str, str]]  # kind, path of the middles of its squares
    counts: dict[str, int]  # modes of each kind
    lost: list[str]  # each lost mode, the most frequent first, LISTED at most
    width: int
    height: int

    @property
    def about(self) -> str:
        """What is seen, in words."""
        parts = [f"{count:,} {KINDS[kind]}" for kind, count in self.counts.items()]
        return f"{self.name}: {self.found}; {'; '.join(parts)}"


def mode_map(name: str, modes: Modes) -> ModeMap:
    """The map of the counts of a cell. UsageError if they are no counts of the same modes."""
    real, fake = modes.real, modes.fake
    if len(real) != len(fake) or not real or min(*real, *fake) < 0:
        raise UsageError(f"{modes.metric}: these are no counts of the same modes")
    across = len(real) if len(real) <= ROW else math.ceil(math.sqrt(1.6 * len(real)))
    kinds = [_kind(*counts, sum(real), sum(fake)) for counts in zip(real, fake, strict=True)]
    return ModeMap(
        name=name,
        says=modes.says,
        found=f"{len(real) - kinds.count('lost'):,} of {plural(len(real), 'mode')} found",
        marks=[(kind, _marks(kinds, kind, across)) for kind in KINDS if kind in kinds],
        counts={kind: kinds.count(kind) for kind in KINDS if kind in kinds},
        lost=_lost(modes),
        width=across * CELL,
        height=math.ceil(len(real) / across) * CELL,
    )


def _lost(modes: Modes) -> list[str]:
    """The lost modes that have the most real images, and how many more there are."""
    lost = [(mode, real) for mode, real in enumerate(modes.real) if not modes.fake[mode]]
    lost.sort(key=lambda each: -each[1])
    named = [f"mode {mode}: {plural(real, 'real image')}" for mode, real in lost[:LISTED]]
    return named + [f"and {len(lost) - LISTED:,} more"] * (len(lost) > LISTED)


def _kind(real: int, fake: int, all_real: int, all_fake: int) -> str:
    """How often a mode is generated, beside how often it is real."""
    if not fake:
        return "lost"
    ratio = (fake / all_fake) / (real / all_real) if real else math.inf
    return "rare" if ratio < FEWER else "frequent" if ratio > MORE else "fair"


def _marks(kinds: list[str], kind: str, across: int) -> str:
    """A path: a cross for each lost mode, for any other one a point that becomes a square."""
    mark = "m-2-2l4 4m0-4l-4 4" if kind == "lost" else "h0"
    places = (divmod(mode, across) for mode, each in enumerate(kinds) if each == kind)
    half = CELL // 2
    return "".join(f"M{x * CELL + half} {y * CELL + half}{mark}" for y, x in places)
