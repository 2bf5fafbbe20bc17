"""D must say the same of a mirrored and shifted image (1910.12027, 2002.04724)."""

import torch

from gan_bench import Loss, hookimpl


def moved(images):
    down, right = (int(torch.randint(-1, 2, ())) for _ in range(2))
    return images.flip(-1).roll((down, right), (-2, -1))


def inconsistency(step):
    on_real = step.judge(moved(step.x)).logits - step.on_real.logits
    on_fake = step.judge(moved(step.fake)).logits - step.on_fake.logits
    return 10 * (on_real.square().mean() + on_fake.square().mean())


@hookimpl
def gan_bench_losses():
    return [
        Loss(
            name="consistent",
            source="Zhao et al. 2020",
            d_loss=lambda real, fake: (1 - real).relu().mean() + (1 + fake).relu().mean(),
            g_loss=lambda _, fake: -fake.mean(),
            penalty=inconsistency,
        )
    ]
