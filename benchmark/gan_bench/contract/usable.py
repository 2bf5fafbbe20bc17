"""Whether an offer can be used: what its fields hold, and whether the offers that it names exist.

The catalogue asks this when it loads a plugin, so that its author reads one sentence then, and not
an error of another part in the middle of a run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, get_args

from pydantic import ValidationError

from gan_bench.base.numbers import LARGEST
from gan_bench.contract.engine import Engine
from gan_bench.contract.errors import UsageError
from gan_bench.contract.offers import (
    Architecture,
    Dataset,
    Fault,
    Features,
    Loss,
    Metric,
    Optimizer,
    Preset,
    Read,
)
from gan_bench.contract.schedule import Recipe, Schedule, strictly

Test = Callable[[Any], bool]
Rule = tuple[Test, str]  # whether a value is right, and what it must be


def _is_number(value: object) -> bool:
    """A finite one that the protocol can hold."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and -LARGEST <= value <= LARGEST  # type: ignore[operator]


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value < 2**63


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _are_texts(value: object) -> bool:
    """A text is no list of texts: ("one") lacks its comma."""
    return isinstance(value, tuple | list) and all(map(_is_text, value))


def _is_range(value: object) -> bool:
    is_pair = isinstance(value, tuple | list) and len(value) == 2 and all(map(_is_number, value))
    return is_pair and value[0] <= value[1]  # type: ignore[index]


def _is_recipe(value: object) -> bool:
    """What a recipe may hold, as a mapping."""
    try:
        return isinstance(value, Mapping) and bool(strictly(Recipe, dict(value)))
    except ValidationError:
        return False


def _or_none(rule: Rule) -> Rule:
    test, text = rule
    return lambda value: value is None or test(value), f"{text}, or None"


NUMBER: Rule = _is_number, "a finite number"
COUNT: Rule = _is_count, "a whole number above 0"
NAME: Rule = _is_text, "a name"
NAMES: Rule = _are_texts, "a tuple of names, as ('one',)"
RANGE: Rule = _is_range, "two finite numbers, the lower one first"
FAULTS: Rule = (
    lambda value: callable(value) or (_are_texts(value) and set(value) <= set(get_args(Fault))),
    f"a tuple of some of {', '.join(get_args(Fault))}, or a function of the net's name",
)
READS: Rule = (
    lambda value: _are_texts(value) and set(value) <= set(get_args(Read)),
    f"a tuple of some of {', '.join(get_args(Read))}",
)
YES_OR_NO: Rule = lambda value: isinstance(value, bool), "True or False"
RECIPE: Rule = (
    _is_recipe,
    f"a mapping of some of {', '.join(Recipe.model_fields)} to values that a schedule can have",
)
SCHEDULE: Rule = lambda value: isinstance(value, Schedule), "a Schedule"


def _fields(**rules: Rule) -> dict[str, Rule]:
    """Fields by name.

    A field in quotes would look like the name of a metric, of which the core knows none.
    """
    return rules


FIELDS: dict[type[Any], dict[str, Rule]] = {
    Architecture: _fields(z_dim=COUNT, wants=RECIPE),
    Loss: _fields(penalty_every=COUNT, g_penalty_every=COUNT, reads=READS, wants=RECIPE),
    Dataset: _fields(
        reads=NAMES,
        size=_or_none(COUNT),
        features=_or_none(NAME),
        judge=_or_none(NAME),
        modes=_or_none(COUNT),
    ),
    Metric: _fields(
        higher_is_better=YES_OR_NO,
        features=_or_none(NAME),
        sees=FAULTS,
        real=_or_none(RANGE),
        floor=_or_none(NUMBER),
        partner=_or_none(NAME),
        alarm=_or_none(NUMBER),
    ),
    Preset: _fields(
        devices=NAMES,
        dataset=NAME,
        architectures=NAMES,
        losses=NAMES,
        size=COUNT,
        schedule=SCHEDULE,
        features=NAMES,
        metrics=NAMES,
        samples=COUNT,
        engine=NAME,
        tick_samples=COUNT,
        gauges=NAMES,
        tick_metric=_or_none(NAME),
        judged=NAMES,
        for_score=YES_OR_NO,
    ),
}
REFERENCES: dict[type[Any], dict[str, type[Any]]] = {  # fields that name other offers
    Dataset: {"features": Features, "judge": Features},
    Metric: {"features": Features, "partner": Metric},
    Preset: {
        "dataset": Dataset,
        "architectures": Architecture,
        "losses": Loss,
        "engine": Engine,
        "features": Features,
        "metrics": Metric,
        "judged": Metric,
        "gauges": Metric,
        "tick_metric": Metric,
    },
}


def check_fields(kind: str, offer: Any) -> None:
    """UsageError for the first field of the offer that holds what no run could use."""
    for field, (is_right, allowed) in FIELDS.get(type(offer), {}).items():
        value = getattr(offer, field)
        if not is_right(value):
            shown = repr(value)[:80]
            raise UsageError(f"the {kind} {offer.name!r} has {field}={shown}: it must be {allowed}")


def needs_labels(offer: str) -> str:
    """Why an offer that reads labels cannot be trained, and what to do."""
    return (
        f"{offer} needs labels, and the images have none: put the images of each class into "
        "a folder of their own, with two classes or more, or take a data set with labels"
    )


def dangling(kind: str, offer: Any, meant: Callable[[type[Any], str], list[Any]]) -> str | None:
    """What is wrong with the names in the offer, and what to do; None if nothing is.

    `meant(kind, name)` are the offers that have the name; those of a family of metrics are several.
    """
    for field, other, name in _references(offer):
        known = meant(other, name)
        fault = f"the {kind} {offer.name!r} has {name!r} in its {field}"
        if not known:
            return f"{fault}, and nothing is called so: correct it, or install what offers it"
        if field == "gauges" and all(each.floor is None for each in known):
            return f"{fault}, and this metric has no floor: give it one, or leave it out"
    return None


def _references(offer: Any) -> Iterator[tuple[str, type[Any], str]]:
    """(field, kind, name) of each offer that this one names."""
    for field, kind in REFERENCES.get(type(offer), {}).items():
        value = getattr(offer, field)
        names = [value] if isinstance(value, str) else value or ()
        yield from ((field, kind, name) for name in names)
    if isinstance(offer, Architecture | Loss) and "optimizer" in offer.wants:
        yield "wants", Optimizer, offer.wants["optimizer"]
    if isinstance(offer, Preset):
        yield "schedule", Optimizer, offer.schedule.optimizer
