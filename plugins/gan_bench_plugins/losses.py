"""The classical loss and its variants: s(a) = 1 / (1 + exp(-a)), log s(a) = -softplus(-a)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gan_bench import Loss, hookimpl

if TYPE_CHECKING:
    from torch import Tensor

REAL_TARGET, FAKE_TARGET = 0.9, 0.1


def _softplus(a: Tensor) -> Tensor:
    """log(1 + exp(a)); torch is imported when a loss is computed, not when it is offered."""
    from torch.nn.functional import softplus

    return softplus(a)


def d_loss(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """-log s(D(x)) - log(1 - s(D(G(z)))), equation 1 of Goodfellow et al. 2014, as a minimum."""
    return _softplus(-real_logits).mean() + _softplus(fake_logits).mean()


def d_loss_smooth(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """As d_loss, but with the target 0.9 for real images; that of fake ones stays 0 (one-sided)."""
    return _cross_entropy(real_logits, REAL_TARGET) + _softplus(fake_logits).mean()


def d_loss_smooth_both(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """As d_loss, but with the targets 0.9 for real images and 0.1 for fake ones."""
    real = _cross_entropy(real_logits, REAL_TARGET)
    return real + _cross_entropy(fake_logits, FAKE_TARGET)


def _cross_entropy(logits: Tensor, target: float) -> Tensor:
    """-t log s(a) - (1 - t) log(1 - s(a))."""
    return (target * _softplus(-logits) + (1 - target) * _softplus(logits)).mean()


def g_loss_saturating(_: Tensor | None, fake_logits: Tensor) -> Tensor:
    """log(1 - s(D(G(z)))): its gradient vanishes where D is sure that an image is fake."""
    return -_softplus(fake_logits).mean()


def g_loss_non_saturating(_: Tensor | None, fake_logits: Tensor) -> Tensor:
    """-log s(D(G(z))): the same fixed point, with a strong gradient where D is sure."""
    return _softplus(-fake_logits).mean()


@hookimpl
def gan_bench_losses() -> list[Loss]:
    """`minimax`, `non-saturating`, `label-smoothing` and `two-sided-smoothing`."""
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
        Loss(
            name="two-sided-smoothing",
            source="As many practitioners train: D's targets are 0.9 for real and 0.1 for fake "
            "images, and G's loss is the non-saturating one, with target 1. No paper proposes it; "
            "Salimans et al. 2016, arXiv 1606.03498, section 3.4, advise against smoothing the "
            "target of fake images, because D's optimum then rewards G where real images are rare.",
            d_loss=d_loss_smooth_both,
            g_loss=g_loss_non_saturating,
        ),
    ]
