"""Checks of an optimiser: it descends, resumes in the same bytes, and trains a small pair."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import nn

from gan_bench.base.text import number
from gan_bench.catalogue import Catalogue
from gan_bench.contract.offers import Optimizer
from gan_bench.contract.protocol import Schedule
from gan_bench.run.check_state import check_state
from gan_bench.run.machine import Check, outcome
from gan_bench.run.reference_pair import SCHEDULE, SHAPE, begun, images_of, logistic
from gan_bench.train.fresh import Fresh
from gan_bench.train.loop import train
from gan_bench.train.optimizers import BadOptimizer, Tried, make, try_out
from gan_bench.train.state import Training

STEPS = 100  # on the quadratic


def check_optimizer(offer: Optimizer, catalogue: Catalogue, fresh: Fresh) -> Iterator[Check]:
    """Steps, descent, a falling rate, a small training, its state, a graph where a GPU is."""
    tried = try_out(offer, SCHEDULE, "cpu")
    detail = "after a save, it takes the same next step"
    yield Check(name="state_dict", status="ok", detail=detail)
    yield _descends(tried)
    yield _follows_its_rate(tried)
    yield _falling_rate(offer)
    finite = bool(_trained(offer, 3).totals.isfinite().all())
    yield outcome("training", finite, "three steps of a small pair stay finite", "lower its steps")
    yield check_state(catalogue, fresh, SHAPE, offer)
    yield _graph(offer)


def _schedule(offer: Optimizer) -> Schedule:
    return SCHEDULE.model_copy(update={"optimizer": offer.name})


def _trained(offer: Optimizer, steps: int, device: str = "cpu") -> Training:
    training, (pixels, labels) = begun(device=device, optimizer=offer), images_of(SHAPE)
    until, schedule = (lambda: training.step >= steps), _schedule(offer)
    list(train(training, logistic(), pixels, schedule, 0, until, labels))
    return training


def _descends(tried: Tried) -> Check:
    """Whether it makes |p - 1|^2 smaller, from p = 0."""
    parameter = nn.Parameter(torch.zeros(3))
    optimizer = make(tried, [parameter], 1e-3, SCHEDULE, "cpu")
    for _ in range(STEPS):
        parameter.grad = 2 * (parameter.detach() - 1)
        optimizer.step()
    left = float((parameter.detach() - 1).square().sum())
    detail = f"{STEPS} steps at a rate of 0.001 bring |p - 1|^2 from 3 to {number(left, 3)}"
    return outcome("descent", left < 3, detail, "subtract the step from the parameters")


def _follows_its_rate(tried: Tried) -> Check:
    """Whether another learning rate gives another step."""
    steps = set()
    for rate in (1e-3, 1e-2):
        parameter = nn.Parameter(torch.zeros(3))
        optimizer = make(tried, [parameter], rate, SCHEDULE, "cpu")
        parameter.grad = torch.ones(3)
        optimizer.step()
        steps.add(parameter.detach().numpy().tobytes())
    detail = "at ten times the rate its first step is " + ("another" if len(steps) > 1 else "equal")
    return outcome("rate", len(steps) > 1, detail, "make it with the rate that it is given")


def _falling_rate(offer: Optimizer) -> Check:
    falling = SCHEDULE.model_copy(update={"lr_decay": "cosine"})
    try:
        try_out(offer, falling, "cpu")
    except BadOptimizer as reason:
        return Check(name="falling rate", status="not here", detail=str(reason))
    return Check(name="falling rate", status="ok", detail="its learning rate can fall")


def _graph(offer: Optimizer) -> Check:
    if not torch.cuda.is_available():
        return Check(name="CUDA graph", status="not here", detail="no CUDA device here")
    refused = _trained(offer, 40, "cuda").computed.graph_refused
    detail = f"trained step by step: {refused}" if refused else "the step is one CUDA graph"
    return Check(name="CUDA graph", status="ok", detail=detail)
