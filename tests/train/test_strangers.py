"""Plugins as strangers write them: every kind trains, stops and goes on in the same bytes."""

from __future__ import annotations

from pathlib import Path

import pytest
from torch import Tensor

from gan_bench import Architecture, Loss
from gan_bench.train.pair import check_loss
from gan_bench.train.repeatable import check_repeatable
from gan_bench.train.state import Training, resume
from strangers import SCHEDULE, STRANGERS, begin, go_on, pairs_of, plain, saved, trial

pytestmark = pytest.mark.usefixtures("one_thread")

FILES = sorted(STRANGERS.glob("*.py"))
BF16 = SCHEDULE.model_copy(update={"precision": "bf16"})


def trained(training: Training) -> dict[str, Tensor]:
    """Copies of the weights that are trained; biases may have no gradient in some losses."""
    return {
        f"{name} of {part}": weight.detach().clone()
        for part, network in (("G", training.G), ("D", training.D))
        for name, weight in network.named_parameters()
        if weight.requires_grad and weight.ndim > 1
    }


def check_pair(arch: Architecture, loss: Loss) -> None:
    check_loss(loss)
    whole, mixed, cut, other = begin(arch), begin(arch, BF16), begin(arch), begin(arch, seed=1)
    start = trained(whole)
    curve = go_on(whole, loss)  # Diverged where a number is not finite
    assert len(curve) == SCHEDULE.updates
    go_on(mixed, loss, BF16, until=4)
    for training in (whole, mixed):
        end = trained(training)
        assert not [name for name, value in start.items() if value.equal(end[name])]

    begun = go_on(cut, loss, until=7)
    resume(other, saved(cut))
    assert begun + go_on(other, loss) == curve
    assert plain(saved(other)) == plain(saved(whole))

    check_repeatable(trial(arch, loss))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_kind_of_plugin_trains_and_goes_on_in_the_same_bytes(file: Path) -> None:
    for arch, loss in pairs_of(file):
        check_pair(arch, loss)


def test_no_kind_takes_more_than_forty_lines() -> None:
    assert len(FILES) >= 40
    for file in STRANGERS.rglob("*.py"):
        assert len(file.read_text().splitlines()) <= 40, file.name
