"""The three classical losses, on logits: s(a) = 1 / (1 + exp(-a)), log s(a) = -softplus(-a)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gan_bench import Loss, hookimpl

if TYPE_CHECKING:
    from torch import Tensor

REAL_TARGET = 0.9


def _softplus(a: Tensor) -> Tensor:
    """log(1 + exp(a)); torch is imported when a loss is computed, not when it is offered."""
    from torch.nn.functional import softplus

    return softplus(a)


def d_loss(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """-log s(D(x)) - log(1 - s(D(G(z)))), equation 1 of Goodfellow et al. 2014, as a minimum."""
    return _softplus(-real_logits).mean() + _softplus(fake_logits).mean()


def d_loss_smooth(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """As d_loss, but with the target 0.9 for real images; that of fake ones stays 0 (one-sided)."""
    real = REAL_TARGET * _softplus(-real_logits) + (1 - REAL_TARGET) * _softplus(real_logits)
    return real.mean() + _softplus(fake_logits).mean()


def g_loss_saturating(_: Tensor | None, fake_logits: Tensor) -> Tensor:
    """log(1 - s(D(G(z)))): its gradient vanishes where D is sure that an image is fake."""
    return -_softplus(fake_logits).mean()


def g_loss_non_saturating(_: Tensor | None, fake_logits: Tensor) -> Tensor:
    """-log s(D(G(z))): the same fixed point, with a strong gradient where D is sure."""
    return _softplus(-fake_logits).mean()


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
