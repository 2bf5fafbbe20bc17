"""`run --budget HOURS`: the schedule and the seeds that fit into the time. Pure functions."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass

from gan_bench.base.text import duration, plural
from gan_bench.contract.errors import UsageError
from gan_bench.contract.schedule import MOST_KIMG, Schedule
from gan_bench.run.time_left import Pace, until_all_end

FEWEST = 4  # seeds from which on there are intervals: trained first, then longer
MOST_SEEDS = 1_000  # where --kimg is given: no comparison needs more
MOST = 12  # seeds; time beyond that makes the training longer
SHORT = 0.25  # of the preset's kimg: no more seeds than one at a shorter training
LEAST = 0.02  # of the preset's kimg: a shorter training says nothing
DIGITS = 3  # of the kimg


@dataclass(frozen=True)
class Trial:
    """What one short cell of each row took on this machine, and all else."""

    kimg: float  # of these cells
    paces: tuple[Pace, ...]  # one a row
    before: float  # seconds before the first cell of a run starts
    after: float  # seconds after the last one, for the report
    spent: float = 0.0  # of the budget, until now


@dataclass(frozen=True)
class Fit:
    """What was chosen, and how long the whole run is then expected to take."""

    kimg: float
    seeds: int
    seconds: float
    why: str


def fit(
    trial: Trial,
    schedule: Schedule,
    seconds: float,
    jobs: int,
    kimg: float | None = None,
    seeds: int | None = None,
) -> Fit:
    """The training length and the seeds of all rows that fit into so many seconds.

    `kimg` and `seeds` are given where the user has fixed them. UsageError if nothing fits.
    """
    wanted = kimg or schedule.kimg

    def taken(length: float, count: int) -> float:
        return run_seconds(trial, schedule, length, count, jobs)

    def longest(count: int) -> float:
        return _longest(lambda length: taken(length, count), seconds)

    if kimg is not None:
        chosen = kimg, seeds or _most(lambda count: taken(kimg, count), seconds)
        why = "--kimg is given, so the seeds were fitted" if seeds is None else "both are given"
    elif seeds is not None:
        chosen, why = (_rounded(longest(seeds)), seeds), "--seeds is given, so kimg was fitted"
    else:
        count, why = _seeds(longest, lambda n: taken(wanted, n), wanted, seconds)
        length = longest(count)
        chosen = (wanted if length >= wanted and count < MOST else _rounded(length)), count
    fitted = Fit(*chosen, seconds=taken(*chosen), why=why)
    least = wanted if kimg is not None else LEAST * wanted
    if fitted.kimg < least or (fitted.seconds > seconds and kimg is not None):
        raise UsageError(_too_little(taken(least, seeds or 1), seconds, least, seeds or 1))
    return fitted


def run_seconds(trial: Trial, schedule: Schedule, kimg: float, seeds: int, jobs: int) -> float:
    """How long the run takes from the start of the command to its report."""
    looks = schedule.model_copy(update={"kimg": kimg}).looks
    cells = [
        pace.training * kimg / trial.kimg + pace.rest(looks)
        for _ in range(seeds)
        for pace in trial.paces
    ]
    return trial.spent + trial.before + until_all_end([], cells, jobs) + trial.after


def _seeds(
    longest: Callable[[int], float], taken: Callable[[int], float], wanted: float, seconds: float
) -> tuple[int, str]:
    """How many seeds, and why so many."""
    if longest(FEWEST) >= wanted:
        count = _most(taken, seconds, MOST)
        return count, f"the preset's training fits {plural(count, 'time')} for each row"
    if longest(FEWEST) >= SHORT * wanted:
        return FEWEST, f"{FEWEST} seeds are the fewest with intervals, and kimg fills the time"
    fitting = [count for count in range(FEWEST - 1, 0, -1) if longest(count) >= SHORT * wanted]
    short = f"less than a quarter of the preset's {wanted:g} kimg"
    if not fitting:
        return 1, f"even with one seed a cell has {short}"
    return fitting[0], f"with more seeds a cell would have {short}"


def _most(taken: Callable[[int], float], seconds: float, most: int = MOST_SEEDS) -> int:
    """The most seeds that fit; at least one."""
    return max(1, bisect_right(range(1, most + 1), seconds, key=taken))


def _longest(taken: Callable[[float], float], seconds: float) -> float:
    """The most kimg that fit, by bisection; 0 if none do."""
    low, high = 0.0, 1e-3
    while high < MOST_KIMG and taken(high) <= seconds:
        low, high = high, 2 * high
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if taken(middle) <= seconds else (low, middle)
    return low


def _rounded(kimg: float) -> float:
    """Few digits, because the number stands in names and commands."""
    return float(f"{kimg:.{DIGITS}g}")


def _too_little(needed: float, seconds: float, kimg: float, seeds: int) -> str:
    hours = f"{needed / 3600:.2g}"
    return (
        f"--budget is {duration(seconds)}, and {plural(seeds, 'seed')} of each row at {kimg:.3g} "
        f"kimg take {duration(needed)} from the start of this command, with the short cells that "
        f"showed it, measuring and all else: give --budget {hours} or more, or fewer rows"
    )
