"""The relativistic average loss: is a real image more realistic than the average fake one?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gan_bench import Loss, hookimpl

if TYPE_CHECKING:
    from torch import Tensor


def d_loss(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """-log s(D(x) - mean D(G(z))) - log(1 - s(D(G(z)) - mean D(x))).

    The means are over the batch, for each patch of a D that has several.
    """
    from torch.nn.functional import softplus

    real_above = real_logits - fake_logits.mean(0)
    fake_above = fake_logits - real_logits.mean(0)
    return softplus(-real_above).mean() + softplus(fake_above).mean()


def g_loss(real_logits: Tensor | None, fake_logits: Tensor) -> Tensor:
    """The same with real and fake exchanged."""
    assert real_logits is not None
    return d_loss(fake_logits, real_logits)


@hookimpl
def gan_bench_losses() -> list[Loss]:
    """`relativistic-average`."""
    return [
        Loss(
            name="relativistic-average",
            source="Jolicoeur-Martineau 2018, arXiv 1807.00734, section 4.3, RaSGAN: the "
            "relativistic average of the standard GAN. Departures: none.",
            d_loss=d_loss,
            g_loss=g_loss,
            reads_real=True,
        )
    ]
