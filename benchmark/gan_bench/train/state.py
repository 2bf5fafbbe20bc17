"""The state of one training: made, copied, returned to, saved whole and resumed."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.optim import Optimizer as TorchOptimizer

from gan_bench.base.numbers import CURVE_COLUMNS
from gan_bench.base.precision import settle
from gan_bench.contract.errors import UsageError
from gan_bench.contract.offers import Architecture, Augmentation, Loss, Optimizer, Shape
from gan_bench.contract.protocol import Schedule
from gan_bench.train.augment import Augment
from gan_bench.train.batches import Placement
from gan_bench.train.cuda_graph import Recorder, recorder_for
from gan_bench.train.optimizers import Tried, bring_back, make, try_out
from gan_bench.train.pair import Pair, build_loss_state, build_pair
from gan_bench.train.rates import Rates, rates_of

Anneal = Callable[[nn.Module, nn.Module, Tensor], None]


@dataclass(frozen=True)
class Computed:
    """How a training is computed. It changes the speed and the last bits, but not the task."""

    gpu: Mapping[str, str] = field(default_factory=dict)  # what `settle` fixed
    images: Placement | None = None  # None and None: no step was taken yet
    step: Literal["eager", "cuda graph"] | None = None
    graph_refused: str | None = None  # why no CUDA graph could be recorded

    def as_text(self, device: str) -> dict[str, str]:
        """The same in words, for the record."""
        text = dict(self.gpu)
        if self.images is not None:
            words = {
                "memory-mapped": "read through a memory map",
                "on device": f"on {device}",
                "streamed": f"streamed to {device}",
            }
            text["images"] = words[self.images]
        if self.step is not None:
            one = self.step == "cuda graph"
            text["step"] = "one CUDA graph" if one else "made of single operations"
        if self.graph_refused is not None:
            text["step"] += f": no CUDA graph, {self.graph_refused}"
        return text


@dataclass
class Training:
    """One cell's training: all that changes while it trains."""

    pair: Pair
    ema: nn.Module  # the G that is measured: the moving average of G, or G itself
    opt_g: TorchOptimizer
    opt_d: TorchOptimizer
    tried: Tried  # the optimizer of both, and what it can do
    rates: Rates
    loss_state: nn.Module | None  # what the loss keeps between steps
    z_dim: int
    anneal: Anneal | None
    augment: Augment
    device: str
    recorder: Recorder | None  # records a step as a CUDA graph; None: every step is eager
    computed: Computed
    # The next row of the curve. It stays on the device, so that no step waits for it.
    totals: Tensor  # (6,) sums of the CURVE_COLUMNS since the last Point
    finite_steps: Tensor  # () steps since then after which every total was finite
    steps_in_row: int = 0
    step: int = 0

    @property
    def G(self) -> nn.Module:
        """The generator that is trained."""
        return self.pair.G

    @property
    def D(self) -> nn.Module:
        """The discriminator."""
        return self.pair.D


def begin(
    arch: Architecture,
    shape: Shape,
    schedule: Schedule,
    seed: int,
    device: str,
    augmentations: Sequence[Augmentation] = (),
    classes: int | None = None,
    *,
    optimizer: Optimizer,
    loss: Loss | None = None,
) -> Training:
    """A training before its first step.

    `classes`: how many the data has, if it has labels. `loss`: the one it will be trained with,
    which may have a state. Raises BadPair and BadOptimizer for offers that break the contract, and
    UsageError if the optimizer and the augmentations are not those that the schedule names.
    """
    if optimizer.name != schedule.optimizer:
        raise UsageError(f"the schedule names another optimizer: {schedule.optimizer}")
    if tuple(offer.name for offer in augmentations) != schedule.augment:
        raise UsageError(f"the schedule names other augmentations: {', '.join(schedule.augment)}")
    gpu = settle(device)
    pair = build_pair(arch, shape, seed, classes)
    for network in (G := pair.G, D := pair.D):
        # convolutions are faster in this memory layout; it changes the last bits only
        network.to(device).to(memory_format=torch.channels_last)
    loss_state = None if loss is None else build_loss_state(loss, seed, device)
    stateful = [G, D] if loss_state is None else [G, D, loss_state]
    tried = try_out(optimizer, schedule, device)
    opt_g = make(tried, list(G.parameters()), schedule.lr_g, schedule, device)
    opt_d = make(tried, list(D.parameters()), schedule.lr_d, schedule, device)
    return Training(
        pair=pair,
        ema=copy.deepcopy(G).requires_grad_(False) if schedule.ema_kimg else G,
        opt_g=opt_g,
        opt_d=opt_d,
        tried=tried,
        rates=rates_of([opt_g, opt_d], schedule),
        loss_state=loss_state,
        z_dim=arch.z_dim,
        anneal=arch.anneal,
        augment=Augment(tuple(augmentations)),
        device=device,
        recorder=None if tried.unrecordable else recorder_for(device, *stateful),
        computed=Computed(gpu),
        totals=torch.zeros(len(CURVE_COLUMNS), device=device),
        finite_steps=torch.zeros((), device=device),
    )


def begin_row(training: Training) -> None:
    """Begin the next row of the curve, in the same memory."""
    training.totals.zero_()
    training.finite_steps.zero_()
    training.steps_in_row = 0


def finite(training: Training) -> bool:
    """Whether every number since the last Point was finite, so that the state is worth keeping."""
    return int(training.finite_steps) == training.steps_in_row


def snapshot(training: Training) -> dict[str, dict[str, Any]]:
    """A copy of all that was learned. The step is left out: images once shown stay shown."""
    return copy.deepcopy(_learned(training))


def restore(training: Training, learned: Mapping[str, Mapping[str, Any]]) -> None:
    """Return to a snapshot. The step stays, so that new images and new z come next."""
    for name, part in _parts(training).items():
        if isinstance(part, TorchOptimizer):
            bring_back(part, learned[name], training.tried.zeros_are_fresh)
        else:
            part.load_state_dict(copy.deepcopy(learned[name]))  # extra state is kept as given
    begin_row(training)


def full_state(training: Training) -> dict[str, Any]:
    """All that `resume` needs, not copied: what was learned, the step, the row of the curve.

    No state of a random stream is in it: every stream is a pure function of seed and step.
    """
    row = {
        "totals": training.totals,
        "since": training.steps_in_row,
        "good": training.finite_steps,
    }
    return {"learned": _learned(training), "step": training.step, "row": row}


def resume(training: Training, state: Mapping[str, Any]) -> None:
    """Go on exactly where a full state was taken."""
    restore(training, state["learned"])
    training.step = state["step"]
    training.totals.copy_(state["row"]["totals"])
    training.finite_steps.copy_(state["row"]["good"])
    training.steps_in_row = state["row"]["since"]


def _learned(training: Training) -> dict[str, dict[str, Any]]:
    return {name: part.state_dict() for name, part in _parts(training).items()}


def _parts(training: Training) -> dict[str, Any]:
    """Everything that learns, under the names that checkpoints use."""
    parts = {name: getattr(training, name) for name in ("G", "D", "ema", "opt_g", "opt_d")}
    return parts if training.loss_state is None else parts | {"loss": training.loss_state}
