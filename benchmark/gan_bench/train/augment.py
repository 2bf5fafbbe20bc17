"""Augmentation: what D sees in place of the images, and the check of each before the first step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from gan_bench.base import rng
from gan_bench.contract.errors import GanBenchError, sentence
from gan_bench.contract.offers import Augmentation, Shape

TRIED = 4  # images in the check
LARGEST = 1 + 1e-5  # that a pixel of a real image may be: fp32 is rounded


class BadAugmentation(GanBenchError):
    """An augmentation breaks the contract."""


@dataclass(frozen=True)
class Augment:
    """The augmentations of one training, in the order in which they are applied."""

    offers: tuple[Augmentation, ...] = ()

    @property
    def draws(self) -> int:
        """Random numbers that all of them take for one image."""
        return sum(offer.draws for offer in self.offers)

    def real(self, x: Tensor, numbers: Tensor) -> Tensor:
        """Real images (N, C, H, W) as D sees them; `numbers` (N, draws) are uniform in [0, 1)."""
        return self._apply(x, numbers, lambda _: True)

    def fake(self, fake: Tensor, numbers: Tensor) -> Tensor:
        """Fakes (N, C, H, W) as D sees them: without what changes real images only."""
        return self._apply(fake, numbers, lambda offer: offer.changes == "real and fake")

    def _apply(
        self, images: Tensor, numbers: Tensor, wanted: Callable[[Augmentation], bool]
    ) -> Tensor:
        if not any(map(wanted, self.offers)):
            return images
        columns = torch.split(numbers, [offer.draws for offer in self.offers], dim=1)
        # in fp32, whatever the precision of the networks
        with torch.autocast(images.device.type, enabled=False):
            images = images.float()
            for offer, own in zip(self.offers, columns, strict=True):
                if wanted(offer):
                    images = offer.apply(images, own)
        return images.contiguous(memory_format=torch.channels_last)


def check_augmentation(offer: Augmentation, shape: Shape) -> None:
    """Try it on four images of this shape. Raises BadAugmentation if it breaks the contract."""
    try:
        fault = _fault(offer, shape)
    except Exception as error:
        raise BadAugmentation(
            f"the augmentation {offer.name} fails on {_text((TRIED, *shape))}: {sentence(error)}"
        ) from error
    if fault:
        raise BadAugmentation(f"the augmentation {offer.name} must {fault}")


def _fault(offer: Augmentation, shape: Shape) -> str | None:
    """What it must do and does not; None if it does all that it must."""
    C, H, W = shape
    numbers = torch.from_numpy(rng.uniform(0, "augment", TRIED, offer.draws))
    numbers[0], numbers[1] = 0, 1 - 2**-24  # the least and the largest that are drawn
    pixels = torch.from_numpy(rng.uniform(0, "data", TRIED, C * H * W)).view(TRIED, *shape)
    images = (2 * pixels - 1).requires_grad_(offer.changes == "real and fake")
    changed = offer.apply(images, numbers)
    if not isinstance(changed, Tensor) or changed.shape != images.shape:
        given = _text(changed.shape) if isinstance(changed, Tensor) else type(changed).__name__
        return f"give images of the shape that it gets, {_text(images.shape)}; it gave {given}"
    if changed.dtype != torch.float32 or not changed.isfinite().all():
        return "give finite float32 values"
    if not torch.equal(images, 2 * pixels - 1):
        return "leave the images that it gets as they are, and give new ones"
    if not torch.equal(changed, offer.apply(images, numbers)):
        return "draw nothing itself: its random numbers are those that it gets"
    if offer.changes == "real":
        return "keep real images in [-1, 1]" if changed.abs().max() > LARGEST else None
    return None if _has_gradient(images, changed) else "be differentiable, as it changes fakes"


def _has_gradient(images: Tensor, changed: Tensor) -> bool:
    if not changed.requires_grad:
        return False
    (gradient,) = torch.autograd.grad(changed.square().sum(), images, allow_unused=True)
    return gradient is not None and bool(gradient.isfinite().all() and gradient.any())


def _text(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape))
