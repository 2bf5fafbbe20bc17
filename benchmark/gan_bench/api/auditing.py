"""`gan_bench.audit(...)`: what metrics see, as `gan-bench metrics audit` measures it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from gan_bench.api.asking import checked_by
from gan_bench.api.shown import Shown
from gan_bench.base.text import plural
from gan_bench.report.audit import formats, tables
from gan_bench.report.audit.findings import Findings, findings
from gan_bench.report.shown_summary import ShownSummary

if TYPE_CHECKING:
    import pandas as pd

Text = str | os.PathLike[str]
Names = str | Iterable[str]
Counts = int | Iterable[int]


class Audit(Shown):
    """An audit of metrics, as it was when it was read. A notebook shows its tables."""

    def __init__(self, found: Findings, folder: Path) -> None:
        self._found = found
        self.folder = folder

    @property
    def slug(self) -> str:
        """The name of the audit."""
        return self._found.audit.sets.slug

    @property
    def answer(self) -> str:
        """Which metric sees most, in a sentence or two."""
        return tables.answer(self._found)

    def frame(self) -> pd.DataFrame:
        """One row for each metric, number of images, corruption and strength.

        Columns: audit, metric, features, higher_is_better, n, corruption, strength, power, low,
        high, sets, better, refused, mean_score, order, order_low, order_high.
        """
        import pandas as pd

        return pd.DataFrame(formats.lines(self._found), columns=list(formats.COLUMNS))

    def followed(self) -> pd.DataFrame:
        """One row for each metric and number of images: bias and cost as n grows.

        Columns: metric, n, real, deviation, corrupted, seconds, units, memory, reads.
        """
        import pandas as pd

        rows = [
            {"metric": each.metric.spec.name, **asdict(at)}
            for each in self._found.metrics
            for at in each.followed
        ]
        return pd.DataFrame(rows)

    def table(self) -> ShownSummary:
        """The tables; print as text, render in a notebook."""
        return ShownSummary(formats.summary(self._found))

    def __repr__(self) -> str:
        return f"<Audit {self.slug}: {plural(len(self._found.metrics), 'metric')}>"


def read_audit(folder: Path) -> Audit:
    """The audit in this folder. StorageError if it cannot be read."""
    return Audit(findings(folder), folder)


def audit(
    *,
    metrics: Names = (),
    only: bool = False,
    every: bool = False,
    data: Text | None = None,
    data_root: Text | None = None,
    download: bool = False,
    size: int | tuple[int, int] | None = None,
    max_bad: float = 0.1,
    folder: str | None = None,
    min_size: int | None = None,
    blurry: float | None = None,
    dedupe: bool = False,
    group_by: Literal["folder", "name-prefix"] | None = None,
    frames: Literal["first", "all"] = "first",
    grey: bool = False,
    alpha: bool = False,
    corruptions: Names = (),
    n: Counts = (),
    bias_n: Counts = (),
    real_sets: int = 99,
    repeats: int = 20,
    seed: int = 0,
    preset: str | None = None,
    features: Names = (),
    weights: Text | Mapping[str, Text] | None = None,
    judge: Text | None = None,
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto",
    plugins: Text | Iterable[Text] = (),
    results: Text = "results",
    quiet: bool = False,
) -> Audit:
    """Measure what metrics see: power, order, bias and cost on sets with known faults.

    The arguments are the options of `gan-bench metrics audit`, which its --help describes; `every`
    is --all. The same call goes on where it was stopped, and measures a metric again if its code
    changed. Raises GanBenchError.
    """
    asked = dict(locals())
    from gan_bench.cli.metrics import audit as command

    return _audit(**checked_by(command, asked))


def _audit(results: Path, quiet: bool, **asked: Any) -> Audit:
    from gan_bench.api.shown import progress_console
    from gan_bench.cli.metrics import audit_of, measure_audit

    return read_audit(measure_audit(audit_of(asked), results, progress_console(quiet)))
