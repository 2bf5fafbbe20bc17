"""Every built-in offer passes the checks that `gan-bench plugins check` makes for anyone."""

from __future__ import annotations

from typing import Any

import pytest

from gan_bench import Architecture, Augmentation, Features, Loss, Metric
from gan_bench.catalogue import load
from gan_bench.run.check_offers import check_offer
from gan_bench.train.fresh import Fresh

CATALOGUE = load()
KINDS = (Architecture, Loss, Augmentation, Features, Metric)
# of a family of metrics, which has one for every net, the first stands for all
OFFERS = [
    (kind, offer)
    for kind in KINDS
    for offer in CATALOGUE.all(kind)
    if kind is not Metric or not offer.name.endswith(f"-{offer.features}")
]


@pytest.mark.parametrize(("kind", "offer"), OFFERS, ids=[offer.name for _, offer in OFFERS])
def test_a_built_in_offer_keeps_the_contract(kind: type[Any], offer: Any, fresh: Fresh) -> None:
    checks = check_offer(kind, offer, CATALOGUE, fresh)
    failed = [each for each in checks if each.status == "failed"]
    assert not failed
