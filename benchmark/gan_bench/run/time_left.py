"""How long a run will still take, with its measuring."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean
from typing import Literal

from gan_bench.base import text
from gan_bench.contract.protocol import Protocol
from gan_bench.run.states import State

SOON = 5.0  # seconds, under which no number is worth saying
# The end is measured by all metrics, a tick by few: seconds an image, compared with a tick.
# tools/time_left.py prints how well this fits recorded cells.
MORE_METRICS = 1.3
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
            return "time left: ?"
        if self.seconds < SOON:
            return "a few seconds left"
        return f"{WORDS[self.basis]} {text.duration(self.seconds)} left"


@dataclass(frozen=True)
class Pace:
    """What a cell takes, in seconds; or several, on average."""

    folder: Path
    training: float
    rest: float  # to begin, to score every tick, to measure


def time_left(states: Sequence[State], protocol: Protocol, jobs: int, since: float) -> TimeLeft:
    """What is left, by the cells that have ended since then, and by the speed of those at work.

    `since` is in seconds since 1970, so that no cell counts that another machine has trained. A
    cell is taken to need as long as those of its pair, else of its architecture, else of all.
    From its first tick on a cell at work says what cells need, before any has ended.
    """
    ended = [pace for state in states if (pace := _pace_of_ended(state, since))]
    at_work = [pace for state in states if (pace := _pace_at_work(state, protocol, ended))]
    rates = [state.images_per_second for state in states if state.images_per_second]
    working, waiting = list[float](), list[float]()
    weakest: Basis = "all"
    for state in states:
        if state.is_done:
            continue
        seconds, basis = _left(state, [*ended, *at_work], rates, protocol)
        if seconds is None:
            return TimeLeft(None, "nothing")
        (working if state.at_work else waiting).append(seconds)
        weakest = min(weakest, basis, key=BASES.index)
    return TimeLeft(_until_all_end(working, waiting, jobs), weakest)


def _until_all_end(working: Sequence[float], waiting: Sequence[float], jobs: int) -> float:
    """Seconds until the last cell ends, if a cell begins whenever another one has ended."""
    ends = [*working, *[0.0] * (jobs - len(working))]
    heapq.heapify(ends)
    for seconds in waiting:
        heapq.heapreplace(ends, ends[0] + seconds)
    return max(ends, default=0.0)


def _pace_of_ended(state: State, since: float) -> Pace | None:
    """None for a cell that did not go through its whole schedule, or ended before."""
    ended = state.ended
    if not ended or ended.at < since or ended.seconds is None or not ended.record.cost:
        return None
    if ended.record.status in ("failed", "diverged"):
        return None
    training = ended.record.cost.train_seconds
    return Pace(state.folder, training, max(0.0, ended.seconds - training))


def _pace_at_work(state: State, protocol: Protocol, ended: Sequence[Pace]) -> Pace | None:
    """What a cell at work will have taken, by its speed; None before its first tick."""
    clock, rate = state.clock, state.images_per_second
    if state.trained or not clock or not rate or not state.at_work:
        return None
    training = protocol.schedule.kimg * 1000 / rate
    alike, basis = _average_of_alike(state.folder, ended)
    if alike and basis == "all":
        return Pace(state.folder, training, alike.rest)
    if not clock.ticks_counted or clock.ticks is None:
        return None
    evaluation = protocol.evaluation
    end = 1 + MORE_METRICS * evaluation.samples / evaluation.tick_samples  # in ticks
    ticks = clock.ticks / clock.ticks_counted * (protocol.schedule.looks + end)
    return Pace(state.folder, training, (clock.begin or 0.0) + ticks)


def _average_of_alike(folder: Path, paces: Sequence[Pace]) -> tuple[Pace | None, Basis]:
    for above in (1, 2, 3):  # the folders of its pair, its architecture, its protocol
        home = folder.parents[above - 1]
        if alike := [each for each in paces if each.folder.is_relative_to(home)]:
            training, rest = mean(p.training for p in alike), mean(p.rest for p in alike)
            return Pace(home, training, rest), "all" if above < 3 else "others"
    return None, "training"


def _left(
    state: State, paces: Sequence[Pace], rates: Sequence[float], protocol: Protocol
) -> tuple[float | None, Basis]:
    """Seconds that this cell still takes; without a cell like it, only to train."""
    if state.trained:  # it is measured by another evaluation: nobody has timed that yet
        return None, "nothing"
    kimg_left = max(0.0, protocol.schedule.kimg - state.kimg)
    own = [pace for pace in paces if pace.folder == state.folder]
    pace, basis = (own[0], "all") if own else _average_of_alike(state.folder, paces)
    rate = state.images_per_second or (mean(rates) if rates else None)
    if pace is None:
        return (kimg_left * 1000 / rate if rate else None), basis
    training = pace.training * kimg_left / protocol.schedule.kimg
    if state.images_per_second:
        training = kimg_left * 1000 / state.images_per_second
    return training + max(0.0, pace.rest - (state.clock.besides if state.clock else 0.0)), basis
