"""How long a run will still take, with its measuring."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Literal

from gan_bench.base import text
from gan_bench.contract.protocol import Protocol
from gan_bench.run.states import State

SOON = 5.0  # seconds, under which no number is worth saying
# In ticks: how long it takes to measure at the end, which is done with all metrics. The second is
# for as many images as a tick has. Fitted to recorded cells; `tools/time_left.py` says how well.
END, END_IMAGES = 2.0, 0.9
# What is known: `training`, of a cell nothing but its speed; `others`, an architecture was not seen
# at work yet, and is taken to be as fast as the others; `all`, the rest.
Basis = Literal["nothing", "training", "others", "all"]
BASES: tuple[Basis, ...] = ("nothing", "training", "others", "all")
WORDS = {"training": "more than", "others": "roughly", "all": "about"}


@dataclass(frozen=True)
class TimeLeft:
    """The seconds that are left of a run; None if nothing is known of them."""

    seconds: float | None
    basis: Basis

    def __str__(self) -> str:
        if self.seconds is None or (self.basis == "training" and self.seconds < SOON):
            return "time left unknown"
        if self.seconds < SOON:
            return "a few seconds left"
        return f"{WORDS[self.basis]} {text.duration(self.seconds)} left"


@dataclass(frozen=True)
class Pace:
    """What a cell takes, in seconds; or several, on average."""

    folder: Path
    training: float
    begin: float
    tick: float  # one of them
    end: float  # to measure at the end, in ticks

    def rest(self, ticks: int) -> float:
        """Seconds besides the training, with so many ticks."""
        return self.begin + self.tick * (ticks + self.end)


class Paces:
    """What several cells take, and the averages of those that are alike."""

    def __init__(self, paces: Iterable[Pace]) -> None:
        self.own = {pace.folder: pace for pace in paces}
        alike: dict[Path, list[Pace]] = {}
        for pace in self.own.values():
            for home in _homes(pace.folder):
                alike.setdefault(home, []).append(pace)
        self._averages = {home: _average(home, paces) for home, paces in alike.items()}

    def of(self, folder: Path) -> tuple[Pace | None, Basis]:
        """What this cell takes: itself, else those of its pair, its architecture, its protocol."""
        if folder in self.own:
            return self.own[folder], "all"
        bases: tuple[Basis, ...] = ("all", "all", "others")
        for home, basis in zip(_homes(folder), bases, strict=True):
            if home in self._averages:
                return self._averages[home], basis
        return None, "training"


def _homes(cell: Path) -> Sequence[Path]:
    """The folders of the cell's pair, of its architecture and of its protocol."""
    return cell.parents[:3]


def _average(home: Path, paces: Sequence[Pace]) -> Pace:
    values = ((pace.training, pace.begin, pace.tick, pace.end) for pace in paces)
    return Pace(home, *map(fmean, zip(*values, strict=True)))


def time_left(states: Sequence[State], protocol: Protocol, jobs: int, since: float) -> TimeLeft:
    """What is left, by the cells that have ended since then, and by the speed of those at work.

    `since` is in seconds since 1970, so that no cell counts that another machine has trained. A
    cell is taken to need as long as those of its pair, else of its architecture, else of all.
    From its first tick on a cell at work says what cells need, before any has ended.
    """
    if not states:
        return TimeLeft(None, "nothing")
    ended = [pace for state in states if (pace := pace_of_ended(state, protocol, since))]
    known = Paces(ended)
    at_work = [pace for state in states if (pace := _pace_at_work(state, protocol, known))]
    known = Paces([*ended, *at_work])
    rates = [state.images_per_second for state in states if state.images_per_second]
    working, waiting = list[float](), list[float]()
    weakest: Basis = "all"
    for state in states:
        if state.is_done:
            continue
        seconds, basis = _left(state, known, rates, protocol)
        if seconds is None:
            return TimeLeft(None, "nothing")
        (working if state.at_work else waiting).append(seconds)
        weakest = min(weakest, basis, key=BASES.index)
    return TimeLeft(until_all_end(working, waiting, jobs), weakest)


def until_all_end(working: Sequence[float], waiting: Sequence[float], jobs: int) -> float:
    """Seconds until the last cell ends, if a cell begins whenever another one has ended."""
    ends = [*working, *[0.0] * (jobs - len(working))]
    heapq.heapify(ends)
    for seconds in waiting:
        heapq.heapreplace(ends, ends[0] + seconds)
    return max(ends, default=0.0)


def pace_of_ended(state: State, protocol: Protocol, since: float) -> Pace | None:
    """None for a cell that did not go through its whole schedule, or ended before."""
    ended = state.ended
    if not ended or ended.at < since or ended.seconds is None or not ended.record.cost:
        return None
    if ended.record.status in ("failed", "diverged"):
        return None
    cost, ticks = ended.record.cost, protocol.schedule.looks
    begin = max(0.0, ended.seconds - cost.train_seconds - cost.evaluate_seconds)
    tick = ended.tick or cost.evaluate_seconds / (ticks + _usual_end(protocol))
    end = max(0.0, cost.evaluate_seconds / tick - ticks) if tick else 0.0
    return Pace(state.folder, cost.train_seconds, begin, tick, end)


def _usual_end(protocol: Protocol) -> float:
    """About how many ticks it takes to measure at the end, which has more images and metrics."""
    evaluation = protocol.evaluation
    return END + END_IMAGES * evaluation.samples / evaluation.tick_samples


def _pace_at_work(state: State, protocol: Protocol, ended: Paces) -> Pace | None:
    """What a cell at work will have taken, by its own speed; None before its first tick.

    What it has not done yet takes as long as in a cell like it that has ended.
    """
    clock, rate = state.clock, state.images_per_second
    if state.trained or not clock or not rate or not state.at_work:
        return None
    alike, basis = ended.of(state.folder)
    if basis != "all":
        alike = None
    tick = clock.ticks / clock.ticks_counted if clock.ticks and clock.ticks_counted else None
    if tick is None and alike is None:
        return None
    return Pace(
        state.folder,
        protocol.schedule.kimg * 1000 / rate,
        clock.begin or (alike.begin if alike else 0.0),
        tick or (alike.tick if alike else 0.0),
        alike.end if alike else _usual_end(protocol),
    )


def _left(
    state: State, known: Paces, rates: Sequence[float], protocol: Protocol
) -> tuple[float | None, Basis]:
    """Seconds that this cell still takes; without a cell like it, only to train."""
    if state.trained:  # it is measured by another evaluation: nobody has timed that yet
        return None, "nothing"
    kimg_left = max(0.0, protocol.schedule.kimg - state.kimg)
    pace, basis = known.of(state.folder)
    rate = state.images_per_second or (fmean(rates) if rates else None)
    if pace is None:
        return (kimg_left * 1000 / rate if rate else None), basis
    training = pace.training * kimg_left / protocol.schedule.kimg
    if state.images_per_second:
        training = kimg_left * 1000 / state.images_per_second
    rest = pace.rest(protocol.schedule.looks)
    return training + max(0.0, rest - (state.clock.besides if state.clock else 0.0)), basis
