"""`tune`, `branch`, `autopsy` and `audit` are the commands: the same files, and their frames."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tiny_plugin
from gan_bench import UsageError, audit, autopsy, branch, load, tune
from gan_bench.report.tuning.expected import expected_best
from gan_bench.results.atomic import write_json
from gan_bench.results.layout import RECORD, STUDY, TICKS
from gan_bench.run import autopsy as autopsies
from given import Command, Draw
from laid_study import Outcome, write_trials
from parsed import Page, rendered
from records import write_cell

LABEL = "tiny/plain/seed0"
# they name hours and processes
TIMED = {"record.json", "speed.jsonl", "starts.jsonl", "plans.jsonl", "scores.json"}


def equal_files(one: Path, other: Path) -> Iterator[str]:
    """The names of both folders' files; all but the timed ones and the drawn ones are compared."""
    names = [
        {path.relative_to(root) for path in root.rglob("*") if "figures" not in path.parts}
        for root in (one, other)
    ]
    assert names[0] == names[1]
    for name in sorted(names[0]):
        if (one / name).is_file() and name.name not in TIMED:
            assert (one / name).read_bytes() == (other / name).read_bytes(), name
            yield name.name


@pytest.mark.usefixtures("cells_inside", "pairs_tried", "one_thread")
def test_tune_leaves_the_files_of_the_command(
    gan_bench: Command, tmp_path: Path, draw_shapes: Draw
) -> None:
    plugin = shutil.copy(tiny_plugin.PATH, tmp_path / "plugin.py")
    space = tmp_path / "space.toml"
    space.write_text("lr_g = { log = [1e-4, 1e-2] }\nbetas = { choices = [[0, 0.9], [0.5, 0.9]] }")
    shapes = draw_shapes(tmp_path / "shapes", 80)
    words = "--arch tiny --loss plain --features eye --metric brightness --size 8 --kimg 0.16"
    more = "--batch 8 --ticks 4 --samples 32 --device cpu --precision fp32 --results typed"
    said = gan_bench(
        "tune", "--trials", 3, "--space", space, "--plugin", plugin, "--data", shapes,
        *words.split(), *more.split(),
    )  # fmt: skip
    assert said.code == 0, said.err
    asked: dict[str, Any] = {
        "archs": "tiny", "losses": ["plain"], "features": "eye", "metrics": "brightness", "size": 8,
        "kimg": 0.16, "batch": 8, "ticks": 4, "samples": 32, "device": "cpu", "precision": "fp32",
    }  # fmt: skip
    study = tune(
        trials=3, space=space, plugins=plugin, data=shapes, results="called", quiet=True, **asked
    )
    files = [*equal_files(Path("typed"), Path("called"))]
    assert {STUDY, "plain.toml", "curve.jsonl", "generator.safetensors"} <= {*files}
    shown: Any = study
    assert shown._repr_markdown_().split("![")[0] == said.out.split("![")[0].rstrip("\n") + "\n"
    assert [*study.frame()["status"]] == ["finished"] * 3
    assert study.frame()["betas"][1] in ((0.0, 0.9), (0.5, 0.9))
    (file,) = study.settings.values()
    assert file == study.folder / "best/tiny/plain.toml"
    (loaded,) = load("called").studies
    assert loaded.frame().equals(study.frame())
    assert len(load("called")) == 0
    trial = load(study.folder, study.frame()["protocol"][2])[0]
    assert trial.cells == [LABEL]
    with pytest.raises(UsageError, match=r"Invalid value for '--trials': 1 is not in the range"):
        tune(trials=1)


def test_the_frames_of_a_study_have_its_numbers(tmp_path: Path) -> None:
    steady = [Outcome(50, 51), Outcome(49, 48), Outcome(52, 52)]
    tunable = [Outcome(90, 91), Outcome(60, 62, "collapsed"), Outcome(30, 33)]
    write_trials(tmp_path, {"steady": steady, "tunable": tunable})
    (study,) = load(tmp_path).studies
    rows = study.rows().set_index("architecture")
    assert [*rows.index] == ["tunable", "steady"]
    assert [*rows.loc["tunable"]] == ["hinge", 91, 33, 2, 3, 1]
    assert [*rows.loc["steady"]] == ["hinge", 51, 48, 1, 3, 0]
    frame = study.frame()
    assert [*frame["fd-eye reporting"]] == [51, 48, 52, 91, 62, 33]
    assert [*frame["trial"]] == [0, 1, 2] * 2
    expected = study.expected()
    found = expected[expected["architecture"] == "tunable"]
    halves = np.array([90.0, 60, 30]), np.array([91.0, 62, 33])
    assert np.allclose(found["expected"], expected_best(*halves))
    assert (found["low"] <= found["expected"]).all()
    assert (found["expected"] <= found["high"]).all()
    assert study.answer.startswith("Untuned, steady / hinge leads")


def test_a_folder_is_read_with_its_studies_and_what_is_damaged_is_said(tmp_path: Path) -> None:
    folder = write_trials(tmp_path, {"steady": [Outcome(50, 51), Outcome(49, 48)]})
    write_cell(tmp_path, "dcgan", scores={"fd-eye": 1.0})
    boards: Any = load(tmp_path)
    assert (len(boards), len(boards.studies), boards.audits) == (1, 1, ())
    assert "dcgan" in str(boards)
    assert "steady" in str(boards)
    assert len(Page(boards._repr_html_()).tables) == len(rendered(boards._repr_markdown_()).tables)
    (folder / STUDY).write_text("{")
    boards = load(tmp_path)
    assert (len(boards), boards.studies) == (1, ())
    assert STUDY in boards.unreadable[0]


