"""A loss in one file: gan-bench run --plugin examples/my_loss.py --loss pearson ..."""

from torch import Tensor

from gan_bench import Loss, hookimpl


def d_loss(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    return ((real_logits - 1) ** 2).mean() / 2 + ((fake_logits + 1) ** 2).mean() / 2


def g_loss(_: Tensor | None, fake_logits: Tensor) -> Tensor:
    return (fake_logits**2).mean() / 2


@hookimpl
def gan_bench_losses() -> list[Loss]:
    paper = "Mao et al. 2017, arXiv 1611.04076, equation 8: targets 1 and -1 for D, 0 for G."
    return [Loss(name="pearson", source=paper, d_loss=d_loss, g_loss=g_loss)]
