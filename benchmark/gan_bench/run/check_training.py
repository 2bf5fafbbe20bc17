"""Checks of what takes part in a training: architectures, losses, augmentations.

Each step is small: two to sixteen images of the smallest size that the pair makes.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np
import torch

from gan_bench.base import rng
from gan_bench.base.precision import computes_bf16
from gan_bench.base.text import number, plural
from gan_bench.catalogue import Catalogue
from gan_bench.contract.errors import sentence
from gan_bench.contract.offers import Architecture, Augmentation, Loss, Shape
from gan_bench.contract.protocol import Schedule
from gan_bench.run.check_state import check_state
from gan_bench.run.machine import Check, outcome
from gan_bench.run.reference_pair import CLASSES, REFERENCE, SCHEDULE, begun, images_of, logistic
from gan_bench.train import pair as pairs
from gan_bench.train.augment import check_augmentation
from gan_bench.train.cost import pair_macs, parameters
from gan_bench.train.fresh import Fresh
from gan_bench.train.loop import train
from gan_bench.train.pair import build_pair, checked
from gan_bench.train.samples import Latents, generate
from gan_bench.train.state import Training

SIDES = (32, 28, 64, 16, 128, 256)  # the first that suits an architecture is used
BF16 = Schedule(kimg=1e6, batch=16, precision="bf16")
NEAR = 1e-3  # levels of [-1, 1] by which an image may differ in another batch: order of summation


def _shape_for(arch: Architecture, sides: tuple[int, ...]) -> Shape | None:
    """The first of these squares that suits it, or None."""
    shapes = ((3, side, side) for side in sides)
    return next((shape for shape in shapes if arch.unsuited(shape) is None), None)


def check_architecture(arch: Architecture, catalogue: Catalogue, fresh: Fresh) -> Iterator[Check]:
    """Shapes, range, gradients, determinism, state, bf16, a graph where a GPU is, cost."""
    shape = _shape_for(arch, SIDES)
    if shape is None:
        reason = arch.unsuited((3, SIDES[0], SIDES[0]))
        yield outcome("size", False, f"none of {SIDES} px suits it: {reason}", "let one pass")
        return
    pair = build_pair(arch, shape, classes=CLASSES)
    made = f"images of {' x '.join(map(str, shape))} in [-1, 1]"
    yield Check(name="shapes", status="ok", detail=f"G gives {made}, D finite logits")
    training = _trained(arch, shape, 3)
    yield from _gradients(training)
    yield _deterministic(training)
    yield check_state(catalogue, fresh, shape, arch)
    yield _bf16(arch, logistic(), shape)
    yield _twice_differentiable(pair, shape)
    yield _graph(arch, logistic(), shape)
    yield _cost(training, arch, shape)


def check_loss_offer(loss: Loss, catalogue: Catalogue, fresh: Fresh) -> Iterator[Check]:
    """Values, patches, penalties that reach the networks, state, bf16, a graph where a GPU is.

    It is trained with an architecture of the same author, for which it may be made, or else with a
    pair that has everything a loss may read.
    """
    pairs.check_loss(loss)
    logits = 50 * torch.linspace(-1, 1, 8)
    values = [loss.d_loss(logits, -logits), loss.g_loss(logits, -logits)]
    finite = all(bool(value.isfinite()) for value in values)
    shown = ", ".join(number(float(value), 3) for value in values)
    detail = f"d_loss and g_loss of logits from -50 to 50: {shown}"
    yield outcome("logits", finite, detail, "compute it in a stable form")
    patches = torch.randn(4, 3, 3, generator=torch.Generator().manual_seed(0))
    patched = (loss.d_loss(patches, -patches), loss.g_loss(patches, -patches))
    yield outcome(
        "patches",
        all(value.shape == () for value in patched),
        "takes logits of patches, (N, 3, 3), too",
        "take the mean over all logits",
    )
    arch, shape = _trainable_with(loss, catalogue)
    detail = f"with {arch.name}, its terms reach the networks they are for"
    yield Check(name="terms", status="ok", detail=detail)
    own = (loss,) if arch is REFERENCE else (arch, loss)
    yield check_state(catalogue, fresh, shape, *own)
    yield _bf16(arch, loss, shape)
    yield _graph(arch, loss, shape)


def _trainable_with(loss: Loss, catalogue: Catalogue) -> tuple[Architecture, Shape]:
    """The first pair that the loss trains, and the shape of its images.

    Raises what the first candidate raised, if it trains none of them.
    """
    first: Exception | None = None
    for arch in (*catalogue.beside(loss, Architecture), REFERENCE):
        shape = _shape_for(arch, (16, *SIDES))
        if shape is not None:
            try:
                _trained(arch, shape, 2, checked(loss))
            except Exception as error:
                first = first or error
            else:
                return arch, shape
    assert first is not None  # any shape suits the reference
    raise first


def check_augmented(offer: Augmentation, *_: object) -> Iterator[Check]:
    """Shapes, range and determinism; a gradient, if it changes fakes."""
    for shape in ((3, 32, 32), (1, 28, 28), (3, 24, 48)):
        check_augmentation(offer, shape)
    what = "differentiable, " if offer.changes == "real and fake" else "within [-1, 1], "
    detail = f"changes {offer.changes} images; {what}the same for the same numbers"
    yield Check(name=f"augmentation {offer.name}", status="ok", detail=detail)


def _trained(
    arch: Architecture,
    shape: Shape,
    steps: int,
    loss: Loss | None = None,
    schedule: Schedule = SCHEDULE,
    device: str = "cpu",
) -> Training:
    training = begun(arch, shape, schedule, device, loss=loss)
    pixels, labels = images_of(shape)

    def stopping() -> bool:
        return training.step >= steps

    list(train(training, loss or logistic(), pixels, schedule, 0, stopping, labels))
    return training


def _gradients(training: Training) -> Iterator[Check]:
    """Whether every parameter that is to be trained got a gradient that is not all 0."""
    for name, network in (("G", training.G), ("D", training.D)):
        trained = [(key, p) for key, p in network.named_parameters() if p.requires_grad]
        idle = [key for key, p in trained if p.grad is None or not p.grad.any()]
        detail = f"{len(trained) - len(idle)} of {plural(len(trained), 'parameter')} of {name}"
        detail += " get a gradient" + (f"; none: {', '.join(idle[:5])}" if idle else "")
        todo = "use these parameters, or freeze them with requires_grad_(False)"
        yield outcome(f"gradients of {name}", not idle, detail, todo)


def _deterministic(training: Training) -> Check:
    """Whether an image depends on its z alone."""
    z = rng.normal(0, "z-eval", 8, training.z_dim)
    labels = np.arange(8) % CLASSES if training.pair.conditional else None
    given = Latents(z, labels)
    whole = generate(training, given, 8).astype(int)
    again = generate(training, given, 8).astype(int)
    apart = generate(training, given, 3).astype(int)
    same = np.array_equal(whole, again)
    gap = abs(whole - apart).max()
    if not same:
        detail = "the same z gives other images the second time"
    elif _draws(training, given):  # whatever the gap: batches may go on with the same numbers
        detail = "G draws noise of its own: the same z gives the same image in the same batch"
    else:
        detail = f"the same z gives the same image, whatever else is in the batch (± {gap} of 255)"
        same = bool(gap <= 1)
    return outcome("determinism", same, detail, "draw from torch's default generator only")


def _draws(training: Training, given: Latents) -> bool:
    """Whether making images draws random numbers."""
    generate(training, given, 8)
    after = torch.get_rng_state()
    torch.manual_seed(rng.key(0, "noise", 0))
    return not torch.equal(after, torch.get_rng_state())


def _bf16(arch: Architecture, loss: Loss, shape: Shape) -> Check:
    """Whether it trains in bf16, which a device that does not compute it itself may refuse."""
    try:
        training = _trained(arch, shape, 2, loss, BF16)
    except RuntimeError as error:
        if computes_bf16("cpu"):
            raise
        return Check(name="bf16", status="not here", detail=f"not on this CPU: {sentence(error)}")
    finite = bool(training.totals.isfinite().all())
    return outcome("bf16", finite, "two steps in bf16 stay finite", "train it with fp32")


def _twice_differentiable(pair: pairs.Pair, shape: Shape) -> Check:
    """Whether penalties on the gradient of D work with it."""
    labels = torch.zeros(2, dtype=torch.int64)
    x = torch.zeros(2, *shape).uniform_(-1, 1).requires_grad_()
    try:
        (slope,) = torch.autograd.grad(pair.judge(x, labels).logits.sum(), x, create_graph=True)
        torch.autograd.grad(slope.square().sum(), [*pair.D.parameters()], allow_unused=True)
    except RuntimeError as error:
        first = str(error).splitlines()[0]
        return Check(name="penalties", status="not here", detail=f"not with this D: {first}")
    return Check(name="penalties", status="ok", detail="D can have a penalty on its gradient")


def _graph(arch: Architecture, loss: Loss, shape: Shape) -> Check:
    if not torch.cuda.is_available():
        return Check(name="CUDA graph", status="not here", detail="no CUDA device here")
    training = _trained(arch, shape, 40, loss, device="cuda")
    refused = training.computed.graph_refused
    detail = f"trained step by step: {refused}" if refused else "the step is one CUDA graph"
    return Check(name="CUDA graph", status="ok", detail=detail)


def _cost(training: Training, arch: Architecture, shape: Shape) -> Check:
    """Parameters, multiply-accumulates, and images a second on this machine."""
    loss, (pixels, labels) = logistic(), images_of(shape)
    last, began = training.step + 3, time.perf_counter()
    list(train(training, loss, pixels, SCHEDULE, 0, lambda: training.step >= last, labels))
    rate = 3 * SCHEDULE.batch / (time.perf_counter() - began)
    macs = pair_macs(training.pair, arch.z_dim, shape, "cpu")
    g, d = (number(parameters(net) / 1e6, 3) for net in (training.G, training.D))
    counted = " + ".join("?" if each is None else number(each / 1e6, 3) for each in macs)
    detail = f"{g} + {d} M parameters, {counted} M MACs, {number(rate, 2)} images/s at batch 16"
    return Check(name="cost", status="ok", detail=detail)
