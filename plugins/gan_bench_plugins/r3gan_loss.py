"""R3GAN's loss: each real image is compared with a fake one, and D is flattened at both."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gan_bench import Loss, hookimpl
from gan_bench_plugins.input_gradients import squared_norm

if TYPE_CHECKING:
    from torch import Tensor

    from gan_bench import Step

GAMMA = 1.0


def d_loss(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """-log s(D(x) - D(G(z))), where the k-th real image meets the k-th fake one."""
    from torch.nn.functional import softplus

    return softplus(fake_logits - real_logits).mean()


def g_loss(real_logits: Tensor | None, fake_logits: Tensor) -> Tensor:
    """-log s(D(G(z)) - D(x))."""
    assert real_logits is not None
    return d_loss(fake_logits, real_logits)


def r1_and_r2(step: Step) -> Tensor:
    """gamma / 2 (|dD(x) / dx|^2 + |dD(y) / dy|^2), where y = G(z) and gamma = 1."""
    return GAMMA / 2 * (squared_norm(step, step.x) + squared_norm(step, step.fake))


@hookimpl
def gan_bench_losses() -> list[Loss]:
    """`r3gan`."""
    return [
        Loss(
            name="r3gan",
            source="Huang et al. 2025, arXiv 2501.05441, section 2: the relativistic pairing loss "
            "with R1 and R2. Departures: gamma is 1 throughout, where the paper chooses it for "
            "each data set and lowers it in the course of the training; the networks, optimiser "
            "and EMA are chosen apart.",
            d_loss=d_loss,
            g_loss=g_loss,
            reads_real=True,
            penalty=r1_and_r2,
        )
    ]
