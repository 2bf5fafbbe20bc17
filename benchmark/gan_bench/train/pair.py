"""G and D as an architecture builds them, checked before the first step."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from gan_bench.base import rng
from gan_bench.contract.errors import GanBenchError
from gan_bench.contract.offers import Architecture, Loss, Shape


class BadPair(GanBenchError):
    """An architecture's networks do not keep the contract."""


def build_pair(arch: Architecture, shape: Shape, seed: int = 0) -> tuple[nn.Module, nn.Module]:
    """G and D from the init stream, tested on two images; BadPair says what is wrong."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(rng.key(seed, "init"))
        # in eval mode the test leaves no trace in BatchNorm's statistics
        G, D = arch.generator(shape).eval(), arch.discriminator(shape).eval()
        with torch.no_grad():
            images = G(torch.randn(2, arch.z_dim))
            _check(arch, "generator", images, (2, *shape))
            _check(arch, "discriminator", D(images), (2,))
        if images.abs().max() > 1:
            raise BadPair(f"the generator of {arch.name} must give values in [-1, 1]: end in tanh")
        if torch.initial_seed() != rng.key(seed, "init"):
            raise BadPair(f"{arch.name} seeds torch itself, so that all seeds would begin alike")
        return G.train(), D.train()


def _check(arch: Architecture, part: str, out: object, expected: tuple[int, ...]) -> None:
    if not isinstance(out, Tensor):
        raise BadPair(
            f"the {part} of {arch.name} must give {expected} float32, "
            f"it gave a {type(out).__name__}"
        )
    if tuple(out.shape) != expected or out.dtype != torch.float32 or not out.isfinite().all():
        finite = "" if out.isfinite().all() else " with values that are not finite"
        raise BadPair(
            f"the {part} of {arch.name} must give {expected} float32, "
            f"it gave {tuple(out.shape)} {str(out.dtype).removeprefix('torch.')}{finite}"
        )


def check_loss(loss: Loss) -> None:
    """Try the loss on logits; BadPair says what is wrong."""
    real, fake = torch.zeros(2, requires_grad=True), torch.zeros(2, requires_grad=True)
    for part, value in (
        ("d_loss", loss.d_loss(real, fake)),
        ("g_loss", loss.g_loss(real if loss.relativistic else None, fake)),
    ):
        if not isinstance(value, Tensor) or value.shape != () or not value.requires_grad:
            gave = tuple(value.shape) if isinstance(value, Tensor) else type(value).__name__
            raise BadPair(
                f"{part} of {loss.name} must give one number () that depends on the logits, "
                f"it gave {gave}"
            )
