"""The command line: what it answers, where it prints, and how it ends. Nothing is trained here."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent
from typing import Any, NoReturn
from urllib.error import URLError

import pytest

from gan_bench.contract.protocol import Data, Evaluation, MetricSpec, Protocol, Schedule
from gan_bench.results.atomic import append_line, make_folder, write_json
from gan_bench.results.layout import protocol_dir
from gan_bench.results.records import Record, write_record
from gan_bench.run.progress import Watch
from given import Command, Said


@pytest.fixture(autouse=True)
def no_cell_is_started(monkeypatch: pytest.MonkeyPatch) -> None:
    def start(*_: Any) -> NoReturn:
        raise AssertionError("a cell was started")

    monkeypatch.setattr("gan_bench_plugins.local._process", start)


@pytest.fixture(autouse=True)
def no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    monkeypatch.setattr("torch.mps.is_available", lambda: False)


def refused(said: Said, code: int, *parts: str) -> None:
    """One clear sentence on stderr, nothing on stdout, nothing laid out."""
    assert said.code == code, said.err
    assert said.out == ""
    assert "Traceback" not in said.err
    text = " ".join(said.err.split())
    for part in parts:
        assert part in text
    assert not list(Path("results").rglob("cell.json")) + list(Path("results").rglob("*.jsonl"))


# What `run` refuses, before any training


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--arch", "dcgn"], "error: no architecture is called 'dcgn'. Did you mean dcgan? Instal"),
        (["--loss", "minmax"], "error: no loss is called 'minmax'. Did you mean minimax?"),
        (["--metric", "diversty"], "error: no metric is called 'diversty'. Did you mean diversity"),
        (["--preset", "quik"], "error: no preset is called 'quik'. Did you mean quick?"),
        (
            ["--features", "incepton"],
            "error: no features net is called 'incepton'. Did you mean ",
        ),
        (["--engine", "lokal"], "error: no engine is called 'lokal'. Did you mean local?"),
        (
            ["--data", "mnits"],
            "error: --data mnits: no such folder or zip, and no data set is",
        ),
        (["--data", "./nowhere"], "error: --data ./nowhere: no such folder or zip"),
        (["--metric", "modes"], "error: --metric modes: the modes of shapes are not known"),
        (
            ["--feature-weights", "w.pth"],
            "error: --feature-weights: none of efficientnet-lite0",
        ),
        (["--device", "cuda"], "error: there is no cuda device here, only cpu: leave --device out"),
        (["--plugin", "missing.py"], "error: plugin missing.py: no such Python file"),
        (["--device", "gpu"], "'gpu' is not one of"),
        (["--kimg", "0"], "--kimg"),
        (["--kimg", "many"], "'many' is not a valid float"),
        (["--kimg", "inf"], "kimg"),
        (["--kimg", "nan"], "kimg"),
        (["--batch", "1"], "1 is not in the range x>=2"),
        (["--seeds", "0"], "0 is not in the range x>=1"),
        (["--size", "4"], "4 is not in the range"),
        (["--acrh", "dcgan"], "No such option '--acrh'."),
        (["--arch"], "Option '--arch' requires an argument"),
        (["dcgan"], "Got unexpected extra argument"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_command_that_cannot_be_meant_is_answered_in_a_sentence(
    words: list[str], said: str, gan_bench: Command, shapes: Path
) -> None:
    given = ["run", "--data", shapes, "--size", "16", "--batch", "8", "--samples", "20"]
    refused(gan_bench(*given, *words), 2, said)


def test_an_architecture_that_does_not_suit_says_what_does(
    gan_bench: Command, shapes: Path
) -> None:
    said = gan_bench("run", "--data", shapes, "--size", "20", "--arch", "dcgan", "--batch", "8")
    refused(
        said,
        2,
        "error: --arch dcgan does not suit shapes: dcgan makes square images of 16 to 256 px in "
        "powers of two; these are 20 x 20: try --size 32",
    )


def test_dcgan_on_28_px_is_sent_to_its_sibling(
    gan_bench: Command, tmp_path: Path, draw_shapes: Callable[..., Path]
) -> None:
    digits = draw_shapes(tmp_path / "digits", 20, 28)
    said = gan_bench("run", "--data", digits, "--size", "28", "--arch", "dcgan", "--batch", "8")
    refused(said, 2, "these are 28 x 28: try dcgan-mnist or --size 32")


def empty(path: Path) -> None:
    path.mkdir()


def no_zip(path: Path) -> None:
    path.write_text("I am a text")


def all_broken(path: Path) -> None:
    path.mkdir()
    for k in range(20):
        (path / f"{k}.png").write_bytes(b"rubbish")


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (empty, "error: no images in given: looked for bmp, gif, jpeg"),
        (no_zip, "error: given is no zip: File is not a zip file; give a folder or a zip"),
        (all_broken, "given has 20 images, none can be used: 20 unreadable; the first: 0"),
    ],
)
def test_data_that_holds_no_images_is_an_error_of_the_data(
    make: Callable[[Path], None], said: str, gan_bench: Command
) -> None:
    make(Path("given"))
    refused(gan_bench("run", "--data", "given"), 4, said)


def test_fewer_images_than_a_batch_is_an_error_of_the_data(
    gan_bench: Command, shapes: Path
) -> None:
    said = gan_bench("run", "--data", shapes, "--size", "16", "--batch", "99")
    refused(said, 4, "error: shapes has 36 training images, fewer than one batch of 99")


def test_a_named_data_set_without_its_files_says_what_it_needs(gan_bench: Command) -> None:
    refused(gan_bench("run", "--data", "mnist"), 4, "error: mnist needs --data-root DIR")


def test_a_data_root_that_is_not_there_is_named(gan_bench: Command) -> None:
    said = gan_bench("run", "--data", "mnist", "--data-root", "nowhere")
    refused(said, 4, "error: ", "nowhere")


def test_a_path_needs_no_data_root(gan_bench: Command, shapes: Path) -> None:
    said = gan_bench("run", "--data", shapes, "--data-root", "elsewhere")
    refused(said, 2, "is a path: leave --data-root and --download out")


def test_results_that_cannot_be_written_are_refused(gan_bench: Command, shapes: Path) -> None:
    Path("file").write_text("")
    said = gan_bench("run", "--data", shapes, "--results", "file/results")
    refused(said, 5, "error: cannot write the results folder file/results: Not a directory; choose")


def test_a_cache_that_cannot_be_written_is_refused(
    gan_bench: Command, shapes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("file").write_text("")
    monkeypatch.setenv("GAN_BENCH_HOME", "file")
    said = gan_bench("run", "--data", shapes, "--size", "16", "--batch", "8")
    refused(
        said, 5, "error: cannot use the cache", "set GAN_BENCH_HOME to a folder that can be wri"
    )


@pytest.mark.parametrize(
    ("content", "said"),
    [(None, "there is no such file"), (b"rubbish", "the original FID weights start with 6726825d")],
)
def test_weights_that_cannot_be_used_are_refused_before_training(
    content: bytes | None, said: str, gan_bench: Command, shapes: Path
) -> None:
    if content is not None:
        Path("w.pth").write_bytes(content)
    given = ["--features", "inception", "--feature-weights", "w.pth"]
    refused(gan_bench("run", "--data", shapes, "--size", "16", *given), 4, "w.pth", said)


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


def test_a_dry_run_says_what_would_be_run_and_writes_nothing(
    gan_bench: Command, shapes: Path
) -> None:
    said = gan_bench(
        *("run", "--data", shapes, "--size", "16", "--batch", "8", "--samples", "20"),
        *("--arch", "dense", "--arch", "dcgan", "--seeds", "2", "--kimg", "3", "--dry-run"),
    )
    assert said.code == 0
    first, *lines = said.out.splitlines()
    assert first.startswith("shapes-16px-3kimg-")
    cells = [f"{arch} / non-saturating / seed{k}" for arch in ("dense", "dcgan") for k in (0, 1)]
    assert [cell for line in lines for cell in cells if cell in line] == cells
    assert any("36 training" in line for line in lines)
    assert not Path("results").exists()


def test_jobs_are_reckoned_with_started_and_shown(
    gan_bench: Command, shapes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = {}

    class Watched(Watch):
        def __init__(self, *given: Any) -> None:
            super().__init__(*given)
            told["shown"] = self.jobs

    def rehearse(folders: Any, home: Any, say: Any, jobs: int) -> None:
        told["reckoned"] = jobs

    def run_cells(engine: Any, folders: Any, slots: int, say: Any) -> list[Path]:
        told["started"] = slots
        return []

    monkeypatch.setattr("gan_bench.run.progress.Watch", Watched)
    monkeypatch.setattr("gan_bench.run.preflight.preflight", rehearse)
    monkeypatch.setattr("gan_bench.run.scheduler.run_cells", run_cells)
    refused(gan_bench("run", "--jobs=0"), 2, "0 is not in the range x>=1")
    gan_bench("run", "--data", shapes, "--size=16", "--batch=8", "--samples=20", "--jobs=3")
    assert told == {"shown": 3, "reckoned": 3, "started": 3}


def test_quiet_means_that_only_errors_are_told(gan_bench: Command, shapes: Path) -> None:
    given = ["run", "--data", shapes, "--size", "16", "--batch", "8", "--dry-run", "-q"]
    assert gan_bench(*given).err == ""
    assert "error: no architecture" in gan_bench(*given, "--arch", "dcgn").err


def test_dropped_images_are_told(gan_bench: Command, shapes: Path) -> None:
    (shapes / "broken.png").write_bytes(b"")
    (shapes / "text.png").write_bytes(b"text")
    words = ["run", "--data", shapes, "--size", "16", "--batch", "8", "--dry-run"]
    said = gan_bench(*words, "--max-bad", "5")
    assert said.code == 0
    assert "dropped 2: 1 empty, 1 unreadable; broken.png: empty" in said.err
    refused(gan_bench(*words), 4, "2 of the 42 images of shapes cannot be used", "--max-bad")


# Help


def test_help_names_every_command_and_option(gan_bench: Command) -> None:
    said = gan_bench("--help")
    assert said.code == 0
    assert all(name in said.out for name in ("run", "report", "plugins"))
    run = gan_bench("run", "-h").out
    options = ("--arch", "--loss", "--data", "--size", "--kimg", "--seeds", "--metric", "--plugin")
    assert all(option in run for option in options)


def test_a_command_that_does_not_exist_is_a_usage_error(gan_bench: Command) -> None:
    said = gan_bench("rnu")
    assert said.code == 2
    assert "No such command 'rnu'" in said.err


@pytest.mark.parametrize("words", [["--help"], ["run", "--help"], ["--version"], ["report", "."]])
def test_help_and_report_load_no_torch(
    words: list[str], outside: dict[str, str], tmp_path: Path
) -> None:
    lay(tmp_path)
    code = f"""
        import sys
        from gan_bench.cli import main as cli
        sys.argv = ["gan-bench", *{words!r}]
        try:
            cli.main()
        except SystemExit as end:
            assert not end.code, end.code
        heavy = {{"torch", "torchvision", "torch_fidelity", "scipy"}} & sys.modules.keys()
        assert not heavy, heavy
        assert not any(name.startswith("gan_bench_plugins") for name in sys.modules)
    """
    done = subprocess.run(
        [sys.executable, "-c", dedent(code)],
        cwd=tmp_path,
        env=outside,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout


# Report


def lay(results: Path, rows: int = 1, reason: str | None = None) -> Path:
    """A results folder with one protocol."""
    metric = MetricSpec(name="fd-eye", higher_is_better=False, features="eye")
    protocol = Protocol(
        data=Data(name="faces", fingerprint="ab", shape=(3, 16, 16), train=90, held_out=10),
        schedule=Schedule(kimg=1),
        evaluation=Evaluation(samples=50, features="eye", digests={}, metrics=(metric,)),
    )
    root = protocol_dir(results, protocol)
    make_folder(root)
    write_json(root / "protocol.json", protocol.model_dump(mode="json"))
    for k in range(rows):
        document = {
            "architecture": f"arch{k}",
            "loss": "hinge",
            "seed": 0,
            "status": "failed" if reason else "finished",
            "reason": reason,
            "ended": "now",
        }
        folder = root / f"arch{k}" / "hinge" / "seed0"
        make_folder(folder)
        write_json(folder / "cell.json", {})
        write_record(folder, Record.model_validate(document))
        if reason is not None:
            continue
        point = {"step": 1, "kimg": 1.0, "loss_d": 1.0, "loss_g": 1.0}
        append_line(folder / "curve.jsonl", point | {"real_score": 0.5, "fake_score": 0.5})
    return root


def test_a_report_that_is_redirected_is_markdown(gan_bench: Command) -> None:
    root = lay(Path("results"))
    said = gan_bench("report")
    assert (said.code, said.err) == (0, "")
    assert said.out.startswith(f"## {root.name}\n")
    assert "| arch0 | hinge |" in said.out


@pytest.mark.parametrize("style", ["terminal", "markdown", "csv", "json"])
def test_every_format_can_be_had_and_written_to_a_file(style: str, gan_bench: Command) -> None:
    lay(Path("elsewhere"))
    shown = gan_bench("report", "elsewhere", "--format", style)
    assert shown.code == 0
    assert "arch0" in shown.out
    if style == "json":
        assert json.loads(shown.out)["schema"] == 1
    written = gan_bench("report", "elsewhere", "--format", style, "--out", "board.txt")
    assert (written.code, written.out) == (0, "")
    assert Path("board.txt").read_text() == shown.out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "error: no results in results: `gan-bench run` makes some, or name another folder"),
        (["nowhere"], "error: no results in nowhere"),
        (["full", "--protocol", "x"], "error: no protocol x in full"),
        (["full", "--sort", "fid"], "error: --sort fid: the metrics of this table are fd-eye"),
        (["--format", "pdf"], "'pdf' is not one of"),
    ],
)
def test_a_report_of_nothing_is_a_usage_error(
    words: list[str], said: str, gan_bench: Command
) -> None:
    lay(Path("full"))
    refused(gan_bench("report", *words), 2, said)


def test_a_report_that_cannot_be_written_is_a_storage_error(gan_bench: Command) -> None:
    lay(Path("results"))
    Path("file").write_text("")
    said = gan_bench("report", "--out", "file/board.md")
    assert said.code == 5
    assert "/file: File exists" in said.err


def test_pictures_that_cannot_be_written_cost_a_line_not_the_table(gan_bench: Command) -> None:
    root = lay(Path("results"))
    (root / "figures").write_text("a file where a folder should be")
    said = gan_bench("report")
    assert said.code == 0
    assert "no pictures: cannot make " in said.err
    assert "| arch0 | hinge |" in said.out


def test_a_curve_that_is_damaged_costs_a_line_not_the_table(gan_bench: Command) -> None:
    root = lay(Path("results"), 2)
    (root / "arch0" / "hinge" / "seed0" / "curve.jsonl").write_bytes(b"\0\0\0\n")
    said = gan_bench("report")
    assert said.code == 0
    assert "no pictures: " in said.err
    assert "| arch1 | hinge |" in said.out


def as_process(*words: str, cwd: Path, env: dict[str, str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "gan_bench.cli", *words],
        cwd=cwd,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def test_a_reader_that_has_seen_enough_ends_the_report_quietly(
    tmp_path: Path, outside: dict[str, str]
) -> None:
    lay(tmp_path / "results", 300, "a long reason " * 40)  # more than a pipe holds
    running = as_process("report", cwd=tmp_path, env=outside)
    assert running.stdout is not None
    assert running.stderr is not None
    assert running.stdout.readline().startswith(b"## faces-16px-1kimg-")
    running.stdout.close()
    assert running.stderr.read() == b""
    assert running.wait(60) == 0


def test_a_report_can_be_written_where_the_console_speaks_no_unicode(
    tmp_path: Path, outside: dict[str, str]
) -> None:
    """As `gan-bench report > leaderboard.md` on Windows."""
    lay(tmp_path / "results")
    env = outside | {"PYTHONIOENCODING": "cp1252"}
    running = as_process("report", cwd=tmp_path, env=env)
    out, err = running.communicate(timeout=60)
    assert running.returncode == 0, err.decode()
    assert "fd-eye ↓" in out.decode("utf-8")


# Plugins


def test_plugins_lists_every_offer_with_its_distribution_and_version(gan_bench: Command) -> None:
    from importlib.metadata import version

    said = gan_bench("plugins")
    assert said.code == 0
    lines = [line.split() for line in said.out.splitlines()]
    for kind, name in (("architecture", "dcgan"), ("loss", "minimax"), ("engine", "local")):
        assert [kind, name, "gan-bench", version("gan-bench")] in [line[:4] for line in lines]
    for name in ("mnist", "toonfaces", "inception", "fid", "quick"):
        assert any(name in line for line in lines)
    assert said.out == gan_bench("plugins", "list").out


def test_plugins_says_what_failed_and_why(
    gan_bench: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    info = tmp_path / "site" / "gan_bench_ruined-0.7.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: gan-bench-ruined\nVersion: 0.7\n")
    (info / "entry_points.txt").write_text("[gan_bench]\nmine = gan_bench_ruined\n")
    (tmp_path / "site" / "gan_bench_ruined.py").write_text("raise RuntimeError('[red]no')")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    said = gan_bench("plugins")
    assert said.code == 0
    assert "failed: plugin mine (gan-bench-ruined 0.7): RuntimeError: [red]no" in said.out
    assert "dcgan" in said.out


def test_plugins_lists_what_a_file_offers(gan_bench: Command) -> None:
    Path("mine.py").write_text(
        dedent("""
        from gan_bench import Loss, hookimpl

        @hookimpl
        def gan_bench_losses():
            return [Loss(name="mine", source="a [red]test", d_loss=max, g_loss=max)]
        """)
    )
    said = gan_bench("plugins", "list", "--plugin", "mine.py")
    (line,) = [line for line in said.out.splitlines() if "mine.py" in line]
    kind, name, path, digest, *source = line.split()
    assert [kind, name, path, *source] == ["loss", "mine", "mine.py", "a", "[red]test"]
    assert len(digest) == 12


def test_an_error_of_our_own_is_a_sentence_and_with_debug_a_traceback(
    gan_bench: Command, monkeypatch: pytest.MonkeyPatch
) -> None:

    def broken(*_: object) -> NoReturn:
        raise ZeroDivisionError("a bug of ours")

    monkeypatch.setattr("gan_bench.report.leaderboard.load", broken)
    said = gan_bench("report")
    assert said.code == 1
    assert said.err.startswith(
        "error: ZeroDivisionError: a bug of ours\nnot foreseen: `gan-bench doctor`"
    )
    with pytest.raises(ZeroDivisionError):
        gan_bench("report", "--debug")


def test_ctrl_c_ends_with_130_and_the_command_that_goes_on(
    gan_bench: Command, monkeypatch: pytest.MonkeyPatch, shapes: Path
) -> None:
    def interrupted(*_: object) -> NoReturn:
        raise KeyboardInterrupt

    monkeypatch.setattr("gan_bench.run.plan.make_plan", interrupted)
    said = gan_bench("run", "--data", f"{shapes}/my faces", "--kimg", "3")
    assert said.code == 130
    assert said.err.endswith(f"gan-bench run --data '{shapes}/my faces' --kimg 3\n")
