"""DiffAugment's policies: what each does to an image, in closed form, and the gradient through it.

Where a test needs the distribution of the numbers, they are spread evenly, so that a mean is exact.
"""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
import torch
from torch import Tensor

from gan_bench import Augmentation
from gan_bench.train.augment import check_augmentation
from gan_bench_plugins import augmentations
from gan_bench_plugins.diffaugment import color, cutout, gan_bench_augmentations, translation

pytestmark = pytest.mark.usefixtures("one_thread")

POLICIES = {offer.name: offer for offer in gan_bench_augmentations()}
ALL = [*POLICIES.values(), *augmentations.gan_bench_augmentations()]
SHAPES = [(1, 28, 28), (2, 9, 7), (3, 32, 32), (3, 24, 40), (4, 16, 8)]


def pictures(count: int = 4, shape: tuple[int, ...] = (3, 16, 8)) -> Tensor:
    return torch.rand(count, *shape, generator=torch.Generator().manual_seed(0)) * 2 - 1


def numbers(count: int, draws: int) -> Tensor:
    return torch.rand(count, draws, generator=torch.Generator().manual_seed(1))


def evenly(steps: int) -> Tensor:
    """(steps * steps, 2): every pair of the middles of `steps` equal parts of [0, 1)."""
    middles = (np.arange(steps) + 0.5) / steps
    return torch.tensor(list(product(middles, middles)), dtype=torch.float32)


def test_diffaugment_and_its_three_policies_change_real_images_and_fakes() -> None:
    assert list(POLICIES) == [
        "diffaugment", "diffaugment-color", "diffaugment-translation", "diffaugment-cutout",
    ]  # fmt: skip
    assert {offer.changes for offer in POLICIES.values()} == {"real and fake"}
    assert all("arXiv 2006.10738" in offer.source for offer in POLICIES.values())


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("offer", ALL, ids=lambda offer: offer.name)
def test_every_built_in_augmentation_takes_images_of_every_shape(
    offer: Augmentation, shape: tuple[int, int, int]
) -> None:
    check_augmentation(offer, shape)


@pytest.mark.parametrize("offer", ALL, ids=lambda offer: offer.name)
def test_an_image_is_changed_by_its_own_numbers_alone(offer: Augmentation) -> None:
    images, u = pictures(), numbers(4, offer.draws)
    whole = offer.apply(images, u)
    for k in range(4):
        alone = offer.apply(images[k : k + 1], u[k : k + 1])
        assert torch.allclose(alone[0], whole[k], atol=1e-6)


@pytest.mark.parametrize("offer", POLICIES.values(), ids=lambda offer: offer.name)
def test_the_gradient_is_that_of_the_change(offer: Augmentation) -> None:
    """Each policy is affine in the image: <w, T(x + v) - T(x)> is <gradient of <w, T(x)>, v>."""
    images, direction, w = pictures(12).chunk(3)
    u, leaf = numbers(4, offer.draws), images.clone().requires_grad_()
    (gradient,) = torch.autograd.grad((w * offer.apply(leaf, u)).sum(), leaf)
    moved = offer.apply(images + direction, u) - offer.apply(images, u)
    assert (w * moved).sum().item() == pytest.approx((gradient * direction).sum().item(), rel=1e-3)
    assert gradient.any()


def test_diffaugment_is_color_then_translation_then_cutout() -> None:
    images, u = pictures(), numbers(4, 7)
    in_order = cutout(translation(color(images, u[:, :3]), u[:, 3:5]), u[:, 5:])
    assert torch.equal(POLICIES["diffaugment"].apply(images, u), in_order)


# Color


@pytest.mark.parametrize("u", [0.0, 0.25, 0.5, 1.0])
def test_brightness_adds_up_to_a_half_either_way(u: float) -> None:
    changed = color(pictures(), torch.tensor([[u, 0.5, 0.5]] * 4))
    assert torch.allclose(changed, pictures() + u - 0.5, atol=1e-6)


