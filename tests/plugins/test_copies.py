"""`copies`: near copies count, distorted new images do not; and the spectrum that it reads."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import corrupted_faces
import numpy as np
import pytest
import torch
from scipy.spatial.distance import cdist

from gan_bench import Samples, Unscorable
from gan_bench.measure.corruptions import blur, noise, only_noise
from gan_bench_plugins import copies as copies_plugin
from gan_bench_plugins import spectrum
from gan_bench_plugins.copies import copies, nearest_ten, nearness, suspects

T, H, M = 2_000, 400, 300  # training, held-out and generated images


def look(images: np.ndarray) -> np.ndarray:
    return spectrum.load("cpu")(torch.from_numpy(images.copy())).numpy()


# -- the features -------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(3, 32, 32), (1, 28, 28), (3, 64, 64), (1, 8, 8)])
def test_a_spectrum_is_that_of_the_mirror_image(shape: tuple[int, int, int]) -> None:
    images = np.random.default_rng(0).integers(0, 256, (4, *shape), dtype=np.uint8)
    assert look(images).shape == (4, 90 * shape[0])
    assert look(images[..., ::-1]) == pytest.approx(look(images), abs=1e-5)


def test_a_spectrum_does_not_change_when_the_image_is_shifted_round() -> None:
    images = np.random.default_rng(1).integers(0, 256, (4, 3, 32, 32), dtype=np.uint8)
    moved = np.roll(images, (3, -5), (2, 3))
    assert look(moved) == pytest.approx(look(images), abs=1e-4)


def test_a_spectrum_holds_the_amplitudes_of_waves() -> None:
    across = np.cos(2 * np.pi * 3 * np.arange(32) / 32)
    wave = np.tile((127 + 100 * across).round().astype(np.uint8), (1, 1, 32, 1))
    strengths = look(wave).reshape(2, 9, 5)[0]  # of -4 to 4 waves down, 0 to 4 across
    assert strengths[4, 3] == pytest.approx(32 * 100 / 255 / 2, rel=0.01)
    assert np.argsort(strengths.ravel())[-2:].tolist() == [4 * 5 + 3, 4 * 5]  # it, and the mean


# -- the nearness -------------------------------------------------------------------------------


def test_nearness_is_exact_whatever_the_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(2)
    train, points = rng.random((2, 130, 20)).astype(np.float32)
    points[7] = train[3]
    apart = np.sort(cdist(points.astype(float), train.astype(float)))
    expected = apart[:, 0] / apart[:, 9]
    assert nearness(points, train) == pytest.approx(expected, abs=1e-5)
    monkeypatch.setattr(copies_plugin, "CELLS", 1_000)
    assert nearness(points, train) == pytest.approx(expected, abs=1e-5)
    assert nearness(points, train)[7] == 0


def test_the_nearest_ten_are_in_order_and_named_by_their_rows() -> None:
    rng = np.random.default_rng(2)
    train, points = rng.random((2, 130, 20)).astype(np.float32)
    _, rows = nearest_ten(points, train)
    apart = cdist(points.astype(float), train.astype(float))
    assert np.array_equal(rows, np.argsort(apart)[:, :10])


def test_a_training_image_that_is_there_ten_times_can_still_be_copied() -> None:
    train = np.random.default_rng(3).random((50, 4)).astype(np.float32)
    train[:12] = train[0]
    assert nearness(train[:1], train).tolist() == [0]


# -- the score ----------------------------------------------------------------------------------


def moved(images: np.ndarray, down: int, right: int) -> np.ndarray:
    """The border pixels are repeated."""
    padded = np.pad(images, ((0, 0), (0, 0), (4, 4), (4, 4)), mode="edge")
    height, width = images.shape[2:]
    return padded[:, :, 4 - down : 4 - down + height, 4 - right : 4 - right + width]


def ghosts(images: np.ndarray) -> np.ndarray:
    return ((images.astype(np.int16) + images[::-1]) // 2).astype(np.uint8)


@pytest.fixture(scope="module")
def score() -> Callable[[np.ndarray], float]:
    train = look(corrupted_faces.real(T, 32))
    held_out = look(corrupted_faces.other_real(H, 32, 1))
    return lambda images: copies(
        Samples(real=train[:M], fake=look(images), train=train, held_out=held_out)
    )


@cache
def new() -> np.ndarray:
    return corrupted_faces.other_real(M, 32)


@cache
def copied() -> np.ndarray:
    return corrupted_faces.real(M, 32)


NEAR: dict[str, Callable[[], np.ndarray]] = {
    "exact": copied,
    "one level off": lambda: noise(copied(), 0.5),
    "a little noise": lambda: noise(copied(), 4),
    "right by a pixel": lambda: moved(copied(), 0, 1),
    "down by a pixel": lambda: moved(copied(), 1, 0),
    "mirrored": lambda: copied()[..., ::-1],
    "mirrored, moved and noisy": lambda: noise(moved(copied()[..., ::-1], 0, 1), 4),
}
DISTORTED: dict[str, Callable[[], np.ndarray]] = {
    "not at all": new,
    "noise 8": lambda: noise(new(), 8),
    "noise 64": lambda: noise(new(), 64),
    "blur 0.5": lambda: blur(new(), 0.5),
    "blur 1": lambda: blur(new(), 1),
    "blur 4": lambda: blur(new(), 4),
    "shift of 4": lambda: moved(new(), 0, 4),
    "two at once": lambda: ghosts(new()),
    "two training images at once": lambda: ghosts(copied()),
    "grey": lambda: noise(np.full_like(new(), 127), 1),
    "only noise": lambda: only_noise(new().shape),
}


@pytest.mark.parametrize("name", NEAR)
def test_near_copies_are_copies(name: str, score: Callable[[np.ndarray], float]) -> None:
    assert score(NEAR[name]()) > 0.9


@pytest.mark.parametrize("name", DISTORTED)
def test_distortions_of_new_images_are_no_copies(
    name: str, score: Callable[[np.ndarray], float]
) -> None:
    (offer,) = copies_plugin.gan_bench_metrics([])
    assert offer.alarm is not None
    assert score(DISTORTED[name]()) < 0.035 < offer.alarm


def test_half_copies_score_a_half(score: Callable[[np.ndarray], float]) -> None:
    half = np.concatenate([copied()[: M // 2], new()[M // 2 :]])
    assert score(half) == pytest.approx(0.5, abs=0.03)


X = np.random.default_rng(4).random((300, 6)).astype(np.float32)


@pytest.mark.parametrize("count", [100, 250])
def test_one_percent_of_equal_distributions_are_copies(count: int) -> None:
    """k / (H + 1) is expected, k = 1 and 2."""
    rng = np.random.default_rng(5)
    shares = []
    for _ in range(60):
        train, held_out, fake = np.split(
            rng.random((200 + count + 200, 4)).astype(np.float32), [200, 200 + count]
        )
        shares.append(copies(Samples(real=train, fake=fake, train=train, held_out=held_out)))
    expected = round(count / 100) / (count + 1)
    assert np.mean(shares) == pytest.approx(expected, abs=4 * np.std(shares) / np.sqrt(60))
    assert np.std(shares) / np.sqrt(60) < 0.003


@pytest.mark.parametrize(
    ("train", "held_out", "said"),
    [
        (X, None, "0 held-out images"),
        (X, X[:99] + 1, "100 held-out images .* compare 99"),
        (X[:9], X[:200] + 1, "9 training images"),
        (X, X[:200], "not held out"),  # they are training images
    ],
)
def test_what_cannot_be_told_is_refused(
    train: np.ndarray, held_out: np.ndarray | None, said: str
) -> None:
    with pytest.raises(Unscorable, match=said):
        copies(Samples(real=X, fake=X, train=train, held_out=held_out))


# -- the evidence -------------------------------------------------------------------------------


def test_copies_are_shown_beside_what_they_are_copies_of() -> None:
    rng = np.random.default_rng(4)
    train, held_out, fake = (rng.normal(size=(n, 8)).astype(np.float32) for n in (500, 200, 40))
    copied = {31: 7, 2: 400, 11: 55}  # generated -> training
    for place, (made, source) in enumerate(copied.items()):
        fake[made] = train[source] + 1e-4 * (place + 1)
    shown = suspects(Samples(real=train, fake=fake, train=train, held_out=held_out))
    assert shown.fake is not None
    assert shown.train is not None
    assert shown.fake.shape == (8, 1)
    assert shown.train.shape == (8, 3)
    assert set(shown.fake[:3, 0].tolist()) == set(copied)
    assert [copied[k] for k in shown.fake[:3, 0].tolist()] == shown.train[:3, 0].tolist()
    assert len(shown.headings) == 4
    assert shown.says.startswith("Of 40 generated images, 3 count as copies.")


def test_fewer_images_than_rows_are_shown_once() -> None:
    rng = np.random.default_rng(5)
    train, held_out, fake = (rng.normal(size=(n, 8)).astype(np.float32) for n in (500, 200, 5))
    shown = suspects(Samples(real=train, fake=fake, train=train, held_out=held_out))
    assert shown.fake is not None
    assert sorted(shown.fake[:, 0].tolist()) == [0, 1, 2, 3, 4]


def test_where_there_is_no_score_there_is_no_evidence() -> None:
    rows = np.random.default_rng(6).normal(size=(500, 8)).astype(np.float32)
    with pytest.raises(Unscorable, match="needs 100 held-out images"):
        suspects(Samples(real=rows, fake=rows, train=rows, held_out=rows[:50]))
