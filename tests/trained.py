"""Folders of cells with a generator in them that nobody has trained."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

import tiny_plugin
from gan_bench import Architecture
from gan_bench import catalogue as catalogues
from gan_bench.contract.protocol import Cell, RunEnvironment
from gan_bench.results.atomic import write_bytes, write_json
from gan_bench.results.layout import BEST_GENERATOR, CELL, GENERATOR
from gan_bench.train.generator_file import About, file_of
from records import write_cell

STRANGERS = Path(__file__).parent / "strangers"
CONDITIONAL = STRANGERS / "class_embedding.py"  # offers `embedding`
NOISY = STRANGERS / "noise_layers.py"  # offers `noisy`
SHAPE = (3, 8, 8)


def write_trained(
    results: Path,
    name: str = "tiny",
    plugin: Path = tiny_plugin.PATH,
    classes: int | None = None,
    seed: int = 0,
    says_classes: bool = True,
    best: bool = False,
    **record: Any,
) -> Path:
    """A done cell; its folder. An older file does not say the number of its classes."""
    folder = write_cell(results, name, seed=seed, **record)
    environment = RunEnvironment(device="cpu", named=True, plugins=(str(plugin),))
    cell = Cell(architecture=name, loss="hinge", seed=seed, environment=environment)
    write_json(folder / CELL, cell.model_dump(mode="json"))
    arch = catalogues.load([plugin]).find(Architecture, name)
    for file, kimg in ((GENERATOR, None), *([(BEST_GENERATOR, 0.5)] if best else [])):
        with torch.random.fork_rng():
            torch.manual_seed(seed + (kimg is not None))
            G = arch.generator(*((SHAPE, classes) if classes else (SHAPE,)))
        said = classes if says_classes else None
        about = About(architecture=name, z_dim=arch.z_dim, shape=SHAPE, classes=said, kimg=kimg)
        write_bytes(folder / file, file_of(G.state_dict(), about))
    return folder
