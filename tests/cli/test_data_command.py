"""`gan-bench data`: what it shows of a set, where it writes, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path
from zipfile import ZipFile

import pytest
from PIL import Image
from rich.cells import cell_len

from gan_bench.data.reporting import lines
from given import Command, Draw, refused

pytestmark = pytest.mark.usefixtures("no_cell_is_started", "no_gpu")


def sheet_at(path: str | Path) -> bool:
    """Whether it is a contact sheet of ours."""
    with Image.open(path) as picture:
        return picture.text["Software"] == "gan-bench"  # type: ignore[attr-defined, no-any-return]


def test_a_set_is_shown_on_a_page_and_on_a_sheet(gan_bench: Command, shapes: Path) -> None:
    (shapes / "broken.png").write_bytes(b"rubbish")
    said = gan_bench("data", shapes, "--size", "24x16", "--max-bad", "5")
    assert said.code == 0, said.err
    lines = dict(line.split("  ", 1) for line in said.out.splitlines() if not line.startswith(" "))
    assert lines["data"].strip() == "shapes: 40 images, 24x16 px, RGB"
    assert lines["split"].strip() == "36 for training, 4 held out"
    assert lines["dropped"].strip() == "1 file"
    assert "broken.png" in said.out
    assert lines["darkest"].strip().startswith("0")
    assert lines["contact sheet"].strip() == "shapes-contact-sheet.png"
    assert sheet_at("shapes-contact-sheet.png")
    assert not Path("results").exists()


def test_it_is_said_that_few_images_are_few(
    gan_bench: Command, draw_shapes: Draw, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = draw_shapes(Path("shapes"), 50)
    said = " ".join(gan_bench("data", folder, "--size", "16").out.split())
    assert "50 images: with so few, D soon knows them by heart" in said
    monkeypatch.setattr(lines, "FEW", 50)
    assert "by heart" not in gan_bench("data", folder, "--size", "16").out


def test_a_zip_and_a_named_set_are_shown_too(gan_bench: Command, shapes: Path) -> None:
    with ZipFile("mine.zip", "w") as archive:
        for path in shapes.iterdir():
            archive.write(path, path.name)
    assert "mine: 40 images, 16 px" in gan_bench("data", "mine.zip", "--size", "16").out
    assert sheet_at("mine-contact-sheet.png")


def test_the_document_has_all_names_and_no_sheet_is_written_unless_asked_for(
    gan_bench: Command, draw_shapes: Draw
) -> None:
    folder = draw_shapes(Path("shapes"), 50)
    for k in range(12):
        (folder / f"broken{k:02d}.png").write_bytes(b"rubbish")
    words = ["data", folder, "--size", "16", "--json", "--max-bad", "50"]
    document = json.loads(gan_bench(*words).out)
    assert (document["train"], document["held_out"], document["sides"]) == (45, 5, [16, 16])
    assert len(document["dropped"]) == 12
    assert len(document["fingerprint"]) == 64
    assert 0 <= document["pixels"]["min"] < document["pixels"]["mean"] < document["pixels"]["max"]
    assert len(document["held_out_names"]) == 5
    assert (document["refused"], document["contact_sheet"]) == (None, None)
    assert not list(Path().glob("*.png"))
    document = json.loads(gan_bench(*words, "--out", "made/here.png").out)
    assert document["contact_sheet"] == "made/here.png"
    assert sheet_at("made/here.png")


@pytest.mark.parametrize("as_json", [True, False])
def test_a_set_that_run_refuses_is_shown_and_it_is_said_that_it_would_be(
    as_json: bool, gan_bench: Command, shapes: Path
) -> None:
    for k in range(10):
        (shapes / f"broken{k}.png").write_bytes(b"rubbish")
    run = gan_bench("run", "--data", shapes, "--size", "16")
    said = gan_bench("data", shapes, "--size", "16", *(["--json"] if as_json else []))
    assert said.code == run.code == 4
    assert "error: `gan-bench run` refuses these images: 10 of the 50 images" in said.err
    if as_json:
        assert "10 of the 50 images" in json.loads(said.out)["refused"]
    else:
        assert "10 files" in said.out
        assert sheet_at("shapes-contact-sheet.png")
    allowed = gan_bench("data", shapes, "--size", "16", "--max-bad", "20")
    assert (allowed.code, "error" in allowed.err) == (0, False)


def test_a_set_with_too_few_usable_images_is_shown_without_a_sheet(
    gan_bench: Command, draw_shapes: Draw
) -> None:
    folder = draw_shapes(Path("few"), 5)
    said = gan_bench("data", folder, "--size", "16")
    assert said.code == 4
    assert "10 or more are needed" in said.err
    assert "few: 5 images" in said.out
    assert not list(Path().glob("*.png"))


def test_of_no_image_none_is_the_darkest(gan_bench: Command, shapes: Path) -> None:
    said = gan_bench("data", shapes, "--size", "16", "--min-size", "1000")
    assert said.code == 4
    titles = {line.split("  ")[0] for line in said.out.splitlines()}
    assert "left out" in titles
    assert not titles & {"darkest", "brightest", "flattest", "blurriest", "sharpest"}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "Missing argument 'NAME|FOLDER|ZIP'"),
        (["./nowhere"], "./nowhere: no such folder or zip"),
        (["mnits"], "Did you mean mnist?"),
        (["shapes", "--size", "4"], "4 is not in the range"),
        (["shapes", "--out", "sheet.jpg"], "sheet.jpg: the contact sheet is a PNG file: name it"),
        (["toonfaces", "--size", "32x48"], "--size 32x48: the images of toonfaces are square"),
        (["toonfaces", "--grey"], "--grey is for a folder or zip of your own"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_cannot_be_meant_is_answered_in_a_sentence(
    words: list[str], said: str, gan_bench: Command, draw_shapes: Draw
) -> None:
    draw_shapes(Path("shapes"))
    refused(gan_bench("data", *words), 2, said)
    assert not list(Path().glob("*.png"))


def test_a_folder_without_images_is_an_error_of_the_data(gan_bench: Command) -> None:
    Path("given").mkdir()
    said = gan_bench("data", "given")
    refused(said, 4, "`gan-bench run` refuses these images: no images in", "it is empty")
    (Path("given") / "a.txt").touch()  # there is something to say of it
    assert "not used" in gan_bench("data", "given").out


def test_the_sheet_is_never_written_among_the_images_unless_asked_for(
    gan_bench: Command, shapes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = set(shapes.iterdir())
    monkeypatch.chdir(shapes)
    said = gan_bench("data", ".", "--size", "16")
    assert said.code == 0
    assert set(shapes.iterdir()) == before
    assert sheet_at(shapes.parent / "shapes-contact-sheet.png")
    asked = "my-contact-sheet.png"  # which is not read as an image
    assert gan_bench("data", ".", "--size", "16", "--out", asked).code == 0
    assert sheet_at(shapes / asked)


@pytest.mark.parametrize("out", ["new.png", "linked/new.png", "an image"])
def test_the_sheet_is_written_over_no_image_and_does_not_become_one(
    out: str, gan_bench: Command, shapes: Path
) -> None:
    Path("linked").symlink_to(shapes)
    before = {path: path.read_bytes() for path in shapes.iterdir()}
    path = next(iter(before)) if out == "an image" else shapes / out
    if out.startswith("linked"):
        path = Path(out)
    said = gan_bench("data", shapes, "--size", "16", "--out", path)
    refused(said, 2, "would be one of the images: name it *contact-sheet.png")
    assert {path: path.read_bytes() for path in shapes.iterdir()} == before


def test_it_is_said_when_a_sheet_replaces_another(gan_bench: Command, draw_shapes: Draw) -> None:
    one, other = draw_shapes(Path("A/images")), draw_shapes(Path("B/images"))
    replaced = "images-contact-sheet.png, in place of the one that was there"
    assert replaced not in gan_bench("data", one, "--size", "16").out
    assert replaced in gan_bench("data", other, "--size", "16").out


def test_a_sheet_that_cannot_be_written_is_a_storage_error(
    gan_bench: Command, shapes: Path
) -> None:
    Path("file").write_text("")
    assert gan_bench("data", shapes, "--size", "16", "--out", "file/sheet.png").code == 5


@pytest.mark.parametrize("width", [40, 80])
def test_the_page_fits_the_terminal_and_shows_no_hidden_character(
    width: int, gan_bench: Command, draw_shapes: Draw, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = draw_shapes(Path("given"))
    for name in ("\x1b[31mred.png", "two\nlines.png", "文字" * 20 + ".png", "x" * 120 + ".png"):
        (folder / name).write_bytes(b"rubbish")
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setattr("gan_bench.cli.output.PIPE_WIDTH", width)
    said = gan_bench("data", folder, "--size", "16", "--max-bad", "50")
    assert said.code == 0
    assert max(map(cell_len, said.out.splitlines())) <= width
    assert "\x1b" not in said.out
    assert "\\x1b[31mred.png" in said.out
    assert "two\\nlines.png" in "".join(said.out.split())
