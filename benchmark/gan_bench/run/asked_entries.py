"""What is to be scored, as it is typed: NAME=PATH, PATH or a plugin's entry; and how."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from gan_bench import catalogue as catalogues
from gan_bench.catalogue import Catalogue
from gan_bench.contract.errors import UsageError
from gan_bench.contract.names import beside, name_of, safe_name
from gan_bench.contract.offers import Entry
from gan_bench.data.files.contents import files_of
from gan_bench.results.finding import is_cell
from gan_bench.results.layout import GENERATOR
from gan_bench.run.at_the_door import no_entry
from gan_bench.run.request import Request

if TYPE_CHECKING:
    from gan_bench.contract.protocol import RunEnvironment
    from gan_bench.measure.weights import Weights


@dataclass(frozen=True)
class Asked:
    """An entry as it was typed: NAME=PATH, or PATH."""

    name: str
    path: Path  # of images or of a generator, or the name of a plugin's entry


@dataclass(frozen=True, kw_only=True)
class How:
    """What the user said about scoring entries."""

    device: str = "auto"
    plugins: tuple[Path, ...] = ()
    weights: Weights | None = None
    data: Path | None = None  # where the images of the protocol are now
    environment: RunEnvironment | None = None  # that of the run; None: as the cells say it
    z_dim: int | None = None  # of a generator that does not say it
    trust: bool = False  # whether a file that is a program may be run
    seed: int = 0  # of the z; a cell's folder has its own
    max_bad: float = 0.1  # percent of the images
    replace: bool = False  # whether an entry of the same name may be replaced


def asked_for(text: str) -> Asked:
    """NAME=PATH or PATH; UsageError for a name that no folder can have."""
    before, equals, after = text.partition("=")
    if not equals or os.path.exists(os.path.expanduser(text)):
        path = Path(os.path.expanduser(text))
        return Asked(_name_of(path), path)
    if not after:
        raise UsageError(f"the entry {text!r} has no path: give NAME=PATH")
    return Asked(safe_name(before), Path(os.path.expanduser(after)))


def _name_of(path: Path) -> str:
    """The file's name, or for a cell's folder those of its architecture, loss and seed."""
    cell = path if os.path.isdir(path) else path.parent
    if os.path.isfile(cell / GENERATOR) and path in (cell, cell / GENERATOR):
        return safe_name("-".join(Path(os.path.realpath(cell)).parts[-3:])[:60])
    return name_of(Path(os.path.realpath(path)) if path.name in ("", ".", "..") else path)


def entries_to_score(texts: Sequence[str], request: Request) -> list[Asked]:
    """The entries that a run is to score when its cells are done; wrong ones are refused now."""
    asked = [asked_for(text) for text in texts]
    if asked:
        check_entries(asked, request.plugins)
    for each in asked:
        _check_images(each.path)
    return asked


def _check_images(path: Path) -> None:
    """DataError for a folder in which there is no image and no generator; none is decoded."""
    if path.is_dir() and not is_cell(path):
        with files_of(Path(os.path.realpath(path))):
            pass


def check_entries(asked: Sequence[Asked], plugins: Sequence[Path]) -> None:
    """UsageError for an entry that is neither there nor offered, or a name that is given twice.

    `run` asks before it trains.
    """
    names = [each.name.lower() for each in asked]
    for each in asked:
        if names.count(each.name.lower()) > 1:
            raise UsageError(f"two entries are called {each.name}: name one, as NAME={each.path}")
        if not os.path.exists(each.path):  # a path may be too long to be one
            offered(each.path, catalogues.load(plugins))


def offered(path: Path, catalogue: Catalogue) -> Entry:
    """The plugin's entry of that name."""
    name = str(path)
    if catalogue.canonical(Entry, name) is None:
        raise UsageError(no_entry(name, catalogue.instead(Entry, name, beside(name))))
    return catalogue.find(Entry, name)
