"""For the tests of a plugin: the checks of `gan-bench plugins check`, as a function and a fixture.

    from gan_bench.testing import check_plugin

    def test_every_offer_keeps_the_contract() -> None:
        check_plugin(Path("my_plugin.py"))

With `pytest_plugins = ["gan_bench.testing"]` in conftest.py, tests may ask for `check_offer`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from gan_bench import catalogue as catalogues
from gan_bench.run import check_offers
from gan_bench.train.fresh import Fresh


def check_plugin(file: Path) -> None:
    """AssertionError, with a line for each failed check, unless all offers of the file pass."""
    catalogue = catalogues.load([file])
    offers = check_offers.offers_of(catalogue, lambda plugin: plugin.name == str(file))
    assert offers, f"{file} offers nothing"
    with Fresh() as fresh:
        for kind, offer in offers:
            _check(kind, offer, catalogue, fresh)


@pytest.fixture
def check_offer() -> Iterator[Callable[[Any], None]]:
    """A function that raises AssertionError unless an offer keeps the contract."""
    catalogue = catalogues.load()
    with Fresh() as fresh:
        yield lambda offer: _check(type(offer), offer, catalogue, fresh)


def _check(kind: type[Any], offer: Any, catalogue: catalogues.Catalogue, fresh: Fresh) -> None:
    checks = check_offers.check_offer(kind, offer, catalogue, fresh)
    failed = [f"{each.name}: {each.detail}" for each in checks if each.status == "failed"]
    assert not failed, "\n".join(failed)
