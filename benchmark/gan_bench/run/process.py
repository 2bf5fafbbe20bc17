"""What ends a process of gan-bench: a signal, the end of its parent, its time limit."""

from __future__ import annotations

import faulthandler
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from gan_bench.contract.errors import GanBenchError
from gan_bench.run.outcome import STOPPED

if TYPE_CHECKING:
    from types import FrameType

GRACE_SECONDS = 30  # to save the state after the parent is gone
DUMP_SECONDS = 1.0  # between the time limit and the end: to print the stacks


class Stop:
    """The handler of SIGTERM and SIGINT.

    While the cell trains, the request waits for the end of the step; at any other time it raises
    Stopped at once.
    """

    def __init__(self) -> None:
        self.requested = False
        self._deferred = False

    def __call__(self, *_: object) -> None:
        """Take the signal."""
        from gan_bench.train.session import Stopped  # here: it imports torch

        self.requested = True
        if not self._deferred:
            raise Stopped("stopped before or after the training")

    @contextmanager
    def deferred(self) -> Iterator[None]:
        """The block asks for `requested` itself."""
        self._deferred = True
        try:
            yield
        finally:
            self._deferred = False


def end_with_parent() -> None:
    """From now on this process ends when its parent does, however that happens.

    The parent holds the other end of our standard input and never writes, so that reading there
    ends when the parent is gone. A plugin that reads standard input finds it empty.
    """
    parent, empty = os.dup(0), os.open(os.devnull, os.O_RDONLY)
    os.dup2(empty, 0)
    os.close(empty)

    def wait() -> None:
        with suppress(OSError):
            while os.read(parent, 1):
                pass
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(GRACE_SECONDS)
        os._exit(STOPPED)

    threading.Thread(target=wait, daemon=True).start()


@contextmanager
def time_limit(seconds: float | None) -> Iterator[None]:
    """End this process if the block takes longer, after all stacks went to standard error.

    The system's alarm ends it, so that code which never returns to Python ends too, and the
    parent sees signal 14. Windows has no alarm: there faulthandler ends it with exit code 1.
    """
    if seconds is None:
        yield
        return
    has_alarm = hasattr(signal, "setitimer")
    faulthandler.dump_traceback_later(seconds, exit=not has_alarm)
    if has_alarm:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_REAL, seconds + DUMP_SECONDS)
    try:
        yield
    finally:
        faulthandler.cancel_dump_traceback_later()
        if has_alarm:
            signal.setitimer(signal.ITIMER_REAL, 0)


class TooLong(GanBenchError):
    """Code of a plugin did not come to an end in its time."""


@contextmanager
def interrupted_after(seconds: float) -> Iterator[None]:
    """Raise TooLong in the block if it takes longer.

    Python code is interrupted wherever it is, a single call of a library only at its end. Windows
    and other threads than the main one have no alarm: there is no limit.
    """
    main = threading.current_thread() is threading.main_thread()
    if not hasattr(signal, "setitimer") or not main:
        yield
        return

    def end(_: int, frame: FrameType | None) -> None:
        where = f", and was at {frame.f_code.co_filename}:{frame.f_lineno}" if frame else ""
        raise TooLong(f"it took longer than {seconds:g} s{where}: is there a loop without an end?")

    before = signal.signal(signal.SIGALRM, end)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
