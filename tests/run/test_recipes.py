"""Recipes: offers that want a schedule of their own, and what they get."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from planning import AfterTwelve, LayCell, Plan, offer

from gan_bench import Architecture, Loss
from gan_bench.catalogue import Catalogue
from gan_bench.contract.schedule import Recipe, Schedule
from gan_bench.results.atomic import write_json
from gan_bench.results.layout import CELL, CURVE, GENERATOR
from gan_bench.results.reading import read_lines
from gan_bench.results.records import read_record
from gan_bench.run.cell import run_cell
from gan_bench.run.schedule_text import recipe_text
from gan_bench.run.task import read_task
from gan_bench.train.session import Stopped

D_STEPS = {"d_steps": 4, "betas": (0, 0.9)}
PAIRS = {"losses": ("minimax", "critic"), "architectures": ("dense", "slow")}


@pytest.fixture
def wanting(known: Catalogue, plan: Plan) -> Plan:
    """Plans with a loss and an architecture that want something, and others that do not."""
    dense, loss = known.find(Architecture, "dense"), known.find(Loss, "minimax")
    parts = {"generator": dense.generator, "discriminator": dense.discriminator, "z_dim": 8}
    slow = {"lr_g": 1e-5, "betas": (0.1, 0.99), "optimizer": "RMSprop"}
    offer(
        known,
        Architecture(name="slow", source="a test", wants=slow, **parts),
        Loss(name="critic", source="a test", wants=D_STEPS, d_loss=loss.d_loss, g_loss=loss.g_loss),
    )
    return plan


def test_by_default_all_cells_have_one_schedule_and_the_wishes_are_said(wanting: Plan) -> None:
    planned = wanting(**PAIRS)
    assert planned.plan.protocol == wanting().plan.protocol
    assert {cell.recipe for cell in planned.plan.cells} == {Recipe()}
    said = "but all cells have one schedule: --recipes own gives each its own"
    assert f"loss critic was made for betas 0 0.9, d_steps 4, {said}" in planned.notes
    wish = "lr_g 1e-05, betas 0.1 0.99, optimizer rmsprop"
    assert f"architecture slow was made for {wish}, {said}" in planned.notes
    assert not any("made for" in note for note in wanting().notes)


def test_each_cell_has_its_own_and_the_loss_comes_first(wanting: Plan) -> None:
    planned = wanting(recipes="own", **PAIRS)
    assert {(c.architecture, c.loss): c.recipe.given for c in planned.plan.cells} == {
        ("dense", "minimax"): {},
        ("dense", "critic"): {"betas": (0, 0.9), "d_steps": 4},
        ("slow", "minimax"): {"lr_g": 1e-5, "betas": (0.1, 0.99), "optimizer": "rmsprop"},
        ("slow", "critic"): {
            "lr_g": 1e-5, "betas": (0, 0.9), "d_steps": 4, "optimizer": "rmsprop",
        },
    }  # fmt: skip
    assert (
        "dense / critic has its own recipe: betas 0 0.9, d_steps 4; 4 D per G make it 1,500 "
        "updates of G instead of 6,000 in the same kimg" in planned.notes
    )


def test_own_recipes_are_another_protocol(wanting: Plan) -> None:
    assert wanting(recipes="own").plan.protocol.slug != wanting().plan.protocol.slug


def test_what_the_schedule_has_anyway_is_no_recipe(wanting: Plan) -> None:
    planned = wanting(recipes="own", losses=("critic",), d_steps=4, betas=(0.0, 0.9))
    assert [cell.recipe for cell in planned.plan.cells] == [Recipe()]


def test_images_that_whole_updates_of_a_recipe_change_are_said(wanting: Plan) -> None:
    notes = wanting(recipes="own", losses=("critic",), kimg=0.05).notes
    assert any("dense / critic: 0.064 kimg are shown instead of 0.05" in note for note in notes)


def test_the_fields_of_a_recipe_are_those_of_a_schedule_but_not_work_data_and_measuring() -> None:
    of_schedule = {name: field.annotation for name, field in Schedule.model_fields.items()}
    shared = {"kimg", "batch", "ticks", "precision", "augment", "on_collapse", "recipes"}
    assert set(Recipe.model_fields) == of_schedule.keys() - shared
    recipe = Recipe(d_steps=4, betas=(0, 0.9))
    assert json.loads(recipe.model_dump_json()) == {"d_steps": 4, "betas": [0.0, 0.9]}
    assert Recipe.model_validate_json(recipe.model_dump_json()) == recipe
    assert recipe_text(Recipe()) == ""
    both = Recipe(lr_g=5e-5, lr_d=5e-5, lr_decay="linear")
    assert recipe_text(both) == "lr 5e-05, lr_decay linear"


def with_recipe(folder: Path, **recipe: Any) -> Path:
    document = json.loads((folder / CELL).read_text())
    write_json(folder / CELL, document | {"recipe": recipe})
    return folder


@pytest.mark.usefixtures("one_thread")
def test_a_cell_is_trained_by_its_own_schedule(lay: LayCell) -> None:
    folder = with_recipe(lay(), d_steps=4, optimizer="sgd", lr_decay="linear", ema_kimg=0)
    task = read_task(folder)
    assert task.schedule == task.protocol.schedule.model_copy(
        update={"d_steps": 4, "optimizer": "sgd", "lr_decay": "linear", "ema_kimg": 0}
    )
    training = task.begin()
    assert type(training.opt_g).__name__ == "SGD"
    assert training.ema is training.G
    assert run_cell(folder) == 0
    assert read_lines(folder / CURVE)[-1]["step"] == task.schedule.updates == 5
    assert read_record(folder).recipe.d_steps == 4


@pytest.mark.usefixtures("one_thread")
def test_an_optimizer_of_a_plugin_trains_a_cell_stops_and_goes_on_in_the_same_bytes(
    lay: LayCell, tmp_path: Path
) -> None:
    plugin = tmp_path / "plugin.py"
    plugin.write_text(plugin.read_text() + SIGNS)
    schedule = Schedule(kimg=0.16, batch=8, ticks=4, optimizer="signs", lr_decay="cosine")
    whole, cut = (lay(schedule=schedule, results=name) for name in ("whole", "cut"))
    assert run_cell(whole) == 0

    with pytest.raises(Stopped):
        run_cell(cut, AfterTwelve())
    assert run_cell(cut) == 0
    assert (cut / GENERATOR).read_bytes() == (whole / GENERATOR).read_bytes()
    assert (cut / CURVE).read_bytes() == (whole / CURVE).read_bytes()


SIGNS = """

from gan_bench import Optimizer


class Signs(torch.optim.Optimizer):
    def __init__(self, parameters, lr, beta):
        super().__init__(parameters, {"lr": lr, "beta": beta})

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for p in group["params"]:
                mean = self.state[p].setdefault("mean", torch.zeros_like(p))
                mean.lerp_(p.grad, 1 - group["beta"])
                p.sub_(mean.sign() * group["lr"])


@hookimpl
def gan_bench_optimizers():
    def make(parameters, lr, betas, on_cuda):
        return Signs(parameters, lr, betas[0])

    return [Optimizer(name="signs", source="a test", make=make)]
"""
