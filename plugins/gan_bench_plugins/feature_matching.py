"""Feature matching: G matches the mean of D's features instead of deceiving D."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gan_bench import Loss, UsageError, hookimpl
from gan_bench_plugins.losses import d_loss

if TYPE_CHECKING:
    from torch import Tensor

    from gan_bench import Output, Step


def g_loss(_: Tensor | None, fake_logits: Tensor) -> Tensor:
    """0: G does not learn from the logits."""
    return 0 * fake_logits.mean()


def match(step: Step) -> Tensor:
    """|mean f(x) - mean f(G(z))|^2, where f are D's features and the means are over the batch."""
    assert step.on_real is not None
    distance = _mean_features(step.on_real) - _mean_features(step.on_fake)
    return distance.square().sum()


def _mean_features(output: Output) -> Tensor:
    if output.features is None:
        raise UsageError(
            "feature-matching needs the features of D, and this architecture gives none: take "
            "one whose D returns Output(logits, features), such as dcgan or dense"
        )
    return output.features.mean(0)


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
            g_penalty=match,
        )
    ]
