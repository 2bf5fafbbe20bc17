"""Tasks on all cores, with their results in order, and a bound on what is held at once."""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Generic, TypeVar

BATCHES = 32  # into which the tasks that are begun are divided
SMALL_SECONDS = 0.001  # of a processor: a task that takes less, as a thumbnail does, is small
PATIENCE = 0.05  # seconds that a thread waits for its turn
Task = TypeVar("Task")
Result = TypeVar("Result")


def in_order(
    tasks: Sequence[Task], run: Callable[[Task], Result], most: int
) -> Generator[Result, None, None]:
    """The results of all tasks. While an early one takes long, up to `most` others are done."""
    size, threads = max(1, most // BATCHES), os.cpu_count() or 1
    begun: deque[Batch[Task, Result]] = deque()
    turns = Turns()
    pool = ThreadPoolExecutor(threads)
    try:
        for start in range(0, len(tasks), size):
            if (len(begun) + 1) * size > most:
                yield from begun[0].results()
                begun.popleft()
            begun.append(Batch(tasks[start : start + size], run, turns))
            begun[-1].begin(pool, threads)
        for batch in begun:
            yield from batch.results()
    finally:
        for batch in begun:
            batch.stop()
        pool.shutdown(cancel_futures=True)


class Turns:
    """Lets one thread at a time work on small tasks.

    Decoding a small image is mostly done under Python's lock. Passing that to another thread ten
    times an image takes longer than the other thread saves.
    """

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.seconds = 0.0  # of a processor that a task took last: alone, it is not slowed down

    @property
    def needed(self) -> bool:
        """Whether the tasks are small."""
        return self.seconds < SMALL_SECONDS

    @contextmanager
    def take(self) -> Iterator[None]:
        """Wait for the thread before, but not for long: its task may be a slow one."""
        if not self.needed:
            yield
            return
        lock = self.lock
        if not lock.acquire(timeout=PATIENCE):
            self.lock = lock = threading.Lock()
            lock.acquire()
        try:
            yield
        finally:
            lock.release()


class Batch(Generic[Task, Result]):
    """Tasks that the threads take one by one, so that a slow one holds up its own thread only.

    The pool takes long over each task that it is given, compared with decoding a small image.
    """

    def __init__(self, tasks: Sequence[Task], run: Callable[[Task], Result], turns: Turns) -> None:
        self.run, self.turns = run, turns
        self.count = len(tasks)
        self.waiting = enumerate(tasks)
        self.done: dict[int, Result] = {}
        self.futures: list[Future[None]] = []

    def begin(self, pool: ThreadPoolExecutor, threads: int) -> None:
        """Let so many threads work, two if they take turns."""
        workers = min(2 if self.turns.needed else threads, self.count)
        self.futures = [pool.submit(self._work) for _ in range(workers)]

    def _work(self) -> None:
        with self.turns.take():
            start, count = time.thread_time(), 0
            for k, task in self.waiting:
                self.done[k] = self.run(task)
                count += 1
            if count:
                self.turns.seconds = (time.thread_time() - start) / count

    def results(self) -> Iterator[Result]:
        """Of all tasks, in their order."""
        for future in self.futures:
            future.result()
        for k in range(self.count):
            yield self.done.pop(k)

    def stop(self) -> None:
        """Begin no further task."""
        for _ in self.waiting:
            pass


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
