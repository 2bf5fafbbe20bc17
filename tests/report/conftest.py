"""Results that many tests of the report begin with."""

from __future__ import annotations

from pathlib import Path

import pytest

from records import protocol, write_cell


@pytest.fixture
def two(tmp_path: Path) -> Path:
    write_cell(tmp_path, "good", scores={"fd-eye": 12.345678, "diversity": 0.5})
    write_cell(tmp_path, "bad", scores={"fd-eye": 99.0, "diversity": 0.9})
    return tmp_path


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """Two sound cells, one that is damaged, and a second protocol."""
    write_cell(tmp_path, "good", scores={"fd-eye": 12.345678, "diversity": 0.5})
    write_cell(tmp_path, "bad", scores={"fd-eye": 99.0, "diversity": 0.9})
    write_cell(tmp_path, "odd", scores={"fd-eye": 50.0, "diversity": 0.7})
    write_cell(tmp_path, "other", under=protocol(kimg=200), scores={"fd-eye": 77.0})
    return tmp_path
