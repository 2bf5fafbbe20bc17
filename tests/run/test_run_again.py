"""The command that trains a leaderboard again gives its protocol and its cells again."""

from __future__ import annotations

import shlex
import shutil
from pathlib import Path
from typing import Any

import pytest
import rich_click as click
from planning import Plan, blank, names, offer
from test_judged_cell import HEADER

import tiny_plugin
from gan_bench.catalogue import Catalogue
from gan_bench.cli.data_options import request_of
from gan_bench.cli.run_options import run_options
from gan_bench.contract.protocol import Preparation, RunEnvironment
from gan_bench.measure.judging.judge_file import write_judge
from gan_bench.measure.judging.network import Network
from gan_bench.results.plans import Asked, merged_plans, read_plans
from gan_bench.run.again import asked_of, commands, file_words
from gan_bench.run.folders import lay_out
from gan_bench.run.names import catalogue_for
from gan_bench.run.plan import Planned, make_plan
from gan_bench.run.request import Request


@pytest.fixture
def judge(tmp_path: Path) -> Path:
    path = tmp_path / "my shapes.judge"
    state = Network(HEADER.channels, HEADER.size, len(HEADER.classes)).state_dict()
    write_judge(path, HEADER, {name: tensor.numpy() for name, tensor in state.items()})
    return path


def typed(words: list[str], known: Catalogue | None = None) -> Planned:
    """What `gan-bench run` plans for these words."""
    assert words[:2] == ["gan-bench", "run"]
    given = click.command("run")(run_options(lambda: None)).make_context("run", words[2:]).params
    how = {
        "results",
        "retry_failed",
        "entries",
        "z_dim",
        "replace",
        "quiet",
        "dry_run",
        "as_json",
        "trust",
    }
    request = request_of({name: value for name, value in given.items() if name not in how})
    return make_plan(request, known or catalogue_for(request))


def pairs(planned: Planned) -> dict[tuple[str, str], int]:
    cells = planned.plan.cells
    return {(cell.architecture, cell.loss): cell.seed + 1 for cell in cells}


def again(planned: Planned, **more: Any) -> list[list[str]]:
    asked = asked_of(planned)
    assert asked is not None
    return commands(pairs(planned), asked, planned.plan.cells[0].environment, **more)


CASES: dict[str, dict[str, Any]] = {
    "the defaults": {
        "data": "mine", "architectures": (), "batch": None, "samples": None, "size": None,
    },
    "a schedule and sizes": {
        "kimg": 1.23456789, "batch": 6, "lr": 1e-5, "betas": (0.0, 0.99), "size": (12, 20),
        "ticks": 3, "d_steps": 2, "ema_kimg": 0.0, "lr_decay": "cosine", "samples": 17,
        "on_collapse": "rollback", "optimizer": "adam", "precision": "bf16",
    },
    "another preset and epochs": {"preset": "standard", "epochs": 3, "features": ("pixels",)},
    "two rates": {"lr_g": 1e-4, "lr_d": 3e-4},
    "augmentation and own recipes": {"augment": ("blur", "flip"), "recipes": "own"},
    "held-out images": {"reference": "held-out", "metrics": ("fd", "kd"), "features": ("pixels",)},
    "a second opinion": {"features": ("efficientnet-lite0", "pixels")},
    "prepared images": {
        "preparation": Preparation(dedupe=True, min_size=5, frames="all", grey=True),
    },
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_the_command_gives_the_same_protocol_and_cells(
    case: str, plan: Plan, known: Catalogue
) -> None:
    offer(known, blank("mine"))
    planned = plan(**{"seeds": 2, "losses": ("minimax", "hinge"), "size": 16} | CASES[case])
    (words,) = again(planned)
    once_more = typed(words, known)
    assert once_more.plan.protocol == planned.plan.protocol
    assert sorted(names(once_more)) == sorted(names(planned))


def test_the_files_of_a_judged_run_are_named_and_quoted(
    judge: Path, tmp_path: Path, shapes: Path
) -> None:
    plugin = shutil.copy(tiny_plugin.PATH, tmp_path / "my plugin.py")
    request = Request(
        data=str(shapes), size=16, batch=8, samples=20, device="cpu", seeds=2, judge=judge,
        plugins=(Path(plugin),), architectures=("tiny",), losses=("plain",),
    )  # fmt: skip
    planned = make_plan(request, catalogue_for(request))
    (words,) = again(planned)
    line = shlex.join(words)
    assert f"'{judge}'" in line
    assert typed(shlex.split(line)).plan.protocol == planned.plan.protocol
    asked = asked_of(planned)
    assert asked is not None
    (without,) = commands(pairs(planned), asked)
    assert str(tmp_path) not in shlex.join(without)
    named = {f"path/to/{name}" for name in ("my shapes.judge", "my plugin.py", shapes.name)}
    assert named < set(without)


@pytest.mark.parametrize(
    ("files", "placed"),
    [
        (["--data", "a=b.zip"], ["--data", "path/to/a=b.zip"]),
        (["--data", "hf:user/name"], ["--data", "hf:user/name"]),
        (["--feature-weights", "w.pt"], ["--feature-weights", "path/to/w.pt"]),
        (["--feature-weights", "net=w.pt"], ["--feature-weights", "net=path/to/w.pt"]),
        (["--data"], []),  # a damaged plan
    ],
)
def test_a_file_that_lies_somewhere_has_a_folder_to_fill_in(
    files: list[str], placed: list[str]
) -> None:
    (words,) = commands({("a", "x"): 1}, Asked(options=(), files=tuple(files)))
    assert words[8:] == placed


def test_a_data_set_on_a_site_keeps_its_whole_name() -> None:
    environment = RunEnvironment(root="hf:user/name", device="cpu", named=False)
    assert file_words(environment, short=True) == ["--data", "hf:user/name"]


def test_what_is_no_full_grid_takes_several_commands() -> None:
    seeds = {("a", "x"): 2, ("a", "y"): 2, ("b", "x"): 2, ("b", "y"): 2, ("c", "x"): 3}
    lines = [" ".join(words) for words in commands(seeds, Asked(options=("--kimg", "4")))]
    assert lines == [
        "gan-bench run --arch a,b --loss x,y --seeds 2 --kimg 4",
        "gan-bench run --arch c --loss x --seeds 3 --kimg 4",
    ]


def test_a_schedule_that_no_option_can_give_needs_its_file(plan: Plan, tmp_path: Path) -> None:
    file = tmp_path / "slow.toml"
    file.write_text("ema_rampup = 0.5\nkimg = 3")
    (words,) = again(plan(schedule=file))
    assert words[words.index("--schedule") + 1] == "slow.toml"
    assert words[words.index("--kimg") + 1] == "3"
    file.write_text("kimg = 3")
    assert "--schedule" not in again(plan(schedule=file))[0]


def test_a_plan_keeps_what_was_asked_for_and_merging_keeps_it_too(
    plan: Plan, tmp_path: Path
) -> None:
    planned = plan()
    lay_out(planned, tmp_path)
    lay_out(planned, tmp_path)
    (line,) = read_plans(tmp_path / planned.plan.protocol.slug)
    assert line.asked == asked_of(planned)
    older = line.model_copy(update={"asked": None, "when": "2020"})
    assert merged_plans([[line], [older]]) == [older, line]
