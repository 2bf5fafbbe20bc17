"""A trained generator, built again from the folder of its cell."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from gan_bench import catalogue as catalogues
from gan_bench.base import rng, text
from gan_bench.base.numbers import number
from gan_bench.catalogue import Catalogue
from gan_bench.contract.errors import DataError, UsageError, sentence
from gan_bench.contract.offers import Architecture
from gan_bench.contract.protocol import Cell
from gan_bench.contract.texts import path_text, texts
from gan_bench.results.asked_plugins import asked_of
from gan_bench.results.data_summary import class_names
from gan_bench.results.finding import check_cell
from gan_bench.results.layout import (
    BEST_GENERATOR,
    CELL,
    GENERATOR,
    RECORD,
    TICKS,
    is_branch,
    label_of,
    parent_of,
    protocol_folder_of,
)
from gan_bench.results.reading import last_line, read_model
from gan_bench.results.records import DIGITS, read_record
from gan_bench.train.generator_file import About, Shapes, read_file, read_shapes, shape_text

Z_STREAM = "z-sample"
LARGE_IMAGE = 2**18  # values: 256 x 256 pixels have fewer
MANY_CLASSES = 10_000


class Generator(nn.Module):
    """A trained generator in eval mode, on the CPU until it is moved.

    Called with z (N, z_dim) float32, and with labels (N,) int64 if it is conditional, it gives
    images (N, C, H, W) float32 in [-1, 1]. Its parameters need no gradients until
    `requires_grad_()` is called.
    """

    def __init__(self, network: nn.Module, about: About, label: str) -> None:
        super().__init__()
        self.network = network
        self.label = label  # architecture / loss / seed, or the name of the file
        self.architecture = about.architecture
        self.z_dim = about.z_dim
        self.shape = about.shape  # (C, H, W)
        self.classes = about.classes  # None: it is not conditional
        self.class_names: tuple[str, ...] = ()  # by their numbers; none if they are not known
        self.kimg = about.kimg  # of the tick it was kept at; None: it is the last one
        self.eval().requires_grad_(False)

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """Images (N, C, H, W) in [-1, 1]. UsageError for z or labels that G does not take."""
        if z.ndim != 2 or z.shape[1] != self.z_dim:
            raise UsageError(f"{self.label} takes z (N, {self.z_dim}), not {tuple(z.shape)}")
        if (labels is None) != (self.classes is None):
            raise UsageError(
                f"{self.label} takes no labels"
                if self.classes is None
                else f"{self.label} needs labels (N,) int64 from 0 to {self.classes - 1}"
            )
        if labels is not None and self.classes is not None and len(labels):
            low, high = int(labels.min()), int(labels.max())
            if low < 0 or high >= self.classes:
                wrong = low if low < 0 else high
                raise UsageError(
                    f"{self.label} has no class {wrong}: they go from 0 to {self.classes - 1}"
                )
        images: Tensor = self.network(z) if labels is None else self.network(z, labels)
        return images

    def z(self, count: int, seed: int = 0) -> Tensor:
        """z (count, z_dim) from N(0, 1) of a seed, on the device of the parameters.

        Row k is the same for every count, and its first values for every z_dim.
        """
        rows = [rng.normal(seed, Z_STREAM, 1, self.z_dim, k) for k in range(count)]
        z = np.concatenate([np.empty((0, self.z_dim), np.float32), *rows])
        device = next((each.device for each in self.parameters()), None)
        return torch.from_numpy(z).to(device)


def generator(
    cell: str | Path, *, best: bool = False, plugins: str | Path | Iterable[str | Path] = ()
) -> Generator:
    """The generator that a cell's training left, in eval mode; see `Generator`.

    `cell` is the cell's folder, or a file that `gan-bench export --to safetensors` wrote. `best`
    takes the generator of the best tick, which `gan-bench run --keep best` keeps. `plugins` is
    one file of a plugin or several, if the architecture comes from one that has moved since.

    Raises UsageError if there is no such cell or no plugin that offers its architecture, or if the
    plugin builds another network now; DataError if the cell has no generator, or the file is no
    generator of gan-bench; StorageError if the file of a cell is damaged.
    """
    path = Path(path_text("cell", cell)).resolve()
    given = [*map(Path, texts("plugins", plugins))]
    if os.path.isfile(path):  # a path may be too long to be one
        if best:
            raise UsageError(f"{path} is a file: the best tick is one of a cell's folder")
        return rebuilt(path, _catalogue(given, path.name), path.name)
    check_cell(path)
    file = check_generator(path, best)
    label = label_of(path)
    written = () if given else read_model(path / CELL, Cell).environment.plugins
    files = [*map(Path, asked_of(written, given, label))]
    found = rebuilt(file, _catalogue(files, label), label)
    if found.classes is not None:
        cell_of_data = parent_of(path) if is_branch(path) else path
        found.class_names = class_names(protocol_folder_of(cell_of_data), found.classes)
    return found


def check_generator(cell: Path, best: bool = False) -> Path:
    """The file of a cell's generator. DataError if it has none, with the reason.

    The last one is the best where the last tick is the best.
    """
    file = cell / (BEST_GENERATOR if best else GENERATOR)
    if best and not file.exists() and _ended_best(cell):
        file = cell / GENERATOR
    if not file.exists():
        raise DataError(_no_generator(cell, best))
    return file


def rebuilt(file: Path, catalogue: Catalogue, label: str, classes: int | None = None) -> Generator:
    """The generator of a file; see `generator`, whose errors it raises too.

    `classes` is how many there are in case the file does not say it, and its parameters neither.
    """
    about, shapes = read_shapes(file)
    try:
        arch = catalogue.find(Architecture, about.architecture)
    except UsageError as error:
        raise _impossible(label, error) from error
    if arch.conditional and about.classes is None:
        classes = _classes_in(shapes, arch, about) or classes
        about = about.model_copy(update={"classes": classes})
    if _is_large(about) and (imagined := _imagined(arch, about)) is not None:
        _check_same(imagined, shapes, arch, about, label, file, catalogue)
    network = _built(arch, about, about.classes)
    _check_same(network.state_dict(), shapes, arch, about, label, file, catalogue)
    _, state = read_file(file)
    network.load_state_dict(state)
    return Generator(network, about, label)


def _check_same(
    built: Mapping[str, Any],
    shapes: Shapes,
    arch: Architecture,
    about: About,
    label: str,
    file: Path,
    catalogue: Catalogue,
) -> None:
    """UsageError if another network is built now than the file is of."""
    if difference := _difference(built, shapes, arch, about):
        plugin = catalogue.offers[Architecture][arch.name][1]
        edited = [
            name
            for name, digest in _trained_by(file.parent).items()
            if plugin.files.get(name, "")[:DIGITS] != digest
        ]
        of = f", for {', '.join(edited)} has been edited" if edited else ""
        raise UsageError(
            f"{label} cannot be built again: {arch.name} builds another generator now than it was "
            f"trained with{of} ({difference}); put back the version of {plugin.origin} that "
            "trained it"
        )


def _catalogue(plugins: Iterable[Path], label: str) -> Catalogue:
    """What is installed and in these files."""
    try:
        return catalogues.load(plugins)
    except UsageError as error:
        raise _impossible(label, error) from error


def _impossible(label: str, error: UsageError) -> UsageError:
    why = str(error).rstrip(".")
    return UsageError(
        f"{label} cannot be built again: {why}; give the file of its plugin with --plugin"
    )


def _built(arch: Architecture, about: About, classes: int | None) -> nn.Module:
    """The network before its parameters are loaded."""
    given = (about.shape, classes) if arch.conditional else (about.shape,)
    try:
        with torch.random.fork_rng(devices=[]):
            return arch.generator(*given)
    except Exception as error:
        raise UsageError(
            f"the generator of {arch.name} cannot be built for {shape_text(about.shape)}: "
            f"{sentence(error)}"
        ) from error


def _is_large(about: About) -> bool:
    """Whether the network may take gigabytes; torch needs seconds to imagine one."""
    return math.prod(about.shape) > LARGE_IMAGE or (about.classes or 0) > MANY_CLASSES


def _imagined(arch: Architecture, about: About) -> Mapping[str, Any] | None:
    """The state of that network without its numbers; None if its code cannot do that.

    A file may claim a shape or a number of classes for which there is not enough memory.
    """
    try:
        with torch.device("meta"):
            return _built(arch, about, about.classes).state_dict()
    except UsageError:
        return None


def _classes_in(shapes: Shapes, arch: Architecture, about: About) -> int | None:
    """How many classes the parameters are for: older files do not say it.

    One side of one parameter grows with the number of classes.
    """
    two, three = (_built(arch, about, classes).state_dict() for classes in (2, 3))
    for name in two.keys() & three.keys() & shapes.keys():
        if not all(isinstance(each[name], Tensor) for each in (two, three)):
            continue
        sides = zip(two[name].shape, three[name].shape, shapes[name] or (), strict=False)
        for short, long, there in sides:
            if long > short:
                return 2 + int((there - short) // (long - short))
    return None


def _difference(
    built: Mapping[str, Any], shapes: Shapes, arch: Architecture, about: About
) -> str | None:
    """How the network that is built now differs from the one in the file; None if it fits."""
    if arch.conditional != (about.classes is not None):
        return "it is conditional now" if arch.conditional else "it is not conditional now"
    if arch.z_dim != about.z_dim:
        return f"z_dim is {arch.z_dim} now and was {about.z_dim}"
    if lacking := sorted(shapes.keys() - built.keys()):
        return f"it has no {lacking[0]} now"
    if new := sorted(built.keys() - shapes.keys()):
        return f"it has {new[0]} now, and had none"
    for name, each in built.items():
        if isinstance(each, Tensor) and each.shape != (there := shapes[name]):
            return f"{name} is {tuple(each.shape)} now and was {there or 'no tensor'}"
    return None


def _trained_by(cell: Path) -> dict[str, str]:
    """The files of the plugin that offered the architecture, with the digests that they had."""
    if not (cell / RECORD).exists():
        return {}
    record = read_record(cell)
    return {
        name: digest
        for code in record.code
        if record.architecture in code.offers.get("architecture", ())
        for name, digest in code.files.items()
    }


def _ended_best(cell: Path) -> bool:
    """Whether the last tick of a training that came to its end is the best one."""
    if not (cell / RECORD).exists():
        return False
    record, last = read_record(cell), number(last_line(cell / TICKS), "kimg")
    return record.best is not None and record.status != "diverged" and record.best.kimg == last


def _no_generator(cell: Path, best: bool) -> str:
    """Why a cell has no generator, and what to do."""
    label = label_of(cell)
    if not (cell / RECORD).exists():
        return f"{label} is not done yet: the command that began it goes on with it"
    record = read_record(cell)
    if record.status == "failed":
        return f"{label} has no generator, for it failed: {record.reason}"
    if best:
        if record.best is None:
            return f"{label} has no best tick, for none of its ticks has a score"
        return (
            f"{label} kept its last generator only, not that of its best tick, which was at "
            f"{text.number(record.best.kimg)} kimg. To have it, train the cell again: run the same "
            "command with `--keep best` and with another folder for --results"
        )
    if record.status == "diverged":
        return f"{label} diverged before it had a state worth keeping: {record.reason}"
    why = f"{cell / GENERATOR} is missing"
    if not (cell / CELL).exists():
        return (
            f"{why}: published results come without the weights; train the cell again, with the "
            "command in the README beside the results"
        )
    return f"{why}: train the cell again in another folder, by `gan-bench reproduce {cell}`"
