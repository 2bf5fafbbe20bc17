"""`gan-bench plugins check`: does an offer keep the contract? Every check has a status and figures.

Half a minute on a CPU is enough for all of them. The built-in offers pass the same checks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from gan_bench.catalogue import KINDS, Catalogue, Plugin
from gan_bench.contract.errors import UsageError
from gan_bench.contract.names import did_you_mean
from gan_bench.contract.offers import (
    Architecture,
    Augmentation,
    Dataset,
    Engine,
    Entry,
    Features,
    Loss,
    Metric,
    Preset,
)
from gan_bench.run.check_measuring import check_dataset, check_features, check_metric
from gan_bench.run.check_training import check_architecture, check_augmented, check_loss_offer
from gan_bench.run.machine import Check, guarded

CHECKS: dict[type[Any], Callable[[Any, Catalogue], Iterator[Check]]] = {
    Architecture: check_architecture,
    Loss: check_loss_offer,
    Augmentation: check_augmented,
    Dataset: check_dataset,
    Features: check_features,
    Metric: check_metric,
}
ELSEWHERE = {  # what says whether these work
    Preset: "its fields and names were checked when it was loaded; gan-bench run --preset {name} "
    "--dry-run shows what it plans",
    Entry: "gan-bench score {name} --like PROTOCOL scores it",
    Engine: "gan-bench run --engine {name} --arch NAME --kimg 0.1 tries it on a small cell",
}


def chosen(catalogue: Catalogue, name: str) -> list[tuple[type[Any], Any]]:
    """The offers of that name, of whatever kind; UsageError if there is none."""
    offers = [
        (kind, catalogue.find(kind, name)) for kind in KINDS if catalogue.canonical(kind, name)
    ]
    if not offers:
        names = sorted({each for kind in KINDS for each in catalogue.names(kind)})
        raise UsageError(f"nothing is called {name!r}.{did_you_mean(name, names)}")
    return offers


def offers_of(
    catalogue: Catalogue, plugin: Callable[[Plugin], bool]
) -> list[tuple[type[Any], Any]]:
    """All offers of the plugins for which the function says yes."""
    return [
        (kind, offer)
        for kind, offers in catalogue.offers.items()
        for offer, maker in offers.values()
        if plugin(maker)
    ]


def check_offer(kind: type[Any], offer: Any, catalogue: Catalogue) -> Iterator[Check]:
    """All checks of one offer; the name of each begins with its kind and name."""
    title = f"{KINDS[kind][0]} {offer.name}"
    if kind not in CHECKS:
        text = ELSEWHERE.get(kind, "it was checked when it was loaded").format(name=offer.name)
        yield Check(name=title, status="ok", detail=text)
        return
    for each in guarded(title, lambda: CHECKS[kind](offer, catalogue)):
        own = each.name if each.name == title else f"{title}: {each.name}"
        yield Check(
            name=own, status=each.status, detail=each.detail, values=each.values, todo=each.todo
        )
