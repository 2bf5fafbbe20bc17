"""G and D as an architecture builds them, and the checks of a pair before its first step."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, replace

import torch
from torch import Tensor, nn

from gan_bench.base import rng
from gan_bench.contract.errors import GanBenchError
from gan_bench.contract.offers import Architecture, Loss, Shape
from gan_bench.contract.step import Output, Step
from gan_bench.contract.usable import needs_labels

Penalty = Callable[[Step], Tensor]

EXTREME = 1000.0  # times the range of a pixel: no logit stays in [0, 1] unless something holds it
SCALES = (1.0, 10.0, -10.0)  # of the parameters of D and of G, for the same reason
TRIED = 8  # images


class BadPair(GanBenchError):
    """The networks of an architecture, or a loss, break the contract."""


class Impossible(BadPair):
    """The loss or the pair needs what the other, or the data, does not give: no fault of either."""


def output_of(given: Tensor | Output) -> Output:
    """What D returned, as an Output in float32."""
    if isinstance(given, Tensor):
        return Output(given.float())
    return Output(*(None if each is None else each.float() for each in _tensors(given).values()))  # type: ignore[arg-type]


def _tensors(output: Output) -> dict[str, Tensor | None]:
    return {each.name: getattr(output, each.name) for each in fields(Output)}


@dataclass(frozen=True)
class Pair:
    """G and D, and how to call them: one that is conditional gets the classes of the images."""

    G: nn.Module
    D: nn.Module
    conditional: bool = False

    def make(self, z: Tensor, labels: Tensor | None) -> Tensor:
        """Images (N, C, H, W) of z (N, z_dim)."""
        images: Tensor = self.G(z, labels) if self.conditional else self.G(z)
        return images

    def judge(self, images: Tensor, labels: Tensor | None) -> Output:
        """What D says about images (N, C, H, W), in float32."""
        return output_of(self.D(images, labels) if self.conditional else self.D(images))


def build_pair(arch: Architecture, shape: Shape, seed: int = 0, classes: int | None = None) -> Pair:
    """G and D from the init stream, tried on two images. Raises BadPair if they break the contract.

    `classes`: how many the data has; None if it has no labels. torch's own random state is left
    as it was.
    """
    if arch.conditional and classes is None:
        raise Impossible(needs_labels(arch.name))
    given = (shape, classes) if arch.conditional else (shape,)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(rng.key(seed, "init"))
        # in eval mode, so that the trial leaves no trace in BatchNorm's statistics
        G, D = arch.generator(*given).eval(), arch.discriminator(*given).eval()
        pair = Pair(G, D, arch.conditional)
        if torch.initial_seed() != rng.key(seed, "init"):
            raise BadPair(f"{arch.name} seeds torch itself, so that all seeds would begin alike")
        with torch.no_grad():
            images = _try(arch, pair, shape, "")
            # a copy, because training mode changes buffers
            trained = Pair(copy.deepcopy(G).train(), copy.deepcopy(D).train(), arch.conditional)
            _try(arch, trained, shape, " in training mode")
            if all(_within_0_and_1(pair, shape)):
                raise BadPair(
                    f"the discriminator of {arch.name} gives values in [0, 1] only, whatever it "
                    "sees; it must give logits: remove the sigmoid at its end"
                )
            if not (images < 0).any() and _is_never_negative(pair, arch.z_dim):
                raise BadPair(
                    f"the generator of {arch.name} gives no value below 0, whatever its weights "
                    "are; images are in [-1, 1]: end in tanh, not in a sigmoid or a ReLU"
                )
        if torch.initial_seed() != rng.key(seed, "init"):
            raise BadPair(f"{arch.name} seeds torch anew, so that every step would draw the same")
        _check_parameters(arch, pair)
        G.train(), D.train()
        return pair


def _check_parameters(arch: Architecture, pair: Pair) -> None:
    """BadPair if there is nothing to train."""
    for who, network in (("generator", pair.G), ("discriminator", pair.D)):
        if not [*network.parameters()]:
            raise BadPair(
                f"the {who} of {arch.name} has no parameters to train: give its layers to "
                "nn.Sequential, or keep them as attributes of the module, not in a list"
            )


def _try(arch: Architecture, pair: Pair, shape: Shape, mode: str) -> Tensor:
    """Two images of G, which D has seen. Raises BadPair for what the contract forbids."""
    labels = torch.zeros(2, dtype=torch.int64) if arch.conditional else None
    images = pair.make(torch.randn(2, arch.z_dim), labels)
    _check(f"the generator of {arch.name}", images, (2, *shape), mode)
    if images.abs().max() > 1:
        raise BadPair(
            f"the generator of {arch.name} must give values in [-1, 1]{mode}: end in tanh"
        )
    given = pair.D(images, labels) if arch.conditional else pair.D(images)
    who = f"the discriminator of {arch.name}"
    if not isinstance(given, Output):
        _check(who, given, (2, ...), mode)
        return images
    for name, tensor in _tensors(given).items():
        if tensor is not None or name == "logits":
            _check(f"{name} of {who}", tensor, (2, ...), mode)
    return images


def _check(who: str, output: object, shape: tuple[object, ...], mode: str) -> None:
    """BadPair unless it is finite float32 of this shape; `...` stands for any further sides."""
    if not isinstance(output, Tensor):
        given = f"a {type(output).__name__}"
    else:
        given = f"{tuple(output.shape)} {str(output.dtype).removeprefix('torch.')}"
        finite = bool(output.isfinite().all())
        sides = output.shape[:1] if shape[-1] is ... else output.shape
        right = tuple(sides) == tuple(side for side in shape if side is not ...)
        if right and output.dtype == torch.float32 and finite:
            return
        given += "" if finite else " with values that are not finite"
    wanted = str(shape).replace("Ellipsis", "...")
    raise BadPair(f"{who} must give {wanted} float32{mode}, it gave {given}")


def _scaled(network: nn.Module) -> Iterator[nn.Module]:
    """Copies whose parameters are scaled."""
    for scale in SCALES:
        scaled = copy.deepcopy(network)
        for parameter in scaled.parameters():
            parameter.mul_(scale)
        yield scaled


def _within_0_and_1(pair: Pair, shape: Shape) -> Iterator[bool]:
    """Whether all logits lie there, for images far out of range and D's parameters scaled."""
    images = EXTREME * torch.randn(TRIED, *shape)
    labels = torch.zeros(TRIED, dtype=torch.int64)
    for D in _scaled(pair.D):
        logits = Pair(pair.G, D, pair.conditional).judge(images, labels).logits
        yield bool(((logits >= 0) & (logits <= 1)).all())


