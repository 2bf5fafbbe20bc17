"""An optimiser offer: tried on one parameter, made for a network, brought back to what was kept."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer as TorchOptimizer

from gan_bench.contract.errors import GanBenchError, sentence
from gan_bench.contract.offers import Optimizer
from gan_bench.contract.protocol import Schedule


class BadOptimizer(GanBenchError):
    """An optimiser breaks the contract."""


@dataclass(frozen=True)
class Tried:
    """An offer, and how its optimisers behaved on one parameter."""

    offer: Optimizer
    zeros_are_fresh: bool  # a state of zeros leads to the same steps as no state
    takes_tensors: bool  # its rate may be a tensor on the device
    unrecordable: str | None  # why no CUDA graph may repeat its steps


def try_out(offer: Optimizer, schedule: Schedule, device: str) -> Tried:
    """Take a few steps on one parameter. Raises BadOptimizer if the contract is broken."""
    on_cuda = device.startswith("cuda")
    needs_tensor = on_cuda and schedule.lr_decay != "constant"
    takes_tensors = needs_tensor and _takes_tensors(offer, schedule, device)
    tried = Tried(offer, False, takes_tensors, None)
    gradients = torch.tensor([[0.5, -1.0, 2.0], [1.5, 0.25, -0.5]], device=device)

    def steps(optimizer: TorchOptimizer, parameter: nn.Parameter, *which: int) -> bytes:
        for k in which:
            parameter.grad = gradients[k].clone()
            _step(offer, optimizer)
        return parameter.detach().cpu().numpy().tobytes()

    def begin() -> tuple[TorchOptimizer, nn.Parameter]:
        parameter = nn.Parameter(torch.zeros(3, device=device))
        return make(tried, [parameter], schedule.lr_g, schedule, device), parameter

    first, parameter = begin()
    steps(first, parameter, 0)
    resumed, other = begin()
    resumed.load_state_dict(copy.deepcopy(first.state_dict()))
    other.data.copy_(parameter.data)
    before = dict(_frozen_by_a_graph(first, device))
    second = steps(first, parameter, 1)
    if steps(resumed, other, 1) != second:
        raise BadOptimizer(
            f"{offer.name} does not keep all that it needs in its state_dict(): a training that "
            "was interrupted would end in other bytes"
        )
    changed = dict(_frozen_by_a_graph(first, device)) != before
    unrecordable = f"{offer.name} keeps numbers outside the GPU" if on_cuda and changed else None
    if needs_tensor and not takes_tensors:
        unrecordable = f"{offer.name} takes no learning rate that changes on the GPU"
    for tensor in _tensors(first.state_dict()["state"]):
        tensor.zero_()
    parameter.data.zero_()
    zeros_are_fresh = not changed and steps(first, parameter, 0, 1) == second
    return Tried(offer, zeros_are_fresh, takes_tensors, unrecordable)


def make(
    tried: Tried, parameters: list[nn.Parameter], lr: float, schedule: Schedule, device: str
) -> TorchOptimizer:
    """The optimiser of these parameters. Raises BadOptimizer if it is none, or lacks some."""
    rate = torch.tensor(lr, device=device) if tried.takes_tensors else lr
    offer = tried.offer
    try:
        optimizer = offer.make(parameters, rate, schedule.betas, device.startswith("cuda"))
    except Exception as error:  # a plugin may do anything
        raise BadOptimizer(f"{offer.name} cannot be made: {sentence(error)}") from error
    if not isinstance(optimizer, TorchOptimizer):
        given = type(optimizer).__name__
        raise BadOptimizer(f"{offer.name} must make a torch optimiser, it made a {given}")
    held = {id(each) for group in optimizer.param_groups for each in group["params"]}
    if held != {id(each) for each in parameters}:
        raise BadOptimizer(f"{offer.name} must train all parameters that it is given, and no other")
    if schedule.lr_decay != "constant" and not all("lr" in g for g in optimizer.param_groups):
        raise BadOptimizer(
            f"{offer.name} has no learning rate that could be lowered: take --lr-decay constant"
        )
    return optimizer


def _step(offer: Optimizer, optimizer: TorchOptimizer) -> None:
    try:
        optimizer.step()
    except Exception as error:
        raise BadOptimizer(f"{offer.name} cannot take a step: {sentence(error)}") from error


def bring_back(optimizer: TorchOptimizer, kept: Mapping[str, Any], zeros_are_fresh: bool) -> None:
    """Return to a kept state dict, in the memory of the tensors that there are now.

    A recorded step reads them there. A parameter whose state was not kept had none then: its
    tensors become zeros, or where that is not a fresh state, it begins without any.
    """
    now = optimizer.state_dict()
    back = _into(now, kept)
    for key in now["state"].keys() - kept["state"].keys() if zeros_are_fresh else ():
        for tensor in _tensors(now["state"][key]):
            tensor.zero_()
        back["state"][key] = now["state"][key]
    optimizer.load_state_dict(back)
    # torch copies the groups, and with them a rate that a recorded step reads
    for group, brought in zip(optimizer.param_groups, back["param_groups"], strict=True):
        group.update({name: v for name, v in brought.items() if isinstance(v, Tensor)})


def _into(now: Any, kept: Any) -> Any:
    """The kept value, in the memory of the present one where both are tensors of one kind."""
    if isinstance(kept, Tensor):
        alike = isinstance(now, Tensor) and (now.shape, now.dtype) == (kept.shape, kept.dtype)
        return now.copy_(kept) if alike else kept.clone()
    if isinstance(kept, dict):
        present = now if isinstance(now, dict) else {}
        return {key: _into(present.get(key), value) for key, value in kept.items()}
    if isinstance(kept, list):
        items = now if isinstance(now, list) and len(now) == len(kept) else [None] * len(kept)
        return [_into(*pair) for pair in zip(items, kept, strict=True)]
    return copy.deepcopy(kept)


def _tensors(value: Any) -> Iterator[Tensor]:
    """All tensors in nested dictionaries and lists."""
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, dict | list | tuple):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _tensors(item)


def _frozen_by_a_graph(optimizer: TorchOptimizer, device: str) -> Iterator[tuple[str, str]]:
    """All values between steps that are not tensors on the device, by where they are, as text."""

    def walk(value: Any, path: str) -> Iterator[tuple[str, str]]:
        if isinstance(value, dict):
            for key, item in value.items():
                yield from walk(item, f"{path}.{key}")
        elif isinstance(value, list | tuple):
            for k, item in enumerate(value):
                yield from walk(item, f"{path}.{k}")
        elif not isinstance(value, Tensor) or value.device.type != torch.device(device).type:
            yield path, repr(value)

    yield from walk(optimizer.state_dict(), "")


def _takes_tensors(offer: Optimizer, schedule: Schedule, device: str) -> bool:
    """Whether its rate can be a tensor on the device, and stays one."""
    parameter = nn.Parameter(torch.zeros(3, device=device))
    parameter.grad = torch.ones(3, device=device)
    try:
        optimizer = make(Tried(offer, False, True, None), [parameter], 1e-3, schedule, device)
        _step(offer, optimizer)
    except BadOptimizer:
        return False
    return all(isinstance(group["lr"], Tensor) for group in optimizer.param_groups)
