"""A Wasserstein critic held by its drift alone, as Progressive GAN holds it (1710.10196)."""

from gan_bench import Loss, hookimpl


@hookimpl
def gan_bench_losses():
    return [
        Loss(
            name="critic",
            source="Karras et al. 2018, appendix A.1, without the gradient penalty",
            d_loss=lambda real, fake: fake.mean() - real.mean() + 1e-3 * real.square().mean(),
            g_loss=lambda _, fake: -fake.mean(),
        )
    ]