@pytest.mark.parametrize(("u", "factor"), [(0.0, 0.0), (0.25, 0.5), (0.5, 1.0), (1.0, 2.0)])
def test_saturation_scales_the_distance_of_the_channels_from_their_mean(
    u: float, factor: float
) -> None:
    changed, grey = color(pictures(), torch.tensor([[0.5, u, 0.5]] * 4)), pictures().mean(1, True)
    assert torch.allclose(changed - grey, factor * (pictures() - grey), atol=1e-6)


@pytest.mark.parametrize(("u", "factor"), [(0.0, 0.5), (0.5, 1.0), (1.0, 1.5)])
def test_contrast_scales_the_distance_from_the_mean_of_the_image(u: float, factor: float) -> None:
    changed = color(pictures(), torch.tensor([[0.5, 0.5, u]] * 4))
    mean = pictures().mean((1, 2, 3), keepdim=True)
    assert torch.allclose(changed - mean, factor * (pictures() - mean), atol=1e-6)


def test_a_grey_image_has_no_saturation_and_an_alpha_channel_keeps_its_values() -> None:
    u = torch.tensor([[0.5, 0.0, 0.5]] * 4)
    grey = pictures(shape=(1, 8, 8))
    assert torch.allclose(color(grey, u), grey, atol=1e-6)
    clear = pictures(shape=(4, 8, 8))
    changed = color(clear, numbers(4, 3))
    assert torch.equal(changed[:, 3], clear[:, 3])
    assert torch.equal(changed[:, :3], color(clear[:, :3], numbers(4, 3)))


# Translation


def shifted(image: np.ndarray, down: int, right: int) -> np.ndarray:
    """(C, H, W) moved, with zeros from outside."""
    _, H, W = image.shape
    padded = np.pad(image, ((0, 0), (H, H), (W, W)))
    return padded[:, H - down : 2 * H - down, W - right : 2 * W - right]


def test_every_shift_of_up_to_an_eighth_of_each_side_is_equally_frequent() -> None:
    """16 x 8 pixels: 2 up to 2 down, 1 left to 1 right."""
    image = pictures(1)
    changed = translation(image.expand(225, -1, -1, -1), evenly(15)).numpy()
    counts = [
        sum(np.array_equal(one, shifted(image[0].numpy(), down, right)) for one in changed)
        for down in range(-2, 3)
        for right in range(-1, 2)
    ]
    assert counts == [15] * 15


def test_the_share_of_zeros_from_outside_is_the_closed_form() -> None:
    """E|d| of -s, ..., s is s (s + 1) / (2 s + 1); s is 2 of 16 rows and 1 of 8 columns."""
    changed = translation(torch.ones(225, 1, 16, 8), evenly(15))
    kept = (1 - (2 * 3 / 5) / 16) * (1 - (1 * 2 / 3) / 8)
    assert float(changed.mean()) == pytest.approx(kept, rel=1e-6)


# Cutout


def test_a_whole_cut_is_half_of_each_side_and_a_cut_at_the_edge_is_smaller() -> None:
    cut = cutout(torch.ones(1, 1, 16, 8), torch.tensor([[0.5, 0.5]]))[0, 0] == 0
    assert torch.equal(cut.nonzero().min(0).values, torch.tensor([4, 2]))
    assert (cut.any(1).sum(), cut.any(0).sum(), cut.sum()) == (8, 4, 32)
    corner = cutout(torch.ones(1, 1, 16, 8), torch.zeros(1, 2))[0, 0] == 0
    assert torch.equal(corner.nonzero().max(0).values, torch.tensor([3, 1]))
    assert corner.sum() == 8


@pytest.mark.parametrize("side", [8, 9, 15, 32])
def test_every_pixel_is_cut_as_often_as_the_closed_form_says(side: int) -> None:
    """The middle of the cut is equally often at each of 0, ..., side, or side - 1 if it is odd."""
    length = int(side / 2 + 0.5)
    places = side + 1 - length % 2
    changed = cutout(torch.ones(places**2, 1, side, side), evenly(places))
    tops = [middle - length // 2 for middle in range(places)]
    row = [sum(top <= k < top + length for top in tops) / places for k in range(side)]
    assert np.allclose(1 - changed.mean((0, 1)).numpy(), np.outer(row, row), atol=1e-6)
