"""G and D as an architecture builds them, and the checks of a pair before its first step."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from gan_bench.base import rng
from gan_bench.contract.errors import GanBenchError
from gan_bench.contract.offers import Architecture, Loss, Shape


class BadPair(GanBenchError):
    """The networks of an architecture, or a loss, break the contract."""


def build_pair(arch: Architecture, shape: Shape, seed: int = 0) -> tuple[nn.Module, nn.Module]:
    """G and D from the init stream, tried on two images. Raises BadPair if they break the contract.

    torch's own random state is left as it was.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(rng.key(seed, "init"))
        # in eval mode, so that the trial leaves no trace in BatchNorm's statistics
        G, D = arch.generator(shape).eval(), arch.discriminator(shape).eval()
        with torch.no_grad():
            images = G(torch.randn(2, arch.z_dim))
            _check_output(arch, "generator", images, (2, *shape))
            _check_output(arch, "discriminator", D(images), (2,))
        if images.abs().max() > 1:
            raise BadPair(f"the generator of {arch.name} must give values in [-1, 1]: end in tanh")
        if torch.initial_seed() != rng.key(seed, "init"):
            raise BadPair(f"{arch.name} seeds torch itself, so that all seeds would begin alike")
        return G.train(), D.train()


def _check_output(arch: Architecture, part: str, output: object, shape: tuple[int, ...]) -> None:
    if not isinstance(output, Tensor):
        given = f"a {type(output).__name__}"
    else:
        given = f"{tuple(output.shape)} {str(output.dtype).removeprefix('torch.')}"
        finite = bool(output.isfinite().all())
        if tuple(output.shape) == shape and output.dtype == torch.float32 and finite:
            return
        given += "" if finite else " with values that are not finite"
    raise BadPair(f"the {part} of {arch.name} must give {shape} float32, it gave {given}")


def check_loss(loss: Loss) -> None:
    """Try the loss on two logits of each kind. Raises BadPair if it breaks the contract."""
    real, fake = torch.zeros(2, requires_grad=True), torch.zeros(2, requires_grad=True)
    for part, value in (
        ("d_loss", loss.d_loss(real, fake)),
        ("g_loss", loss.g_loss(real if loss.relativistic else None, fake)),
    ):
        if not isinstance(value, Tensor) or value.shape != () or not value.requires_grad:
            given = tuple(value.shape) if isinstance(value, Tensor) else type(value).__name__
            raise BadPair(
                f"{part} of {loss.name} must give one number () that depends on the logits, "
                f"it gave {given}"
            )
