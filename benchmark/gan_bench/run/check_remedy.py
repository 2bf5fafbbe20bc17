"""Checks of a remedy: what it changes is what a branch can change."""

from __future__ import annotations

from collections.abc import Iterator

from gan_bench.catalogue import Catalogue
from gan_bench.contract.branch import value_text
from gan_bench.contract.errors import UsageError
from gan_bench.contract.offers import Loss
from gan_bench.contract.remedy import Remedy
from gan_bench.run.autopsy import changes_of
from gan_bench.run.branch_changes import Parent
from gan_bench.run.machine import Check, outcome
from gan_bench.run.reference_pair import SCHEDULE


def check_remedy(remedy: Remedy, catalogue: Catalogue, *_: object) -> Iterator[Check]:
    """Its changes of a small training; whether they save one, `gan-bench autopsy` shows."""
    parent = Parent(SCHEDULE, catalogue.all(Loss)[0].name, labelled=True)
    if (reason := remedy.unsuited(parent.schedule, parent.loss)) is not None:
        detail = f"it does not suit the training of this check: {reason}"
        yield Check(name="changes", status="not here", detail=detail)
        return
    try:
        changes = changes_of(remedy, parent, catalogue)
    except UsageError as error:
        todo = "return fields that gan-bench branch --set can change"
        yield outcome("changes", False, str(error), todo)
        return
    said = ", ".join(f"{field} to {value_text(value)}" for field, value in changes.items())
    yield Check(name="changes", status="ok", detail=f"of a small training it changes {said}")
