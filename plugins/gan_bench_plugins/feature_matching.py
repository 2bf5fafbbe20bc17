"""Feature matching: G matches the mean of D's features instead of deceiving D."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gan_bench import Loss, hookimpl
from gan_bench_plugins.losses import d_loss

if TYPE_CHECKING:
    from torch import Tensor

    from gan_bench import Step


def g_loss(_: Tensor | None, fake_logits: Tensor) -> Tensor:
    """0: G does not learn from the logits."""
    return 0 * fake_logits.mean()


def match(step: Step) -> Tensor:
    """|mean f(x) - mean f(G(z))|^2, where f are D's features and the means are over the batch."""
    assert step.on_real is not None
    real, fake = step.on_real.features, step.on_fake.features
    assert real is not None
    assert fake is not None
    return (real.mean(0) - fake.mean(0)).square().sum()


@hookimpl
def gan_bench_losses() -> list[Loss]:
    """`feature-matching`."""
    return [
        Loss(
            name="feature-matching",
            source="Salimans et al. 2016, arXiv 1606.03498, section 3.1: G's loss is the squared "
            "distance of the mean features of a batch; D's loss is that of `minimax`. Departures: "
            "the features are those that the last layer of D reads, where the paper says an "
            "intermediate layer.",
            d_loss=d_loss,
            g_loss=g_loss,
            reads_real=True,
            reads=("features",),
            g_penalty=match,
        )
    ]
