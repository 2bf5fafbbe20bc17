"""The recipe of each pair: what its architecture and its loss want of the schedule."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gan_bench.base.text import plural
from gan_bench.catalogue import Catalogue
from gan_bench.contract.offers import Architecture, Loss, Optimizer
from gan_bench.contract.schedule import Recipe, Schedule
from gan_bench.run.schedule_text import length_note, recipe_text

Pair = tuple[str, str]  # names of an architecture and a loss


def recipes_of(
    architectures: Sequence[str], losses: Sequence[str], schedule: Schedule, catalogue: Catalogue
) -> dict[Pair, Recipe]:
    """The recipe of each pair, empty where all are trained on one schedule.

    Where an architecture and a loss want the same field, the loss has its way: how a loss is
    minimised, such as with five steps of D, is part of its method.
    """
    same = schedule.recipes == "same"
    return {
        (architecture, loss): Recipe() if same else _wanted(schedule, catalogue, architecture, loss)
        for architecture in architectures
        for loss in losses
    }


def recipe_notes(
    recipes: dict[Pair, Recipe], schedule: Schedule, catalogue: Catalogue
) -> Iterator[str]:
    """What each recipe changes; or what the offers would have changed, if nothing may differ."""
    if schedule.recipes == "own":
        for (architecture, loss), recipe in recipes.items():
            if recipe.given:
                yield from _own_notes(f"{architecture} / {loss}", recipe, schedule)
        return
    architectures, losses = (dict.fromkeys(names) for names in zip(*recipes, strict=True))
    for kind, names in (("architecture", architectures), ("loss", losses)):
        for name in names:
            offer = (name, None) if kind == "architecture" else (None, name)
            if text := recipe_text(_wanted(schedule, catalogue, *offer)):
                yield (
                    f"{kind} {name} was made for {text}, but all cells have one schedule: "
                    "--recipes own gives each its own"
                )


def _own_notes(pair: str, recipe: Recipe, shared: Schedule) -> Iterator[str]:
    schedule = recipe.applied_to(shared)
    updates = ""
    if schedule.d_steps != shared.d_steps:
        updates = (
            f"; {schedule.d_steps} D per G make it {plural(schedule.updates, 'update')} of G "
            f"instead of {shared.updates:,} in the same kimg"
        )
    yield f"{pair} has its own recipe: {recipe_text(recipe)}{updates}"
    if note := length_note(schedule):
        yield f"{pair}: {note}"


def _wanted(
    schedule: Schedule, catalogue: Catalogue, architecture: str | None, loss: str | None
) -> Recipe:
    """What the offers want that the schedule does not have; the loss comes first."""
    of_architecture = catalogue.find(Architecture, architecture).wants if architecture else {}
    wants = {**of_architecture, **(catalogue.find(Loss, loss).wants if loss else {})}
    if wants.get("optimizer"):
        wants["optimizer"] = catalogue.find(Optimizer, wants["optimizer"]).name
    return Recipe.model_validate(wants).changes(schedule)
