"""Fixtures of the tests of the data floor."""

from __future__ import annotations

import pytest
from sets import SIZE


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Four images are written at once, and eight are begun before the first is done."""
    for module in ("gather", "choosing.choose"):
        monkeypatch.setattr(f"gan_bench.data.{module}.CHUNK_BYTES", 4 * 3 * SIZE * SIZE)
    monkeypatch.setattr("gan_bench.data.decoding.decode.WAITING_BYTES", 8 * 3 * SIZE * SIZE)
