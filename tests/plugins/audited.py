"""What tools/audit.py measured: docs/audit.json, and what a metric sees by it."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import fmean, stdev
from typing import get_args

from corrupted_faces import AUDITED, MILDEST

from gan_bench import Dataset, Metric
from gan_bench.catalogue import Catalogue
from gan_bench.contract.offers import Fault

FILE = Path(__file__).parents[2] / "docs" / "audit.json"
FEATURES = "efficientnet-lite0"  # of the evaluation
SEEN = 5  # standard deviations between real sets from which on a fault stands out
CHANCE = 3  # and what it must exceed with few images, where real sets differ more
SAMPLES, FEW = 2_048, 512  # images of the sets: as in the preset quick, as in doctor


@dataclass(frozen=True, kw_only=True)
class Audit:
    """The scores of one metric, on sets of one size."""

    features: str  # the net
    higher_is_better: bool
    real: tuple[float, ...]  # of disjoint sets of real images
    scores: Mapping[str, float | None]  # of corruptions by name; None: refused

    def z(self, name: str) -> float:
        """(score - mean of real sets) / their standard deviation; positive is worse.

        Infinite for a set that the metric refused, and for any difference where real sets all
        score the same.
        """
        score = self.scores[name]
        if score is None:
            return math.inf
        difference = score - fmean(self.real)
        if self.higher_is_better:
            difference = -difference
        spread = stdev(self.real)
        if spread == 0:
            return math.copysign(math.inf, difference) if difference else 0.0
        return difference / spread

    def least(self, fault: Fault) -> float:
        """The smallest z of the mildest strength that counts and of the stronger ones."""
        names = [each.name for each in AUDITED if each.fault == fault]
        return min(map(self.z, names[names.index(MILDEST[fault]) :]))


def counts(metric: Metric, known: Catalogue, dataset: Dataset) -> bool:
    """Whether it is measured: it suits the data set, and is no copy of a family on an idle net.

    A family is on every net, as `fd-pixels`; the audit has it on the net of the evaluation and on
    the judge of the data set.
    """
    net = metric.features
    if metric.unsuited(dataset):
        return False
    if net is None or not metric.name.endswith(f"-{net}"):
        return True
    alone = metric.name.removesuffix(f"-{net}") not in known.names(Metric)
    return net == dataset.judge or (net == FEATURES and alone)


Audits = dict[str, dict[str, Audit]]  # number of images -> metric -> its scores


def read() -> Audits:
    """The last audit."""
    written = json.loads(FILE.read_text(encoding="utf-8"))
    return {
        n: {
            name: Audit(**{**fields, "real": tuple(fields["real"])})
            for name, fields in metrics.items()
        }
        for n, metrics in written.items()
    }


def seen(audits: Audits, metric: str) -> set[Fault]:
    """The faults that a metric sees, and may declare."""
    many, few = (audits[str(n)][metric] for n in (SAMPLES, FEW))
    return {
        fault
        for fault in get_args(Fault)
        if many.least(fault) >= SEEN and few.least(fault) >= CHANCE
    }


def write(audits: Audits) -> None:
    """Six digits of every score, in an order that does not change."""
    rounded = {
        n: {name: _rounded(audits[n][name]) for name in sorted(audits[n])}
        for n in sorted(audits, key=int)
    }
    FILE.write_text(json.dumps(rounded, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _rounded(audit: Audit) -> dict[str, object]:
    def digits(value: float | None) -> float | None:
        return None if value is None else float(f"{value:.6g}")

    return asdict(audit) | {
        "real": [digits(value) for value in audit.real],
        "scores": {name: digits(value) for name, value in audit.scores.items()},
    }
