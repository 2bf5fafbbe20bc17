"""Haar wavelet packets, and the Fréchet distance over them."""

from __future__ import annotations

import re

import corrupted_faces
import numpy as np
import pytest
import torch

from gan_bench import Samples, Unscorable
from gan_bench.measure.corruptions import blur
from gan_bench_plugins import haar_packets, wavelet
from gan_bench_plugins.frechet import frechet_distance
from gan_bench_plugins.haar_packets import PACKETS
from gan_bench_plugins.wavelet import FINE, fwd, fwd_fine, packet_distances


def look(images: np.ndarray) -> np.ndarray:
    return haar_packets.load("cpu", None)(torch.from_numpy(images.copy())).numpy()


def draw(n: int, size: int = 32, channels: int = 3) -> np.ndarray:
    """Smooth random pictures: neighbours are alike, as in photographs."""
    noise = np.random.default_rng(n).integers(0, 256, (n, channels, size, size), dtype=np.uint8)
    return blur(noise, 2)


def distances(real: np.ndarray, fake: np.ndarray) -> np.ndarray:
    return packet_distances(Samples(real=look(real), fake=look(fake)))


@pytest.mark.parametrize(
    ("shape", "F"),
    [((3, 32, 32), 12), ((1, 28, 28), 4), ((3, 64, 64), 12), ((1, 8, 8), 1), ((3, 128, 128), 12)],
)
def test_there_are_256_packets_of_every_shape(shape: tuple[int, int, int], F: int) -> None:
    assert look(np.zeros((2, *shape), np.uint8)).shape == (2, PACKETS * F)


def test_the_transform_keeps_lengths_and_products() -> None:
    x = torch.randn(6, 3, 32, 32, dtype=torch.float64)
    packets = haar_packets.packets(x).flatten(1)
    assert torch.allclose(packets @ packets.T, x.flatten(1) @ x.flatten(1).T)


