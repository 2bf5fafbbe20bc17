"""How long a run will still take, with its measuring."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean

from gan_bench.base import text
from gan_bench.contract.protocol import Schedule
from gan_bench.run.states import State

SOON = 5.0  # seconds, under which no number is worth saying


@dataclass(frozen=True)
class TimeLeft:
    """The seconds that are left of a run; None if nothing is known of them."""

    seconds: float | None
    with_measuring: bool  # False: no cell has ended yet, and this is the training alone

    def __str__(self) -> str:
        if self.seconds is None or (not self.with_measuring and self.seconds < SOON):
            return "time left: ?"
        if self.seconds < SOON:
            return "a few seconds left"
        about = "about" if self.with_measuring else "more than"
        return f"{about} {text.duration(self.seconds)} left"


@dataclass(frozen=True)
class Spent:
    """What a cell took, in seconds; or several, on average."""

    folder: Path
    training: float
    rest: float  # to begin, to score every tick, to measure


def time_left(states: Sequence[State], schedule: Schedule, jobs: int, since: float) -> TimeLeft:
    """What is left, by the cells that have ended since then, else by the speed of now.

    `since` is in seconds since 1970, so that no cell counts that another machine has trained. A
    cell is taken to need as long as those of its pair, else of its architecture, else of all.
    """
    spent = [each for state in states for each in _spent(state, since)]
    rates = [state.images_per_second for state in states if state.images_per_second]
    left = [
        _left(state, _average_of_alike(state.folder, spent), rates, schedule)
        for state in states
        if state.phase not in ("ended", "unreadable")
    ]
    known = [seconds for seconds in left if seconds is not None]
    if len(known) < len(left):
        return TimeLeft(None, bool(spent))
    # no less than the cell that takes longest, however many are at work at once
    return TimeLeft(max([sum(known) / jobs, *known], default=0.0), bool(spent))


def _spent(state: State, since: float) -> list[Spent]:
    """Nothing of a cell that did not go through its whole schedule, or ended before."""
    ended = state.ended
    if not ended or ended.at < since or ended.seconds is None or not ended.record.cost:
        return []
    if ended.record.status in ("failed", "diverged"):
        return []
    training = ended.record.cost.train_seconds
    return [Spent(state.folder, training, max(0.0, ended.seconds - training))]


def _average_of_alike(folder: Path, spent: Sequence[Spent]) -> Spent | None:
    for above in (1, 2, 3):  # the folders of its pair, its architecture, its protocol
        home = folder.parents[above - 1]
        if alike := [each for each in spent if each.folder.is_relative_to(home)]:
            return Spent(
                home, mean(each.training for each in alike), mean(each.rest for each in alike)
            )
    return None


def _left(
    state: State, alike: Spent | None, rates: Sequence[float], schedule: Schedule
) -> float | None:
    """Seconds that this cell still takes; without a cell like it, only to train."""
    kimg_left = max(0.0, schedule.kimg - state.kimg)
    rate = state.images_per_second or (mean(rates) if rates else None)
    if alike is None:
        return kimg_left * 1000 / rate if rate else None
    if state.phase == "training" and state.images_per_second:
        return kimg_left * 1000 / state.images_per_second + alike.rest
    if state.measuring_seconds is not None:
        return max(0.0, alike.rest - state.measuring_seconds)
    return alike.training + alike.rest
