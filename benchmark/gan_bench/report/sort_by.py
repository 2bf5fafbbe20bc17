"""The metric by which a leaderboard is ordered: its own first one, or one that was asked for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from gan_bench.contract.errors import StorageError, UsageError
from gan_bench.contract.names import nearest_name
from gan_bench.contract.protocol import MetricSpec, Protocol
from gan_bench.results.layout import PROTOCOL
from gan_bench.results.reading import read_model


def ranking_of(protocol: Protocol, sort: str | None) -> MetricSpec:
    """The metric asked for; the protocol's first one if it has no such metric."""
    metrics = protocol.evaluation.metrics
    return next((each for each in metrics if each.name == sort), metrics[0])


def check_measured(
    sort: str, metrics: Mapping[str, Sequence[str]], folders: Iterable[Path]
) -> None:
    """UsageError if none of the boards has this metric.

    `metrics` are the names of those of each board, `folders` those of all protocols there are.
    """
    if any(sort in names for names in metrics.values()):
        return
    known = list(dict.fromkeys(name for names in metrics.values() for name in names))
    near = nearest_name(sort, known)
    guess = f". Did you mean {near}?" if near else _elsewhere(sort, folders)
    where = ", ".join(metrics) if len(metrics) < 3 else "these tables"
    raise UsageError(f"--sort {sort}: the metrics of {where} are {', '.join(known)}{guess}")


def _elsewhere(metric: str, folders: Iterable[Path]) -> str:
    """That another protocol of the results has this metric, and how to choose it."""
    for folder in dict.fromkeys(folders):
        with suppress(StorageError):  # the report shows the damage
            metrics = read_model(folder / PROTOCOL, Protocol).evaluation.metrics
            if metric in [each.name for each in metrics]:
                return f"; {folder.name} has it: choose that with --protocol"
    return ""
