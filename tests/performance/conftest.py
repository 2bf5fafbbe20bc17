"""What was measured goes into docs/performance.md, between its two marks."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import torch

from race import ROUNDS, Note, machine

PAGE = Path(__file__).parents[2] / "docs" / "performance.md"
BEGIN, END = "<!-- measured by tox -e speed -->", "<!-- end -->"

ROWS = pytest.StashKey[list[tuple[str, str, str]]]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[ROWS] = []


@pytest.fixture
def note(request: pytest.FixtureRequest) -> Note:
    """Tell one figure: what was measured, the figure, what it must be."""

    def tell(what: str, figure: str, wanted: str = "") -> None:
        request.config.stash[ROWS].append((what, figure, wanted))

    return tell


@pytest.fixture(scope="session", autouse=True)
def threads() -> Iterator[None]:
    """All cores, as a run has them, whatever the tests around this one need."""
    before = torch.get_num_threads()
    torch.set_num_threads(len(os.sched_getaffinity(0)))
    yield
    torch.set_num_threads(before)


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    rows = config.stash[ROWS]
    if not rows:
        return
    terminalreporter.section("measured side by side")
    for what, figure, wanted in rows:
        terminalreporter.line(f"{what}: {figure}{f'  (wanted: {wanted})' if wanted else ''}")
    if config.getoption("--write-page", default=False):
        _write(rows)
        terminalreporter.line(f"written into {PAGE.name}")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--write-page", action="store_true", help="put the figures into the docs")


def _write(rows: list[tuple[str, str, str]]) -> None:
    head, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    tail = rest.partition(END)[2]
    table = [
        f"{machine()}; {datetime.now(UTC):%Y-%m-%d}; medians of {ROUNDS} turns or more.",
        "",
        "| what | measured | wanted |",
        "| --- | --- | --- |",
        *(f"| {what} | {figure} | {wanted} |" for what, figure, wanted in rows),
    ]
    PAGE.write_text("\n".join([f"{head}{BEGIN}", "", *table, "", f"{END}{tail}"]), encoding="utf-8")
