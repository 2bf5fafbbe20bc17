"""`gan_bench.run(...)` is `gan-bench run`: the same request, the same bytes, the same sentences."""

from __future__ import annotations

import inspect
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import rich_click as click

import gan_bench
import tiny_plugin
from gan_bench import Resources, audit, autopsy, branch, tune
from gan_bench.api.asking import NAMES, NOT_ASKED
from gan_bench.api.running import run
from gan_bench.cli.autopsy import autopsy as autopsy_command
from gan_bench.cli.branch import branch as branch_command
from gan_bench.cli.metrics import audit as audit_command
from gan_bench.cli.run import run as run_command
from gan_bench.cli.tune import tune as tune_command
from gan_bench.contract.errors import GanBenchError
from gan_bench.run.cell import run_cell
from gan_bench.run.request import Request
from given import Command


@pytest.mark.parametrize(
    ("function", "command", "words"),
    [
        (run, run_command, []),
        (tune, tune_command, []),
        (branch, branch_command, ["a/b/seed0", "--at", "1"]),
        (autopsy, autopsy_command, ["a/b/seed0"]),
        (audit, audit_command, []),
    ],
)
def test_every_option_is_an_argument_with_the_same_default(
    function: Any, command: click.Command, words: list[str]
) -> None:
    signature = inspect.signature(function).parameters
    arguments = {NAMES.get(name, name): each.default for name, each in signature.items()}
    values = command.make_context("x", [*words]).params  # it empties the list
    assert arguments.keys() == values.keys() - {*NOT_ASKED}
    given = {"cell", "cells", "at"} if words else set()
    for name in arguments.keys() - given:
        assert str(arguments[name] or None) == str(values[name] or None), name


