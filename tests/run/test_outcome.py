"""What a process that left no record says of its end, and what its parent makes of it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from gan_bench.contract.errors import DataError, GanBenchError, StorageError, UsageError
from gan_bench.results.layout import OUTCOME
from gan_bench.run.outcome import describe_exit, error_of, kind_of, read_outcome, write_outcome

DUMP = """some words
Timeout (0:00:12)!
Thread 0x1 (most recent call first):
  File "other.py", line 1 in wait
Thread 0x2 (most recent call first):
  File "plugin.py", line 7 in forward
  File "cell.py", line 9 in main
"""


@pytest.mark.parametrize("class_", [UsageError, DataError, StorageError, GanBenchError])
def test_an_error_is_built_again_from_its_outcome(
    class_: type[GanBenchError], tmp_path: Path
) -> None:
    error = class_("no room\nfor 'this'")
    write_outcome(tmp_path, kind_of(error), str(error))
    outcome = read_outcome(tmp_path, class_.exit_code)
    assert outcome is not None
    assert outcome.kind != "stopped"
    again = error_of(outcome.kind, outcome.message)
    assert (type(again), str(again)) == (class_, str(error))


def test_an_outcome_of_another_exit_code_or_none_that_can_be_read_does_not_count(
    tmp_path: Path,
) -> None:
    assert read_outcome(tmp_path, 143) is None
    write_outcome(tmp_path, "stopped", "at 1.2 kimg")
    assert read_outcome(tmp_path, 5) is None
    assert read_outcome(tmp_path, 143) is not None
    (tmp_path / OUTCOME).write_text('{"kind": "stopped"}')
    assert read_outcome(tmp_path, 143) is None


def test_where_it_cannot_be_written_the_exit_code_is_all_that_is_left(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    assert write_outcome(gone, "storage", "no room").exit_code == 5
    assert not gone.exists()


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (-14, 'exceeded its time limit and was ended; it was at File "plugin.py", line 7 in for'),
        (142, 'exceeded its time limit and was ended; it was at File "plugin.py", line 7 in for'),
        (-11, 'ended with signal 11; it was at File "plugin.py", line 7 in forward'),
        (1, 'ended with exit code 1; its last output was:   File "cell.py", line 9 in main'),
        (-9, "was killed (signal 9), as the system does when memory runs out; its last output was"),
    ],
)
def test_the_exit_code_decides_and_the_log_is_quoted(code: int, said: str, tmp_path: Path) -> None:
    """A dump may be of an earlier process: it is quoted only where this one left one."""
    log = tmp_path / "cell.log"
    log.write_text(DUMP)
    assert describe_exit(code, log).startswith(said)
    log.unlink()
    assert describe_exit(code, log) == said.partition(";")[0]


def test_the_parent_of_the_cells_imports_no_torch() -> None:
    modules = ("scheduler", "preflight", "progress", "outcome")
    imports = "; ".join(f"import gan_bench.run.{name}" for name in modules)
    code = f"import sys; {imports}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
