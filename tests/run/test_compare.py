"""Two sets of images are compared as other programs compare them, and odd ones are refused."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageFilter
from torch import Tensor
from torch_fidelity import calculate_metrics, register_feature_extractor
from torch_fidelity.feature_extractor_base import FeatureExtractorBase

from gan_bench import catalogue as catalogues
from gan_bench.contract.errors import DataError, UsageError
from gan_bench.contract.protocol import Preparation
from gan_bench.run.compare import Comparison, compare
from gan_bench.run.request import Request
from given import Draw

PLUGIN = """
import torch
from gan_bench import Features, hookimpl

def load(device, weights):
    torch.manual_seed(0)
    net = torch.nn.Conv2d(3, 8, 5, stride=4)
    return lambda images: net(images.float() / 255).relu().mean((2, 3))

@hookimpl
def gan_bench_features():
    return [Features(name="random", source="a test", digest=lambda _: "ab", load=load)]
"""


class RandomNetwork(FeatureExtractorBase):
    """The network of PLUGIN, as torch-fidelity takes one."""

    def __init__(self, name: str, features: list[str], **_: object) -> None:
        super().__init__(name, features)
        torch.manual_seed(0)
        self.net = torch.nn.Conv2d(3, 8, 5, stride=4)

    @staticmethod
    def get_provided_features_list() -> tuple[str, ...]:
        return ("8",)

    @staticmethod
    def get_default_feature_layer_for_metric(metric: str) -> str:
        return "8"

    @staticmethod
    def can_be_compiled() -> bool:
        return False

    @staticmethod
    def get_dummy_input_for_compile() -> Tensor:
        return torch.zeros(1, 3, 24, 24, dtype=torch.uint8)

    def forward(self, images: Tensor) -> tuple[Tensor]:
        return (self.net(images.float() / 255).relu().mean((2, 3)),)


@pytest.fixture
def blurred(shapes: Path, tmp_path: Path) -> Path:
    """The same number of other images: the shapes, blurred."""
    folder = tmp_path / "blurred"
    folder.mkdir()
    for path in shapes.iterdir():
        Image.open(path).filter(ImageFilter.GaussianBlur(1)).save(folder / path.name)
    return folder


def scored(real: Path, generated: Path, **asked: object) -> Comparison:
    plugins = asked.pop("plugins", ())
    request = Request(**{"features": ("pixels",), **asked})  # type: ignore[arg-type]
    return compare(real, generated, request, catalogues.load(plugins), lambda *_: None)  # type: ignore[arg-type]


def values(comparison: Comparison) -> dict[str, float]:
    return {name: score.value for name, score in comparison.scores.items()}


def test_scores_are_those_of_torch_fidelity(shapes: Path, blurred: Path, tmp_path: Path) -> None:
    """The same folders and the same network give the same numbers, read from the same files."""
    plugin = tmp_path / "random_net.py"
    plugin.write_text(PLUGIN)
    ours = scored(
        shapes,
        blurred,
        plugins=[plugin],
        features=("random",),
        metrics=("fd", "kd", "precision", "recall"),
    )
    register_feature_extractor("random-network", RandomNetwork)
    theirs = calculate_metrics(
        input1=str(blurred),
        input2=str(shapes),
        cuda=False,
        fid=True,
        kid=True,
        prc=True,
        kid_subsets=1,
        kid_subset_size=40,
        feature_extractor="random-network",
        feature_layer_fid="8",
        feature_layer_kid="8",
        feature_layer_prc="8",
        save_cpu_ram=True,  # no processes to read 40 images
        verbose=False,
    )
    got = values(ours)
    assert got["fd-random"] == pytest.approx(theirs["frechet_inception_distance"], rel=1e-4)
    # theirs is a difference of float32 numbers near 1
    kid = theirs["kernel_inception_distance_mean"]
    assert got["kd-random"] / 1000 == pytest.approx(kid, abs=1e-6)
    assert got["precision"] == pytest.approx(theirs["precision"], abs=1e-6)
    assert got["recall"] == pytest.approx(theirs["recall"], abs=1e-6)


def test_a_folder_is_at_no_distance_from_itself(shapes: Path) -> None:
    compared = scored(shapes, shapes, metrics=("fd", "precision"))
    assert values(compared)["fd-pixels"] == pytest.approx(0, abs=1e-6)
    assert values(compared)["precision"] == 1


def test_an_array_scores_as_the_folder_of_its_images(shapes: Path, blurred: Path) -> None:
    images = np.stack([np.asarray(Image.open(path)) for path in sorted(blurred.iterdir())])
    np.savez(blurred.with_suffix(".npz"), images=images)
    of_folder, of_array = (scored(shapes, path) for path in (blurred, blurred.with_suffix(".npz")))
    assert values(of_array) == values(of_folder)


def test_unequal_numbers_are_left_to_the_metrics(
    shapes: Path, tmp_path: Path, draw_shapes: Draw
) -> None:
    more = draw_shapes(tmp_path / "more", 50)
    fewer = scored(more, shapes, metrics=("fd", "precision"))
    assert [(score.n, score.reference_n) for score in fewer.scores.values()][:2] == [
        (40, 50),  # the distance reads all
        (40, 40),  # precision takes as many real images
    ]
    many = scored(shapes, more, metrics=("fd", "precision"))
    assert many.scores["fd-pixels"].n == 50
    assert "as many real images" in many.unscored["precision"]


def test_samples_are_never_counted_twice(shapes: Path, blurred: Path) -> None:
    half = scored(shapes, blurred, samples=20)
    assert {(score.n, score.reference_n) for score in half.scores.values()} >= {(20, 20)}
    with pytest.raises(UsageError, match=r"has 40 images, and none is counted twice.*--samples 40"):
        scored(shapes, blurred, samples=41)


def test_memorised_images_are_found(tmp_path: Path, draw_shapes: Draw) -> None:
    """A tenth of the real images is held out for it."""
    generator = np.random.default_rng(0)
    real = generator.integers(0, 256, (1200, 8, 8, 3), np.uint8)
    new = generator.integers(0, 256, (1200, 8, 8, 3), np.uint8)
    for name, images in (("real", real), ("copied", real[::-1]), ("new", new)):
        np.save(tmp_path / f"{name}.npy", images)
    real_path = tmp_path / "real.npy"
    copied, other = (
        values(scored(real_path, tmp_path / f"{name}.npy", metrics=("copies",)))["copies"]
        for name in ("copied", "new")
    )
    assert copied == pytest.approx(0.9, abs=0.02)
    assert other < 0.05


def test_the_smaller_size_is_taken_and_said(
    shapes: Path, tmp_path: Path, draw_shapes: Draw
) -> None:
    larger = draw_shapes(tmp_path / "larger", 40, side=48)
    compared = scored(shapes, larger)
    assert compared.data.shape == (3, 24, 24)
    (note,) = [note for note in compared.notes if "px" in note]
    assert note == (
        "shapes is 24 px and larger is 48 px: compared at 24 px; --size takes another size"
    )


def test_several_sizes_need_a_size(shapes: Path, draw_shapes: Draw, tmp_path: Path) -> None:
    draw_shapes(shapes / "more", 3, side=30)
    with pytest.raises(UsageError, match=r"several sizes: say with --size.* such as --size 24"):
        scored(shapes, shapes)
    small = draw_shapes(tmp_path / "small", 3, side=16)
    with pytest.raises(UsageError, match="such as --size 16"):
        scored(shapes, small)
    assert scored(shapes, shapes, size=(24, 24)).n == 43
    (tmp_path / "empty").mkdir()  # which is worse
    with pytest.raises(DataError, match=r"no images in .*empty: it is empty"):
        scored(shapes, tmp_path / "empty")


def test_grey_images_among_colours_are_images(shapes: Path, blurred: Path) -> None:
    for path in sorted(blurred.iterdir())[:5]:
        Image.open(path).convert("L").save(path)
    assert scored(shapes, blurred).data.shape[0] == 3
    for path in blurred.iterdir():
        Image.open(path).convert("L").save(path)
    mixed = scored(shapes, blurred)
    assert "all images of blurred are grey, those of shapes are not" in mixed.notes
    assert scored(blurred, blurred).data.shape[0] == 1


def test_a_collapsed_folder_is_scored(shapes: Path, tmp_path: Path) -> None:
    """`run` refuses to train on equal images; a generator may well make them."""
    folder = tmp_path / "stuck"
    folder.mkdir()
    for k in range(40):
        Image.open(shapes / "000.png").save(folder / f"{k}.png")
    stuck = scored(shapes, folder)
    assert stuck.scores["diversity"].value < 0.01
    assert any("are the same" in note for note in stuck.notes)


def test_a_broken_file_is_refused_unless_it_is_allowed(shapes: Path, blurred: Path) -> None:
    (blurred / "000.png").write_bytes((blurred / "000.png").read_bytes()[:60])
    with pytest.raises(
        DataError, match=r"1 of the 40 images of blurred cannot be used(.|\n)*--max-bad 2.5"
    ):
        scored(shapes, blurred)
    allowed = scored(shapes, blurred, max_bad=10)
    assert allowed.n == 39
    assert any("1 image cannot be used; the first: 000.png" in note for note in allowed.notes)


@pytest.mark.parametrize(("count", "says"), [(0, "no images in"), (1, "has one image, and 2")])
def test_too_few_images_are_refused(
    shapes: Path, tmp_path: Path, draw_shapes: Draw, count: int, says: str
) -> None:
    with pytest.raises(DataError, match=says):
        scored(shapes, draw_shapes(tmp_path / "few", count))


@pytest.mark.parametrize("also", [0, 1], ids=["all too small", "nearly all"])
def test_images_that_are_too_small_are_answered_with_a_size(
    shapes: Path, draw_shapes: Draw, tmp_path: Path, also: int
) -> None:
    small = tmp_path / "small"
    draw_shapes(small, count=9, side=16)
    if also:
        draw_shapes(small / "large", count=also, side=24)
    with pytest.raises(DataError, match=r"; try --size 16\b"):
        scored(shapes, small, size=(24, 24))


def test_options_of_a_folder_are_taken(shapes: Path) -> None:
    grey = scored(shapes, shapes, preparation=Preparation(grey=True))
    assert grey.data.shape[0] == 1


def test_images_are_read_in_batches_however_many_there_are(tmp_path: Path) -> None:
    plugin = tmp_path / "random_net.py"
    plugin.write_text(PLUGIN)
    shape = (3000, 64, 64, 3)  # 37 MB, and 0.1 MB of features
    for name in ("real", "generated"):
        images = np.random.default_rng(len(name)).integers(0, 256, shape, np.uint8)
        np.save(tmp_path / f"{name}.npy", images)
        del images
    asked = {"features": ("random",), "metrics": ("fd-random", "copies"), "plugins": (plugin,)}
    tracemalloc.start()
    try:
        found = scored(tmp_path / "real.npy", tmp_path / "generated.npy", **asked)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert "fd-random" in found.scores
    assert found.n == shape[0]
    assert peak < 33 * 10**6  # less than one set; a chunk that is read has 6 MB, one written 16 MB
