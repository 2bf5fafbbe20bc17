"""Two networks of one seed: do their distances from the real images differ beyond sampling?

The relative-similarity test (Bounliphone et al. 2016, arXiv 1511.04581). It knows nothing of how
much the next training would differ, and so it is shown only where there are too few seeds to say.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gan_bench.base.text import number
from gan_bench.contract.errors import StorageError
from gan_bench.contract.protocol import cell_label
from gan_bench.report.letters import holm
from gan_bench.report.rows import Row
from gan_bench.report.statistics import ALPHA, MIN_SEEDS
from gan_bench.results.frame import metric_column
from gan_bench.results.influence import ImageTerms, read_influence
from gan_bench.results.layout import INFLUENCE


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


def compare_networks(rows: Sequence[Row]) -> tuple[list[Comparison], list[str]]:
    """The network of the first row against that of each other row, and what stood in the way.

    Two rows are compared by the first seed for which both have terms of the same images. Rows that
    have seeds enough for letters are left out, and so are cells that kept no terms.
    """
    if not rows:
        return [], []
    ours, faults = _networks(rows[0])
    found: list[tuple[Network, Network, float]] = []
    for row in rows[1:] if ours else []:
        theirs, unreadable = _networks(row)
        pairs = _pairs(ours, theirs)
        matching = [pair for pair in pairs if _match(*pair)]
        faults += unreadable
        if pairs and not matching:
            faults.append(_mismatch(*pairs[0]))
        for pair in matching[:1]:
            if (z := z_score(*pair)) is not None:
                found.append((*pair, z))
    adjusted = holm([math.erfc(abs(z) / math.sqrt(2)) for *_, z in found])
    return [Comparison(*each, p) for each, p in zip(found, adjusted, strict=True)], faults


def z_score(a: Network, b: Network) -> float | None:
    """The difference of two scores over its standard error; None if the terms do not match.

    Both networks were compared with the same real images and drew from the same z, so the terms are
    subtracted image by image before their variance is taken. Computed from the same images as
    the scores, they make the error too large for networks that are nearly perfect (see
    docs/statistics.md), never too small.
    """
    if not _match(a, b):
        return None
    kinds = (a.terms.real, b.terms.real), (a.terms.fake, b.terms.fake)
    apart = [np.subtract(ours, theirs) for ours, theirs in kinds]  # (N,) and (M,)
    error = math.sqrt(sum(np.var(terms, ddof=1) / len(terms) for terms in apart))
    return (a.score - b.score) / error if error else None


def _match(a: Network, b: Network) -> bool:
    """Whether the terms are of as many images in both, two of each kind at least."""
    ours, theirs = ([len(terms.real), len(terms.fake)] for terms in (a.terms, b.terms))
    return ours == theirs and min(ours) >= 2


def _mismatch(a: Network, b: Network) -> str:
    counts = " and ".join(
        f"{len(terms.real):,} real and {len(terms.fake):,} generated ones of {name}"
        for name, terms in ((a.row, a.terms), (b.row, b.terms))
    )
    return (
        f"{a.row} and {b.row}, seed {a.seed}: these two networks cannot be compared, because "
        f"{INFLUENCE} has terms of other images: {counts}"
    )


def sentence_of(comparison: Comparison) -> str:
    """What the test says, and no more."""
    a, b = comparison.first, comparison.second
    differ = "differ" if comparison.p <= ALPHA else "do not differ"
    p = "p < 0.0001" if comparison.p < 1e-4 else f"p = {number(comparison.p, 2)}"
    scores = f"{a.terms.metric} {number(a.score)} and {number(b.score)}"
    return (
        f"{a.row} and {b.row}, seed {a.seed}: these two networks {differ} beyond the sampling "
        "of generated and real images "
        f"({scores}, z = {number(abs(comparison.z), 2)}, {p}); that says nothing about other seeds"
    )


def _pairs(ours: Sequence[Network], theirs: Sequence[Network]) -> list[tuple[Network, Network]]:
    """The networks of the seeds for which both rows kept the terms of one metric."""
    by_seed = {network.seed: network for network in theirs}
    pairs = ((network, by_seed.get(network.seed)) for network in ours)
    return [(a, b) for a, b in pairs if b is not None and a.terms.metric == b.terms.metric]


def _networks(row: Row) -> tuple[list[Network], list[str]]:
    """The networks of a row that can be compared, and why others cannot be read."""
    networks: list[Network] = []
    faults: list[str] = []
    if len(row.done["seed"]) >= MIN_SEEDS:
        return networks, faults
    for place, (seed, folder) in enumerate(
        zip(row.done["seed"], row.done["measured"], strict=True)
    ):
        try:
            terms = read_influence(folder) if folder else None
        except StorageError as error:
            label = cell_label(row.architecture, row.loss, seed)
            faults.append(f"{label}: this network cannot be compared: {error}")
            continue
        scores = row.done.get(metric_column(terms.metric)) if terms else None
        if terms and scores and math.isfinite(scores[place]):
            networks.append(Network(row.name, seed, scores[place], terms))
    return networks, faults
