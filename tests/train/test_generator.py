"""A generator is built again from its cell's folder, or one sentence says why it is not."""

from __future__ import annotations

import json
import resource
import shutil
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from safetensors.torch import load, save
from torch import Tensor

import tiny_plugin
from gan_bench import Architecture, DataError, GanBenchError, StorageError, UsageError, generator
from gan_bench import catalogue as catalogues
from gan_bench.results.atomic import append_line
from gan_bench.results.layout import GENERATOR, TICKS
from gan_bench.results.records import Best, read_record, write_record
from gan_bench.train.generator_file import ENTRY, About, file_of, read_file
from records import write_cell
from trained import CONDITIONAL, SHAPE, write_trained

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture
def plugin(tmp_path: Path) -> Path:
    """A plugin of the user's own, to be edited."""
    return Path(shutil.copy(tiny_plugin.PATH, tmp_path / "mine.py"))


def edit(plugin: Path, old: str, new: str) -> None:
    text = plugin.read_text()
    assert old in text
    plugin.write_text(text.replace(old, new))


# What it is


def test_it_is_in_eval_mode_with_the_parameters_of_the_file_and_says_its_z(tmp_path: Path) -> None:
    folder = write_trained(tmp_path, seed=3)
    G = generator(str(folder))
    assert not any(module.training for module in G.modules())
    assert (G.z_dim, G.shape, G.classes, G.label) == (6, SHAPE, None, "tiny / hinge / seed3")
    _, state = read_file(folder / GENERATOR)
    loaded = G.network.state_dict()
    assert loaded.keys() == state.keys()
    assert all(torch.equal(loaded[name], state[name]) for name in state)
    images = G(G.z(4, seed=1))
    assert images.shape == (4, *SHAPE)
    # of its z alone, whatever the batch: a product of another size may be rounded otherwise
    torch.testing.assert_close(images[:2], G(G.z(2, seed=1)), rtol=0, atol=1e-6)
    assert not images.requires_grad


def test_z_and_labels_that_it_does_not_take_are_refused(tmp_path: Path) -> None:
    G = generator(write_trained(tmp_path, "embedding", CONDITIONAL, 3))
    with pytest.raises(UsageError, match=r"takes z \(N, 8\), not \(2, 9\)"):
        G(torch.zeros(2, 9), torch.zeros(2, dtype=torch.int64))
    for label in (3, -1):
        with pytest.raises(UsageError, match=f"has no class {label}: they go from 0 to 2"):
            G(G.z(2), torch.tensor([0, label]))


def test_rows_of_z_are_those_of_the_seed_for_every_count_and_every_z_dim(tmp_path: Path) -> None:
    few = generator(write_trained(tmp_path))
    many = generator(write_trained(tmp_path, "embedding", CONDITIONAL, 3))
    assert (few.z_dim, many.z_dim) == (6, 8)
    assert torch.equal(few.z(9, 5)[:4], few.z(4, 5))
    assert torch.equal(few.z(9, 5), many.z(9, 5)[:, :6])
    assert not torch.equal(few.z(9, 5), few.z(9, 6))
    assert few.z(0).shape == (0, 6)
    z = few.z(2000)
    assert abs(float(z.mean())) < 0.03
    assert abs(float(z.std()) - 1) < 0.03


def test_building_it_leaves_the_random_state_of_torch_as_it_was(tmp_path: Path) -> None:
    folder = write_trained(tmp_path)
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    generator(folder)
    assert torch.equal(torch.rand(3), expected)


@pytest.mark.parametrize("says_classes", [True, False])
def test_a_conditional_one_knows_its_classes_and_needs_labels(
    says_classes: bool, tmp_path: Path
) -> None:
    """A file of an older version does not say them."""
    G = generator(write_trained(tmp_path, "embedding", CONDITIONAL, 7, says_classes=says_classes))
    assert G.classes == 7
    labels = torch.tensor([0, 6])
    z = G.z(1).repeat(2, 1)
    one, other = G(z, labels)
    assert not torch.equal(one, other)
    with pytest.raises(UsageError, match=r"needs labels \(N,\) int64 from 0 to 6"):
        G(z)
    with pytest.raises(UsageError, match="takes no labels"):
        generator(write_trained(tmp_path))(G.z(2)[:, :6], labels)


