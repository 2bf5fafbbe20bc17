"""What the choice of the real images means for the scores."""

from __future__ import annotations

from gan_bench.base.text import plural
from gan_bench.contract.protocol import Data, Evaluation

FEW = 500  # real images: docs/metrics.md has the scores of 500 against both references


def reference_warnings(evaluation: Evaluation, data: Data) -> list[str]:
    """Warnings about the images that the samples are compared with, for a plan and for a report."""
    real = evaluation.reference_images(data)
    if evaluation.reference == "held-out":
        return [_few(real)] if real < FEW else []
    return [_rewards_copies(evaluation, data)] if 2 * real > data.train else []


def _rewards_copies(evaluation: Evaluation, data: Data) -> str:
    real = evaluation.reference_images(data)
    note = (
        f"{real:,} of the {data.train:,} training images are the reference: a generator that "
        "copies the training images would score better than a perfect one"
    )
    by_held_out = evaluation.model_copy(update={"reference": "held-out"})
    if by_held_out.reference_images(data) < FEW:  # which is warned of, too
        return note
    return f"{note}; compare with held-out images instead: --reference held-out"


def _few(real: int) -> str:
    return (
        f"the reference is {plural(real, 'held-out image')}: with fewer than {FEW}, Fréchet "
        "distances are higher and all scores less certain"
    )
