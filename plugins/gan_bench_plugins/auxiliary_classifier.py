"""The loss of the auxiliary classifier GAN: D also names the class of each image."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gan_bench import Loss, hookimpl
from gan_bench_plugins.losses import d_loss, g_loss_non_saturating

if TYPE_CHECKING:
    from torch import Tensor

    from gan_bench import Output, Step


def d_classes(step: Step) -> Tensor:
    """-log P(y | x): D learns the classes of real images."""
    assert step.on_real is not None
    return _cross_entropy(step.on_real, step.labels)


def g_classes(step: Step) -> Tensor:
    """-log P(y | G(z, y)): G learns to make images whose class D recognises."""
    return _cross_entropy(step.on_fake, step.labels)


def _cross_entropy(output: Output, labels: Tensor | None) -> Tensor:
    from torch.nn.functional import cross_entropy

    assert output.classes is not None
    assert labels is not None
    return cross_entropy(output.classes, labels)


@hookimpl
def gan_bench_losses() -> list[Loss]:
    """`ac`."""
    return [
        Loss(
            name="ac",
            source="Odena et al. 2017, arXiv 1610.09585, section 3, equations 2 and 3: the "
            "standard GAN loss and the cross-entropy of the classes, with equal weights. "
            "Departures: D learns the classes of real images only, as later implementations do; "
            "in the paper it learns those of generated ones too, and then G and D can agree on "
            "exchanged classes. G's loss on the source of an image is the non-saturating one.",
            d_loss=d_loss,
            g_loss=g_loss_non_saturating,
            penalty=d_classes,
            g_penalty=g_classes,
            reads=("labels", "classes"),
        )
    ]
