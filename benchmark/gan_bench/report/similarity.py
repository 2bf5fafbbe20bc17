"""Two networks of one seed: do their distances from the real images differ beyond sampling?

The relative-similarity test (Bounliphone et al. 2016, arXiv 1511.04581). It knows nothing of how
much the next training would differ, and so it is shown only where there are too few seeds to say.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from gan_bench.base.text import number
from gan_bench.report.letters import holm
from gan_bench.report.rows import Row
from gan_bench.report.statistics import ALPHA, MIN_SEEDS
from gan_bench.results.frame import metric_column
from gan_bench.results.influence import ImageTerms, read_influence


@dataclass(frozen=True)
class Network:
    """One trained cell with what it takes to compare it."""

    row: str  # its name
    seed: int
    score: float
    terms: ImageTerms


@dataclass(frozen=True)
class Comparison:
    """Two networks of one seed, by the score of the terms that they kept."""

    first: Network
    second: Network
    z: float  # the difference of the scores, in standard errors of that difference
    p: float  # two-sided, for all comparisons of the table together (Holm)


def compare_networks(rows: Sequence[Row]) -> list[Comparison]:
    """The network of the first row against that of each other row, by the first seed they share.

    Rows that have seeds enough for letters are left out, and so are cells that kept no terms.
    Raises StorageError for terms that cannot be read.
    """
    if not rows:
        return []
    pairs = [pair for row in rows[1:] for pair in _pair(rows[0], row)]
    z_scores = [z_score(*pair) for pair in pairs]
    known = [(pair, z) for pair, z in zip(pairs, z_scores, strict=True) if z is not None]
    adjusted = holm([math.erfc(abs(z) / math.sqrt(2)) for _, z in known])
    return [Comparison(*pair, z, p) for (pair, z), p in zip(known, adjusted, strict=True)]


def z_score(a: Network, b: Network) -> float | None:
    """The difference of two scores over its standard error; None if the terms do not match.

    Both networks were compared with the same real images and drew from the same z, so the terms are
    subtracted image by image before their variance is taken. Computed from the same images as
    the scores, they make the error too large for networks that are nearly perfect (see
    docs/statistics.md), never too small.
    """
    kinds = (a.terms.real, b.terms.real), (a.terms.fake, b.terms.fake)
    if any(len(ours) != len(theirs) or len(ours) < 2 for ours, theirs in kinds):
        return None
    apart = [np.subtract(ours, theirs) for ours, theirs in kinds]  # (N,) and (M,)
    error = math.sqrt(sum(np.var(terms, ddof=1) / len(terms) for terms in apart))
    return (a.score - b.score) / error if error else None


def sentence_of(comparison: Comparison) -> str:
    """What the test says, and no more."""
    a, b = comparison.first, comparison.second
    differ = "differ" if comparison.p <= ALPHA else "do not differ"
    p = "p < 0.0001" if comparison.p < 1e-4 else f"p = {number(comparison.p, 2)}"
    scores = f"{a.terms.metric} {number(a.score)} and {number(b.score)}"
    return (
        f"{a.row} and {b.row}, seed {a.seed}: these two networks {differ} beyond sampling "
        f"({scores}, z = {number(abs(comparison.z), 2)}, {p}); that says nothing about other seeds"
    )


def _pair(first: Row, second: Row) -> Iterator[tuple[Network, Network]]:
    """The networks of the first seed for which both rows kept the terms of one metric, if any."""
    theirs = {network.seed: network for network in _networks(second)}
    for ours in _networks(first):
        other = theirs.get(ours.seed)
        if other is not None and other.terms.metric == ours.terms.metric:
            yield ours, other
            return


def _networks(row: Row) -> Iterator[Network]:
    if len(row.done["seed"]) >= MIN_SEEDS:
        return
    for place, (seed, folder) in enumerate(zip(row.done["seed"], row.done["folder"], strict=True)):
        terms = read_influence(folder)
        scores = row.done.get(metric_column(terms.metric)) if terms else None
        if terms and scores and math.isfinite(scores[place]):
            yield Network(row.name, seed, scores[place], terms)
