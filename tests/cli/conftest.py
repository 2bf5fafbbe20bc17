"""No test of the command line starts a cell unless it says so."""

from __future__ import annotations

from typing import Any, NoReturn

import pytest


@pytest.fixture
def no_cell_is_started(monkeypatch: pytest.MonkeyPatch) -> None:
    def start(*_: Any) -> NoReturn:
        raise AssertionError("a cell was started")

    monkeypatch.setattr("gan_bench_plugins.local._start_process", start)
