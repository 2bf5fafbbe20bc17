"""The built-in remedies: each is one legal change of every training that it suits."""

from __future__ import annotations

import pytest

from gan_bench import Remedy, Schedule
from gan_bench import catalogue as catalogues
from gan_bench.run.branch_changes import Parent, changed_schedule, settled

CATALOGUE = catalogues.load()
REMEDIES = CATALOGUE.all(Remedy)


@pytest.mark.parametrize("remedy", REMEDIES, ids=lambda each: each.name)
@pytest.mark.parametrize("loss", ["minimax", "wasserstein"])
def test_a_remedy_is_a_change_that_a_branch_can_make(remedy: Remedy, loss: str) -> None:
    schedule = Schedule(kimg=10, lr_g=4e-4, augment=("blur",))
    assert remedy.unsuited(schedule, loss) is None
    asked = remedy.changes(schedule, loss)
    changes = settled(asked, Parent(schedule, loss, False), CATALOGUE, str)
    after = changed_schedule(schedule, changes)
    assert after != schedule or changes.get("loss", loss) != loss


@pytest.mark.parametrize("remedy", REMEDIES, ids=lambda each: each.name)
def test_a_remedy_that_is_in_use_already_is_none(remedy: Remedy) -> None:
    schedule = Schedule(kimg=10)
    changes = dict(remedy.changes(schedule, "minimax"))
    loss = changes.pop("loss", "minimax")
    after = schedule.model_copy(update={"augment": tuple(changes.get("augment", ()))})
    is_a_rate = any(name.startswith("lr") for name in changes)
    assert (remedy.unsuited(after, loss) is None) == is_a_rate


def test_slower_rates_are_a_quarter() -> None:
    schedule = Schedule(kimg=10, lr_g=4e-4, lr_d=8e-4)
    slower_d, slower = (CATALOGUE.find(Remedy, name) for name in ("slower-d", "slower-both"))
    assert slower_d.changes(schedule, "minimax") == {"lr_d": 2e-4}
    assert slower.changes(schedule, "minimax") == {"lr_g": 1e-4, "lr_d": 2e-4}
