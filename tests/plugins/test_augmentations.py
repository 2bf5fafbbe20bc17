"""The classic augmentations of real images, against torchvision, numpy and closed forms."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor
from torchvision.transforms.v2 import functional as torchvision

from gan_bench_plugins.augmentations import (
    blur,
    color_jitter,
    crop_jitter,
    flip,
    gan_bench_augmentations,
)

pytestmark = pytest.mark.usefixtures("one_thread")


def pictures(count: int, *shape: int) -> Tensor:
    return torch.rand(count, *shape, generator=torch.Generator().manual_seed(0)) * 2 - 1


def test_they_change_real_images_only() -> None:
    offers = {offer.name: offer.changes for offer in gan_bench_augmentations()}
    assert offers == dict.fromkeys(("flip", "crop-jitter", "color-jitter", "blur"), "real")


def test_flip_mirrors_the_half_of_the_images_with_the_smaller_numbers() -> None:
    images = pictures(4, 3, 5, 6)
    changed = flip(images, torch.tensor([[0.0], [0.49], [0.5], [0.99]]))
    assert torch.equal(changed[:2], torchvision.horizontal_flip(images[:2]))
    assert torch.equal(changed[2:], images[2:])


def test_crop_jitter_crops_a_padded_image_at_each_place_equally_often() -> None:
    """32 x 16 pixels: padded by 2 rows and 1 column; 15 places."""
    image = pictures(1, 3, 32, 16)
    padded = np.pad(image[0].numpy(), ((0, 0), (2, 2), (1, 1)), mode="edge")
    places = [(down, right) for down in range(5) for right in range(3)]
    u = torch.tensor([((down + 0.5) / 5, (right + 0.5) / 3) for down, right in places])
    changed = crop_jitter(image.expand(15, -1, -1, -1), u)
    for one, (down, right) in zip(changed.numpy(), places, strict=True):
        top, left = 4 - down, 2 - right  # an image that moves down is cropped further up
        assert np.array_equal(one, padded[:, top : top + 32, left : left + 16])


@pytest.mark.parametrize(("draw", "factor"), [(0.0, 0.8), (0.5, 1.0), (1.0, 1.2)])
@pytest.mark.parametrize("part", ["brightness", "contrast", "saturation"])
def test_color_jitter_is_that_of_torchvision(part: str, draw: float, factor: float) -> None:
    images = pictures(4, 3, 12, 10)
    place = ("brightness", "contrast", "saturation").index(part)
    u = torch.full((4, 3), 0.5)
    u[:, place] = draw
    adjust = getattr(torchvision, f"adjust_{part}")
    expected = 2 * adjust((images + 1) / 2, factor) - 1
    assert torch.allclose(color_jitter(images, u), expected, atol=1e-3)  # 0.299 is 0.2989 there


def test_color_jitter_keeps_an_alpha_channel() -> None:
    images, u = pictures(4, 4, 8, 8), torch.rand(4, 3)
    changed = color_jitter(images, u)
    assert torch.equal(changed[:, 3], images[:, 3])
    assert torch.equal(changed[:, :3], color_jitter(images[:, :3], u))


def test_blur_is_that_of_torchvision_away_from_the_edge() -> None:
    images = pictures(2, 3, 32, 32)
    changed = blur(images, torch.tensor([[0.0, 0.7], [0.4, 0.7]]))
    expected = torchvision.gaussian_blur(images, [15, 15], [0.7, 0.7])
    inside = slice(8, -8)
    assert torch.allclose(changed[..., inside, inside], expected[..., inside, inside], atol=1e-5)


def test_blur_leaves_half_of_the_images_and_no_image_darkens_at_its_edge() -> None:
    images = pictures(2, 3, 16, 24)
    assert torch.equal(blur(images, torch.tensor([[0.5, 1.0], [0.9, 0.3]])), images)
    assert torch.equal(blur(images, torch.tensor([[0.1, 0.0], [0.2, 0.0]])), images)
    white = torch.ones(1, 1, 16, 24)
    assert torch.allclose(blur(white, torch.tensor([[0.1, 1.0]])), white)
