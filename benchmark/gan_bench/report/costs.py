"""The table of costs: speed, time, memory, and the size of the networks."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from gan_bench.base.text import duration, number, plural, size
from gan_bench.report.rows import RATE, Row
from gan_bench.report.section import NOTHING, Column, Filled, Section, section_of

MIB = 2**20
COSTS: dict[str, Callable[[Row], str]] = {
    "images/s": lambda row: _cost(row, RATE, lambda rate: number(rate, 3)),
    "s/kimg": lambda row: _cost(
        row, RATE, lambda rate: number(1000 / rate, 3) if rate else NOTHING
    ),
    "training": lambda row: _cost(row, "train_seconds", duration),
    "measuring": lambda row: _cost(row, "evaluate_seconds", duration),
    "memory": lambda row: _cost(row, "peak_memory_mib", lambda mib: size(mib * MIB)),
    "G + D parameters": lambda row: _sum(row, "g_parameters", "d_parameters"),
    "G + D MACs": lambda row: _sum(row, "g_macs", "d_macs"),
}


def cost_section(rows: Sequence[Row]) -> Section:
    """What each row took: means over the seeds that have a number."""
    columns = [Filled(Column(title), list(map(text, rows))) for title, text in COSTS.items()]
    title = "cost (MACs: multiply-accumulates for one image, forward)"
    return section_of(title, rows, columns)


def total_cost(rows: Sequence[Row]) -> str:
    """What all cells took together; "" if that is not known of any."""
    train, measure = (
        [seconds for row in rows for seconds in row.known(name)]
        for name in ("train_seconds", "evaluate_seconds")
    )
    if not train:
        return ""
    # whole seconds, so that the parts that are shown add up to what is shown
    cells, trained, measured = plural(len(train), "cell"), round(sum(train)), round(sum(measure))
    if len(measure) < len(train):
        known = f"{plural(len(measure), 'cell')} {duration(measured)} of measuring"
        rest = f"and {known}" if measure else "and the time of measuring is not known"
        return f"{cells} took {duration(trained)} of training, {rest}"
    together = " together" if len(train) > 1 else ""
    return (
        f"{cells} took {duration(trained + measured)}{together}: "
        f"{duration(trained)} of training, {duration(measured)} of measuring"
    )


def training_minutes(row: Row) -> str:
    """The mean over the seeds."""
    return _cost(row, "train_seconds", lambda seconds: number(seconds / 60, 2))


def _cost(row: Row, name: str, text: Callable[[float], str]) -> str:
    mean = row.mean_cost(name)
    return NOTHING if mean is None else text(mean)


def _sum(row: Row, *names: str) -> str:
    """The two networks' counts in millions."""
    means = [row.mean_cost(name) for name in names]
    known = [number(mean / 1e6, 3) for mean in means if mean is not None]
    return f"{' + '.join(known)} M" if len(known) == len(means) else NOTHING
