"""The hinge loss as a gan-bench plugin."""

from torch import Tensor
from torch.nn.functional import relu

from gan_bench import Loss, hookimpl


def d_loss(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    return relu(1 - real_logits).mean() + relu(1 + fake_logits).mean()


def g_loss(real_logits: Tensor | None, fake_logits: Tensor) -> Tensor:
    return -fake_logits.mean()


@hookimpl
def gan_bench_losses() -> list[Loss]:
    return [
        Loss(
            name="hinge",
            source="Lim & Ye 2017, arXiv 1705.02894, equations 9 and 10.",
            d_loss=d_loss,
            g_loss=g_loss,
        )
    ]
