"""A gradient penalty that forgets create_graph, and so is a constant."""

import torch

from gan_bench import Loss, hookimpl


def penalty(step):
    mixed = step.x.lerp(step.fake, torch.rand(len(step.x), 1, 1, 1)).requires_grad_()
    (slope,) = torch.autograd.grad(step.judge(mixed).logits.sum(), mixed)
    return 10 * (slope.flatten(1).norm(dim=1) - 1).square().mean()


@hookimpl
def gan_bench_losses():
    given = {"d_loss": lambda real, fake: fake.mean() - real.mean(), "penalty": penalty}
    return [Loss(name="constant", source="mine", g_loss=lambda _, fake: -fake.mean(), **given)]
