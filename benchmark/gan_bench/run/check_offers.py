"""`gan-bench plugins check`: does an offer keep the contract? Every check has a status and figures.

Half a minute on a CPU is enough for all of them. The built-in offers pass the same checks.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from gan_bench.base.escape import plain
from gan_bench.catalogue import KINDS, Catalogue, Plugin
from gan_bench.contract.engine import Engine
from gan_bench.contract.errors import UsageError
from gan_bench.contract.offers import (
    Architecture,
    Augmentation,
    Dataset,
    Entry,
    Features,
    Loss,
    Metric,
    Optimizer,
    Preset,
)
from gan_bench.contract.remedy import Remedy
from gan_bench.contract.tracker import Tracker
from gan_bench.run.check_measuring import check_dataset, check_features, check_metric
from gan_bench.run.check_optimizer import check_optimizer
from gan_bench.run.check_remedy import check_remedy
from gan_bench.run.check_training import check_architecture, check_augmented, check_loss_offer
from gan_bench.run.machine import Check, guarded
from gan_bench.run.names import nothing_called
from gan_bench.run.process import interrupted_after
from gan_bench.train.fresh import Fresh

CHECKS: dict[type[Any], Callable[[Any, Catalogue, Fresh], Iterator[Check]]] = {
    Architecture: check_architecture,
    Loss: check_loss_offer,
    Optimizer: check_optimizer,
    Augmentation: check_augmented,
    Dataset: check_dataset,
    Features: check_features,
    Metric: check_metric,
    Remedy: check_remedy,
}
LIMIT_SECONDS = 300.0  # for all checks of one offer
ELSEWHERE = {  # what says whether these work
    Preset: "its fields and names were checked when it was loaded; gan-bench run --preset {name} "
    "--dry-run shows what it plans",
    Entry: "gan-bench score {name} --like PROTOCOL scores it",
    Engine: "gan-bench run --engine {name} --arch NAME --kimg 0.1 tries it on a small cell",
    Tracker: "gan-bench run --track {name} --arch NAME --kimg 0.1 tries it on a small cell",
}


def chosen(catalogue: Catalogue, name: str) -> list[tuple[type[Any], Any]]:
    """The offers of that name, of whatever kind; UsageError if there is none."""
    offers = [
        (kind, catalogue.find(kind, name)) for kind in KINDS if catalogue.canonical(kind, name)
    ]
    if not offers:
        raise UsageError(_unknown(catalogue, name))
    return offers


def _unknown(catalogue: Catalogue, name: str) -> str:
    """What to say of a word that is neither a name nor a Python file."""
    shown = plain(name)
    if os.path.isdir(name):
        own = [each for each in sorted(os.listdir(name)) if each.endswith(".py")]
        plugins = [os.path.join(name, each) for each in own if not each.startswith("test_")]
        such = f", such as {plain(plugins[0])}" if plugins else ""
        return f"{shown} is a folder: give the Python file that has the @hookimpl functions{such}"
    if os.path.exists(name):
        return f"{shown} is no plugin: the name of a Python file ends in .py"
    if os.sep in name:
        return f"there is no file {shown}"
    names = sorted({each for kind in KINDS for each in catalogue.names(kind)})
    failed = [each for each in catalogue.broken if each.status == "failed"]
    listed = "".join(f"\nFailed to load: {each}" for each in failed)
    return f"{nothing_called(name, names)}{listed}"


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


def _limited(checks: Iterator[Check]) -> Iterator[Check]:
    with interrupted_after(LIMIT_SECONDS):
        yield from checks


def check_offer(kind: type[Any], offer: Any, catalogue: Catalogue, fresh: Fresh) -> Iterator[Check]:
    """All checks of one offer; the name of each begins with its kind and name.

    `fresh`: the process in which trainings are resumed; one is enough for all offers.
    """
    title = f"{KINDS[kind][0]} {offer.name}"
    if kind not in CHECKS:
        text = ELSEWHERE.get(kind, "it was checked when it was loaded").format(name=offer.name)
        yield Check(name=title, status="ok", detail=text)
        return
    for each in guarded(title, lambda: _limited(CHECKS[kind](offer, catalogue, fresh))):
        if each.name == title:  # an error, which ended the checks of this offer
            yield replace(each, cut_short=True)
        else:
            yield replace(each, name=f"{title}: {each.name}")
