"""A new process, in which no step was taken yet: python -m gan_bench.train.fresh MODULE...

It calls functions for its parent and sends back what they return. Both send pickles, over pipes
that nobody else reads or writes.
"""

from __future__ import annotations

import faulthandler
import os
import pickle
import signal
import subprocess
import sys
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from importlib import import_module
from queue import SimpleQueue
from threading import Thread
from typing import IO, Any

from gan_bench.base.text import exit_code
from gan_bench.contract.errors import GanBenchError, sentence


class CallFailed(GanBenchError):
    """A call in a fresh process raised an error, or ended the process."""


class Fresh:
    """A fresh process: begun at the first call or before, ended with the block.

    If a call ends it, the next call begins another. It ends on its own when its parent does.
    """

    def __init__(self, *modules: str) -> None:
        """`modules`: what the calls need. They are imported while the parent does other work."""
        self._modules = modules
        self._process: subprocess.Popen[bytes] | None = None
        self._asked = False  # a call has no answer yet

    def __enter__(self) -> Fresh:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def begin(self) -> None:
        """Begin the process, unless it runs."""
        self._running()

    def end(self) -> int:
        """End the process, if it runs; its exit code."""
        self._asked = False  # nobody answers any more
        if self._process is None:
            return 0
        self._process.kill()
        self._process.communicate()
        code, self._process = self._process.returncode, None
        return code

    def ask(self, function: Callable[..., Any], *arguments: Any) -> None:
        """Begin a call, of a function that can be pickled; `answer` waits for its end.

        The answer to an earlier call that nobody waited for is dropped.
        """
        if self._asked:
            with suppress(CallFailed):
                self.answer()
        _, calls, _ = self._running()
        self._asked = True
        with suppress(BrokenPipeError):  # `answer` says how it ended
            # pickled twice, because unpickling imports modules, which only the main thread should
            pickle.dump(pickle.dumps((function, arguments)), calls)
            calls.flush()

    def answer(self) -> Any:
        """What the call returned. Raises CallFailed."""
        _, _, replies = self._running()
        self._asked = False
        try:
            value, error = pickle.load(replies)
        except (EOFError, OSError, pickle.UnpicklingError):
            raise CallFailed(f"the process ended with {exit_code(self.end())}") from None
        if error is not None:
            raise CallFailed(error)
        return value

    def _running(self) -> tuple[subprocess.Popen[bytes], IO[bytes], IO[bytes]]:
        if self._process is None:
            path = os.pathsep.join(filter(None, sys.path))  # plugins are found where we find them
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "gan_bench.train.fresh", *self._modules],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env=os.environ | {"PYTHONPATH": path},
            )
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        return process, process.stdin, process.stdout


def main(modules: Sequence[str]) -> None:
    """Answer call after call, until the parent closes our standard input."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides when we end
    faulthandler.enable()
    calls, replies = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    empty = os.open(os.devnull, os.O_RDONLY)
    os.dup2(empty, 0)
    os.dup2(2, 1)  # what a plugin prints is no reply
    waiting: SimpleQueue[bytes] = SimpleQueue()
    Thread(target=_receive, args=(calls, waiting), daemon=True).start()
    for module in modules:
        import_module(module)
    while True:
        pickle.dump(_called(waiting.get()), replies)
        replies.flush()


def _receive(calls: IO[bytes], waiting: SimpleQueue[bytes]) -> None:
    """Take calls, also while one goes on, so that the end of the parent ends whatever goes on."""
    with suppress(EOFError, OSError):
        while True:
            waiting.put(pickle.load(calls))
    os._exit(0)


def _called(call: bytes) -> tuple[Any, str | None]:
    """What the function returned, or its error in words."""
    try:
        function, arguments = pickle.loads(call)
        return function(*arguments), None
    except (Exception, SystemExit) as error:
        traceback.print_exc()
        return None, sentence(error)


if __name__ == "__main__":
    main(sys.argv[1:])
