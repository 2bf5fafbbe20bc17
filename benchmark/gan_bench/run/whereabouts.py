"""Where the images, plugins and weights of trained cells are now, if they have moved."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from gan_bench import catalogue as catalogues
from gan_bench.contract.errors import DataError, StorageError, UsageError
from gan_bench.contract.offers import Dataset
from gan_bench.contract.protocol import Cell, Protocol, RunEnvironment
from gan_bench.data.files.hub import is_hub
from gan_bench.measure.weights import Weights, weights_of
from gan_bench.results.asked_plugins import asked_of
from gan_bench.results.layout import CELL, PROTOCOL, cells_in
from gan_bench.results.reading import read_model

GIVE_THEM = "give the images that it was planned on with --data"


def moved(then: RunEnvironment, data: Path | None, weights: Weights | None) -> RunEnvironment:
    """The environment with the images and the weights where the user says that they are.

    What is None is where it was.
    """
    now = (weights or weights_of(then)).absolute()
    return then.model_copy(
        update={
            "root": str(data if is_hub(data) else data.absolute()) if data else then.root,
            "weights": str(now.every) if now.every else None,
            "weights_by_net": tuple((net, str(path)) for net, path in now.by_net.items()),
        }
    )


def check_there(environment: RunEnvironment, data_name: str) -> None:
    """DataError if the images are no longer where they were."""
    root = environment.root
    if root and not is_hub(Path(root)) and not os.path.exists(root):
        raise DataError(
            f"there is no {root}, where the images of {data_name} were: if they have moved, give "
            "them with --data"
        )


def with_plugins(then: RunEnvironment, plugins: Iterable[Path], of: str) -> RunEnvironment:
    """The environment with these plugin files besides its own; `of`: whose it is.

    UsageError if it names a file that nobody has asked to run here.
    """
    return then.model_copy(update={"plugins": asked_of(then.plugins, plugins, of)})


def environment_in(
    home: Path, data: Path | None, plugins: Iterable[Path], weights: Weights | None
) -> RunEnvironment:
    """Where the cells in a protocol's folder find their images, as the first of them says it.

    Published protocols have no cell that does: their images are those of a named data set, or
    `data`. UsageError if they are neither, DataError if they are not where they should be.
    """
    name = read_model(home / PROTOCOL, Protocol).data.name
    then = _written_in(home) or published(home, name, data, plugins)
    now = moved(with_plugins(then, plugins, str(home)), data, weights)
    if data is None:
        check_there(now, name)
    return now


def _written_in(home: Path) -> RunEnvironment | None:
    for folder in cells_in(home):
        with suppress(StorageError):  # it is damaged or published, and another one may say it
            return read_model(folder / CELL, Cell).environment
    return None


def published(
    folder: Path, data_name: str, data: Path | None, plugins: Iterable[Path]
) -> RunEnvironment:
    """The environment of published cells, whose folders do not say it.

    UsageError if the images are neither a named data set nor given as `data`.
    """
    named = catalogues.load(plugins).canonical(Dataset, data_name) is not None
    if not named and data is None:
        raise UsageError(
            f"{folder} has no {CELL}, as published records have none, and the images of "
            f"{data_name} may be anywhere: give them with --data"
        )
    return RunEnvironment(device="auto", named=named)