@pytest.fixture
def two(kept: Path) -> tuple[Path, Path]:
    """The cell that kept its ticks, in two results folders."""
    for name in ("typed", "called"):
        shutil.copytree("results", name)
    return tuple(Path(name, *kept.parts[1:]) for name in ("typed", "called"))  # type: ignore[return-value]


@pytest.mark.usefixtures("cells_inside", "pairs_tried", "one_thread")
def test_branch_leaves_the_files_of_the_command(gan_bench: Command, two: tuple[Path, Path]) -> None:
    words = "--at", 0.2, "--set", "lr_d=0.01", "--set", "betas=0,0.9", "--seeds", 2
    said = gan_bench("branch", LABEL, "--results", "typed", "--device", "cpu", "--json", *words)
    assert said.code == 0, said.err
    changes = {"lr_d": 0.01, "betas": (0.0, 0.9)}
    asked: dict[str, Any] = {"device": "cpu", "results": "called", "quiet": True}
    made: Any = branch(LABEL, at=0.2, changes=changes, seeds=2, **asked)
    assert "curve.jsonl" in equal_files(Path("typed"), Path("called"))
    document = json.loads(said.out.replace("typed/", "called/"))
    assert made.document() == document
    frame = made.frame()
    assert frame["changes"][0] is None
    assert [*frame["index"][1:]] == [0, 1, 0, 1]
    assert [*frame["changes"][3:]] == [{"lr_d": 0.01, "betas": [0.0, 0.9]}] * 2
    assert frame["score"][0] == frame["score"][1]  # the same order, and nothing is changed
    assert frame["same_bytes"][1] is True
    (loaded,) = load("called")[0].branches(LABEL)
    assert loaded.frame().to_dict() == frame.to_dict()
    assert (loaded.at, loaded.cell.name) == (0.192, "seed0")
    assert Page(made._repr_html_()).tables == rendered(made._repr_markdown_()).tables
    with pytest.raises(UsageError, match=r"--set kimg=2: a branch cannot change kimg"):
        branch(LABEL, at=0.2, changes={"kimg": 2}, **asked)
    with pytest.raises(UsageError, match=r"0\.0 is not in the range"):
        branch(two[1], at=0, **asked)


@pytest.mark.usefixtures("cells_inside", "pairs_tried", "one_thread")
def test_autopsy_leaves_the_files_of_the_command(
    gan_bench: Command, two: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    verdict = {"kind": "collapsed", "kimg": 0.224, "reason": "stuck"}
    for cell in two:
        document = json.loads((cell / RECORD).read_text())
        write_json(cell / RECORD, document | {"status": "collapsed", "verdicts": [verdict]})
    monkeypatch.setattr(autopsies, "counting", lambda looks, _: looks)
    monkeypatch.setattr(autopsies, "healthy", lambda looks, *_: looks[-1].kimg <= 0.161)
    words = "--remedy", "slower-d,flip", "--seeds", 2, "--format", "json"
    said = gan_bench("autopsy", LABEL, "--results", "typed", "--device", "cpu", *words)
    assert said.code == 0, said.err
    found: Any = autopsy(two[1], remedies=["slower-d", "flip"], seeds=2, device="cpu", quiet=True)
    assert {TICKS, "autopsy.png"} <= {*equal_files(Path("typed"), Path("called"))}
    assert found.sheets[0].read_bytes()[:4] == b"\x89PNG"
    typed = json.loads(said.out)
    shares = found.shares().set_index("remedy")
    assert [*shares.index] == ["other data order", "slower-d", "flip"]
    assert [*shares["saved"]] == [2, 2, 2]
    low, high = typed["shares"][1]["interval"]
    assert tuple(shares.loc["slower-d", ["low", "high"]]) == (low, high)
    assert [*found.frame()["order"]] == [1, 2] * 3
    assert typed["answer"] == found.answer
    with pytest.raises(UsageError, match=r"Did you mean slower-d\?"):
        autopsy(LABEL, remedies="slower", results="called", quiet=True)


@pytest.mark.usefixtures("no_gpu", "one_thread")
def test_audit_is_the_command(gan_bench: Command, tmp_path: Path, draw_shapes: Draw) -> None:
    faces = draw_shapes(tmp_path / "faces", count=140, side=16)
    said = gan_bench(
        "metrics", "audit", "--data", faces, "--size", 16, "--metric", "fd", "--only",
        "--features", "pixels", "--n", 16, "--bias-n", "16,20", "--corruption", "brighter,blur",
        "--results", "typed", "--repeats", 5, "--format", "csv",
    )  # fmt: skip
    assert said.code == 0, said.err
    found: Any = audit(
        data=faces, size=16, metrics="fd", only=True, features="pixels", n=16, bias_n=(16, 20),
        corruptions=["brighter", "blur"], results="called", repeats=5, quiet=True,
    )  # fmt: skip
    frame = found.frame()
    assert frame.to_csv(index=False, lineterminator="\n") == said.out
    assert frame["corruption"].nunique() == 2
    assert [*found.followed()["n"]] == [16, 20]
    (loaded,) = load("called").audits
    assert loaded.frame().equals(frame)
    assert (loaded.slug, loaded.folder.parent.name) == (found.slug, "audits")
    assert Page(found._repr_html_()).tables == rendered(found._repr_markdown_()).tables
    with pytest.raises(UsageError, match="--only and --all exclude each other"):
        audit(only=True, every=True, quiet=True)
