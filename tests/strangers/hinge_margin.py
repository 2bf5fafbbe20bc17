"""The hinge with margins of one's own, wider for real images than for fakes."""

from functools import partial

from gan_bench import Loss, hookimpl


def hinge(real, fake, wide, narrow):
    return (wide - real).relu().mean() + (narrow + fake).relu().mean()


@hookimpl
def gan_bench_losses():
    return [
        Loss(
            name=f"hinge-{wide}-{narrow}",
            source="Lim and Ye 2017, with other margins",
            d_loss=partial(hinge, wide=wide, narrow=narrow),
            g_loss=lambda _, fake: -fake.mean(),
        )
        for wide, narrow in ((1.0, 1.0), (2.0, 0.5))
    ]
