"""The least-squares loss: logits are regressed on 1 for real images and on 0 for fake ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gan_bench import Loss, hookimpl

if TYPE_CHECKING:
    from torch import Tensor


def d_loss(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """(D(x) - 1)^2 / 2 + D(G(z))^2 / 2."""
    return ((real_logits - 1).square().mean() + fake_logits.square().mean()) / 2


def g_loss(_: Tensor | None, fake_logits: Tensor) -> Tensor:
    """(D(G(z)) - 1)^2 / 2."""
    return (fake_logits - 1).square().mean() / 2


@hookimpl
def gan_bench_losses() -> list[Loss]:
    """`least-squares`."""
    return [
        Loss(
            name="least-squares",
            source="Mao et al. 2017, arXiv 1611.04076, equation 9: targets 0 and 1 for D, 1 for G. "
            "Departures: none.",
            d_loss=d_loss,
            g_loss=g_loss,
        )
    ]
