"""The generator of the best tick, which `--keep best` keeps beside the last one."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import Any, TypedDict

from gan_bench.results.records import Best
from gan_bench.train.state import Training


class Kept(TypedDict):
    """A generator as it was at a tick. Checkpoints hold it under these names."""

    kimg: float
    state: dict[str, Any]  # of the G that is measured


class BestTick:
    """The generator of the best tick so far, and of the best up to the last healthy state.

    A rollback drops the ticks after that state, and so returns to the second one.
    """

    def __init__(self, wanted: bool) -> None:
        self.wanted = wanted
        self.newest: Kept | None = None
        self.healthy: Kept | None = None

    def look(self, training: Training, kimg: float, best: Callable[[], Best | None]) -> None:
        """Keep a copy of the generator if the tick at `kimg` is the best one."""
        if not self.wanted or (tick := best()) is None or tick.kimg != kimg:
            return
        self.newest = {"kimg": kimg, "state": copy.deepcopy(training.ema.state_dict())}

    def keep_healthy(self) -> None:
        """Let a rollback return to what is the best tick now."""
        self.healthy = self.newest

    def roll_back(self) -> None:
        """Return to the best tick before the last healthy state."""
        self.newest = self.healthy

    def saved(self) -> dict[str, Any]:
        """What a checkpoint adds; nothing if it is not wanted."""
        return {"best": {"newest": self.newest, "healthy": self.healthy}} if self.wanted else {}

    def load(self, state: Mapping[str, Any]) -> None:
        """Go on from a checkpoint; one that was saved without --keep best has nothing."""
        if self.wanted and "best" in state:
            self.newest, self.healthy = state["best"]["newest"], state["best"]["healthy"]

    def notes(self, best: Best | None) -> list[str]:
        """For the record: that the best tick was not kept although it was wanted."""
        if not self.wanted or best is None or self.of(best):
            return []
        return ["no generator of the best tick is kept: the training began without --keep best"]

    def of(self, best: Best | None) -> Kept | None:
        """The generator of this tick, if it was kept."""
        kept = self.newest is not None and best is not None and self.newest["kimg"] == best.kimg
        return self.newest if kept else None
