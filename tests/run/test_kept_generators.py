"""The generators that a cell leaves: the last one, and that of the best tick with --keep best."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from planning import SAMPLES, LayCell, Plan

from gan_bench import generator
from gan_bench.base import rng
from gan_bench.contract.protocol import Cell
from gan_bench.results.atomic import write_json
from gan_bench.results.layout import BEST_GENERATOR, CELL, GENERATOR, sample_grids
from gan_bench.results.reading import read_model
from gan_bench.results.records import read_record
from gan_bench.run.cell import run_cell
from gan_bench.run.folders import without_best
from gan_bench.train.generator import Generator

pytestmark = pytest.mark.usefixtures("one_thread")
SEED = 7  # its best tick is not its last


def keep_best(folder: Path) -> Path:
    cell = read_model(folder / CELL, Cell)
    environment = cell.environment.model_copy(update={"keep": "best"})
    kept = cell.model_copy(update={"environment": environment})
    write_json(folder / CELL, kept.model_dump(mode="json"))
    return folder


def shows(G: Generator, grid: Path, seed: int) -> bool:
    """Whether these are the images of G, up to a rounding."""
    z = torch.from_numpy(rng.normal(seed, "z-eval", SAMPLES, G.z_dim)[:64])
    made = ((G(z) + 1) * 127.5).round().numpy()
    with Image.open(grid) as opened:
        sheet = np.asarray(opened.convert("RGB")).astype(int)
    corners = [(2 + 10 * (k // 8), 2 + 10 * (k % 8)) for k in range(64)]
    tiles = np.stack([sheet[top : top + 8, left : left + 8] for top, left in corners])
    return bool(np.abs(made - tiles.transpose(0, 3, 1, 2)).max() <= 1)


def test_the_best_generator_makes_the_images_of_the_best_tick(lay: LayCell) -> None:
    folder = keep_best(lay(seed=SEED))
    run_cell(folder)
    best = read_record(folder).best
    assert best is not None
    grids = dict(sample_grids(folder))
    G = generator(folder, best=True)
    assert G.kimg == best.kimg
    assert shows(G, grids[best.kimg], SEED)
    assert shows(generator(folder), grids[0.16], SEED)
    assert best.kimg != 0.16, "else the two are the same"


def test_keeping_it_changes_no_other_byte_and_costs_nothing_when_not_asked(lay: LayCell) -> None:
    kept, plain = keep_best(lay(results="kept")), lay(results="plain")
    for folder in (kept, plain):
        run_cell(folder)
    assert (kept / GENERATOR).read_bytes() == (plain / GENERATOR).read_bytes()
    assert read_record(kept).scores == read_record(plain).scores
    assert kept.parents[2].name == plain.parents[2].name  # one protocol
    assert not (plain / BEST_GENERATOR).exists()


def test_the_wish_is_in_the_cell_and_not_in_the_protocol(plan: Plan) -> None:
    with_it, without = plan(keep="best").plan, plan().plan
    assert with_it.protocol == without.protocol
    assert [cell.environment.keep for cell in (*with_it.cells, *without.cells)] == ["best", "last"]


def test_cells_that_ended_without_the_wish_are_named(lay: LayCell) -> None:
    folders = [lay(), lay("wide")]
    assert without_best(folders) is None  # they are not done
    for folder in folders:
        run_cell(folder)
    assert (without_best(folders) or "").startswith("tiny / plain / seed0 and 1 more cell ended")
    for folder in folders:
        (folder / BEST_GENERATOR).touch()
    assert without_best(folders) is None
