"""Which images a generator makes, and how they are written."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from gan_bench import GanBenchError, StorageError, UsageError, generator
from gan_bench.data.source import files_at
from gan_bench.results.atomic import PART, write_json
from gan_bench.results.layout import DATA_REPORT, grid_pixels, protocol_folder_of
from gan_bench.train.class_names import class_number, classes_text
from gan_bench.train.generator import Generator
from gan_bench.train.generator_file import About
from gan_bench.train.sampling import count_for, sample_latents, sampled, write_each, write_grid
from trained import CONDITIONAL, NOISY, write_trained

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture
def plain(tmp_path: Path) -> Generator:
    return generator(write_trained(tmp_path / "results"))


@pytest.fixture
def conditional(tmp_path: Path) -> Generator:
    return generator(write_trained(tmp_path / "results", "embedding", CONDITIONAL, 3))


def images(G: Generator, count: int, seed: int = 0, chosen: int | None = None) -> np.ndarray:
    return np.concatenate([*sampled(G, sample_latents(G, count, seed, chosen))])


def test_equal_seeds_give_equal_images_for_every_count(plain: Generator) -> None:
    assert np.array_equal(images(plain, 70, 1), images(plain, 70, 1))
    assert np.array_equal(images(plain, 70, 1)[:9], images(plain, 9, 1))
    assert not np.array_equal(images(plain, 9, 1), images(plain, 9, 2))
    expected = ((plain(plain.z(9, 1)) + 1) * 127.5).round().to(torch.uint8).numpy()
    assert np.array_equal(images(plain, 9, 1), expected)


def test_a_generator_with_noise_of_its_own_repeats_itself_and_no_random_state_changes(
    tmp_path: Path,
) -> None:
    G = generator(write_trained(tmp_path, "noisy", NOISY))
    torch.manual_seed(3)
    first, state = images(G, 5), torch.get_rng_state()
    torch.manual_seed(3)
    assert torch.equal(torch.get_rng_state(), state)
    torch.rand(1)
    assert np.array_equal(images(G, 5), first)


def test_each_row_is_a_class_each_column_a_z_and_no_image_comes_twice(
    conditional: Generator,
) -> None:
    assert count_for(conditional, None) == 24
    given = sample_latents(conditional, 60, 0)
    assert given.labels is not None
    rows = given.labels[:56].reshape(7, 8)
    assert rows.tolist() == [[k % 3] * 8 for k in range(7)]
    z = given.z[:56].reshape(7, 8, -1)
    assert np.array_equal(z[0], z[1])
    assert np.array_equal(z[3], z[5])
    assert not (z[0] == z[3]).all(-1).any()
    pairs = {(label, row.tobytes()) for label, row in zip(given.labels, given.z, strict=True)}
    assert len(pairs) == 60


def test_all_images_are_of_the_class_that_was_chosen(conditional: Generator) -> None:
    assert count_for(conditional, 2) == 64
    given = sample_latents(conditional, 20, 0, 2)
    assert given.labels is not None
    assert set(given.labels.tolist()) == {2}
    assert np.array_equal(given.z, conditional.z(20).numpy())


def test_a_class_that_is_not_there_is_refused(plain: Generator, conditional: Generator) -> None:
    with pytest.raises(UsageError, match=r"has no class 3\. There are 0 to 2"):
        sample_latents(conditional, 8, 0, 3)
    with pytest.raises(UsageError, match="is not conditional: it takes no class"):
        sample_latents(plain, 8, 0, 0)


def with_report(cell: Path, counts: object) -> Generator:
    """The generator of a cell whose protocol has a data report with these counts."""
    write_json(protocol_folder_of(cell) / DATA_REPORT, {"counts": {"classes": counts}})
    return generator(cell)


def test_a_class_can_be_called_by_the_name_of_its_folder(tmp_path: Path) -> None:
    cell = write_trained(tmp_path, "embedding", CONDITIONAL, 3)
    G = with_report(cell, {"owl": 5, "Cat": 9, "dog": 2})
    numbers = {word: class_number(G, word) for word in ("Cat", "dog", "owl", "0", "2")}
    assert numbers == {"Cat": 0, "dog": 1, "owl": 2, "0": 0, "2": 2}
    assert classes_text(G) == "0 Cat, 1 dog, 2 owl"
    assert class_number(G, None) is None


@pytest.mark.parametrize(
    ("word", "why"),
    [
        ("7", r"has no class 7\. There are 0 Cat, 1 dog, 2 owl$"),
        ("-1", r"has no class -1\. There are 0 Cat, 1 dog, 2 owl$"),
        ("9" * 5000, r"has no class 9+\. There are 0 Cat"),
        ("Dog", r"has no class Dog\. Did you mean dog\? There are 0 Cat, 1 dog, 2 owl$"),
        ("\x1b[31m", r"has no class \\x1b"),
    ],
)
def test_a_word_that_is_no_class_is_answered_with_those_there_are(
    tmp_path: Path, word: str, why: str
) -> None:
    cell = write_trained(tmp_path, "embedding", CONDITIONAL, 3)
    G = with_report(cell, {"owl": 5, "Cat": 9, "dog": 2})
    with pytest.raises(UsageError, match=why):
        class_number(G, word)


@pytest.mark.parametrize("counts", [None, {"one": 1, "two": 2}, ["a", "b", "c"]])
def test_without_names_that_fit_the_classes_have_numbers_only(
    tmp_path: Path, counts: object
) -> None:
    G = with_report(write_trained(tmp_path, "embedding", CONDITIONAL, 3), counts)
    assert classes_text(G) == "0 to 2"
    with pytest.raises(UsageError, match=r"no class one\. There are 0 to 2; the classes of"):
        class_number(G, "one")


def test_digits_are_a_number_also_where_folders_are_called_so(tmp_path: Path) -> None:
    G = with_report(write_trained(tmp_path, "embedding", CONDITIONAL, 3), {"1": 4, "2": 4, "10": 4})
    assert class_number(G, "2") == 2
    assert classes_text(G) == "0 1, 1 10, 2 2"


@pytest.mark.parametrize(("count", "across", "down"), [(64, 8, 8), (9, 8, 2), (100, 10, 10)])
def test_a_grid_is_as_square_as_it_can_be_and_large_enough_to_see(
    count: int, across: int, down: int, plain: Generator, tmp_path: Path
) -> None:
    out = tmp_path / "new" / "grid.png"
    write_grid(plain, sample_latents(plain, count, 0), out)
    with Image.open(out) as opened:
        zoom = -(-400 // grid_pixels(across, 8))
        assert opened.size == (zoom * grid_pixels(across, 8), zoom * grid_pixels(down, 8))


def test_each_image_is_a_file_that_sorts_and_that_is_read_as_an_image(
    conditional: Generator, tmp_path: Path
) -> None:
    out = tmp_path / "faces"
    write_each(conditional, sample_latents(conditional, 20, 1), out)
    names = sorted(path.name for path in out.iterdir())
    assert names[:1] + names[8:9] + names[-1:] == [
        "00000-class0.png", "00008-class1.png", "00019-class2.png",
    ]  # fmt: skip
    expected = images(conditional, 20, 1)
    for name, pixels in zip(names, expected, strict=True):
        with Image.open(out / name) as opened:
            assert np.array_equal(np.asarray(opened).transpose(2, 0, 1), pixels)
    files_at(out)  # not refused as something that gan-bench wrote


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_images_of_all_channels_are_written(channels: int, tmp_path: Path) -> None:
    network = torch.nn.Sequential(torch.nn.Linear(2, channels * 4), torch.nn.Tanh())
    network.append(torch.nn.Unflatten(1, (channels, 2, 2)))
    G = Generator(network, About(architecture="a", z_dim=2, shape=(channels, 2, 2)), "a")
    write_each(G, sample_latents(G, 1, 0), tmp_path / "each")
    write_grid(G, sample_latents(G, 1, 0), tmp_path / "grid.png")
    with Image.open(tmp_path / "each" / "00000.png") as opened:
        assert opened.mode == {1: "L", 2: "RGB", 3: "RGB", 4: "RGBA"}[channels]


def test_images_are_not_mixed_with_others_or_written_to_a_name_of_another_kind(
    plain: Generator, tmp_path: Path
) -> None:
    given = sample_latents(plain, 2, 0)
    write_each(plain, given, tmp_path / "a")
    with pytest.raises(UsageError, match="is no empty folder"):
        write_each(plain, given, tmp_path / "a")
    with pytest.raises(UsageError, match=r"ends in \.png"):
        write_grid(plain, given, tmp_path / "a.jpg")
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="cannot make"):
        write_grid(plain, given, tmp_path / "file" / "a.png")


@pytest.mark.parametrize("there_before", [False, True])
def test_an_interrupt_leaves_no_part_of_a_set(
    there_before: bool, plain: Generator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that the same command goes on."""
    out = tmp_path / "each"
    if there_before:
        out.mkdir()
    made: list[np.ndarray] = []

    def interrupted(pixels: np.ndarray) -> bytes:
        made.append(pixels)
        if len(made) == 3:
            raise KeyboardInterrupt
        return b"png"

    monkeypatch.setattr("gan_bench.base.pictures.plain_png", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_each(plain, sample_latents(plain, 5, 0), out)
    assert out.exists() == there_before
    assert not there_before or not any(out.iterdir())
    write_each(plain, sample_latents(plain, 5, 0), out)
    assert len([*out.iterdir()]) == 5


def test_what_a_killed_process_left_of_a_set_is_not_taken_for_one(
    plain: Generator, tmp_path: Path
) -> None:
    left = tmp_path / f".each{PART}" / "new"
    left.mkdir(parents=True)
    (left / "00000.png").write_bytes(b"half")
    write_each(plain, sample_latents(plain, 5, 0), tmp_path / "each")
    assert sorted(path.name for path in tmp_path.glob("*each*")) == ["each"]
    assert len([*(tmp_path / "each").iterdir()]) == 5


def test_images_that_are_not_finite_are_refused(plain: Generator) -> None:
    for parameter in plain.parameters():
        parameter.fill_(float("nan"))
    with pytest.raises(GanBenchError, match="tiny / hinge / seed0: the images of G are not finite"):
        images(plain, 3)