def test_the_best_tick_is_another_generator_and_says_its_kimg(tmp_path: Path) -> None:
    folder = write_trained(tmp_path, best=True)
    last, best = generator(folder), generator(folder, best=True)
    assert (last.kimg, best.kimg) == (None, 0.5)
    assert not torch.equal(last(last.z(2)), best(best.z(2)))


def test_a_file_alone_is_enough(tmp_path: Path) -> None:
    folder = write_trained(tmp_path)
    file = Path(shutil.copy(folder / GENERATOR, tmp_path / "faces.safetensors"))
    G, same = generator(file, plugins=[tiny_plugin.PATH]), generator(folder)
    assert G.label == "faces.safetensors"
    assert torch.equal(G(G.z(2)), same(same.z(2)))
    assert "is a file" in refusal(UsageError, file, best=True)


def test_extra_state_comes_back(tmp_path: Path) -> None:
    about = About(architecture="a", z_dim=2, shape=SHAPE)
    path = tmp_path / "state.safetensors"
    path.write_bytes(file_of({"w": torch.ones(2), "x._extra_state": {"passes": 3}}, about))
    _, state = read_file(path)
    assert state["x._extra_state"] == {"passes": 3}
    assert torch.equal(state["w"], torch.ones(2))


def test_torch_is_imported_only_where_a_generator_is_asked_for() -> None:
    code = "import sys, gan_bench; gan_bench.hookimpl; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


# What is refused


def refusal(kind: type[GanBenchError], cell: Path, **more: Any) -> str:
    with pytest.raises(kind) as caught:
        generator(cell, **more)
    return str(caught.value)


def test_a_path_that_is_no_cell_is_answered_with_what_is_near(tmp_path: Path) -> None:
    folder = write_trained(tmp_path / "results")
    (tmp_path / "empty").mkdir()
    assert "has no tyny. Did you mean tiny?" in refusal(
        UsageError, folder.parents[1].with_name("tyny") / "hinge" / "seed0"
    )
    assert f"one below it is {folder}" in refusal(UsageError, tmp_path / "results")
    assert "it has no cell.json" in refusal(UsageError, tmp_path / "empty")
    assert "there is no" in refusal(UsageError, tmp_path / ("x" * 300))


def test_a_plugin_that_has_gone_is_named_and_can_be_given(plugin: Path, tmp_path: Path) -> None:
    folder = write_trained(tmp_path / "results", plugin=plugin)
    plugin.rename(tmp_path / "moved.py")
    text = refusal(UsageError, folder)
    assert text.startswith("tiny / hinge / seed0 cannot be built again")
    assert "mine.py" in text
    assert "no such Python file" in text
    assert text.endswith("give the file of its plugin with --plugin")
    assert generator(folder, plugins=[tmp_path / "moved.py"]).z_dim == 6
    assert generator(folder, plugins=str(tmp_path / "moved.py")).z_dim == 6


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("hidden: int = 8", "hidden: int = 9", "1.weight is (9, 6) now and was (8, 6)"),
        ("Z_DIM = 6", "Z_DIM = 7", "z_dim is 7 now and was 6"),
        ("Probe(), nn.Linear", "Probe(), nn.ReLU(), nn.Linear", "it has no 1.bias now"),
        ('offer("tiny"),', "", "no architecture is called 'tiny'"),
        ("nn.Linear(z_dim, hidden)", "nn.Linear(z_dim)", "cannot be built for 3 x 8 x 8: TypeErr"),
    ],
)
def test_an_edited_plugin_is_refused_where_the_parameters_do_not_fit(
    old: str, new: str, said: str, plugin: Path, tmp_path: Path
) -> None:
    code = catalogues.load([plugin]).offers[Architecture]["tiny"][1]
    written = {
        "offers": {"architecture": ["tiny"]},
        "distribution": code.origin,
        "version": "",
        "sha256": code.sha256,
        "files": {name: digest[:16] for name, digest in code.files.items()},
        "trains": True,
    }
    folder = write_trained(tmp_path / "results", plugin=plugin, code=[written])
    edit(plugin, old, new)
    text = refusal(UsageError, folder)
    assert said in text
    if "now" in said:
        assert "for mine.py has been edited" in text


