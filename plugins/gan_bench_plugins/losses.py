"""The three classical losses, on logits: s(a) = 1 / (1 + exp(-a)), log s(a) = -softplus(-a)."""

from __future__ import annotations

from torch import Tensor
from torch.nn.functional import softplus

from gan_bench import Loss, hookimpl

REAL_TARGET = 0.9


def d_loss(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """-log s(D(x)) - log(1 - s(D(G(z)))), equation 1 of Goodfellow et al. 2014, as a minimum."""
    return softplus(-real_logits).mean() + softplus(fake_logits).mean()


def d_loss_smooth(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """As d_loss, with 0.9 for the target of real images; fake ones keep 0 (one-sided)."""
    real = REAL_TARGET * softplus(-real_logits) + (1 - REAL_TARGET) * softplus(real_logits)
    return real.mean() + softplus(fake_logits).mean()


def g_loss_saturating(_: Tensor | None, fake_logits: Tensor) -> Tensor:
    """log(1 - s(D(G(z)))): its gradient dies out where D is sure that an image is fake."""
    return -softplus(fake_logits).mean()


def g_loss_non_saturating(_: Tensor | None, fake_logits: Tensor) -> Tensor:
    """-log s(D(G(z))): the same fixed point, a strong gradient where D is sure."""
    return softplus(-fake_logits).mean()


@hookimpl
def gan_bench_losses() -> list[Loss]:
    """`minimax`, `non-saturating` and `label-smoothing`."""
    return [
        Loss(
            name="minimax",
            source="Goodfellow et al. 2014, arXiv 1406.2661, equation 1: G minimises "
            "log(1 - s(D(G(z)))), which saturates.",
            d_loss=d_loss,
            g_loss=g_loss_saturating,
        ),
        Loss(
            name="non-saturating",
            source="Goodfellow et al. 2014, arXiv 1406.2661, section 3: G maximises "
            "log s(D(G(z))).",
            d_loss=d_loss,
            g_loss=g_loss_non_saturating,
        ),
        Loss(
            name="label-smoothing",
            source="Salimans et al. 2016, arXiv 1606.03498, section 3.4: one-sided, real target "
            "0.9; G's loss is the non-saturating one.",
            d_loss=d_loss_smooth,
            g_loss=g_loss_non_saturating,
        ),
    ]
