"""Results that many tests of the report begin with."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browser_page import CHROMIUM, opened

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


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """One browser for all tests that open a page."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with playwright.sync_playwright() as started:
        launched = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield launched
        launched.close()


@pytest.fixture
def page(browser: Any, html: Path) -> Iterator[Any]:
    """The page that a module makes as `html`, whose console has to be silent to the end."""
    result = opened(browser, html)
    yield result.page
    assert result.said == []
    result.page.close()
