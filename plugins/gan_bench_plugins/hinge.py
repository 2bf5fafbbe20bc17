"""The hinge loss: D stops learning from images that it puts on the right side of a margin."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gan_bench import Loss, hookimpl

if TYPE_CHECKING:
    from torch import Tensor


def d_loss(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """max(0, 1 - D(x)) + max(0, 1 + D(G(z)))."""
    return (1 - real_logits).relu().mean() + (1 + fake_logits).relu().mean()


def g_loss(_: Tensor | None, fake_logits: Tensor) -> Tensor:
    """-D(G(z))."""
    return -fake_logits.mean()


@hookimpl
def gan_bench_losses() -> list[Loss]:
    """`hinge`."""
    return [
        Loss(
            name="hinge",
            source="Lim & Ye 2017, arXiv 1705.02894, section 3, and Miyato et al. 2018, arXiv "
            "1802.05957, equations 16 and 17. Departures: none in the loss; spectral norm, which "
            "the latter train it with, is a matter of the architecture.",
            d_loss=d_loss,
            g_loss=g_loss,
        )
    ]
