"""WGAN-GP: the slope is pulled to 1 between real and fake images (1704.00028)."""

import torch

from gan_bench import Loss, hookimpl


def between(step):
    share = torch.rand(len(step.x), 1, 1, 1, device=step.x.device)
    mixed = step.x.lerp(step.fake, share).requires_grad_()
    (slope,) = torch.autograd.grad(step.judge(mixed).logits.sum(), mixed, create_graph=True)
    return 10 * (slope.flatten(1).norm(dim=1) - 1).square().mean()


@hookimpl
def gan_bench_losses():
    return [
        Loss(
            name="gradient-penalty",
            source="Gulrajani et al. 2017",
            d_loss=lambda real, fake: fake.mean() - real.mean(),
            g_loss=lambda _, fake: -fake.mean(),
            penalty=between,
        )
    ]
