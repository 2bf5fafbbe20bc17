"""A page that is open in a real browser, for the tests that need one."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
needs_browser = pytest.mark.skipif(not CHROMIUM, reason="there is no chromium")
PHONE, DESK = {"width": 360, "height": 740}, {"width": 1280, "height": 900}


@dataclass
class Opened:
    """A page, and what its console said."""

    page: Any
    said: list[str] = field(default_factory=list)


def opened(browser: Any, path: Path, **more: Any) -> Opened:
    page = browser.new_page(**{"viewport": DESK} | more)
    result = Opened(page)
    page.on("console", lambda message: result.said.append(message.text))
    page.on("pageerror", lambda error: result.said.append(str(error)))
    page.on("dialog", lambda dialog: (result.said.append(dialog.message), dialog.dismiss()))
    page.on("request", lambda request: _local(result, request.url))
    page.goto(path.as_uri())
    return result


def _local(result: Opened, url: str) -> None:
    if not url.startswith(("file:", "data:")):
        result.said.append(url)


def unfold(page: Any) -> None:
    """Open everything that is folded."""
    for summary in page.locator("summary").all():
        summary.click()


def axe_finds_nothing(page: Any) -> None:
    """Fail with the report of axe, if it finds something."""
    axe = pytest.importorskip(
        "axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed"
    )
    found = axe.Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