@pytest.mark.parametrize(
    ("name", "row", "column", "packet"),
    [
        ("one colour", [1, 1], [1, 1], 0),
        ("rows", [1, -1], [1, 1], 1 * 64),
        ("columns", [1, 1], [1, -1], 2 * 64),
        ("checkerboard", [1, -1], [1, -1], 3 * 64),
        ("rows of two pixels", [1, 1, -1, -1], [1, 1], 1 * 16),
    ],
)
def test_every_pattern_has_its_packet(
    name: str, row: list[int], column: list[int], packet: int
) -> None:
    down, across = (torch.tensor(each).repeat(32 // len(each)) for each in (row, column))
    pattern = (down[:, None] * across)[None, None].float()
    strength = haar_packets.packets(pattern).square().sum((0, 2, 3, 4))
    assert strength.nonzero().flatten().tolist() == [packet]


def test_large_images_are_seen_at_the_finest_frequencies_too() -> None:
    checkerboard = torch.ones(1, 1, 128, 128)
    checkerboard[..., 0::2, 1::2] = checkerboard[..., 1::2, 0::2] = -1
    strength = haar_packets.packets(checkerboard).square().sum((0, 2, 3, 4))
    assert strength.nonzero().flatten().tolist() == [3 * 64]


def test_equal_sets_are_at_distance_0_and_a_packet_has_its_frechet_distance() -> None:
    real, fake = draw(80), draw(90)
    assert distances(real, real) == pytest.approx(np.zeros(PACKETS), abs=1e-9)
    found = distances(real, fake)
    for packet in (0, 77):
        columns = slice(12 * packet, 12 * (packet + 1))
        expected = frechet_distance(look(real)[:, columns], look(fake)[:, columns])
        assert found[packet] == pytest.approx(expected, rel=1e-6)


def test_brightness_changes_the_lowest_packet_only() -> None:
    real = draw(60) // 2
    found = distances(real, real + np.uint8(51))  # 0.2, of which a block of 16 x 16 has 16 times
    assert found[0] == pytest.approx(3 * 4 * (0.2 * 16) ** 2, rel=1e-3)
    assert found[1:] == pytest.approx(np.zeros(PACKETS - 1), abs=1e-6)


def test_blur_shows_in_the_finest_packets() -> None:
    """Of their variance a large part is lost, and of that of coarse packets nearly nothing."""
    real = corrupted_faces.real(100, 32)
    found = distances(real, blur(real, 0.5))
    variance = look(real).reshape(100, PACKETS, 12).var(0).sum(1)
    assert found[FINE:].sum() > 0.1 * variance[FINE:].sum()
    assert found[:FINE].sum() < 0.01 * variance[:FINE].sum()


def test_the_scores_are_means_of_the_packets() -> None:
    samples = Samples(real=look(draw(30)), fake=look(draw(31)))
    found = packet_distances(samples)
    assert fwd(samples) == pytest.approx(found.mean())
    assert fwd_fine(samples) == pytest.approx(found[FINE:].mean())
    assert {m.features for m in wavelet.gan_bench_metrics([])} == {haar_packets.NAME}


def wave(pixels: float, axis: int) -> np.ndarray:
    """(40, 3, 32, 32): grey noise, and a wave of that length along rows (2) or columns (3)."""
    places = np.arange(32).reshape([-1 if k == axis else 1 for k in range(4)])
    noise = np.random.default_rng(0).normal(128, 3, (40, 3, 32, 32))
    phases = np.random.default_rng(1).uniform(0, 2 * np.pi, (40, 1, 1, 1))
    return (noise + 60 * np.sin(2 * np.pi * places / pixels + phases)).clip(0, 255).astype(np.uint8)


@pytest.mark.parametrize("axis", [2, 3])
@pytest.mark.parametrize("pixels", [2.06, 2.5, 3.4, 4.7, 7.3, 12.0])
def test_the_detail_names_the_waves_that_a_generator_adds(pixels: float, axis: int) -> None:
    real = np.random.default_rng(2).normal(128, 3, (40, 3, 32, 32)).clip(0, 255).astype(np.uint8)
    said = wavelet.fwd_detail(Samples(real=look(real), fake=look(wave(pixels, axis))))
    way = "from top to bottom" if axis == 2 else "from left to right"
    found = re.fullmatch(rf"waves of (\S+) to (\S+) px {way} \((\S+) % of the distance\)", said)
    assert found, said
    shortest, longest, share = map(float, found.groups())
    assert 0.9 * shortest <= pixels <= 1.1 * longest
    assert share > 20


@pytest.mark.parametrize("axis", [2, 3])
@pytest.mark.parametrize("size", [16, 32])
def test_waves_that_no_block_holds_whole_are_called_slopes(size: int, axis: int) -> None:
    long = wave(24, axis)[..., :size, :size]
    real = np.random.default_rng(2).normal(128, 3, long.shape).clip(0, 255).astype(np.uint8)
    said = wavelet.fwd_detail(Samples(real=look(real), fake=look(long)))
    way = "from top to bottom" if axis == 2 else "from left to right"
    assert said.startswith(f"slopes over 16 px {way} (")


def test_no_packet_is_called_by_waves_that_are_longer_than_a_block() -> None:
    lengths = [
        float(length)
        for packet in range(PACKETS)
        for length in re.findall(r"to (\S+) px", haar_packets.band(packet))
    ]
    assert max(lengths) == haar_packets.BLOCK
    assert len({haar_packets.band(packet) for packet in range(PACKETS)}) == PACKETS


def test_the_detail_of_a_brighter_set_is_its_colour_and_that_of_the_fine_one_is_not() -> None:
    real = draw(60) // 2
    samples = Samples(real=look(real), fake=look(real + np.uint8(51)))
    said = wavelet.fwd_detail(samples)
    assert said.startswith("the mean colour of 16 x 16 px (100 % of")
    blurred = Samples(real=look(draw(60)), fake=look(blur(draw(60), 1)))
    assert wavelet.fwd_fine_detail(blurred).startswith("waves of ")


def test_of_equal_sets_there_is_nothing_to_name() -> None:
    same = look(draw(30))
    with pytest.raises(Unscorable, match="no packet differs"):
        wavelet.worst_packet(np.zeros(PACKETS), 0)
    assert fwd(Samples(real=same, fake=same)) == pytest.approx(0, abs=1e-6)


def test_every_packet_has_a_name_of_its_own() -> None:
    names = {haar_packets.band(packet) for packet in range(PACKETS)}
    assert len(names) == PACKETS
