"""What a branch may change of its parent's training, and why all else stays; --set -> values."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from gan_bench.base.escape import plain
from gan_bench.catalogue import Catalogue
from gan_bench.contract.branch import LOSS, value_text
from gan_bench.contract.errors import UsageError
from gan_bench.contract.names import nearest
from gan_bench.contract.offers import Loss, Optimizer
from gan_bench.contract.schedule import Schedule, strictly
from gan_bench.contract.usable import needs_labels
from gan_bench.run.choose_schedule import ALLOWED, augmentations_in_order

BOTH = "lr"  # --set lr=1e-4 sets both rates
RATES = "lr_g", "lr_d"
NONE = "none"  # --set augment=none


def _reasons(**fields: str) -> dict[str, str]:
    """Reasons by field. A name in quotes would look like that of a metric."""
    return fields


AT_THE_START = "it is decided before the first step: `gan-bench run` trains a new cell"
# Every field of a schedule that is not here may be changed.
FIXED = _reasons(
    kimg="a branch ends where its parent ends, so that both saw as many images; "
    "`gan-bench run --kimg` trains a new cell for longer",
    batch="the order of images and of z is counted in batches, so the tick would be another place "
    "in both; `gan-bench run --batch` trains a new cell",
    ticks="a branch is judged at the ticks of its parent, or their verdicts could not be compared",
    on_collapse="a branch is trained on under the rule of its parent",
    recipes="a branch has one schedule, its own",
)
ELSEWHERE = _reasons(
    arch="the weights of the tick fit no other networks",
    architecture="the weights of the tick fit no other networks",
    size="the networks of the tick make images of this size only",
    data="a verdict on other images is not about this training",
    seed="--seeds gives each branch another order of images and of z; " + AT_THE_START,
    seeds="it is an option: --seeds N",
    epochs="a branch ends where its parent ends",
    samples="`gan-bench measure --samples` measures in another way",
    metric="`gan-bench measure --metric` measures in another way",
    features="`gan-bench measure --features` measures in another way",
    device="it is an option: --device",
)
CHANGEABLE = (*(name for name in Schedule.model_fields if name not in FIXED), LOSS)
Changes = dict[str, Any]  # field -> its new value, as JSON has it


@dataclass(frozen=True)
class Parent:
    """How the cell is trained that a branch is forked from."""

    schedule: Schedule
    loss: str
    labelled: bool  # whether its images have labels


def typed_changes(typed: Iterable[str], parent: Parent, catalogue: Catalogue) -> Changes:
    """The changes that --set FIELD=VALUE asks for; UsageError for what cannot be changed."""
    asked: Changes = {}
    same = set[str]()  # rates that the cell has already, of --set lr
    for text in typed:
        name, equals, value = text.partition("=")
        name = name.strip().replace("-", "_")
        if not equals or not name:
            raise UsageError(f"--set {plain(text)}: write FIELD=VALUE, such as lr_d=1e-4")
        check_field(name, f"--set {plain(text)}")
        for field in RATES if name == BOTH else (name,):
            if field in asked:
                raise UsageError(f"--set gives {field} twice: leave one of them out")
            asked[field] = _parsed(field, value.strip())
        if name == BOTH:
            same = {each for each in RATES if asked[each] == getattr(parent.schedule, each)}
    if len(same) == 1:  # the other rate is changed
        asked.pop(same.pop())
    return settled(asked, parent, catalogue, lambda field: f"--set {field}")


def settled(
    asked: Mapping[str, Any],
    parent: Parent,
    catalogue: Catalogue,
    where: Callable[[str], str],
) -> Changes:
    """The changes with every name and value checked; UsageError for the first that is wrong.

    `where` says of a field who asked for it.
    """
    changes: Changes = {}
    for field, value in asked.items():
        check_field(field, where(field))
        now = parent.loss if field == LOSS else getattr(parent.schedule, field)
        then = _checked(field, value, parent, catalogue, where(field))
        if then == now:
            raise UsageError(f"{where(field)}: it is {value_text(now)} in this cell already")
        changes[field] = list(then) if isinstance(then, tuple) else then
    return changes


def changed_schedule(schedule: Schedule, changes: Changes) -> Schedule:
    """The schedule of a branch."""
    fields = {name: value for name, value in changes.items() if name != LOSS}
    same = {"recipes": Schedule.model_fields["recipes"].default}
    return strictly(Schedule, schedule.model_dump(mode="json") | same | fields)


def check_field(field: str, where: str) -> None:
    """UsageError, with the reason, for a field that a branch cannot change."""
    if field in CHANGEABLE or field == BOTH:
        return
    if reason := FIXED.get(field) or ELSEWHERE.get(field):
        raise UsageError(f"{where}: a branch cannot change {field}: {reason}")
    hint = nearest(field, [*CHANGEABLE, BOTH])
    raise UsageError(
        f"{where}: nothing is called {plain(field)!r}.{hint} "
        f"A branch can change {', '.join([BOTH, *CHANGEABLE])}."
    )


def _parsed(field: str, value: str) -> Any:
    """What was typed, as JSON would have it. A wrong type is found later, with its field."""
    default = Schedule.model_fields[field].default if field != LOSS else ""
    if isinstance(default, tuple):
        words = value.removeprefix("[").removesuffix("]")  # as a schedule file has it
        parts = [] if words == NONE else [part.strip() for part in words.split(",")]
        return [_number_or_word(part) for part in parts]
    return value if isinstance(default, str) else _number_or_word(value)


def _number_or_word(text: str) -> Any:
    try:
        number = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return number if isinstance(number, int | float) and not isinstance(number, bool) else text


def _checked(field: str, value: Any, parent: Parent, catalogue: Catalogue, where: str) -> Any:
    """The value as a schedule holds it, names as their plugins write them."""
    if field == LOSS:
        return _loss(str(value), parent, catalogue)
    document = parent.schedule.model_dump(mode="json")
    given = list(value) if isinstance(value, tuple) else value
    try:
        checked = getattr(strictly(Schedule, document | {field: given}), field)
    except ValidationError as error:
        shown = plain(value_text(value)[:80])
        raise UsageError(f"{where}={shown}: it must be {ALLOWED[field]}") from error
    if field == "augment":
        return augmentations_in_order(checked, catalogue)
    return catalogue.find(Optimizer, checked).name if field == "optimizer" else checked


def _loss(name: str, parent: Parent, catalogue: Catalogue) -> str:
    loss = catalogue.find(Loss, name)
    if "labels" in loss.reads and not parent.labelled:
        raise UsageError(needs_labels(loss.name))
    return loss.name
