"""Graded corruptions: one fault in several strengths, from which sets of any size are drawn.

What a strength makes of images is made once and kept: its bank. A set is rows of the bank and rows
of clean images, so that features are computed once, however many sets are drawn.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from gan_bench.base.text import plural
from gan_bench.contract.offers import Fault
from gan_bench.measure import corruptions

Rows = tuple[np.ndarray, np.ndarray]  # of the clean images, of the bank: n together


@dataclass(frozen=True, kw_only=True)
class Pool:
    """Real images in two parts that share none: the reference, and all others."""

    reference: np.ndarray  # (T, C, H, W): what is compared with, and what a memoriser copies
    others: corruptions.Pool  # images by their rows
    count: int  # of the others
    clean: int  # so many of them, from the first on, are followed as n grows
    bank: int  # so many, from the first on, are corrupted, and drawn for real sets as well
    modes: np.ndarray | None = None  # (count,) int64, where they are known

    def first(self, count: int) -> np.ndarray:
        """(count, C, H, W): the first of the others."""
        return np.asarray(self.others[np.arange(count)])


def resized(pool: Pool, bank: int) -> Pool:
    """The same images, of which so many are corrupted."""
    return replace(pool, bank=bank)


def _whole(base: np.ndarray, _: float) -> Rows:
    """All images of the set are corrupted."""
    return base[:0], base


def _share(base: np.ndarray, share: float) -> Rows:
    """A share of the images are of the bank, the others are clean. At least one is of the bank."""
    count = max(1, round(share * len(base)))
    return base[count:], base[:count]


def _possible(_pool: Pool, _n: int, _strength: float) -> str | None:
    return None


@dataclass(frozen=True, kw_only=True)
class Graded:
    """A fault, and how to make sets with more or less of it."""

    name: str
    fault: Fault | None  # None: a fault that no metric can declare
    meaning: str  # of a strength
    strengths: tuple[float, ...]  # the mildest first
    bank: Callable[[Pool, float], np.ndarray]  # (B, C, H, W) uint8; none where only rows are chosen
    # (n,) rows of the bank, or of as many clean images, all different -> the set
    choose: Callable[[np.ndarray, float], Rows] = _whole
    # why sets of n images cannot be made with this strength, or None
    impossible: Callable[[Pool, int, float], str | None] = _possible

    def strengths_for(self, pool: Pool, n: int) -> tuple[float, ...]:
        """The strengths of which sets of n images can be made."""
        return tuple(each for each in self.strengths if not self.impossible(pool, n, each))

    def why_not(self, pool: Pool, n: int) -> str | None:
        """Why no strength is possible; None if one is."""
        if self.strengths_for(pool, n):
            return None
        return self.impossible(pool, n, self.strengths[0])


def changed(
    name: str,
    fault: Fault | None,
    meaning: str,
    strengths: tuple[float, ...],
    change: Callable[[np.ndarray, float], np.ndarray],
    impossible: Callable[[Pool, int, float], str | None] = _possible,
) -> Graded:
    """Every image is changed, more or less."""
    return Graded(
        name=name,
        fault=fault,
        meaning=meaning,
        strengths=strengths,
        bank=lambda pool, strength: change(pool.first(pool.bank), strength),
        impossible=impossible,
    )


def mixed(
    name: str,
    fault: Fault | None,
    meaning: str,
    shares: tuple[float, ...],
    made: Callable[[Pool], np.ndarray],
) -> Graded:
    """A share of the images is bad; the bad ones are the same for every share."""
    return Graded(
        name=name,
        fault=fault,
        meaning=meaning,
        strengths=shares,
        bank=lambda pool, _: made(pool),
        choose=_share,
    )


# -- lost modes and repeats -----------------------------------------------------------------------


def _none(pool: Pool, _: float) -> np.ndarray:
    return pool.first(0)


def _kept(pool: Pool, lost: float) -> np.ndarray:
    """Rows of the others with only some modes; those that a larger loss keeps are among them."""
    if pool.modes is None:
        return np.empty(0, np.int64)
    known = np.unique(pool.modes)
    kept = np.random.default_rng(0).permutation(known)[: max(1, round((1 - lost) * len(known)))]
    return np.flatnonzero(np.isin(pool.modes, kept))


def _few_modes(pool: Pool, lost: float) -> np.ndarray:
    return np.asarray(pool.others[_kept(pool, lost)[: pool.bank]])


def _cannot_lose(pool: Pool, n: int, lost: float) -> str | None:
    if pool.modes is None:
        return "the images have no labels"
    known = len(np.unique(pool.modes))
    if round((1 - lost) * known) < 1 or known < 2:
        return f"there are only {plural(known, 'mode')}"
    if len(_kept(pool, lost)) < n:
        return f"too few images have the modes that are left for sets of {n:,}"
    return None


def _stuck(base: np.ndarray, share: float) -> Rows:
    rows = base.copy()
    rows[: round(share * len(base))] = base[0]
    return rows, rows[:0]


def _again(base: np.ndarray, times: float) -> Rows:
    return base[np.arange(len(base)) // round(times)], base[:0]


# -- all of them ----------------------------------------------------------------------------------


def _copied(pool: Pool) -> np.ndarray:
    return corruptions.trace(pool.reference[: pool.bank])


def _mirrored(pool: Pool) -> np.ndarray:
    return corruptions.mirror(pool.first(pool.bank))


def _only_noise(pool: Pool) -> np.ndarray:
    return corruptions.only_noise(pool.first(pool.bank).shape)


def _grey(pool: Pool, _n: int, _strength: float) -> str | None:
    few = pool.first(min(64, pool.bank)).astype(np.int16)
    if few.shape[1] < 3 or not np.ptp(few[:, :3], axis=1).any():
        return "the images are grey"
    return None


def _turned(images: np.ndarray, degrees: float) -> np.ndarray:
    """Only the colours turn: the fourth channel is opacity."""
    return np.concatenate([corruptions.turn_hue(images[:, :3], degrees), images[:, 3:]], axis=1)


GRADED = (
    Graded(
        name="lost-modes",
        fault="lost modes",
        meaning="share of the modes that no image shows",
        strengths=(0.5, 0.9, 0.99),
        bank=_few_modes,
        impossible=_cannot_lose,
    ),
    Graded(
        name="one-image",
        fault="repeats",
        meaning="share of the images that are the same one",
        strengths=(0.1, 0.5, 0.9),
        bank=_none,
        choose=_stuck,
    ),
    Graded(
        name="each-again",
        fault="repeats",
        meaning="how often every image is there",
        strengths=(2, 5, 20),
        bank=_none,
        choose=_again,
    ),
    mixed("copies", "copies", "share of training images, one level off", (0.1, 0.5, 1), _copied),
    changed("blur", "blur", "σ in pixels of a 32 px image", (0.25, 0.5, 1), corruptions.blur),
    changed("noise", "noise", "standard deviation, of 255", (4, 8, 16), corruptions.noise),
    mixed("only-noise", None, "share of images that are noise", (0.01, 0.05, 0.2), _only_noise),
    changed(
        "jpeg",
        None,
        "quality as JPEG",
        (90, 50, 20),
        lambda images, quality: corruptions.jpeg(images, round(quality)),
    ),
    changed("hue", None, "degrees that colours turn", (10, 30, 120), _turned, _grey),
    changed(
        "brighter",
        None,
        "levels of 255",
        (4, 16, 64),
        lambda images, levels: corruptions.brighten(images, round(levels)),
    ),
    changed("moved", None, "pixels to the right", (0.25, 0.5, 1), corruptions.move),
    changed("ghosts", None, "weight of another image", (0.05, 0.25, 0.5), corruptions.ghosts),
    mixed("mirrored", None, "share of mirrored images", (0.1, 0.5, 1), _mirrored),
)
BY_NAME = {each.name: each for each in GRADED}
FIXED, FIXED_STRENGTH = "blur", 1.0  # whose score is followed as n grows
