"""Relativistic average GAN: each image against the average of the others (1807.00734)."""

from torch.nn.functional import softplus

from gan_bench import Loss, hookimpl


def more_real(one, other):
    return softplus(other.mean() - one).mean() + softplus(other - one.mean()).mean()


@hookimpl
def gan_bench_losses():
    return [
        Loss(
            name="relative",
            source="Jolicoeur-Martineau 2018",
            d_loss=more_real,
            g_loss=lambda real, fake: more_real(fake, real),
            reads_real=True,
        )
    ]
