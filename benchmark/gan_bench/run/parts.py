"""The plugins that have a part in a cell, and their code."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gan_bench.base.text import plural
from gan_bench.catalogue import KINDS, Catalogue, Plugin
from gan_bench.contract.engine import Engine
from gan_bench.contract.errors import StorageError
from gan_bench.contract.offers import (
    Architecture,
    Augmentation,
    Dataset,
    Features,
    Loss,
    Metric,
    Optimizer,
)
from gan_bench.contract.protocol import Cell, Plan, Protocol
from gan_bench.results.records import DIGITS, Code, read_record

Parts = dict[type[Any], tuple[str, ...]]  # kind -> names


def training_parts(cell: Cell, protocol: Protocol) -> Parts:
    """The offers that decide how a cell trains: a checkpoint belongs to their code."""
    return {
        Architecture: (cell.architecture,),
        Loss: (cell.loss,),
        Optimizer: (cell.recipe.applied_to(protocol.schedule).optimizer,),
        Augmentation: protocol.schedule.augment,
    }


def all_parts(cell: Cell, protocol: Protocol) -> Parts:
    """Every offer that has a part in a cell. A folder of images has no plugin."""
    environment, evaluation = cell.environment, protocol.evaluation
    metrics = dict.fromkeys(spec.name for spec in (*evaluation.metrics, *evaluation.watched))
    return training_parts(cell, protocol) | {
        Dataset: (protocol.data.name,) if environment.named else (),
        Features: tuple(evaluation.digests),
        Metric: tuple(metrics),
        Engine: (environment.engine,) if environment.engine else (),
    }


TRAINING = (Architecture, Loss, Optimizer, Augmentation)  # the kinds that decide how a cell trains


def code_of(parts: Parts, catalogue: Catalogue) -> tuple[Code, ...]:
    """The code of each plugin among these parts, and which of them it offers."""
    trains = {KINDS[kind][0] for kind in TRAINING}
    shares: dict[int, tuple[Plugin, dict[str, list[str]]]] = {}
    for kind, names in parts.items():
        for name in names:
            if name in catalogue.offers[kind]:
                plugin = catalogue.offers[kind][name][1]
                _, offers = shares.setdefault(id(plugin), (plugin, {}))
                offers.setdefault(KINDS[kind][0], []).append(name)
    return tuple(
        Code(
            offers={noun: tuple(names) for noun, names in offers.items()},
            distribution=plugin.origin,
            version=plugin.version,
            sha256=plugin.sha256,
            files={name: digest[:DIGITS] for name, digest in plugin.files.items()},
            trains=not trains.isdisjoint(offers),
        )
        for plugin, offers in shares.values()
    )


def identity(cell: Cell, protocol: Protocol, catalogue: Catalogue) -> dict[str, str]:
    """What a checkpoint belongs to. Each file is a line, so that a refusal names what changed."""
    lines = {
        "architecture": cell.architecture,
        "loss": cell.loss,
        "seed": str(cell.seed),
        "recipe": cell.recipe.model_dump_json(exclude_defaults=True),
        "protocol": protocol.slug,
    }
    if cell.branch is not None:
        lines["branch"] = cell.branch.model_dump_json()
    for code in code_of(training_parts(cell, protocol), catalogue):
        owner = " and ".join(f"the {kind} {' and '.join(n)}" for kind, n in code.offers.items())
        if code.distribution not in code.files:  # it is no file given by the user
            lines[f"plugin of {owner}"] = f"{code.distribution} {code.version}"
        lines |= {f"{name} of {owner}": f"SHA-256 {sha}" for name, sha in code.files.items()}
    return lines


def trained_by_other_code(plan: Plan, folders: Sequence[Path], catalogue: Catalogue) -> str | None:
    """A warning if done cells were trained by code that has been edited since; None if none was."""
    labels, files = [], dict[str, None]()
    for cell, folder in zip(plan.cells, folders, strict=True):
        changed = edited_since(cell, plan.protocol, folder, catalogue)
        if changed:
            labels.append(cell.label)
            files |= dict.fromkeys(changed)
    if not labels:
        return None
    return (
        f"{', '.join(files)} has been edited since {labels[0]}"
        + (f" and {plural(len(labels) - 1, 'more cell')}" if len(labels) > 1 else "")
        + " was trained: these results are those of the older code; another --results, or another "
        "name of the offer, trains anew"
    )


def edited_since(cell: Cell, protocol: Protocol, folder: Path, catalogue: Catalogue) -> list[str]:
    """The files that trained the done cell in this folder and are no longer as they were."""
    now = {
        name: digest
        for code in code_of(training_parts(cell, protocol), catalogue)
        for name, digest in code.files.items()
    }
    return [name for name, digest in _trained_files(folder).items() if now.get(name) != digest]


def _trained_files(folder: Path) -> dict[str, str]:
    """The files that trained a done cell, with their digests; none if it is not known."""
    try:
        record = read_record(folder)
    except StorageError:  # not done
        return {}
    return {name: sha for code in record.code if code.trains for name, sha in code.files.items()}
