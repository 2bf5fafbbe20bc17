"""Figures are collected, held against their bounds, and compared with those of the last time."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import torch

from figures import PAGE, Figure, Figures, keep, kept, slower, table, write_page
from race import Note, machine

FIGURES = pytest.StashKey[Figures]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[FIGURES] = {}


@pytest.fixture
def note(request: pytest.FixtureRequest) -> Iterator[Note]:
    """Tell one figure, see `Figure`. A test whose figures miss their bounds fails at its end."""
    told: Figures = {}

    def tell(what: str, value: float | None, form: str, **more: float | bool | str | None) -> None:
        told[what] = Figure(value, form, **more, date=f"{datetime.now(UTC):%Y-%m-%d}")  # type: ignore[arg-type]

    yield tell
    request.config.stash[FIGURES].update(told)
    missed = [
        f"{what}: {each.text}, wanted {each.wanted}"
        for what, each in told.items()
        if not each.holds
    ]
    assert not missed, "; ".join(missed)


@pytest.fixture(scope="module", autouse=True)
def threads() -> Iterator[None]:
    """All cores, as a run has them, whatever the tests around this one need."""
    before = torch.get_num_threads()
    torch.set_num_threads(len(os.sched_getaffinity(0)))
    yield
    torch.set_num_threads(before)


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    figures = config.stash[FIGURES]
    if not figures:
        return
    terminalreporter.section("measured side by side")
    for what, figure in figures.items():
        wanted = f"  (wanted: {figure.wanted})" if figure.wanted else ""
        terminalreporter.line(f"{what}: {figure.text}{wanted}")
    for sentence in slower(figures, kept(machine())):
        terminalreporter.line(sentence, red=True)
    if config.getoption("--keep-figures", default=False):
        keep(machine(), figures)
        write_page(table(machine(), kept(machine())))
        terminalreporter.line(f"kept, and written into {PAGE.name}")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--keep-figures", action="store_true", help="keep them, and write the page")
