"""stacked-mnist: the same stacks for everyone, labelled with modes that its judge can name."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torchvision_files import real_digits, write_idx

from gan_bench import DataError, Images, Samples, UsageError
from gan_bench_plugins import modes, stacked_mnist
from gan_bench_plugins.stacked_mnist import HELD_OUT, TRAIN, drawn

PUBLISHED = [[9226, 34980, 23763], [1275, 605, 15523], [13348, 17751, 5377]]
(OFFER,) = stacked_mnist.gan_bench_datasets()
(JUDGE,) = stacked_mnist.gan_bench_features()


def named(images: np.ndarray) -> np.ndarray:
    """(N, C, H, W) uint8 -> (N,) modes."""
    assert JUDGE.modes is not None
    return JUDGE.modes(JUDGE.load("cpu", None)(torch.from_numpy(images)).numpy())


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Images:
    return OFFER.load(write_idx(tmp_path_factory.mktemp("mnist"), real=True), 32, False)


def test_the_rows_are_those_that_were_published() -> None:
    """Whoever changes them must change the data set's version."""
    assert drawn(60_000, 3, 0).tolist() == PUBLISHED
    assert OFFER.version == "1"


def test_a_channel_is_a_digit_and_the_mode_has_their_values(images: Images) -> None:
    tiles, values = real_digits()
    rows = drawn(len(tiles), TRAIN, 0)
    assert images.train_labels is not None
    assert np.array_equal(images.train_labels, values[rows] @ [100, 10, 1])
    unresized = stacked_mnist.Stacks(tiles[:, None], rows, 28)
    assert np.array_equal(unresized[5:9], tiles[rows[5:9]])


def test_it_slices_like_an_array(images: Images) -> None:
    assert (len(images.train), len(images.held_out)) == (TRAIN, HELD_OUT)
    whole = images.train[10:20]
    assert (whole.shape, whole.dtype) == ((10, 3, 32, 32), np.uint8)
    assert np.array_equal(images.train[12:15], whole[2:5])
    assert images.train[TRAIN:].shape == (0, 3, 32, 32)


def test_all_modes_occur_and_both_splits_are_drawn_apart(images: Images) -> None:
    for labels in (images.train_labels, images.held_out_labels):
        assert labels is not None
        assert len(np.unique(labels)) == OFFER.modes == 1000
    assert not np.array_equal(images.train_labels[:100], images.held_out_labels[:100])  # type: ignore[index]


def test_the_judge_names_real_stacks_and_the_metrics_count_them(images: Images) -> None:
    labels = images.held_out_labels
    assert labels is not None
    modes_named = named(images.held_out[0:1000])
    assert (modes_named == labels[:1000]).mean() >= 0.94
    real, fake = modes_named[:500], modes_named[500:]
    samples = Samples(real=real, fake=fake, real_modes=real, fake_modes=fake, modes=OFFER.modes)
    count, kl = modes.gan_bench_metrics([])
    assert count.unsuited(OFFER) is kl.unsuited(OFFER) is None
    assert count.compute(samples) == pytest.approx(len(np.unique(labels[500:1000])), rel=0.05)
    one = Samples(
        real=real, fake=real, real_modes=real, fake_modes=real[:1].repeat(500), modes=1000
    )
    assert count.compute(one) == 1
    assert kl.compute(one) > 2 * kl.compute(samples)


def test_one_digit_that_cannot_be_read_makes_an_image_no_mode(images: Images) -> None:
    spoilt = images.held_out[0:200].copy()
    spoilt[:, 1] = np.random.default_rng(0).integers(0, 256, spoilt[:, 1].shape)
    assert (named(spoilt) == -1).mean() >= 0.98


def test_a_grey_image_shows_the_same_digit_three_times(images: Images) -> None:
    red = images.held_out[0:200][:, :1]
    assert set(named(red)) <= {-1, *range(0, 1000, 111)}
    assert np.array_equal(named(red), named(red.repeat(3, 1)))


def test_without_files_or_with_an_absurd_size_it_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"stacked-mnist needs --data-root DIR.*--download"):
        OFFER.load(None, 32, False)
    with pytest.raises(DataError, match=f"no readable MNIST in {tmp_path}"):
        OFFER.load(tmp_path, 32, False)
    with pytest.raises(UsageError, match=r"stacked-mnist is .* 8 to 256 px, not 7"):
        OFFER.load(tmp_path, 7, False)
