"""`gan-bench run`: what it refuses, and what it says. Nothing is trained here."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path
from typing import Any, NoReturn
from urllib.error import URLError

import pytest

from gan_bench import Resources
from gan_bench import catalogue as catalogues
from gan_bench.run.names import remember
from gan_bench.run.progress import Watch
from given import Command, Draw, refused

pytestmark = pytest.mark.usefixtures("no_cell_is_started", "no_gpu")


# What `run` refuses, before any training


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--arch", "dcgn"], "error: no architecture is called 'dcgn'. Did you mean dcgan? Instal"),
        (["--loss", "minmax"], "error: no loss is called 'minmax'. Did you mean minimax?"),
        (["--metric", "diversty"], "error: no metric is called 'diversty'. Did you mean diversity"),
        (["--preset", "quik"], "error: no preset is called 'quik'. Did you mean quick?"),
        (["--features", "incepton"], "error: no features net is called 'incepton'. Did you"),
        (["--engine", "lokal"], "error: no engine is called 'lokal'. Did you mean local?"),
        (["--data", "mnits"], "called so. Did you mean mnist?"),
        (["--data", "./nowhere"], "error: data ./nowhere: no such folder or zip"),
        (["--metric", "modes"], "error: --metric modes: the modes of shapes are not known"),
        (["--feature-weights", "w.pth"], "--feature-weights: none of efficientnet-lite0"),
        (["--feature-weights", "incepton=w.pth"], "no features net is called 'incepton'. Did you"),
        (["--feature-weights", "pixels=w.pth"], "pixels reads no weights from a file; only incept"),
        (["--feature-weights", "inception=w.pth"], "no metric of this run reads inception, only"),
        (["--feature-weights", "pixels="], "the value is empty"),
        (
            ["--feature-weights", "a.pth", "--feature-weights", "b.pth"],
            "give one FILE for all networks, or one for each",
        ),
        (["--device", "cuda"], "error: there is no cuda device here, only cpu: leave --device out"),
        (["--plugin", "missing.py"], "error: plugin missing.py: no such Python file"),
        (["--device", "gpu"], "'gpu' is not one of"),
        (["--kimg", "0"], "--kimg"),
        (["--kimg", "many"], "'many' is not a valid number"),
        (["--kimg", "inf"], "kimg"),
        (["--kimg", "nan"], "kimg"),
        (["--kimg", "1e30"], "1e+30 is not in the range above 0 to 1,000,000,000."),
        (["--cell-timeout", "1e300"], "1e+300 is not in the range"),
        (["--max-bad", "nan"], "nan is no number"),
        (["--data", ""], "'--data': the value is empty"),
        (["--data", "--arch", "dense"], "'--data': the value is missing: --arch is the next opt"),
        (["--loss", "--seeds", "2"], "'--loss': the value is missing: --seeds is the next option"),
        (["--results", ""], "'--results': the value is empty"),
        (["--batch", "1"], "1 is not in the range from 2 up"),
        (["--seeds", "0"], "0 is not in the range from 1 to 10,000."),
        (["--seeds", "10001"], "10001 is not in the range from 1 to 10,000."),
        (["--samples", "1000001"], "1000001 is not in the range from 10 to 1,000,000."),
        (["--seeds", "two"], "'two' is not a valid whole number."),
        (["--size", "4"], "4 is not in the range"),
        (["--folder", ""], "Invalid value for '--folder': the value is empty"),
        (["--acrh", "dcgan"], "No such option '--acrh'. Did you mean '--arch'?"),
        (["--arch"], "Option '--arch' requires an argument"),
        (["--arch", "dcgan,,dense"], "Invalid value for '--arch': a name is empty"),
        (["--arch", "dense,dcgn"], "no architecture is called 'dcgn'. Did you mean dcgan?"),
        (["--features", "pixels,incepton"], "no features net is called 'incepton'"),
        (["faces/"], "error: unexpected argument faces/: use --data faces/"),
        (["my faces.zip", "--arch", "dcgan"], "use --data 'my faces.zip'"),
        (["--data-root", "elsewhere"], "is a path: leave --data-root and --download out"),
        (["--jobs", "0"], "0 is not in the range from 1 up"),
        (
            ["--arch", "dcgan", "--size", "18"],
            "error: --arch dcgan does not suit shapes: dcgan makes no images of 18 px, because it "
            "doubles a map with a short side of 4 to 7 px two to six times: try --size 16 or "
            "--size 20",
        ),
        (
            ["--arch", "dcgan", "--size", "28", "--data", "../digits"],
            "28 px to dcgan-mnist: try that one, --size 24 or --size 32",
        ),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_command_that_cannot_be_meant_is_answered_in_a_sentence(
    words: list[str], said: str, gan_bench: Command, shapes: Path, draw_shapes: Draw
) -> None:
    draw_shapes(Path("../digits"), 20, 28)
    given = ["run", "--data", shapes, "--size", "16", "--batch", "8", "--samples", "20"]
    refused(gan_bench(*given, *words), 2, said)


def test_data_that_holds_no_images_is_an_error_of_the_data(gan_bench: Command) -> None:
    Path("given").mkdir()
    said = f"error: no images in {Path('given').absolute()}: it is empty"
    refused(gan_bench("run", "--data", "given"), 4, said)


def test_an_entry_without_images_is_refused_before_anything_is_trained(
    gan_bench: Command, shapes: Path
) -> None:
    Path("empty").mkdir()
    given = ["run", "--data", shapes, "--size", "16", "--entry", "mine=empty"]
    for more in ([], ["--dry-run"]):
        said = f"error: no images in {Path('empty').absolute()}: it is empty"
        refused(gan_bench(*given, *more), 4, said)
    assert not Path("results").exists()


def test_the_report_of_a_set_that_is_refused_is_kept_and_its_path_said(
    gan_bench: Command, shapes: Path
) -> None:
    for k in range(30):
        (shapes / f"bad{k}.png").write_bytes(b"rubbish")
    (shapes / "clip.mp4").write_bytes(b"\0\0\0\x20ftypisom")
    path = Path("results/shapes-data-report.json")
    said = gan_bench("run", "--data", shapes, "--size", "16")
    refused(said, 4, "more than 0.1 %: 30 unreadable", f"all that is left out: {path}")
    report = json.loads(path.read_text())
    assert len(report["dropped"]) == 30
    assert [each["name"] for each in report["not_used"]] == ["clip.mp4"]


@pytest.mark.parametrize(
    ("name", "code", "said"),
    [
        (
            "https://example.org/faces.zip",
            2,
            "a URL: download it, then give the folder or the zip",
        ),
        (
            "hf:user/faces",
            4,
            "user/faces needs the package datasets: pip install 'gan-bench[huggingf",
        ),
        (
            "kaggle:user/faces",
            4,
            "user/faces needs the package kagglehub: pip install 'gan-bench[kag",
        ),
        ("kaggle:faces", 2, "data 'kaggle:faces': one of Kaggle is named kaggle:user/name"),
        ("hf:", 2, "data 'hf:': one of Hugging Face is named hf:user/name"),
    ],
)
def test_data_elsewhere_is_answered_with_the_way_to_get_it(
    name: str, code: int, said: str, gan_bench: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("datasets", "kagglehub"):
        monkeypatch.setitem(sys.modules, module, None)
    refused(gan_bench("run", "--data", name), code, said)


def test_a_named_data_set_without_its_files_says_what_it_needs(gan_bench: Command) -> None:
    refused(gan_bench("run", "--data", "mnist"), 4, "error: mnist needs --data-root DIR")
    said = gan_bench("run", "--data", "mnist", "--data-root", "nowhere")
    refused(said, 4, "error: ", "nowhere")


def test_results_that_cannot_be_written_are_refused(gan_bench: Command, shapes: Path) -> None:
    Path("file").write_text("")
    said = gan_bench("run", "--data", shapes, "--results", "file/results")
    refused(said, 5, "error: cannot write the results folder file/results: Not a directory; choose")
    said = gan_bench("run", "--data", shapes, "--results", "file", "--dry-run")
    refused(said, 2, "error: Invalid value for '--results': Directory 'file' is a file.")


def test_the_home_folder_is_known_where_the_shell_does_not_put_it_in(
    gan_bench: Command, shapes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "file").write_text("")
    said = gan_bench("run", f"--data={shapes}", "--results=~/file/results")
    refused(said, 5, f"cannot write the results folder {tmp_path}/file/results")


@pytest.mark.parametrize(
    ("content", "said"),
    [(None, "there is no such file"), (b"rubbish", "the original FID weights start with 6726825d")],
)
def test_weights_that_cannot_be_used_are_refused_before_training(
    content: bytes | None, said: str, gan_bench: Command, shapes: Path
) -> None:
    if content is not None:
        Path("w.pth").write_bytes(content)
    for named in ("w.pth", "inception=w.pth"):
        given = ["--features", "inception", "--feature-weights", named]
        refused(gan_bench("run", "--data", shapes, "--size", "16", *given), 4, "w.pth", said)


def test_a_file_with_an_equals_sign_in_its_name_is_a_file(gan_bench: Command, shapes: Path) -> None:
    Path("epoch=3.pth").write_bytes(b"rubbish")
    given = ["--features", "inception", "--feature-weights", "epoch=3.pth"]
    refused(
        gan_bench("run", "--data", shapes, "--size", "16", *given), 4, "epoch=3.pth has the SHA"
    )


def test_without_a_network_it_is_said_what_was_wanted_and_the_way_without(
    gan_bench: Command, shapes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def offline(*_: object, **__: object) -> NoReturn:
        raise URLError("no network here")

    monkeypatch.setattr("torch.hub.urlopen", offline)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    said = gan_bench("run", "--data", shapes, "--size", "16", "--features", "inception")
    refused(said, 4, "no network here", "https://github.com/toshas", "--feature-weights FILE")


def test_a_broken_file_shows_its_own_error(gan_bench: Command, shapes: Path) -> None:
    Path("mine.py").write_text("raise RuntimeError('no [bold]licence[/bold] :x:')")
    said = gan_bench("run", "--data", shapes, "--plugin", "mine.py")
    refused(said, 2, "error: plugin mine.py: RuntimeError: no [bold]licence[/bold] :x:")


# What `run` says

SMALL = shlex.split("run --data ../shapes --size 16 --batch 8 --samples 20")


@pytest.mark.parametrize("names", [["--arch", "dense", "--arch", "dcgan"], ["--arch=dense,dcgan"]])
@pytest.mark.usefixtures("shapes")
def test_a_dry_run_says_what_would_be_run_and_writes_nothing(
    names: list[str], gan_bench: Command
) -> None:
    said = gan_bench(*SMALL, *names, "--seeds=2", "--kimg=3", "--dry-run")
    assert said.code == 0
    assert said.out.index("dense") < said.out.index("dcgan")
    assert not Path("results").exists()


@pytest.mark.usefixtures("shapes")
def test_names_are_found_regardless_of_case(gan_bench: Command) -> None:
    words = shlex.split("--arch DENSE --loss MiniMax --features PIXELS --metric FD --preset QUICK")
    said = gan_bench(*SMALL, *words, "--dry-run", "--json")
    (cell,) = json.loads(said.out)["cells"]
    assert (cell["architecture"], cell["loss"]) == ("dense", "minimax")
    assert not Path("results").exists()


def test_a_misspelt_name_is_answered_before_the_plugins_are_loaded(
    gan_bench: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    def load(*_: object) -> NoReturn:
        raise AssertionError("the plugins were loaded")

    remember(catalogues.load())
    monkeypatch.setattr("gan_bench.catalogue.load", load)
    refused(gan_bench("run", "--loss", "minmax"), 2, "Did you mean minimax?")


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("dcgan", "--arch dcgan"),
        ("dcgna", "--arch dcgan"),
        ("mnist", "--data mnist"),  # and not the architecture that has it in its name
        ("facs", "--data faces"),  # the folder
        ("photos", "--data photos"),  # like nothing
        ("ac", "--loss ac"),
    ],
)
def test_a_name_in_place_of_an_option_is_sent_to_its_option(
    word: str, said: str, gan_bench: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "faces").mkdir()
    known = {"architecture": ["dcgan", "dcgan-mnist"], "dataset": ["mnist"], "loss": ["ac"]}
    monkeypatch.setattr("gan_bench.run.names.known_names", lambda kind: known.get(kind, []))
    refused(gan_bench("run", word), 2, f"unexpected argument {word}: use {said} see")


@pytest.fixture
def jobs_seen(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """Nothing is run; the number of jobs that each part of a run was given."""
    seen = {}

    class Watched(Watch):
        def __init__(self, *given: Any) -> None:
            super().__init__(*given)
            seen["shown"] = self.jobs

    def preflight(folders: Any, home: Any, say: Any, jobs: int, *_: Any) -> list[Path]:
        seen["reckoned"] = jobs
        return []

    def run_cells(engine: Any, folders: Any, resources: Resources, say: Any) -> list[Path]:
        seen["started"] = resources.jobs
        return []

    monkeypatch.setattr("gan_bench.run.whole_run.Watch", Watched)
    monkeypatch.setattr("gan_bench.run.train_cells.preflight", preflight)
    monkeypatch.setattr("gan_bench.run.train_cells.run_cells", run_cells)
    return seen


@pytest.mark.usefixtures("shapes")
def test_jobs_are_reckoned_with_started_and_shown(
    gan_bench: Command, jobs_seen: dict[str, int]
) -> None:
    gan_bench(*SMALL, "--seeds=2", "--jobs=3")
    assert jobs_seen == {"shown": 3, "reckoned": 3, "started": 3}


@pytest.mark.usefixtures("jobs_seen", "shapes")
def test_quiet_means_that_only_errors_are_told(gan_bench: Command) -> None:
    words = [*SMALL, "--arch=dense", "--quiet"]
    assert gan_bench(*words).err.startswith("1 cell has failed")
    assert "error: no architecture" in gan_bench(*words, "--arch", "dcgn").err


@pytest.mark.usefixtures("jobs_seen")
def test_dropped_images_are_told(gan_bench: Command, shapes: Path) -> None:
    (shapes / "broken.png").write_bytes(b"")
    (shapes / "text.png").write_bytes(b"text")
    refused(gan_bench(*SMALL), 4, "2 of the 42 images of shapes cannot be used", "--max-bad")
    said = gan_bench(*SMALL, "--max-bad=5")
    assert "dropped 2: 1 empty, 1 unreadable; broken.png: empty" in said.err