def test_an_edit_that_changes_no_parameter_is_no_obstacle(plugin: Path, tmp_path: Path) -> None:
    folder = write_trained(tmp_path / "results", plugin=plugin)
    edit(plugin, "Dropout(0.1)", "Dropout(0.2)")
    assert generator(folder).z_dim == 6


def cut(content: bytes) -> bytes:
    return content[:-7]


def header(content: bytes) -> bytes:
    return b"\xff" * 16 + content[16:]


def not_finite(content: bytes) -> bytes:
    about = About(architecture="tiny", z_dim=6, shape=SHAPE)
    state = load(content)
    state["1.bias"][0] = float("nan")
    return file_of(state, about)


def foreign(_: bytes) -> bytes:
    tensors: dict[str, Tensor] = {"w": torch.ones(3)}
    return save(tensors)


@pytest.mark.parametrize("damage", [cut, header, not_finite, foreign, lambda _: b""])
def test_a_damaged_file_is_refused_with_its_path(
    damage: Callable[[bytes], bytes], tmp_path: Path
) -> None:
    folder = write_trained(tmp_path)
    path = folder / GENERATOR
    path.write_bytes(damage(path.read_bytes()))
    text = refusal(StorageError, folder)
    assert str(path) in text
    assert "damaged" in text or "gan-bench did not write it" in text
    assert "restore it, or delete the folder of its cell and train it again" in text


@pytest.mark.parametrize("damage", [cut, header, not_finite, foreign, lambda _: b""])
def test_a_file_on_its_own_is_not_to_be_trained_again(
    damage: Callable[[bytes], bytes], tmp_path: Path
) -> None:
    path = tmp_path / "G.pt"
    path.write_bytes(damage((write_trained(tmp_path) / GENERATOR).read_bytes()))
    text = refusal(DataError, path, plugins=[tiny_plugin.PATH])
    assert str(path) in text
    assert "give the folder of a cell, or a file that `gan-bench export --to safetensors`" in text
    assert "train" not in text


@pytest.mark.parametrize(
    ("record", "said"),
    [
        ({"status": None}, "is not done yet: the command that began it goes on with it"),
        ({"status": "failed", "reason": "out of luck"}, "for it failed: out of luck"),
        ({"status": "diverged", "reason": "loss_d"}, "diverged before it had a state worth"),
        ({}, "generator.safetensors is missing"),
    ],
)
def test_a_cell_without_a_generator_says_why(
    record: dict[str, Any], said: str, tmp_path: Path
) -> None:
    folder = write_trained(tmp_path, **record)
    (folder / GENERATOR).unlink()
    assert said in refusal(DataError, folder)


def test_a_published_cell_says_that_its_weights_are_not_there(tmp_path: Path) -> None:
    folder = write_cell(tmp_path, "tiny")
    (folder / "cell.json").unlink()
    text = refusal(DataError, folder)
    assert "generator.safetensors is missing: published results come without the weights" in text


