"""Images of G: uint8, each of its own z, and none if they are not finite."""

from __future__ import annotations

import io
from math import nan

import numpy as np
import pytest
import torch
from networks import ADAM, SCHEDULE, SHAPE, Module, begin, pair, run, weights
from PIL import Image

from gan_bench.base import rng
from gan_bench.results.layout import grid_pixels
from gan_bench.train import state
from gan_bench.train.loop import Diverged
from gan_bench.train.samples import GRID, Latents, generate, generate_rows, grid

pytestmark = pytest.mark.usefixtures("one_thread")


def z_of(count: int) -> Latents:
    return Latents(rng.normal(0, "z-eval", count, 5))


def test_images_are_bytes_of_the_right_shape_or_none_if_they_are_not_finite() -> None:
    training = begin()
    images = generate(training, z_of(11), 4)
    assert (images.shape, images.dtype) == ((11, *SHAPE), np.uint8)
    assert images.std() > 0
    with torch.no_grad():
        next(training.G.parameters()).fill_(nan)
    with pytest.raises(Diverged, match="the images of G are not finite at step 0"):
        generate(training, z_of(3), 2)


def test_an_image_does_not_depend_on_the_batch_it_is_made_in() -> None:
    training = begin()
    run(training)
    z = z_of(23)
    whole = generate(training, z, 23).astype(int)
    for batch in (1, 2, 7, 22):
        parts = generate(training, z, batch).astype(int)
        assert np.abs(parts - whole).max() <= 1  # the order of a sum may move a rounding
        assert np.mean(parts != whole) < 0.001


@pytest.mark.parametrize("batch", [1, 4, 23, 50])
def test_chosen_rows_are_the_same_images_as_among_all_others(batch: int) -> None:
    """Also of a G that draws noise, whose images depend on those before them."""
    noisy = pair(
        generator=lambda _: Module(lambda z: (torch.randn(len(z), *SHAPE) + z.mean()).tanh())
    )
    training = state.begin(noisy, SHAPE, SCHEDULE, 0, "cpu", optimizer=ADAM)
    rows = np.array([17, 3, 3, 0])
    whole = generate(training, z_of(23), batch)
    assert np.array_equal(generate_rows(training, z_of(23), rows, batch), whole[rows])


def test_values_are_rounded_to_the_nearest_byte() -> None:
    levels = torch.tensor([-1.0, -0.999, 0.0, 0.5, 1.0])
    expected = [0, 0, 128, 191, 255]  # 127.5 (v + 1), halves to even
    arch = pair(generator=lambda _: Module(lambda z: levels.expand(len(z), 1, 1, 5)))
    training = state.begin(arch, (1, 1, 5), SCHEDULE, 0, "cpu", optimizer=ADAM)
    given = Latents(np.zeros((3, 5), np.float32))
    assert generate(training, given, 2)[0].ravel().tolist() == expected


@pytest.mark.parametrize("ema_kimg", [0.0, 0.1])
def test_generating_leaves_the_networks_in_their_mode_and_unchanged(ema_kimg: float) -> None:
    training = begin(SCHEDULE.model_copy(update={"ema_kimg": ema_kimg}))
    before = weights(training.G, training.ema)
    generate(training, z_of(5), 2)
    with pytest.raises(RuntimeError):  # nor when G fails
        generate(training, Latents(np.zeros((4, 77), np.float32)), 2)
    assert all(layer.training for layer in training.G.modules())
    assert weights(training.G, training.ema) == before
    training.ema.eval()
    generate(training, z_of(5), 2)
    assert not training.ema.training


def test_a_grid_has_eight_images_in_a_row_with_white_between_them() -> None:
    images = np.zeros((GRID, *SHAPE), np.uint8)
    with Image.open(io.BytesIO(grid(images))) as sheet:
        pixels = np.asarray(sheet)
        assert sheet.text["Software"] == "gan-bench"  # type: ignore[attr-defined]
    assert pixels.shape == (grid_pixels(8, 8), grid_pixels(8, 8), 3)
    assert {int(value) for value in np.unique(pixels)} == {0, 255}
    assert (pixels[:2] == 255).all()
    assert (pixels[2:10, 2:10] == 0).all()


@pytest.mark.parametrize(
    ("value", "seen"),
    [((70,), (70, 70, 70)), ((1, 2, 3, 255), (1, 2, 3)), ((1, 2, 3, 0), (255, 255, 255))],
    ids=["grey", "opaque", "transparent"],
)
def test_a_grid_of_rectangles_shows_grey_and_transparency_as_people_see_them(
    value: tuple[int, ...], seen: tuple[int, int, int]
) -> None:
    images = np.broadcast_to(np.uint8(value)[None, :, None, None], (10, len(value), 16, 24))
    with Image.open(io.BytesIO(grid(images.copy()))) as sheet:
        assert sheet.size == (grid_pixels(8, 24), grid_pixels(2, 16))
        assert sheet.convert("RGB").getpixel((2, 2)) == seen