def _is_never_negative(pair: Pair, z_dim: int) -> bool:
    """Whether G makes some pixels above 0 and none below, with its parameters scaled too.

    One whose last layer begins at 0 makes grey images only, and is right.
    """
    z, labels = torch.randn(TRIED, z_dim), torch.zeros(TRIED, dtype=torch.int64)
    brightest = 0.0
    for G in _scaled(pair.G):
        images = Pair(G, pair.D, pair.conditional).make(z, labels)
        if not bool((images >= 0).all()):  # NaN, from large weights, proves nothing
            return False
        brightest = max(brightest, float(images.max()))
    return brightest > 0


def check_loss(loss: Loss) -> None:
    """Try the loss on two logits of each kind. Raises BadPair if it breaks the contract."""
    real, fake = torch.zeros(2, requires_grad=True), torch.zeros(2, requires_grad=True)
    for part, value in (
        ("d_loss", loss.d_loss(real, fake)),
        ("g_loss", loss.g_loss(real if loss.reads_real else None, fake)),
    ):
        if not isinstance(value, Tensor) or value.shape != () or not value.requires_grad:
            given = tuple(value.shape) if isinstance(value, Tensor) else type(value).__name__
            raise BadPair(
                f"{part} of {loss.name} must give one number () that depends on the logits, "
                f"it gave {given}"
            )


def build_loss_state(loss: Loss, seed: int, device: str) -> nn.Module | None:
    """A new state of the loss, if it has any. Raises BadPair if it breaks the contract.

    torch's own random state is left as it was.
    """
    if loss.state is None:
        return None
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(drawn := rng.key(seed, "init", 1))  # G and D begin at `init`
        state = loss.state() if not isinstance(loss.state, nn.Module) else None
        if torch.initial_seed() != drawn:
            raise BadPair(f"state of {loss.name} seeds torch itself: all seeds would begin alike")
        if not isinstance(state, nn.Module) or state is loss.state():
            raise BadPair(
                f"state of {loss.name} must be a function that makes a new nn.Module at every call"
            )
    if any(parameter.requires_grad for parameter in state.parameters()):
        raise BadPair(
            f"state of {loss.name} has parameters to train, and no optimizer trains them: use "
            "buffers, or freeze the parameters with requires_grad_(False)"
        )
    return state.to(device)


def _places(state: nn.Module | None) -> list[int]:
    """Where the buffers of a loss's state lie in memory."""
    return [] if state is None else [each.data_ptr() for each in state.buffers()]


def _check_reads(loss: Loss, step: Step) -> None:
    """Impossible if the pair or the data does not give what the loss reads."""
    words = {
        "features": ("D's features", "features"),
        "classes": ("D's logits of the classes", "classes=..."),
    }
    if "labels" in loss.reads and step.labels is None:
        raise Impossible(needs_labels(loss.name))
    for name, (what, argument) in words.items():
        if name in loss.reads and getattr(step.on_fake, name) is None:
            raise Impossible(
                f"{loss.name} reads {what}, and this D gives none: take another loss, or an "
                f"architecture whose D returns Output(logits, {argument})"
            )


def checked(loss: Loss) -> Loss:
    """The same loss; its penalties raise BadPair if they change nothing or lack what they read."""

    def guard(part: str, network: str, penalty: Penalty | None) -> Penalty | None:
        if penalty is None:
            return None

        def checked_penalty(step: Step) -> Tensor:
            _check_reads(loss, step)
            before = _places(step.state)
            value = penalty(step)
            if _places(step.state) != before:
                raise BadPair(
                    f"{part} of {loss.name} gives its state new buffers; change those that it has "
                    "in place, as with copy_ or lerp_, because a CUDA graph repeats only that"
                )
            if step.state and any(each.requires_grad for each in step.state.buffers()):
                raise BadPair(
                    f"{part} of {loss.name} keeps gradients in its state: write detached values"
                )
            if not isinstance(value, Tensor) or value.shape != ():
                given = tuple(value.shape) if isinstance(value, Tensor) else type(value).__name__
                raise BadPair(f"{part} of {loss.name} must give one number (), it gave {given}")
            if not _reaches(value, getattr(step, network)):
                raise BadPair(
                    f"{part} of {loss.name} depends on no parameter of {network}, so it would "
                    "change nothing; the gradient in a penalty needs create_graph=True"
                )
            return value

        return checked_penalty

    return replace(
        loss,
        penalty=guard("penalty", "D", loss.penalty),
        g_penalty=guard("g_penalty", "G", loss.g_penalty),
    )


def _reaches(value: Tensor, network: nn.Module) -> bool:
    """Whether the value depends on some parameter of the network."""
    if not value.requires_grad:
        return False
    trained = [each for each in network.parameters() if each.requires_grad]
    slopes = torch.autograd.grad(value, trained, retain_graph=True, allow_unused=True)
    return any(slope is not None for slope in slopes)
