"""Hinge with a lazy penalty: gan-bench run --plugin examples/my_penalty.py --loss hinge-r1 ..."""

from torch import Tensor, autograd
from torch.nn.functional import relu

from gan_bench import Loss, Step, hookimpl

GAMMA = 1.0


def d_loss(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    return relu(1 - real_logits).mean() + relu(1 + fake_logits).mean()


def g_loss(_: Tensor | None, fake_logits: Tensor) -> Tensor:
    return -fake_logits.mean()


def r1(step: Step) -> Tensor:
    """GAMMA / 2 |dD(x) / dx|²: D is flat where the real images are."""
    x = step.x.detach().requires_grad_()
    (slope,) = autograd.grad(step.judge(x).logits.sum(), x, create_graph=True)
    return GAMMA / 2 * slope.square().sum((1, 2, 3)).mean()


@hookimpl
def gan_bench_losses() -> list[Loss]:
    papers = "Lim & Ye 2017, arXiv 1705.02894; Mescheder et al. 2018, arXiv 1801.04406, at every "
    return [
        Loss(
            name="hinge-r1",
            source=papers + "16th step, as in StyleGAN2.",
            d_loss=d_loss,
            g_loss=g_loss,
            penalty=r1,
            penalty_every=16,
        )
    ]
