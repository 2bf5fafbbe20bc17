"""Calls in a fresh process: what they return, and one sentence for whatever goes wrong."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys

import pytest

from gan_bench.train.fresh import CallFailed, Fresh


def test_calls_are_made_in_one_other_process(fresh: Fresh) -> None:
    fresh.ask(os.getpid)
    first = fresh.answer()
    fresh.ask(os.getpid)
    assert fresh.answer() == first != os.getpid()


def test_an_answer_that_nobody_waited_for_is_dropped(fresh: Fresh) -> None:
    fresh.ask(int, "1")
    fresh.ask(int, "2")
    assert fresh.answer() == 2


def test_what_is_printed_is_no_answer(fresh: Fresh) -> None:
    fresh.ask(print, "what a plugin prints")
    assert fresh.answer() is None


@pytest.mark.parametrize(
    ("call", "said"),
    [
        ((int, "x"), "ValueError: invalid literal for int() with base 10: 'x'"),
        ((exec, "raise SystemExit(5)"), "a plugin ended the process with sys.exit(5)"),
        ((os._exit, 5), "the process ended with exit code 5"),
        ((ctypes.string_at, 0), "the process ended with signal 11"),
        ((os.abort,), "the process ended with signal 6"),
    ],
)
def test_a_call_that_fails_is_one_sentence_and_the_next_is_answered(
    call: tuple[object, ...], said: str
) -> None:
    with Fresh() as fresh:
        fresh.ask(*call)  # type: ignore[arg-type]
        with pytest.raises(CallFailed) as error:
            fresh.answer()
        assert str(error.value) == said
        fresh.ask(int, "3")
        assert fresh.answer() == 3


def test_it_ends_with_its_parent_in_the_middle_of_a_call() -> None:
    code = (
        "import os, time; from gan_bench.train.fresh import Fresh; fresh = Fresh();"
        "fresh.ask(os.getpid); print(fresh.answer(), flush=True);"
        "fresh.ask(time.sleep, 1000); os._exit(0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=60)
    # standard error, which the sleeping process holds too, came to its end
    assert int(done.stdout) > 0