@pytest.mark.parametrize(
    ("words", "asked"),
    [
        ("", {}),
        ("--arch dcgan,dense --arch sngan", {"archs": ["dcgan", "dense", "sngan"]}),
        ("--loss minimax --seeds 3", {"losses": "minimax", "seeds": 3}),
        ("--kimg 0.1 --lr 2e-4 --batch 7", {"kimg": 0.1, "lr": 0.0002, "batch": 7}),
        ("--betas 0.5,0.999 --ema-kimg 0", {"betas": (0.5, 0.999), "ema_kimg": 0}),
        ("--data faces.zip --size 96x128", {"data": Path("faces.zip"), "size": (128, 96)}),
        ("--size 32 --dedupe --grey", {"size": 32, "dedupe": True, "grey": True}),
        ("--group-by folder --frames all", {"group_by": "folder", "frames": "all"}),
        ("--feature-weights w.pth", {"weights": "w.pth"}),
        (
            "--feature-weights a=w.pth --feature-weights b=v.pth",
            {"weights": {"a": Path("w.pth"), "b": "v.pth"}},
        ),
        ("--plugin mine.py --plugin two.py", {"plugins": [Path("mine.py"), "two.py"]}),
        ("--plugin mine.py --judge a.judge", {"plugins": Path("mine.py"), "judge": "a.judge"}),
        ("--metric fid --features a", {"metrics": ["fid"], "features": ("a",)}),
        ("--augment flip --reference held-out", {"augment": "flip", "reference": "held-out"}),
        ("--cell-timeout 5 --max-bad 50", {"timeout": 5, "max_bad": 50}),
        ("--download --data-root d", {"download": True, "data_root": "d"}),
        ("--track wandb", {"track": "wandb"}),
        ("--track wandb,mlflow --track mine", {"track": ["wandb", "mlflow", "mine"]}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_call_asks_for_what_the_command_asks_for(
    words: str, asked: dict[str, Any], gan_bench: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    typed: list[Request] = []

    def stop(request: Request) -> None:
        typed.append(request)
        raise click.Abort

    monkeypatch.setattr("gan_bench.run.at_the_door.check_request", lambda request: None)
    monkeypatch.setattr("gan_bench.cli.run.catalogue_for", stop)
    monkeypatch.setattr("gan_bench.api.running.catalogue_for", stop)
    gan_bench("run", *words.split())
    with pytest.raises(click.Abort):
        run(**asked)
    assert typed[0] == typed[1]


@pytest.mark.parametrize(
    ("words", "asked"),
    [
        (["--kimg", "0.0"], {"kimg": 0.0}),
        (["--kimg", "nan"], {"kimg": float("nan")}),
        (["--seeds", "2.5"], {"seeds": 2.5}),
        (["--betas", "0.5"], {"betas": (0.5,)}),
        (["--size", "4"], {"size": 4}),
        (["--reference", "test"], {"reference": "test"}),
        (["--arch", "a,,b"], {"archs": "a,,b"}),
        (["--data", ""], {"data": ""}),
        (["--arch", "dcgn"], {"archs": "dcgn"}),
        (["--jobs", "0"], {"jobs": 0}),
        (["--lr=-1"], {"lr": -1}),
        (["--track", "tensorbord"], {"track": "tensorbord"}),
        (["--track", "wandb"], {"track": ["wandb"]}),
    ],
)
def test_an_error_is_an_exception_with_the_sentence_of_the_command(
    words: list[str], asked: dict[str, Any], gan_bench: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gan_bench_plugins.wandb.find_spec", lambda _: None)
    said = gan_bench("run", *words)
    with pytest.raises(GanBenchError) as error:
        run(**asked, quiet=True)
    assert (said.code, error.value.exit_code) == (2, 2)
    assert said.err.startswith(f"error: {error.value}")


def test_the_results_have_the_same_bytes(
    gan_bench: Command, shapes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cells run in this process; only times and process numbers may differ."""

    def start(cells: Sequence[Path], _: Resources) -> Iterator[tuple[Path, int]]:
        for cell in cells:
            yield cell, run_cell(cell)

    monkeypatch.setattr("gan_bench_plugins.local.start", start)
    monkeypatch.setattr("gan_bench.run.train_cells.preflight", lambda *_: set())
    plugin = shutil.copy(tiny_plugin.PATH, "tiny.py")
    words = "--arch tiny --loss minimax --size 8 --kimg 0.032 --batch 8 --features eye --device cpu"
    more = "--metric brightness --samples 16 --results typed"
    said = gan_bench("run", "--plugin", plugin, "--data", shapes, *words.split(), *more.split())
    assert said.code == 0, said.err
    board = run(
        archs="tiny", losses=["minimax"], size=8, kimg=0.032, batch=8, features="eye",
        device="cpu", metrics="brightness", samples=16, results="called",
        data=shapes, plugins=plugin, quiet=True,
    )  # fmt: skip
    assert board.cells == ["tiny/minimax/seed0"]
    assert list(board.frame()["status"]) == ["finished"]
    names = [
        {path.relative_to(root) for path in Path(root).rglob("*") if "figures" not in path.parts}
        for root in ("typed", "called")
    ]
    assert names[0] == names[1]
    timed = {"record.json", "speed.jsonl", "starts.jsonl", "plans.jsonl"}
    for name in sorted(names[0]):
        typed, called = Path("typed") / name, Path("called") / name
        if typed.is_file() and name.name not in timed:
            assert typed.read_bytes() == called.read_bytes(), name


def test_the_package_of_this_name_can_be_called() -> None:
    module: Any = sys.modules["gan_bench.run"]
    assert gan_bench.run is module
    assert inspect.signature(module) == inspect.signature(run)
    with pytest.raises(GanBenchError, match="--seeds"):
        module(seeds=0)


def test_importing_gan_bench_loads_nothing_heavy(outside: dict[str, str]) -> None:
    code = """
        import sys, gan_bench
        assert not {"torch", "pandas", "pydantic", "numpy", "rich"} & sys.modules.keys()
        from gan_bench import audit, autopsy, branch, load, run, tune
        assert all(map(callable, (audit, autopsy, branch, load, run, tune)))
        assert not {"torch", "pandas"} & sys.modules.keys()
        import gan_bench.run.request
        assert callable(gan_bench.run)
    """
    script = inspect.cleandoc(code)
    done = subprocess.run(
        [sys.executable, "-c", script], env=outside, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"dedupe": "perhaps"}, "'perhaps' is not a valid boolean"),
        ({"seeds": True}, "'True' is not a valid"),
        ({"entries": {"mine": ""}}, "the entry 'mine=' has no path"),
        ({"betas": []}, "'' is not two numbers"),
    ],
)
def test_a_value_of_the_wrong_kind_is_refused(asked: dict[str, Any], said: str) -> None:
    with pytest.raises(GanBenchError, match=re.escape(said)):
        run(**asked, quiet=True)
