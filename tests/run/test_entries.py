"""Images and generators from elsewhere are scored as the cells of a protocol are."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from planning import SAMPLES, Score
from torch import Tensor, nn

from gan_bench import catalogue as catalogues
from gan_bench.contract.errors import DataError, GanBenchError, UsageError
from gan_bench.results.entries import read_entry
from gan_bench.results.layout import CELL, GENERATOR, entry_dir
from gan_bench.results.records import read_record
from gan_bench.run.asked_entries import asked_for, check_entries
from gan_bench.run.cell import run_cell
from gan_bench.run.generators import draw_pixels, load_ours
from given import Draw
from trained import CONDITIONAL, write_trained

ENTRIES = """
import numpy as np
from gan_bench import Entry, hookimpl

def noise(n, seed):
    return np.random.default_rng(seed).integers(0, 256, (n, 3, 8, 8), np.uint8)

@hookimpl
def gan_bench_entries():
    return [
        Entry(name="noise", source="a test", images=noise),
        Entry(name="few", source="a test", images=lambda n, seed: noise(3, seed)),
        Entry(name="list", source="a test", images=lambda n, seed: [noise(n, seed)]),
        Entry(name="broken", source="a test", images=lambda n, seed: 1 // 0),
    ]
"""


class Tutorial(nn.Module):
    """z (N, z_dim, 1, 1) -> (N, 3, side, side), as in PyTorch's DCGAN tutorial."""

    def __init__(self, z_dim: int = 100, side: int = 8, end: nn.Module | None = None) -> None:
        super().__init__()
        self.up = nn.ConvTranspose2d(z_dim, 3, side)
        self.end = end or nn.Tanh()

    def forward(self, z: Tensor) -> Tensor:
        images: Tensor = self.end(self.up(z))
        return images


class Flat(nn.Module):
    """z (N, 12) -> (N, 3, 8, 8), which no weight of four sides can be asked about."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(12, 192)

    def forward(self, z: Tensor) -> Tensor:
        return self.linear(z).tanh().reshape(-1, 3, 8, 8)


def scripted(folder: Path, G: nn.Module, name: str = "G.pt") -> Path:
    torch.manual_seed(0)
    torch.jit.script(G.eval()).save(folder / name)  # type: ignore[no-untyped-call]
    return folder / name


def test_a_generator_of_a_cell_scores_as_the_cell(planned_cell: Path, score: Score) -> None:
    run_cell(planned_cell)
    record = read_record(planned_cell)
    entry = score(planned_cell)
    assert entry.scores == record.scores
    assert entry.name == "tiny-plain-seed0"
    assert score(f"again={planned_cell / GENERATOR}").scores == record.scores


@pytest.mark.parametrize("count", [40, SAMPLES, 100])
def test_images_are_scored_as_they_are(
    count: int, score: Score, scored_home: Path, tmp_path: Path, draw_shapes: Draw
) -> None:
    """Fewer than samples: all of them, said; more: as many as samples."""
    entry = score(f"mine={draw_shapes(tmp_path / 'mine', count)}")
    assert entry.images == entry.scores["brightness"].n == min(count, SAMPLES)
    assert read_entry(entry_dir(scored_home, "mine")) == entry
    says = {40: "40 images, where the others have 70", SAMPLES: "", 100: "70 of its 100 images"}
    assert says[count] in " ".join(entry.notes)


@pytest.mark.parametrize(
    ("G", "kind"),
    [(Tutorial(), "tutorial"), (Tutorial(37), "of another z"), (Flat(), "flat")],
    ids=["tutorial", "z of 37", "flat"],
)
def test_torchscript_needs_no_word_about_z(
    G: nn.Module, kind: str, score: Score, tmp_path: Path
) -> None:
    entry = score(scripted(tmp_path, G))
    assert (entry.kind, entry.images) == ("TorchScript", SAMPLES)


class Writing(nn.Module):
    """Makes images, and a file of whatever name beside them: a script may call torch.from_file."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self.path = path

    def forward(self, z: Tensor) -> Tensor:
        made = torch.from_file(self.path, shared=True, size=4)
        return torch.tanh(z[:, :3, None, None] + 0 * made.sum()).expand(-1, 3, 8, 8)


def test_a_program_is_run_only_if_its_maker_is_trusted(score: Score, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    path = scripted(tmp_path, Writing(str(victim)))
    with pytest.raises(UsageError, match="is TorchScript, a program that can read and write your"):
        score(path, trust=False)
    assert not victim.exists()
    score(path)
    assert victim.exists()  # the danger is real


def test_images_of_another_size_are_resized_like_files(
    score: Score, tmp_path: Path, draw_shapes: Draw
) -> None:
    entry = score(scripted(tmp_path, Tutorial(side=16)))
    assert "its images are 16 x 16 x 3, and were made 8 x 8 x 3" in entry.notes
    with pytest.raises(DataError, match="4 x 4 x 3, smaller than 8 x 8 x 3"):  # none is enlarged
        score(f"small={scripted(tmp_path, Tutorial(side=4), 'small.pt')}")


def test_a_range_of_0_to_1_is_refused(score: Score, tmp_path: Path) -> None:
    path = scripted(tmp_path, Tutorial(end=nn.Sigmoid()))
    with pytest.raises(DataError, match=r"G.pt: its images are in \[0, 1\].*2 \* G\(z\) - 1"):
        score(path)


def test_weights_alone_are_refused(score: Score, tmp_path: Path) -> None:
    torch.save(Tutorial().state_dict(), tmp_path / "weights.pt")
    with pytest.raises(DataError, match=r"no TorchScript file.*torch.jit.script"):
        score(tmp_path / "weights.pt")


def test_safetensors_of_others_are_refused(score: Score, tmp_path: Path) -> None:
    (tmp_path / "other.safetensors").write_bytes(b"nothing")
    with pytest.raises(DataError, match="is damaged, or no safetensors file"):
        score(tmp_path / "other.safetensors")


@pytest.mark.parametrize("batch", [1, 4, "n"])
def test_onnx_scores_as_torchscript(batch: int | str, score: Score, tmp_path: Path) -> None:
    """Whether it was exported for any batch, or for one size that n is no multiple of."""
    onnx = pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    helper = onnx.helper
    torch.manual_seed(0)
    linear = nn.Linear(12, 192)

    class Same(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.linear = linear

        def forward(self, z: Tensor) -> Tensor:
            return self.linear(z).tanh().reshape(-1, 3, 8, 8)

    weights = {"w": linear.weight.detach().numpy(), "b": linear.bias.detach().numpy()}
    graph = helper.make_graph(
        [
            helper.make_node("Gemm", ["z", "w", "b"], ["flat"], transB=1),
            helper.make_node("Tanh", ["flat"], ["tanh"]),
            helper.make_node("Reshape", ["tanh", "shape"], ["images"]),
        ],
        "G",
        [helper.make_tensor_value_info("z", onnx.TensorProto.FLOAT, [batch, 12])],
        [helper.make_tensor_value_info("images", onnx.TensorProto.FLOAT, [batch, 3, 8, 8])],
        [
            *(onnx.numpy_helper.from_array(array, name) for name, array in weights.items()),
            onnx.numpy_helper.from_array(np.array([-1, 3, 8, 8]), "shape"),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.save(model, tmp_path / "G.onnx")
    of_onnx = score(f"onnx={tmp_path / 'G.onnx'}")
    of_script = score(f"script={scripted(tmp_path, Same())}")
    with pytest.raises(DataError, match=r"G\.onnx: its code failed: "):
        score(f"other={tmp_path / 'G.onnx'}", z_dim=13)
    assert of_onnx.scores["brightness"].value == pytest.approx(
        of_script.scores["brightness"].value, abs=0.01
    )


def test_a_plugin_offers_entries(score: Score, tmp_path: Path) -> None:
    plugin = tmp_path / "entries.py"
    plugin.write_text(ENTRIES)
    entry = score("noise", plugins=(plugin,), seed=3)
    assert (entry.kind, entry.origin) == ("plugin", "noise: a test")
    for name, says in (
        ("few", "it gave (3, 3, 8, 8) uint8"),
        ("list", "it gave list"),
        ("broken", "its code failed: ZeroDivisionError"),
    ):
        with pytest.raises(DataError, match=re.escape(f"the entry {name}: {says}")):
            score(name, plugins=(plugin,))
    with pytest.raises(UsageError, match=r"there is no nois: .* Did you mean noise\?"):
        score("nois", plugins=(plugin,))


def test_other_images_under_a_name_are_refused_unless_asked(
    score: Score, tmp_path: Path, draw_shapes: Draw
) -> None:
    first, other = (draw_shapes(tmp_path / f"{n}", n) for n in (40, 50))
    before = score(f"mine={first}")
    assert score(f"mine={first}") == before  # the same images: not measured again
    with pytest.raises(UsageError, match=r"mine was scored before with other images.*--replace"):
        score(f"mine={other}")
    assert score(f"mine={other}", replace=True).images == 50


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("x" * 300, "there is no xxx"),
        ("mine=", "has no path"),
        ("no good name=x", "cannot be used"),
        ("nowhere/at/all", "there is no nowhere/at/all"),
        ("nowhere", "there is no nowhere: give"),
    ],
)
def test_a_wrong_path_is_one_sentence(text: str, says: str) -> None:
    with pytest.raises(GanBenchError, match=says):
        check_entries([asked_for(text)], ())


def test_names_are_not_given_twice(shapes: Path) -> None:
    with pytest.raises(UsageError, match="two entries are called shapes"):
        check_entries([asked_for(str(shapes)), asked_for(f"Shapes={shapes}")], ())


def test_grey_images_are_scored_as_colours(score: Score, tmp_path: Path, draw_shapes: Draw) -> None:
    folder = draw_shapes(tmp_path / "grey")
    for path in folder.iterdir():
        Image.open(path).convert("L").save(path)
    assert score(folder).images == 40


def test_the_images_of_the_protocol_may_have_moved(
    score: Score, scored_home: Path, shapes: Path, tmp_path: Path, draw_shapes: Draw
) -> None:
    """Or nobody knows where they were, as in published results."""
    before = score(f"before={shapes}")
    there = shapes.rename(tmp_path / "moved")
    with pytest.raises(DataError, match=r"there is no .*shapes, .* give them with --data$"):
        score(f"after={there}")
    assert score(f"after={there}", data=there).scores == before.scores
    others = draw_shapes(tmp_path / "others", 39)
    with pytest.raises(DataError, match=r"has changed since.* planned on with --data$"):
        score(f"other={there}", data=others)
    for cell in scored_home.rglob(CELL):
        cell.unlink()
    plugins = (tmp_path / "plugin.py",)
    with pytest.raises(UsageError, match=r"no cell\.json, as published.* give them with --data$"):
        score(f"published={there}", plugins=plugins)
    assert score(f"published={there}", data=there, plugins=plugins).scores == before.scores


def test_a_cell_without_a_generator_says_why(planned_cell: Path, score: Score) -> None:
    with pytest.raises(DataError, match="is not done yet"):
        score(planned_cell)


def test_a_script_that_takes_labels_is_refused(score: Score, tmp_path: Path) -> None:
    class Labelled(nn.Module):
        def forward(self, z: Tensor, labels: Tensor) -> Tensor:
            return z[:, :3, None, None] + labels[:, None, None, None]

    with pytest.raises(UsageError, match="takes 2 inputs"):
        score(scripted(tmp_path, Labelled()))


@pytest.mark.parametrize(
    ("labels", "says"), [(None, "of the protocol have none"), (np.arange(5), "protocol have 5")]
)
def test_a_conditional_generator_needs_the_classes_of_the_protocol(
    labels: np.ndarray | None, says: str, tmp_path: Path
) -> None:
    folder = write_trained(tmp_path, "embedding", CONDITIONAL, 3)
    G = load_ours(folder / GENERATOR, catalogues.load([CONDITIONAL]), None, "cpu")
    assert next(draw_pixels(G, 4, 0, np.arange(3))).shape == (4, 3, 8, 8)
    with pytest.raises(UsageError, match=says):
        next(draw_pixels(G, 4, 0, labels))
