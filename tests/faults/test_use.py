"""Faults of use: clocks, file systems, limits and environments that are not as usual.

What happens inside the processes of a run is brought about by a `sitecustomize.py`, which Python
imports first in each of them.
"""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from textwrap import dedent

import psutil
import pytest

import tiny
from given import Place, wait_for
from tiny import TINY, Make

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(os.name != "posix", reason="signals and limits"),
]

WORKS = {
    "no hard links": """
        import os
        def link(*_, **__): raise PermissionError(1, "Operation not permitted")
        os.link = link
    """,
    "a slow disk": """
        import os, time
        fsync = os.fsync
        def slow(file): time.sleep(0.02); fsync(file)
        os.fsync = slow
    """,
    "256 open files at most": """
        import resource
        resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256))
    """,
    "a full folder for temporary files": """
        import builtins, os, tempfile
        place, opened, os_opened = tempfile.gettempdir(), builtins.open, os.open
        def writes(path, mode): return str(path).startswith(place) and set(mode) & set("wxa+")
        def full(path, mode="r", *a, **k):
            if writes(path, mode): raise OSError(28, "No space left on device", str(path))
            return opened(path, mode, *a, **k)
        def os_full(path, flags, *a, **k):
            if str(path).startswith(place) and flags & os.O_CREAT:
                raise OSError(28, "No space left on device", str(path))
            return os_opened(path, flags, *a, **k)
        builtins.open, os.open = full, os_full
    """,
    "packages that cannot be written": """
        import builtins, sysconfig
        place, opened = sysconfig.get_paths()["purelib"], builtins.open
        def read_only(path, mode="r", *a, **k):
            if str(path).startswith(place) and set(mode) & set("wxa+"):
                raise OSError(30, "Read-only file system", str(path))
            return opened(path, mode, *a, **k)
        builtins.open = read_only
    """,
}


def place_with(make_place: Make, name: str, script: str, **env: str) -> Place:
    """A place whose processes begin with this script."""
    here = make_place(name, **env)
    (here.folder / "site").mkdir()
    (here.folder / "site" / "sitecustomize.py").write_text(dedent(script), encoding="utf-8")
    paths = [str(here.folder / "site"), here.env.get("PYTHONPATH", "")]
    here.env["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
    return here


@pytest.mark.parametrize("what", WORKS)
def test_a_run_ends_as_ever_with(what: str, make_place: Make, reference: dict[str, str]) -> None:
    here = place_with(make_place, what, WORKS[what], TMPDIR=str(make_place(f"tmp {what}").folder))
    done = here.run(*TINY)
    assert done.returncode == 0, done.stderr
    assert tiny.outcome(here.folder / "results") == reference


def test_a_disk_that_puts_no_file_in_place_of_another_stops_a_run_and_loses_nothing(
    make_place: Make, reference: dict[str, str]
) -> None:
    script = """
        import os
        replaced = os.replace
        def replace(one, other, *a, **k):
            if os.path.exists(other): raise PermissionError(13, "Permission denied", str(other))
            return replaced(one, other, *a, **k)
        os.replace = replace
    """
    here = place_with(make_place, "no replacing", script)
    done = here.run(*TINY)
    assert done.returncode == 5, done.stderr
    assert "Traceback" not in done.stderr
    (here.folder / "site" / "sitecustomize.py").unlink()
    again = here.run(*TINY)
    assert again.returncode == 0, again.stderr
    assert tiny.outcome(here.folder / "results") == reference


def test_a_run_goes_on_after_the_clock_was_set_back(
    make_place: Make, reference: dict[str, str]
) -> None:
    here = place_with(make_place, "clock", "", TINY_SECONDS="0.02")
    interrupted(here)
    ahead = time.time() + 86_400
    for path in here.folder.rglob("*"):
        os.utime(path, (ahead, ahead))
    done = here.run(*TINY)
    assert done.returncode == 0, done.stderr
    assert tiny.outcome(here.folder / "results") == reference


def interrupted(here: Place) -> None:
    """A run that Ctrl-C ended in the middle of its training."""
    running = here.start(*TINY)
    wait_for(lambda: list(here.folder.glob("results/*/tiny/minimax/seed0/vitals.jsonl")), running)
    running.send_signal(signal.SIGINT)
    running.communicate(timeout=60)
    assert running.returncode == 130


def test_a_machine_that_sleeps_loses_nothing(make_place: Make, reference: dict[str, str]) -> None:
    here = make_place("asleep", TINY_SECONDS="0.02")
    running = here.start(*TINY, "--cell-timeout", "300")
    wait_for(lambda: list(here.folder.glob("results/*/tiny/minimax/seed0/vitals.jsonl")), running)
    processes = [psutil.Process(running.pid)]
    processes += processes[0].children(recursive=True)
    for process in processes:
        process.suspend()
    time.sleep(3)
    for process in processes:
        process.resume()
    _, err = running.communicate(timeout=120)
    assert running.returncode == 0, err
    assert tiny.outcome(here.folder / "results") == reference


@pytest.mark.parametrize(
    "env",
    [
        {"LC_ALL": "POSIX", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        {"LC_ALL": "de_DE.ISO-8859-1", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        {"PYTHONIOENCODING": "ascii"},
    ],
)
def test_a_locale_without_utf8_changes_nothing(
    env: dict[str, str], make_place: Make, reference: dict[str, str]
) -> None:
    here = make_place(f"locale {sorted(env.values())}", **env)
    done = here.run(*TINY)
    assert done.returncode == 0, done.stderr
    assert tiny.outcome(here.folder / "results") == reference


def test_a_path_that_is_too_long_for_the_system_is_said(make_place: Make) -> None:
    here = make_place("long")
    long = "/".join(["d" * 200] * 20)
    done = here.run(*TINY, "--results", long)
    assert done.returncode in (2, 5), done.stderr
    assert "Traceback" not in done.stderr
    assert "too long" in done.stderr


def test_results_may_lie_deep(make_place: Make, reference: dict[str, str]) -> None:
    here = make_place("deep")
    deep = "/".join(["d" * 200] * 8)
    done = here.run(*TINY, "--results", deep)
    assert done.returncode == 0, done.stderr
    assert tiny.outcome(here.folder / deep) == reference


def test_the_path_of_a_home_that_is_a_file_is_said(make_place: Make, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder", encoding="utf-8")
    here = make_place("home is a file", GAN_BENCH_HOME=str(tmp_path / "file"))
    done = here.run(*TINY)
    assert done.returncode == 5, done.stderr
    assert "Traceback" not in done.stderr
    assert str(tmp_path / "file") in done.stderr
