"""What all rows of a table share: data, schedule, evaluation, and what ± and letters mean."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gan_bench.base.text import plural
from gan_bench.contract.protocol import Protocol
from gan_bench.report.statistics import MIN_SEEDS, least_seeds
from gan_bench.run.schedule_text import schedule_text

if TYPE_CHECKING:
    import pandas as pd


def protocol_lines(protocol: Protocol, cells: pd.DataFrame | None = None) -> list[tuple[str, str]]:
    """Name and text of each fact; `cells` are those that have a record, None before a run."""
    data, schedule, evaluation = protocol.data, protocol.schedule, protocol.evaluation
    channels, height, width = data.shape
    nets = [f"{name} (sha256 {digest[:12]})" for name, digest in evaluation.digests.items()]
    lines = [
        (
            "data",
            f"{data.name}, {width} x {height} x {channels}, {data.train:,} training and "
            f"{data.held_out:,} held-out images, fingerprint {data.fingerprint[:12]}",
        ),
        ("schedule", schedule_text(schedule)),
        (
            "evaluation",
            f"{evaluation.samples:,} generated against {_reference(protocol, cells)} "
            f"{evaluation.reference} images, the first {evaluation.tick_samples:,} of them "
            f"at {plural(schedule.ticks, 'tick')}; features {', '.join(nets)}",
        ),
        ("device", ", ".join(_distinct(cells, "device")) or "none yet"),
        ("seeds", ", ".join(_distinct(cells, "seed")) or "none yet"),
    ]
    return lines if cells is None or cells.empty else [*lines, ("±", _claims(cells))]


def _distinct(cells: pd.DataFrame | None, column: str) -> list[str]:
    return [] if cells is None else list(map(str, sorted(set(cells[column].dropna()))))


def _reference(protocol: Protocol, cells: pd.DataFrame | None) -> str:
    """How many real images the cells were compared with."""
    counts = [] if cells is None else sorted(set().union(*cells["reference_n"]))
    return "/".join(f"{n:,}" for n in counts) or f"up to {protocol.evaluation.samples:,}"


def _claims(cells: pd.DataFrame) -> str:
    """What the numbers claim, which depends on the number of seeds."""
    seeds = cells.groupby(["architecture", "loss"]).size()
    most = int(seeds.max())
    if most < 2:
        return (
            "no interval with one seed: another seed may rank the rows differently; "
            "--seeds 6 gives intervals and ties"
        )
    if most < MIN_SEEDS:
        return (
            f"no interval with fewer than {MIN_SEEDS} seeds: "
            "the range of the seeds does not show which row is better"
        )
    rows = int((seeds >= MIN_SEEDS).sum())
    return (
        "95 % interval of the mean over training seeds (Student's t); rows that share a letter "
        "cannot be told apart (permutation tests of all pairs, Holm's correction, 5 %)"
        f"{_limit(rows, most)}"
    )


def _limit(rows: int, seeds: int) -> str:
    needed = least_seeds(rows)
    if needed is None:
        return f"; this test cannot tell any two of {rows:,} rows apart"
    if seeds < needed:
        return f"; with fewer than {needed} seeds, no two of {rows} rows can be told apart"
    return ""
