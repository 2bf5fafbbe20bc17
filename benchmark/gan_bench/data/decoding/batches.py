"""Tasks on all cores, with their results in order, and a bound on what is held at once."""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

SMALL_SECONDS = 0.001  # of a processor: a task that takes less, as a thumbnail does, is small
WEIGHT = 1 / 256  # of the latest task in the mean of what tasks take
Task = TypeVar("Task")
Result = TypeVar("Result")


def in_order(
    tasks: Sequence[Task], run: Callable[[Task], Result], most: int
) -> Generator[Result, None, None]:
    """The results of all tasks. Unless they are small, `most` of them are begun at once.

    Small tasks are done one by one in the calling thread. A small image is mostly decoded under
    Python's lock, and passing that between threads ten times an image takes longer than a second
    thread saves.
    """
    begun: deque[Future[tuple[Result, float]]] = deque()
    pool = ThreadPoolExecutor(os.cpu_count() or 1)
    mean = 0.0  # seconds that a task takes

    def timed(task: Task) -> tuple[Result, float]:
        start = time.thread_time()
        return run(task), time.thread_time() - start

    def counted(result: Result, seconds: float) -> Result:
        nonlocal mean
        mean += WEIGHT * (seconds - mean)
        return result

    try:
        for task in tasks:
            small = mean < SMALL_SECONDS
            while begun and (small or len(begun) == most):
                yield counted(*begun.popleft().result())
            if small:
                yield counted(*timed(task))
            else:
                begun.append(pool.submit(timed, task))
        while begun:
            yield counted(*begun.popleft().result())
    finally:
        pool.shutdown(cancel_futures=True)


class Budget:
    """An amount that threads share: take() blocks until enough of it has been given back."""

    def __init__(self, most: int) -> None:
        self.most = self.left = most
        self.changed = threading.Condition()

    def take(self, count: int) -> Share:
        """Hold so much for the block; whoever wants more than there is gets all of it."""
        return Share(self, min(count, self.most))


@dataclass(frozen=True, slots=True)
class Share:
    """A part of a budget, held for a block. A generator would take several times as long."""

    budget: Budget
    count: int

    def __enter__(self) -> None:
        budget = self.budget
        with budget.changed:
            while budget.left < self.count:
                budget.changed.wait()
            budget.left -= self.count

    def __exit__(self, *_: object) -> None:
        budget = self.budget
        with budget.changed:
            budget.left += self.count
            budget.changed.notify_all()
