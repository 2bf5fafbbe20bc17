"""The first step of a pair, and which of its parts gave a value that is not finite."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim import Optimizer as TorchOptimizer

from gan_bench.contract.offers import Loss
from gan_bench.contract.protocol import Schedule
from gan_bench.contract.step import Output
from gan_bench.train.loop import Diverged, train
from gan_bench.train.pair import BadPair, output_of
from gan_bench.train.state import Training, finite

NETWORK = "look for a division by 0, or for a root or a logarithm of 0"
SLOPE = "a root has an infinite slope at 0: add a small number below it"
STABLE = "compute it in a stable form, as with softplus in place of the log of a sigmoid"
RATE = "lower its learning rate"


class NotFinite(BadPair):
    """A value is not finite at the first step already, so that no training can follow."""


@dataclass(frozen=True)
class FirstStep:
    """All that the first step of a pair is taken with."""

    begin: Callable[[], Training]  # the same training at every call
    loss: Loss
    images: np.ndarray  # (n, C, H, W) uint8
    schedule: Schedule
    seed: int
    labels: np.ndarray | None  # (n,) int64

    def take(self, training: Training) -> None:
        """Take it. If a number is not finite, take it again and raise NotFinite with its part."""
        self._take(training, self.loss)
        if finite(training) and not _bad_weights(training.G) and not _bad_weights(training.D):
            return
        again = self.begin()
        _watch(again)
        self._take(again, _watched(self.loss, again))
        raise NotFinite("a loss, a score or a weight is not finite after the first step")

    def _take(self, training: Training, loss: Loss) -> None:
        try:
            steps = train(
                training, loss, self.images, self.schedule, self.seed,
                lambda: training.step > 0, self.labels,
            )  # fmt: skip
            list(steps)
        except Diverged:  # `finite` says so
            pass


def _check(what: str, tensors: Iterable[Tensor | None], todo: str) -> None:
    for tensor in tensors:
        if tensor is not None and not tensor.isfinite().all():
            kind = "NaN" if tensor.isnan().any() else "infinite"
            raise NotFinite(f"{what} is {kind} at the first step: {todo}")


def _bad_weights(network: nn.Module) -> list[str]:
    """Names of the trained parameters that are not finite."""
    named = network.named_parameters()
    return [name for name, p in named if p.requires_grad and not p.isfinite().all()]


def _watch(training: Training) -> None:
    """Check what the networks give, the gradients, and the weights after each update."""

    def check_images(_: nn.Module, __: object, images: Tensor) -> None:
        _check("a pixel of G's images", [images], NETWORK)

    def check_seen(_: nn.Module, given: tuple[Any, ...]) -> None:
        _check("a pixel of the images that D sees", [given[0]], "look at the augmentation")

    def check_output(_: nn.Module, __: object, given: Tensor | Output) -> None:
        output = output_of(given)
        for each in fields(Output):
            _check(f"one of D's {each.name}", [getattr(output, each.name)], NETWORK)

    training.G.register_forward_hook(check_images)
    training.D.register_forward_pre_hook(check_seen)
    training.D.register_forward_hook(check_output)
    for name, network, optimizer in (
        ("G", training.G, training.opt_g),
        ("D", training.D, training.opt_d),
    ):
        _watch_updates(name, network, optimizer)


def _watch_updates(name: str, network: nn.Module, optimizer: TorchOptimizer) -> None:
    def check_gradients(*_: object) -> None:
        for key, parameter in network.named_parameters():
            _check(f"the gradient of {key} in {name}", [parameter.grad], SLOPE)

    def check_weights(*_: object) -> None:
        _check_weights(name, network, "the optimizer's update", RATE)

    optimizer.register_step_pre_hook(check_gradients)
    optimizer.register_step_post_hook(check_weights)


def _check_weights(name: str, network: nn.Module, after: str, todo: str) -> None:
    for key in _bad_weights(network):
        _check(f"{key} in {name} after {after}", [network.get_parameter(key)], todo)


def _watched(loss: Loss, training: Training) -> Loss:
    """The same loss, which checks each of its terms and the gradient of each."""

    def watched(part: str, network: nn.Module) -> Callable[..., Tensor] | None:
        term: Callable[..., Tensor] | None = getattr(loss, part)
        if term is None:
            return None

        def checked_term(*given: Any) -> Tensor:
            value = term(*given)
            _check(f"{part} of {loss.name}", [value], NETWORK if "penalty" in part else STABLE)
            trained = [each for each in network.parameters() if each.requires_grad]
            slopes = torch.autograd.grad(value, trained, retain_graph=True, allow_unused=True)
            _check(f"the gradient of {part} of {loss.name}", slopes, SLOPE)
            return value

        return checked_term

    def checked_after_d(D: nn.Module) -> None:
        assert loss.after_d is not None
        loss.after_d(D)
        _check_weights("D", D, f"after_d of {loss.name}", NETWORK)

    terms = {"d_loss": training.D, "penalty": training.D}
    terms |= {"g_loss": training.G, "g_penalty": training.G}
    changed: dict[str, Any] = {part: watched(part, network) for part, network in terms.items()}
    return replace(loss, **changed, after_d=checked_after_d if loss.after_d else None)