def test_where_the_last_tick_is_the_best_the_last_generator_is_its_generator(
    tmp_path: Path,
) -> None:
    folder = write_trained(tmp_path)
    best_tick = Best(metric="fd-eye", value=4.0, kimg=2.0, final=4.0)
    write_record(folder, read_record(folder).model_copy(update={"best": best_tick}))
    append_line(folder / TICKS, {"kimg": 1.0})
    append_line(folder / TICKS, {"kimg": 2.0})
    last, best = generator(folder), generator(folder, best=True)
    assert torch.equal(last(last.z(2)), best(best.z(2)))
    append_line(folder / TICKS, {"kimg": 3.0})
    assert "not that of its best tick, which was at 2 kimg" in refusal(DataError, folder, best=True)


@pytest.mark.parametrize(
    ("best", "said"),
    [
        (None, "has no best tick, for none of its ticks has a score"),
        (
            {"metric": "fd-eye", "value": 2.0, "kimg": 12.5, "final": 3.0},
            "not that of its best tick, which was at 12.5 kimg. To have it, train the cell again: "
            "run the same command with `--keep best` and with another folder for --results",
        ),
    ],
)
def test_a_cell_that_kept_no_best_tick_says_why(
    best: dict[str, Any] | None, said: str, tmp_path: Path
) -> None:
    folder = write_cell(tmp_path, "tiny", best=best)
    assert said in refusal(DataError, folder, best=True)


# What strangers claim


def restated(path: Path, plugin: Path, **claims: Any) -> str:
    """The refusal of a file of a generator that says other things of itself."""
    content = path.read_bytes()
    (length,) = struct.unpack("<Q", content[:8])
    header = json.loads(content[8 : 8 + length])
    about = json.loads(header["__metadata__"][ENTRY]) | claims
    header["__metadata__"][ENTRY] = json.dumps(about)
    text = json.dumps(header).encode()
    other = path.with_name("claims.safetensors")
    other.write_bytes(struct.pack("<Q", len(text)) + text + content[8 + length :])
    with pytest.raises((DataError, UsageError)) as caught:
        generator(other, plugins=[plugin])
    return str(caught.value)


@pytest.mark.parametrize(
    ("claims", "said"),
    [
        ({"classes": 10**12}, "gan-bench did not write it"),
        ({"classes": 900_000}, "classes.weight is (900000, 4) now and was (3, 4)"),
        ({"z_dim": 10**9}, "gan-bench did not write it"),
        ({"shape": "4096x4096x4096"}, "gan-bench did not write it"),
        ({"shape": "3x4096x4096"}, "now and was"),
        ({"shape": "0x8x8"}, "gan-bench did not write it"),
        ({"kimg": 1e999}, "gan-bench did not write it"),
        ({"extra": {"classes.weight": 1}}, "classes.weight is (3, 4) now and was no tensor"),
        ({"architecture": "../../x"}, "no architecture is called"),
    ],
)
def test_what_a_file_claims_is_bounded_and_compared_before_a_network_is_made(
    claims: dict[str, Any], said: str, tmp_path: Path
) -> None:
    trained = write_trained(tmp_path, "embedding", CONDITIONAL, 3) / GENERATOR
    path = Path(shutil.copy(trained, tmp_path / "faces.safetensors"))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert said in restated(path, CONDITIONAL, **claims)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - peak < 400_000  # KiB


def test_a_file_larger_than_the_memory_is_refused_unread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = Path(shutil.copy(write_trained(tmp_path) / GENERATOR, tmp_path / "large.safetensors"))
    free = SimpleNamespace(available=path.stat().st_size - 1)
    monkeypatch.setattr("psutil.virtual_memory", lambda: free)
    assert "of memory are free" in refusal(DataError, path, plugins=[tiny_plugin.PATH])


@pytest.mark.parametrize("metadata", ["null", "{}", '{"gan_bench": "[]"}'])
def test_metadata_that_say_nothing_are_refused(metadata: str, tmp_path: Path) -> None:
    header = f'{{"__metadata__": {metadata}}}'.encode()
    path = tmp_path / "a.safetensors"
    path.write_bytes(struct.pack("<Q", len(header)) + header)
    assert "gan-bench did not write it" in refusal(DataError, path)
