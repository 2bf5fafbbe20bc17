"""The relativistic average least squares loss as a gan-bench plugin."""

from torch import Tensor

from gan_bench import Loss, hookimpl


def apart(higher: Tensor, lower: Tensor) -> Tensor:
    """0 if each logit of `higher` is 1 above the mean of `lower`, and the other way round."""
    above, below = higher - lower.mean(), lower - higher.mean()
    return (above - 1).square().mean() + (below + 1).square().mean()


def g_loss(real_logits: Tensor | None, fake_logits: Tensor) -> Tensor:
    assert real_logits is not None  # because it reads_real
    return apart(fake_logits, real_logits)


@hookimpl
def gan_bench_losses() -> list[Loss]:
    return [
        Loss(
            name="ralsgan",
            source="Jolicoeur-Martineau 2019, arXiv 1807.00734, appendix: RaLSGAN.",
            d_loss=apart,
            g_loss=g_loss,
            reads_real=True,
        )
    ]
