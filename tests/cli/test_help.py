"""Help and completion: complete, readable, and quick, for they import nothing heavy."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import pytest
import rich_click as click

from gan_bench.cli.main import COMMANDS, cli
from gan_bench.cli.values import Number, Whole
from gan_bench.run.new_plugin import kinds
from given import Command
from records import write_cell

TORCH = {"torch", "torchvision", "torch_fidelity", "scipy"}
HEAVY = TORCH | {"numpy", "pandas", "pydantic", "pluggy", "filelock", "jinja2", "PIL", "matplotlib"}
HEAVY |= {"gan_bench.run.doctor"}


def commands(group: click.Group = cli, name: str = "") -> Iterator[tuple[str, click.Command]]:
    yield name, group
    context = click.Context(group)
    for word in group.list_commands(context):
        command = group.get_command(context, word)
        assert command is not None
        if isinstance(command, click.Group):
            yield from commands(command, f"{name} {word}")
        else:
            yield f"{name} {word}", command


ALL = dict(commands())


@pytest.mark.parametrize("width", [40, 80, 100])
@pytest.mark.parametrize("name", ALL)
def test_the_help_of_every_command_names_all_its_options_and_fits(
    name: str, width: int, gan_bench: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    said = gan_bench(*name.split(), "-h")
    assert said.code == 0
    assert max(map(len, said.out.splitlines())) <= width
    for param in ALL[name].params:
        assert getattr(param, "help", None), f"{param.name} has no help"
        assert all(option in said.out for option in param.opts if option.startswith("-"))
    assert said.out == gan_bench(*name.split(), "--help").out


def test_every_out_has_its_short_form() -> None:
    outs = [each.opts for command in ALL.values() for each in command.params if each.name == "out"]
    assert len(outs) > 8
    assert all({*each} == {"-o", "--out"} for each in outs)


def test_the_help_of_plugins_new_names_every_kind(gan_bench: Command) -> None:
    words = gan_bench("plugins", "new", "-h").out.replace(",", " ").replace(".", " ").split()
    assert {*kinds()} <= {*words}


def test_every_number_that_is_typed_is_refused_in_the_same_words() -> None:
    types = [each.type for command in ALL.values() for each in command.params]
    numbers = [each for each in types if isinstance(each, type(click.INT) | type(click.FLOAT))]
    assert len(numbers) > 40
    assert {type(each) for each in numbers} == {Number, Whole}


def test_options_stand_in_groups_with_their_defaults_and_examples(gan_bench: Command) -> None:
    said = gan_bench("run", "-h").out
    titles = ("What to train:", "Data:", "Schedule:", "Measuring:", "Running:", "Output:")
    places = [said.index(f"\n{title}") for title in (*titles, "Examples:")]
    assert places == sorted(places)
    for option in ("--arch", "--seeds", "--data", "--kimg", "--features", "--jobs", "--results"):
        text = said.partition(f"{option} ")[2].partition("  --")[0]
        assert "Default:" in " ".join(text.split()), option
    for name in COMMANDS:
        assert f"\ngan-bench {name} " in gan_bench(name, "-h").out.partition("\nExample")[2]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["rnu"], "error: No such command 'rnu'. Did you mean run?"),
        (["xyz"], f"error: No such command 'xyz'. There are {', '.join(COMMANDS)}."),
        (["plugins", "lst"], "error: No such command 'lst'. Did you mean list?"),
        (["plugins", "xyz"], "error: No such command 'xyz'. There are check, list, new."),
        (["branch", "x", "--lr", "1"], "error: No such option --lr: write --set lr=1 "),
        (["run", "--arhc", "x"], "error: No such option '--arhc'. Did you mean '--arch'?\n"),
        (
            ["list", "--results", "old results"],
            "error: No such option '--results'. The results folder is an argument of this command: "
            "write `gan-bench list 'old results'`.\nsee ",
        ),
        (["report", "--results=res3"], "write `gan-bench report res3`."),
        (
            ["run", "--resume"],
            "error: No such option '--resume'. It is not needed: the same command without --resume "
            "goes on where it stopped.\n",
        ),
        (
            ["list", "--out", "my cells"],
            "error: No such option '--out'. This command prints: write `gan-bench list … > 'my "
            "cells'`.\nsee ",
        ),
        (["show", "x", "-o"], "This command prints: write `gan-bench show … > FILE`."),
        (["cache", "--older-than", "1d"], "'1d' is not a valid number of days.\n"),
        (["metrics", "audit", "--continue"], "the same command without --continue goes on"),
        (["list", "--resume"], "error: No such option '--resume'.\nsee "),
        (["export", "x"], "error: Missing option '--to'. Choose from: onnx, torchscript, "),
        (["doctor", "--jsn"], "error: No such option '--jsn'. Did you mean '--json'?"),
    ],
)
def test_a_misspelt_command_or_option_is_answered_with_the_nearest(
    words: list[str], said: str, gan_bench: Command
) -> None:
    answer = gan_bench(*words)
    assert (answer.code, answer.out) == (2, "")
    assert said in answer.err


def in_python(code: str, *words: str, cwd: Path, env: dict[str, str]) -> str:
    """What a new Python prints that first runs the code and then `gan-bench words`."""
    script = f"import sys\nsys.argv = ['gan-bench', *{words!r}]\n{dedent(code)}"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=cwd, env=env, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize(
    ("words", "forbidden"),
    [
        (["--help"], HEAVY),
        *(([command, "--help"], HEAVY) for command in COMMANDS),
        (["--version"], HEAVY),
        (["report", "."], TORCH),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_help_and_report_load_no_torch(
    words: list[str], forbidden: set[str], outside: dict[str, str], tmp_path: Path
) -> None:
    write_cell(tmp_path, "dense")
    code = f"""
        from gan_bench.cli.__main__ import main
        try:
            main()
        except SystemExit as end:
            assert not end.code, end.code
        loaded = {forbidden!r} & sys.modules.keys()
        assert not loaded, loaded
        assert not any(name.startswith("gan_bench_plugins") for name in sys.modules)
    """
    assert in_python(code, *words, cwd=tmp_path, env=outside)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("ru", ["run"]),
        ("run --ar", ["--arch"]),
        ("run --arch d", ["dcgan", "dense"]),
        ("run --arch D", ["dcgan", "dense"]),
        ("run --arch dense,d", ["dense,dcgan", "dense,dense"]),
        ("run --loss m", ["minimax"]),
        ("run --preset q", ["quick"]),
        ("run --features p", ["pixels"]),
        ("run --metric f", ["fid"]),
        ("run --engine l", ["local"]),
        ("run --data mn", ["mn", "mnist"]),  # the first is the path, for the shell to complete
        ("report --format mark", ["markdown"]),
        ("data mn", ["mn", "mnist"]),
        ("data faces --group-by n", ["name-prefix"]),
    ],
)
def test_names_are_completed_without_torch(
    line: str, expected: list[str], outside: dict[str, str], tmp_path: Path
) -> None:
    words = f"gan-bench {line}".split()
    env = outside | {
        "_GAN_BENCH_COMPLETE": "bash_complete",
        "COMP_WORDS": " ".join(words),
        "COMP_CWORD": str(len(words) - 1),
    }
    code = f"""
        from gan_bench.run import names
        names.known_names = {{
            "architecture": ["dcgan", "dense", "pony"], "loss": ["minimax"], "preset": ["quick"],
            "features": ["pixels"], "metric": ["fid"], "engine": ["local"], "dataset": ["mnist"],
        }}.get
        from gan_bench.cli.__main__ import main
        try:
            main()
        except SystemExit:
            pass
        loaded = {HEAVY!r} & sys.modules.keys()
        assert not loaded, loaded
    """
    out = in_python(code, cwd=tmp_path, env=env)
    assert [completion.partition(",")[2] for completion in out.splitlines()] == expected


MISSPELT = [
    "run --arch dcgna",
    "run --arch dense --loss minimxa",
    "run --data shapse",
    "run --metric fdi",
    "run --features pixls",
    "run --preset quikc",
    "run --engine locl",
    "run --augment fliip",
    "run --optimizer adma",
    "run --track tensorbord",
    "run --plugin nowhere.py",
    "run --schedule nowhere.toml",
    "run --judge nowhere.judge",
    "run --entry mine=nowhere.onnx",
    "run dcgna",
    "tune --arch dcgna --trials 2",
    "data shapse",
    "judge shapse --out x.judge",
    "measure . --metric fdi",
    "measure nowhere",
    "draw nowhere",
    "report . --sort fdi",
    "report . --protocol nix",
    "watch nowhere",
    "score shapse faces",
    "score shapse faces --metric fdi",
    "score mine=g.onnx --like nix",
    "metrics audit --metric fdi",
    "plugins check dcgna",
    "plugins info dcgan",
    "sample nowhere --out x.png",
    "interpolate nowhere --out x.gif",
    "timelapse nowhere --out x.gif",
    "export nowhere --to onnx --out x.onnx",
    "show nowhere --results .",
    "branch nowhere --at 1 --results .",
    "autopsy nowhere --results .",
    "reproduce nowhere --results .",
    "remove nowhere --results .",
]


@pytest.fixture(scope="module")
def with_names(tmp_path_factory: pytest.TempPathFactory, outside: dict[str, str]) -> dict[str, str]:
    """The environment of a machine on which a command has run: the names are remembered there."""
    folder = tmp_path_factory.mktemp("names")
    given = outside | {"GAN_BENCH_HOME": str(folder / "home")}
    words = [sys.executable, "-m", "gan_bench.cli", "run", "--arch", "dcgna"]
    # not in this process, whose path may hold other plugins
    assert subprocess.run(words, cwd=folder, env=given, capture_output=True).returncode == 2
    return given


@pytest.mark.parametrize("line", MISSPELT)
def test_what_is_misspelt_or_not_there_is_refused_before_torch_is_imported(
    line: str, with_names: dict[str, str], tmp_path: Path
) -> None:
    write_cell(tmp_path, "dense")
    code = """
        from gan_bench.cli.__main__ import main
        try:
            main()
        except SystemExit as end:
            assert end.code in (2, 4), end.code
        assert "torch" not in sys.modules
        print("refused")
    """
    assert in_python(code, *line.split(), cwd=tmp_path, env=with_names).endswith("refused\n")
