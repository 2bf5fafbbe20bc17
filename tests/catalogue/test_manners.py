"""A plugin's import leaves alone what belongs to the whole process."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest
import torch

from gan_bench import Loss, UsageError
from gan_bench import catalogue as catalogues
from given import Install

PLUGIN = """
import os, signal, sys, torch
{line}
from gan_bench import Loss, hookimpl

@hookimpl
def gan_bench_losses():
    return [Loss(name="mine", source="a test", d_loss=max, g_loss=max)]
"""
CHANGES = {
    "os.chdir('/')": "the working folder",
    "os.umask(0o777)": "the umask",
    "torch.set_default_dtype(torch.float64)": "torch's default dtype",
    "torch.set_default_device('meta')": "torch's default device",
    "torch.set_grad_enabled(False)": "torch's grad mode",
    "signal.signal(signal.SIGINT, signal.SIG_IGN)": "the handlers of SIGINT and SIGTERM",
    "sys.path.clear()": "sys.path",
    "sys.setrecursionlimit(sys.getrecursionlimit() - 1)": "the recursion limit",
}
HARMLESS = (
    "torch.manual_seed(0)",  # every cell has streams of its own
    "os.environ['A_PLUGIN'] = '1'",
    "sys.path.append('/a/folder')",
    "sys.setrecursionlimit(sys.getrecursionlimit() + 1)",
)


def whole_process() -> list[object]:
    os.umask(mask := os.umask(0o077))
    return [
        *(os.getcwd(), mask, list(sys.path), sys.getrecursionlimit()),
        *(signal.getsignal(signal.SIGINT), torch.get_default_dtype(), torch.get_default_device()),
        torch.is_grad_enabled(),
    ]


@pytest.mark.parametrize("line", CHANGES)
@pytest.mark.parametrize("end", ["", "; 1 / 0"])
def test_an_import_that_changes_the_process_is_named_and_undone(
    tmp_path: Path, line: str, end: str
) -> None:
    before = whole_process()
    path = tmp_path / "mine.py"
    path.write_text(PLUGIN.format(line=line + end))
    reason = "division by zero" if end else f"its import changes {CHANGES[line]}: "
    with pytest.raises(UsageError, match=reason):
        catalogues.load([path])
    assert whole_process() == before


def test_an_installed_plugin_that_changes_the_process_costs_no_other(install: Install) -> None:
    here = Path.cwd()
    install("leaves", PLUGIN.format(line="os.chdir('/')"))
    install("stays", PLUGIN.format(line="").replace("mine", "other"))
    catalogue = catalogues.load()
    assert Path.cwd() == here
    broken = {each.plugin.distribution: str(each) for each in catalogue.broken}
    assert "its import changes the working folder" in broken["leaves"]
    assert catalogue.find(Loss, "other").name == "other"


@pytest.mark.parametrize("line", HARMLESS)
def test_what_gan_bench_sets_itself_may_be_set(
    tmp_path: Path, line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.delenv("A_PLUGIN", raising=False)
    limit = sys.getrecursionlimit()
    path = tmp_path / "mine.py"
    path.write_text(PLUGIN.format(line=line))
    assert catalogues.load([path]).find(Loss, "mine").name == "mine"
    sys.setrecursionlimit(limit)
    os.environ.pop("A_PLUGIN", None)
