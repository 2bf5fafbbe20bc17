"""`gan-bench sample`, `interpolate`, `timelapse`, `export`: from a cell's folder to a file."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from PIL import Image

from gan_bench.results.atomic import write_json
from gan_bench.results.layout import DATA_REPORT, GENERATOR, protocol_folder_of
from given import Command, read_only, refused
from records import write_training
from trained import CONDITIONAL, write_trained

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture
def cell(tmp_path: Path) -> Path:
    folder = write_trained(tmp_path / "trained", best=True)
    write_training(folder, ticks=3, side=8)
    return folder


def test_sample_writes_a_grid_or_each_image(gan_bench: Command, cell: Path) -> None:
    said = gan_bench("sample", cell, "--seed", 1, "--out", "new/grid.png")
    assert (said.code, said.out) == (0, "")
    assert said.err == "64 images of tiny / hinge / seed0, seed 1: new/grid.png\n"
    said = gan_bench("sample", cell, "--n", 3, "--seed", 1, "--each", "--out", "each")
    assert said.code == 0, said.err
    assert sorted(path.name for path in Path("each").iterdir()) == [
        "00000.png", "00001.png", "00002.png",
    ]  # fmt: skip
    with Image.open("new/grid.png") as grid, Image.open("each/00002.png") as image:
        small = grid.reduce(5)  # 82 pixels are enlarged to 410
        assert (grid.size, image.size) == ((410, 410), (8, 8))
        assert small.crop((22, 2, 30, 10)).tobytes() == image.tobytes()


def test_sample_takes_a_class_and_the_best_tick(
    gan_bench: Command, cell: Path, tmp_path: Path
) -> None:
    labelled = write_trained(tmp_path / "labelled", "embedding", CONDITIONAL, 3)
    said = gan_bench("sample", labelled, "--out", "all.png")
    assert said.err.startswith("24 images of embedding / hinge / seed0")
    assert gan_bench("sample", labelled, "--class", 2, "--out", "one.png").code == 0
    few = gan_bench("sample", labelled, "--n", 10, "--out", "few.png")
    assert few.err == "10 images of embedding / hinge / seed0, classes 0, 1 of 3, seed 0: few.png\n"
    refused(gan_bench("sample", labelled, "--class", 3, "--out", "no.png"), 2, "There are 0 to 2")
    names = {"counts": {"classes": {"owl": 1, "cat": 1, "dog": 1}}}
    write_json(protocol_folder_of(labelled) / DATA_REPORT, names)
    said = gan_bench("sample", labelled, "--class", "owl", "--out", "named.png")
    assert said.err == "64 images of embedding / hinge / seed0, class 2 owl, seed 0: named.png\n"
    assert Path("named.png").read_bytes() == Path("one.png").read_bytes()
    said = gan_bench("sample", labelled, "--out", "again.png")
    assert "seed0, classes 0 cat, 1 dog, 2 owl, seed 0: again.png" in said.err
    walk = ("--steps", 2, "--points", 2, "--out", "walk.gif")
    assert (
        "2 frames of 1 cell, class 1 dog: walk.gif ("
        in gan_bench("interpolate", labelled, "--class", "dog", *walk).err
    )
    for name, more in (("last", []), ("best", ["--best"])):
        assert gan_bench("sample", cell, *more, "--out", f"{name}.png").code == 0
    assert Path("last.png").read_bytes() != Path("best.png").read_bytes()


def test_interpolate_shows_cells_side_by_side(gan_bench: Command, cell: Path) -> None:
    said = gan_bench("interpolate", cell, cell, "--steps", 6, "--points", 2, "--out", "walk.gif")
    assert said.code == 0, said.err
    assert "6 frames of 2 cells: walk.gif (" in said.err
    with Image.open("walk.gif") as walk:
        assert walk.n_frames == 6


def test_timelapse_shows_every_tick(gan_bench: Command, cell: Path) -> None:
    said = gan_bench("timelapse", cell, "--out", "training.gif")
    assert said.code == 0, said.err
    assert "3 ticks: training.gif (" in said.err
    with Image.open("training.gif") as moving:
        assert moving.n_frames == 3


each_command = pytest.mark.parametrize(
    "words",
    [
        ["sample", "--n", "2", "--out", "a.png"],
        ["interpolate", "--steps", "2", "--points", "2", "--out", "a.gif"],
        ["timelapse", "--out", "a.gif"],
        ["export", "--to", "torchscript", "--out", "a.pt"],
    ],
    ids=lambda words: words[0],
)


@each_command
def test_a_cell_is_looked_up_by_its_name_in_results(
    words: list[str], gan_bench: Command, cell: Path, tmp_path: Path
) -> None:
    name = [words[0], "tiny/hinge/seed0", *words[1:]]
    advice = "Cells are looked up by their names in results, which has none: another --results may"
    refused(gan_bench(*name), 2, "there is no", advice)
    assert gan_bench(*name, "--results", tmp_path / "trained").code == 0
    refused(gan_bench(*name, "--results", cell), 2, "there is no", f"in {cell}")


@each_command
def test_it_is_said_when_a_file_replaces_another(
    words: list[str], gan_bench: Command, cell: Path
) -> None:
    first, again = (gan_bench(words[0], cell, *words[1:]) for _ in range(2))
    assert (first.code, again.code) == (0, 0)
    assert "in place of" not in first.err
    assert ", in place of the one that was there" in again.err


def test_export_says_what_goes_in_and_comes_out(gan_bench: Command, cell: Path) -> None:
    said = gan_bench("export", cell, "--to", "torchscript", "--out", "faces.pt")
    assert said.code == 0, said.err
    assert "z has 6 values, images are 3 x 8 x 8" in said.err
    assert "deprecated" not in said.err
    assert torch.jit.load("faces.pt")(torch.zeros(2, 6)).shape == (2, 3, 8, 8)  # type: ignore[no-untyped-call]


@pytest.mark.parametrize(
    ("words", "code", "parts"),
    [
        (["sample", "CELL", "--out", "a.jpg"], 2, ["ends in .png"]),
        (["sample", "nowhere", "--out", "a.png"], 2, ["there is no", "nowhere"]),
        (["sample", ".", "--out", "a.png"], 2, ["is no cell's folder: it has no cell.json"]),
        (["sample", "CELL", "--class", "0", "--out", "a.png"], 2, ["is not conditional"]),
        (
            ["sample", "results/*/tiny", "--out", "a.png"],
            2,
            ["no folder is called", "*/tiny. Cells are looked up"],
        ),
        (["interpolate", "CELL", "--out", "a.webm"], 2, ["ends in .gif or .mp4"]),
        (["interpolate", "CELL", "nowhere", "--out", "a.gif"], 2, ["there is no", "nowhere"]),
        (["timelapse", "nowhere", "--out", "a.gif"], 2, ["there is no", "nowhere"]),
        (["timelapse", ".", "--out", "a.gif"], 2, ["is no cell's folder"]),
        (
            ["export", "CELL", "--to", "safetensors", "--out", "."],
            2,
            [". is a folder: give the name"],
        ),
        (["export", "CELL", "--to", "onx", "--out", "a"], 2, ["'onx' is not one of"]),
        (["export", "CELL", "--to", "safetensors", "--out", "CELL/cell.json/a"], 5, ["make"]),
        (["export", "CELL", "--to", "onnx", "--out", "CELL/record.json"], 2, ["another --out"]),
        (["export", "CELL", "--to", "safetensors", "--out", "."], 2, [". is a folder: give"]),
        (["export", "CELL", "--to", "safetensors", "--out", "/"], 2, ["/ is a folder: give"]),
        (["export", "CELL", "--to", "safetensors", "--out", ".."], 2, [".. is a folder: give"]),
    ],
)
def test_what_cannot_be_made_is_refused_in_one_sentence(
    words: list[str], code: int, parts: list[str], gan_bench: Command, cell: Path
) -> None:
    given = [word.replace("CELL", str(cell)) for word in words]
    refused(gan_bench(*given), code, *parts)


@pytest.mark.parametrize(
    ("words", "name"),
    [
        (["sample", "CELL"], "samples/0000000.100.png"),
        (["sample", "CELL"], "samples/new.png"),
        (["sample", "CELL", "--each"], "trackers"),
        (["sample", "CELL", "--each"], "../../../entries/mine"),
        (["interpolate", "CELL"], "samples/walk.gif"),
        (["timelapse", "CELL"], "../../../figures/training.gif"),
        (["export", "CELL", "--to", "safetensors"], "generator-best.safetensors"),
        (["export", "CELL", "--to", "safetensors"], "outcome.json"),
        (["report", "RESULTS"], "record.json"),
        (["report", "RESULTS"], "../../../protocol.json"),
        (["data", "CELL"], "../../../contact-sheet.png"),
        (["judge", "CELL"], "generator.safetensors"),
        (["sample", "CELL"], "../seed0-link/samples/new.png"),
    ],
)
def test_no_output_takes_the_place_of_a_file_of_the_results(
    words: list[str], name: str, gan_bench: Command, cell: Path, tmp_path: Path
) -> None:
    cell.with_name("seed0-link").symlink_to(cell)
    results, out = tmp_path / "trained", cell / name
    before = {path: path.read_bytes() for path in results.rglob("*.*")}
    given = [{"CELL": str(cell), "RESULTS": str(results)}.get(word, word) for word in words]
    refused(gan_bench(*given, "--out", out), 2, str(out), "belongs to the", "another --out")
    assert before == {path: path.read_bytes() for path in results.rglob("*.*")}


def test_a_file_of_another_name_may_lie_in_a_cell(gan_bench: Command, cell: Path) -> None:
    for _ in range(2):
        assert gan_bench("sample", cell, "--out", cell / "mine.png").code == 0


def test_a_generator_is_not_exported_over_itself(gan_bench: Command, cell: Path) -> None:
    gan_bench("export", cell, "--to", "safetensors", "--out", "G.safetensors")
    content = Path("G.safetensors").read_bytes()
    said = gan_bench("export", "G.safetensors", "--to", "torchscript", "--out", "./G.safetensors")
    refused(said, 2, "is the generator to export: give another --out")
    assert Path("G.safetensors").read_bytes() == content


@pytest.mark.parametrize(
    "words",
    [
        ["sample", "CELL", "--out", "there/a.png"],
        ["sample", "CELL", "--each", "--out", "there/each"],
        ["interpolate", "CELL", "--steps", "2", "--out", "there/a.gif"],
        ["timelapse", "CELL", "--out", "there/a.gif"],
        ["export", "CELL", "--to", "safetensors", "--out", "there/new/G.safetensors"],
        ["report", "RESULTS", "--out", "there/a.csv"],
    ],
)
def test_a_folder_that_cannot_be_written_to_is_named_with_what_to_do(
    words: list[str],
    gan_bench: Command,
    cell: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    Path("there").mkdir()
    read_only(Path("there").absolute(), monkeypatch)
    given = [{"CELL": str(cell), "RESULTS": str(tmp_path / "trained")}.get(w, w) for w in words]
    advice = f"Permission denied: make {Path('there').absolute()} writable, or choose another"
    refused(gan_bench(*given), 5, advice)


def test_a_damaged_generator_is_refused(gan_bench: Command, cell: Path) -> None:
    path = cell / GENERATOR
    path.write_bytes(path.read_bytes()[:-20])
    refused(gan_bench("sample", cell, "--out", "a.png"), 5, str(path), "is damaged")
