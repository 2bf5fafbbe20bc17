"""No test of the command line starts a cell unless it says so, and none sees a GPU."""

from __future__ import annotations

from typing import Any, NoReturn

import pytest


@pytest.fixture
def no_cell_is_started(monkeypatch: pytest.MonkeyPatch) -> None:
    def start(*_: Any) -> NoReturn:
        raise AssertionError("a cell was started")

    monkeypatch.setattr("gan_bench_plugins.local._process", start)


@pytest.fixture
def no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    monkeypatch.setattr("torch.mps.is_available", lambda: False)
