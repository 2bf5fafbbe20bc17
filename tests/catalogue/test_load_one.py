"""One offer of one plugin, for a process that must not wait for the others."""

from __future__ import annotations

import sys

import pytest

from gan_bench import Loss, Metric
from gan_bench import catalogue as catalogues
from given import Install

SOURCE = """
from gan_bench import Loss, hookimpl

@hookimpl
def gan_bench_losses():
    return [Loss(name="late", source="a test", d_loss=max, g_loss=max)]
"""


@pytest.mark.parametrize("name", ["late", "gan-bench-late.late"])
def test_one_offer_is_loaded_without_importing_other_plugins(name: str, install: Install) -> None:
    install("gan-bench-late", SOURCE)
    install("gan-bench-other", SOURCE)
    offer = catalogues.load_one(Loss, name, ("gan-bench-late", "mine"))
    assert offer is not None
    assert offer.name == name
    assert "gan_bench_late" in sys.modules
    assert "gan_bench_other" not in sys.modules


@pytest.mark.parametrize(
    ("kind", "name", "maker"),
    [
        (Loss, "gone", ("gan-bench-late", "mine")),
        (Metric, "late", ("gan-bench-late", "mine")),
        (Loss, "late", ("gan-bench-gone", "mine")),
    ],
)
def test_an_offer_that_its_plugin_no_longer_makes_is_none(
    kind: type, name: str, maker: tuple[str, str], install: Install
) -> None:
    install("gan-bench-late", SOURCE)
    assert catalogues.load_one(kind, name, maker) is None
