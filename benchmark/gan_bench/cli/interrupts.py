"""What Ctrl-C and SIGTERM do. Imports next to nothing, so that it works from the first moment."""

from __future__ import annotations

import os
import signal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType
    from typing import NoReturn

INTERRUPTED, TERMINATED = 130, 143  # exit codes: 128 + the number of the signal
SHOW_CURSOR = b"\x1b[?25h"  # a progress display hides it


class Terminated(BaseException):
    """SIGTERM: ends the program as Ctrl-C does, with another exit code."""


def answer_signals() -> None:
    """Let Ctrl-C and SIGTERM end the program without a traceback.

    A Ctrl-C that the parent process has switched off, as `nohup` does, stays off.
    """
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _end)
    signal.signal(signal.SIGTERM, _end)


def let_signals_kill() -> None:
    """While the interpreter shuts down there is nothing left to save, and nobody to catch."""
    if signal.getsignal(signal.SIGINT) is _end:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


def exit_code(interrupt: BaseException) -> int:
    """The exit code of a program that was ended by this exception."""
    return TERMINATED if isinstance(interrupt, Terminated) else INTERRUPTED


def _end(number: int, frame: FrameType | None) -> NoReturn:
    error = Terminated() if number == signal.SIGTERM else KeyboardInterrupt()
    if _importing(frame):
        # An exception would print a traceback if it hit a callback of the import system, and a
        # library that is interrupted in its import may raise an error of its own instead.
        end_at_once(error)
    raise error


def end_at_once(interrupt: BaseException) -> NoReturn:
    """End the process without any further Python code."""
    try:
        os.write(2, (SHOW_CURSOR if os.isatty(2) else b"") + b"\ninterrupted\n")
    finally:
        os._exit(exit_code(interrupt))


def _importing(frame: FrameType | None) -> bool:
    while frame is not None:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            return True
        frame = frame.f_back
    return False
