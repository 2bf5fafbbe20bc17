"""Contestants side by side in one run: medians of alternating turns, and the machine they ran on.

Machines are shared and noisy, so nothing here is an absolute promise: every figure is a ratio of
two things that were measured in turns, A B A B, on the same machine in the same minutes.
"""

from __future__ import annotations

import gc
import math
import os
import platform
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median, quantiles

import torch

Note = Callable[..., None]  # what was measured, and the fields of its `Figure`
ROUNDS = 5  # turns of every contestant, after one that is not counted


@dataclass(frozen=True)
class Times:
    """Seconds of one contestant's turns."""

    seconds: list[float]

    @property
    def median(self) -> float:
        return median(self.seconds)

    @property
    def spread(self) -> float:
        """Half the distance between the quartiles, as a share of the median."""
        low, _, high = quantiles(self.seconds, n=4)
        return (high - low) / 2 / self.median


def race(contestants: Mapping[str, Callable[[], object]], rounds: int = ROUNDS) -> dict[str, Times]:
    """The seconds that each one's turns took. The first turn of each is a warm-up."""
    times: dict[str, list[float]] = {name: [] for name in contestants}
    for round_ in range(rounds + 1):
        for name, take_turn in contestants.items():
            gc.collect()
            began = time.perf_counter()
            take_turn()
            if torch.cuda.is_available():
                torch.cuda.synchronize()
            if round_:
                times[name].append(time.perf_counter() - began)
    return {name: Times(seconds) for name, seconds in times.items()}


def times_faster(times: Mapping[str, Times], one: str, other: str) -> float:
    """How many times faster `one` is than `other`."""
    return times[other].median / times[one].median


def noise(times: Mapping[str, Times], *names: str) -> float:
    """The spread of a quotient of the medians of these contestants, as a share of it."""
    return math.hypot(*(times[name].spread for name in names))


def machine() -> str:
    """This machine in a line, by what it is and not by where it stands."""
    parts = [_cpu(), f"{len(os.sched_getaffinity(0))} cores", f"torch {torch.__version__}"]
    if torch.cuda.is_available():
        parts.append(torch.cuda.get_device_name())
    return ", ".join(parts)


def _cpu() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            lines = [line.partition(":") for line in file]
    except OSError:
        return platform.processor() or platform.machine()
    known = {name.strip(): text.strip() for name, _, text in lines}
    extra = [each for each in ("avx512_bf16", "amx_bf16") if each in known.get("flags", "")]
    return " with ".join([known.get("model name", platform.machine()), *extra])
