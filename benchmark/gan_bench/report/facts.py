"""What all rows of a table share: data, schedule, evaluation, and what ± and letters mean."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from gan_bench.base.escape import plain
from gan_bench.base.text import percent, plural
from gan_bench.contract.protocol import Evaluation, Protocol
from gan_bench.report.letters import least_seeds
from gan_bench.report.looks import NINE_LOOKS, Looks
from gan_bench.report.rows import with_end, with_record
from gan_bench.report.statistics import MIN_SEEDS
from gan_bench.results.data_summary import read_data_summary
from gan_bench.results.frame import metric_column
from gan_bench.run.schedule_text import schedule_text

if TYPE_CHECKING:
    import pandas as pd


def protocol_lines(
    protocol: Protocol, cells: pd.DataFrame, looks: Looks | None = None
) -> list[tuple[str, str]]:
    """Name and text of each fact about a protocol and its cells."""
    done, ended = with_record(cells), with_end(cells)
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
            f"{evaluation.samples:,} generated against {_reference(protocol, done)} "
            f"{evaluation.reference} images, the first {evaluation.tick_samples:,} of them "
            f"at {plural(schedule.looks, 'tick')}{_ticks_by(evaluation)}; "
            f"features {', '.join(nets)}",
        ),
        ("device", ", ".join(_distinct(done, "device")) or "none yet"),
        ("seeds", ", ".join(_distinct(done, "seed")) or "none yet"),
    ]
    return lines if ended.empty else [*lines, ("±", _claims(protocol, ended, looks))]


def with_images(lines: list[tuple[str, str]], folder: Path) -> list[tuple[str, str]]:
    """The lines, and after the one on the data what was used and left out of the images."""
    summary = read_data_summary(folder)
    return [lines[0], ("images", plain(summary)), *lines[1:]] if summary else lines


def _ticks_by(evaluation: Evaluation) -> str:
    """The metric of the ticks, unless it is the first one."""
    metric = evaluation.at_ticks
    return "" if metric == evaluation.metrics[0] else f" by {metric.name}"


def _distinct(cells: pd.DataFrame, column: str) -> list[str]:
    return list(map(str, sorted(set(cells[column].dropna()))))


def _reference(protocol: Protocol, cells: pd.DataFrame) -> str:
    """How many real images the cells were compared with."""
    counts = sorted(set().union(*cells["reference_n"]))
    return "/".join(f"{n:,}" for n in counts) or f"up to {protocol.evaluation.samples:,}"


def _claims(protocol: Protocol, ended: pd.DataFrame, looks: Looks | None) -> str:
    """What the numbers claim, which depends on the number of seeds that have ended."""
    seeds = ended.groupby(["architecture", "loss"]).size()
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
    parts = [
        "95 % interval of the mean over training seeds (Student's t)",
        "rows that share a letter cannot be told apart (a permutation test and Welch's t test of "
        "each pair, Holm's correction, 5 %)",
        _limit(int((seeds >= MIN_SEEDS).sum()), most),
        _survivors(protocol, ended),
        _plan(looks) if looks else "",
    ]
    return "; ".join(filter(None, parts))


def _limit(rows: int, seeds: int) -> str:
    needed = least_seeds(rows)
    if needed is None:
        return f"these tests cannot tell any two of {rows:,} rows apart"
    if seeds < needed:
        return f"with fewer than {needed} seeds, no two of {rows} rows can be told apart"
    return ""


def _survivors(protocol: Protocol, ended: pd.DataFrame) -> str:
    """How seeds without a score count, if there are any."""
    column = metric_column(protocol.evaluation.metrics[0].name)
    if column in ended and ended[column].notna().all():
        return ""
    return (
        "a seed that ended without a score counts as the worst of all in the order and the "
        "letters, while a mean is that of the other seeds"
    )


def _plan(looks: Looks) -> str:
    """How many seeds were planned, and what the letters are worth if more were added later."""
    if looks.damage:
        return f"it is not known how many seeds were planned: {looks.damage}"
    planned = "" if looks.planned is None else f"planned for {plural(looks.planned, 'seed')}"
    if looks.looks == 1:
        return planned
    return (
        f"{planned or 'planned for fewer seeds'}, but extended to {looks.seeds} after letters "
        f"could be seen: with {looks.looks} looks, a false letter appears in up to "
        f"{percent(looks.false_letters)} of tables "
        f"(simulated: {percent(NINE_LOOKS, 3)} with nine looks, after each seed from 4 to 12)"
    )
