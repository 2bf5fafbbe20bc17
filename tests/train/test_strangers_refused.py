"""Plugins that must not be trained: each is refused, with a sentence that says what to do."""

from __future__ import annotations

from pathlib import Path

import pytest
from networks import pair

from gan_bench import Architecture, Loss
from gan_bench.train.fresh import Fresh
from gan_bench.train.pair import BadPair, build_pair, check_loss
from gan_bench.train.repeatable import check_repeatable
from strangers import REFUSED, SHAPE, STRANGERS, begin, go_on, pairs_of, trial

pytestmark = pytest.mark.usefixtures("one_thread")

KEPT = "ended in other weights: the networks or the loss .* keep something, such as a counter"
SAID = {
    "counter_in_closure": KEPT,
    "counter_in_attribute": KEPT,
    "own_generator": KEPT,
    "lost_tensor": KEPT,
    "list_of_fakes": KEPT,  # it settles: only a new process sees it
    "module_in_closure": KEPT,  # so does this
    "seeds_torch": "seeds seeds torch anew, so that every step would draw the same",
    "sigmoid_end": "must give logits: remove the sigmoid at its end",
    "sigmoid_images": "gives no value below 0, .* end in tanh, not in a sigmoid or a ReLU",
    "no_create_graph": "penalty of constant depends on no parameter of D, .* create_graph=True",
    "vector_penalty": r"penalty of vector must give one number \(\), it gave \(8,\)",
    "range_in_training": r"must give values in \[-1, 1\] in training mode: end in tanh",
    "double_precision": r"must give \(2, .*\) float32, it gave \(2, .*\) float64",
    "self_in_lambda": "a new G with the weights of the one that is measured makes other images",
    "one_logit": r"the discriminator of one-logit must give \(2, ...\) float32, it gave \(1,\)",
}


@pytest.fixture(autouse=True)
def all_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """A slow first step would shorten the trial, and hide what comes at every 16th."""
    monkeypatch.setattr("gan_bench.train.repeatable.SECONDS", 1e6)


def first_step(arch: Architecture, loss: Loss) -> None:
    check_loss(loss)
    go_on(begin(arch, loss), loss, until=1)


def preflight(file: Path, k: int, fresh: Fresh) -> None:
    """What a run does before it trains a cell of the k-th pair of a file."""
    first_step(*pairs_of(file)[k])
    check_repeatable(trial(file, k), fresh)


@pytest.mark.parametrize("name", SAID)
def test_a_plugin_is_refused_before_it_is_trained(name: str, fresh: Fresh) -> None:
    file = REFUSED / f"{name}.py"
    for k in range(len(pairs_of(file))):
        with pytest.raises(BadPair, match=SAID[name]):
            preflight(file, k, fresh)


A_FUNCTION = "must be a function that makes a new nn.Module at every call"
STATES = {
    "rebinds": "penalty of rebinds gives its state new buffers; change those that it has in place",
    "keeps-gradient": "penalty of keeps-gradient keeps gradients in its state: write detached",
    "shared": f"state of shared {A_FUNCTION}",
    "instance": f"state of instance {A_FUNCTION}",
    "number": f"state of number {A_FUNCTION}",
    "learns": "state of learns has parameters to train, and no optimizer trains them: use buffers",
}


def test_a_state_of_a_loss_that_would_be_lost_or_frozen_is_refused() -> None:
    said = {}
    for arch, loss in pairs_of(REFUSED / "loss_states.py"):
        with pytest.raises(BadPair) as error:
            first_step(arch, loss)
        said[loss.name] = str(error.value)
    assert said.keys() == STATES.keys()
    assert not [name for name in said if not said[name].startswith(STATES[name])]


@pytest.mark.parametrize("name", ["ac_gan", "feature_matching", "info_gan"])
def test_a_loss_says_that_d_lacks_what_it_reads(name: str) -> None:
    ((_, loss),) = pairs_of(STRANGERS / f"{name}.py")
    with pytest.raises(BadPair, match=r"reads D's .* and this D gives none: take another loss"):
        first_step(pair(), loss)


def test_a_conditional_pair_is_refused_for_images_without_labels() -> None:
    ((arch, _),) = pairs_of(REFUSED / "wants_labels.py")
    with pytest.raises(BadPair, match="wanting needs labels, and the images have none: put"):
        build_pair(arch, SHAPE)
    build_pair(arch, SHAPE, classes=2)


def test_every_refused_plugin_is_tried() -> None:
    tried = {*SAID, "loss_states", "wants_labels", "process_wide"}
    assert {path.stem for path in Path(REFUSED).glob("*.py")} == tried
