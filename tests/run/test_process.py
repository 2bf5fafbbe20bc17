"""What ends a process: its parent's end, a signal, its time limit."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from gan_bench.run.process import Stop
from gan_bench.train.session import Stopped

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals")

ATTACHED = """
import sys, time
from gan_bench.run.process import end_with_parent
end_with_parent()
try:
    input()
except EOFError:
    sys.stdout.write("nothing to read\\n")
    sys.stdout.flush()
time.sleep(100)
"""


def test_a_process_ends_with_its_parent_and_what_it_runs_finds_nothing_to_read() -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", ATTACHED], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stdout.readline() == "nothing to read\n"
    assert process.poll() is None
    process.stdin.close()
    assert process.wait(timeout=60) == -signal.SIGTERM
    process.stdout.close()


def test_a_request_to_stop_waits_for_the_step_only_while_one_is_taken() -> None:
    stop = Stop()
    with stop.deferred():
        stop()
        assert stop.requested
    with pytest.raises(Stopped):
        stop()


LIMITED = """
import ctypes, time
from gan_bench.run.process import time_limit
with time_limit(0.5):
    pass
time.sleep(2)  # in time: nothing ends it
with time_limit(0.5):
    {act}
"""


@pytest.mark.parametrize("act", ["time.sleep(100)", "ctypes.PyDLL(None).sleep(100)"])
def test_what_takes_too_long_is_ended_by_the_alarm_and_says_where_it_was(act: str) -> None:
    """Also code in C that never gives Python's lock back."""
    code = LIMITED.format(act=act)
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == -signal.SIGALRM
    assert "Timeout (0:00:00.500000)!" in done.stderr
    assert 'File "<string>", line 8 in <module>' in done.stderr
