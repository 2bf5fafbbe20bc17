"""Two results folders and one to merge them into."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def a(tmp_path: Path) -> Path:
    return tmp_path / "a"


@pytest.fixture
def b(tmp_path: Path) -> Path:
    return tmp_path / "b"


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"
