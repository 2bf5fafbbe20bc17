"""Plugins as strangers write them: every kind trains, stops and goes on in the same bytes."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from gan_bench import Architecture, Loss
from gan_bench.train.fresh import Fresh
from gan_bench.train.pair import check_loss
from gan_bench.train.repeatable import check_repeatable
from gan_bench.train.state import Training, resume
from strangers import SCHEDULE, STRANGERS, begin, go_on, measured, pairs_of, plain, saved, trial

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


@cache
def lstm_computes_bf16() -> bool:
    """Whether this CPU can: torch's own library has no such LSTM for one without AVX-512."""
    with torch.autocast("cpu", torch.bfloat16):
        try:
            nn.LSTM(2, 2)(torch.zeros(1, 1, 2))
        except RuntimeError:
            return False
    return True


def check_pair(arch: Architecture, loss: Loss) -> None:
    check_loss(loss)
    whole, mixed = begin(arch, loss), begin(arch, loss, BF16)
    cut, other = begin(arch, loss), begin(arch, loss, seed=1)
    start = trained(whole)
    curve = go_on(whole, loss)  # Diverged where a number is not finite
    assert len(curve) == SCHEDULE.updates
    begun_pairs = [whole]
    if not any(isinstance(each, nn.LSTM) for each in mixed.D.modules()) or lstm_computes_bf16():
        go_on(mixed, loss, BF16, until=4)
        begun_pairs.append(mixed)
    for training in begun_pairs:
        end = trained(training)
        assert not [name for name, value in start.items() if value.equal(end[name])]

    begun = go_on(cut, loss, until=7)
    resume(other, saved(cut))
    assert begun + go_on(other, loss) == curve
    assert plain(saved(other)) == plain(saved(whole))
    # the weights that a cell leaves are those of the images that were scored
    images = measured(arch, whole)
    assert measured(arch, other) == images
    cut.ema.load_state_dict(whole.ema.state_dict())
    assert measured(arch, cut) == images


@pytest.mark.filterwarnings("ignore:`torch.nn.utils.weight_norm` is deprecated:FutureWarning")
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_kind_of_plugin_trains_and_goes_on_in_the_same_bytes(file: Path, fresh: Fresh) -> None:
    for k, (arch, loss) in enumerate(pairs_of(file)):
        check_pair(arch, loss)
        check_repeatable(trial(file, k), fresh)


def test_the_average_of_g_follows_its_plain_values() -> None:
    ((arch, loss),) = pairs_of(STRANGERS / "plain_count.py")
    training = begin(arch, loss)
    go_on(training, loss)
    assert training.ema.passes == training.G.passes


def test_the_average_of_g_keeps_its_spectral_norm() -> None:
    for arch, loss in pairs_of(STRANGERS / "spectral.py"):
        training = begin(arch, loss)
        go_on(training, loss)
        vectors = [each for each in training.ema.buffers() if each.ndim == 1]
        assert [float(each.norm()) for each in vectors] == pytest.approx([1] * len(vectors))


def test_the_average_of_g_has_what_anneal_set() -> None:
    ((arch, loss),) = pairs_of(STRANGERS / "growing.py")
    training = begin(arch, loss)
    go_on(training, loss)
    assert float(training.ema.share) == float(training.G.share) == 1


def test_no_kind_takes_more_than_forty_lines() -> None:
    assert len(FILES) >= 40
    for file in STRANGERS.rglob("*.py"):
        assert len(file.read_text().splitlines()) <= 40, file.name
