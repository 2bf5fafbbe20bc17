"""`gan-bench list`, `show`, `remove` and `merge`: what they print and what they refuse."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from gan_bench.contract.protocol import MetricSpec, RunEnvironment
from gan_bench.results.atomic import make_folder
from gan_bench.results.audits import Audit, AuditedFault, AuditedMetric, Sets, write_audit
from gan_bench.results.entries import EntryRecord, write_entry
from gan_bench.results.layout import (
    CURVE,
    LOG,
    RECORD,
    STUDY,
    TICKS,
    audit_dir,
    entry_dir,
    evaluation_dir,
)
from gan_bench.results.measurements import Measurement, ask_for, write_measurement
from gan_bench.results.records import Score
from given import Command
from laid_study import Outcome, write_trials
from records import PLAIN, write_cell, write_training

DCGAN = "dcgan/hinge/seed0"
VERDICT = {"kind": "collapsed", "kimg": 40.0, "reason": "diversity fell to 0.01"}
RICH: dict[str, Any] = {
    "scores": {"fd-eye": 12.5},
    "unscored": {"diversity": "too few images"},
    "verdicts": [VERDICT],
    "reason": "diversity fell to 0.01",
    "log": "one\ntwo\x1b[2J",
    "diagnosis": "D wins",
    "notes": ["one checkpoint was damaged"],
    "versions": {"torch": "9.9"},
    "code": [
        {
            "offers": {"architecture": ["dcgan"]},
            "distribution": "my-pair",
            "version": "1.0",
            "sha256": "ef" * 32,
            "files": {"my_pair.py": "ef" * 8},
            "trains": True,
        }
    ],
}


@pytest.fixture
def results(gan_bench: Command) -> Path:
    """A collapsed cell with all there is, a finished one with a record, and a planned one."""
    folder = write_cell(Path("results"), "dcgan", status="collapsed", **RICH)
    write_training(folder)
    tick = {"step": 1, "kimg": 1.0, "scores": {"fd-eye": 9.0}, "verdict": "collapsed"}
    (folder / TICKS).write_text(json.dumps(tick | {"reason": "all alike"}) + "\n")
    write_cell(Path("results"), "dense", scores={"fd-eye": 3.25})
    write_cell(Path("results"), "dense", seed=1, status=None)
    return Path("results")


@pytest.mark.usefixtures("results")
def test_the_list_has_a_line_for_each_cell(gan_bench: Command) -> None:
    said = gan_bench("list")
    assert (said.code, said.err) == (0, "")
    lines = [line.split() for line in said.out.splitlines()]
    assert lines[0] == [PLAIN.slug]
    assert lines[1] == ["cell", "status", "kimg", "fd-eye", "↓", "size", "ended", "(UTC)"]
    assert lines[2][:4] == [DCGAN, "collapsed", "2", "12.5"]
    assert lines[3][:4] == ["dense/hinge/seed0", "finished", "–", "3.25"]
    assert lines[3][-2:] == ["2026-01-01", "00:00"]
    assert lines[4][:4] == ["dense/hinge/seed1", "waiting", "–", "–"]
    assert said.out.splitlines()[-1].startswith("3 cells in 1 protocol: ")


@pytest.mark.usefixtures("results")
def test_the_list_for_programs(gan_bench: Command) -> None:
    document = json.loads(gan_bench("list", "--json").out)
    assert document["schema"] == 1
    assert [cell["status"] for cell in document["cells"]] == ["collapsed", "finished", "waiting"]
    assert document["cells"][1]["metric"] == "fd-eye"
    assert document["cells"][1]["score"] == 3.25
    assert document["cells"][0]["bytes"] > 0


def test_a_study_and_an_audit_have_a_line_each_with_cells_or_without(gan_bench: Command) -> None:
    trials = {"dcgan": [Outcome(9, 9), Outcome(8, 7)], "dense": [Outcome(6, 6), None]}
    study = write_trials(Path("results"), trials, stopped=[("dense", "hinge", 1)])
    audit = write_audit_of(Path("results"), metrics=("fd-eye", "diversity"))
    for cells in (0, 1):
        said = gan_bench("list")
        assert (said.code, said.err) == (0, "")
        lines = said.out.splitlines()
        if cells:
            assert lines[-2] == ""
            assert lines.pop().startswith("1 cell in 1 protocol: ")
            lines.pop()
        assert lines[-2].startswith(
            f"study {study.name}: 2 rows, 2 trials of each, 3 of 4 cells done, 1 stopped early, "
        )
        assert lines[-1].startswith(f"audit {audit.name}: 2 metrics, 1 corruption, ")
        document = json.loads(gan_bench("list", "--json").out)
        assert document["studies"][0]["name"] == study.name
        assert {name: document["studies"][0][name] for name in ("cells", "done", "stopped")} == {
            "cells": 4, "done": 3, "stopped": 1,
        }  # fmt: skip
        assert document["audits"][0]["folder"] == str(audit)
        write_cell(Path("results"), "alone")
    (study / STUDY).write_text("{")
    said = gan_bench("list")
    assert said.code == 0
    assert STUDY in said.err
    assert audit.name in said.out


def write_audit_of(results: Path, metrics: Sequence[str]) -> Path:
    """An audit of which nothing is measured yet; its folder."""
    sets = Sets(
        data=PLAIN.data, seed=0, reference=64, held_out=16, clean=64, bank=64, real_sets=99,
        repeats=5, device="cpu",
    )  # fmt: skip
    specs = [MetricSpec(name=name, higher_is_better=False, features="eye") for name in metrics]
    audit = Audit(
        sets=sets, sizes=(16,), bias_sizes=(16,), fixed=("blur", 1), features="eye",
        metrics=tuple(
            AuditedMetric(spec=spec, plugin="mine 1", sees=(), width=3, key="k") for spec in specs
        ),
        absent={}, versions={}, machine={},
        faults=(AuditedFault(name="b", fault=None, meaning="m", strengths=(1,), why_not={}),),
    )  # fmt: skip
    write_audit(folder := audit_dir(results, sets.slug), audit)
    return folder


@pytest.mark.usefixtures("results")
def test_everything_about_a_cell_is_shown(gan_bench: Command) -> None:
    said = gan_bench("show", DCGAN)
    assert (said.code, said.err) == (0, "")
    text = " ".join(said.out.split())
    for part in (
        "dcgan / hinge / seed0 status collapsed reason diversity fell to 0.01",
        "batch 50",
        "loss_d █",
        "fd-eye 9; collapsed: all alike",
        "fd-eye ↓ 12.5 (500 images against 450 of train)",
        "diversity ↑ no score: too few images",
        "collapsed at 40 kimg: diversity fell to 0.01",
        "diagnosis D wins",
        "note one checkpoint was damaged",
        "training 1 min 30 s, 1,111 images/s",
        "end of the log one two\\x1b[2J",
        "my-pair 1.0, sha256 efefefefefefefef, trains: architecture dcgan",
        "torch 9.9",
        "record.json",
    ):
        assert part in text, part
    assert re.search(r"samples/ [\d.]+ \w+, \d+ files", text)
    assert ".png" not in text  # a folder has one line


@pytest.mark.parametrize(
    ("kimgs", "said"), [((1, 40), True), ((30, 40), False), ((None, 40), False)]
)
def test_the_best_tick_is_said_to_be_one_that_counts_where_some_do_not(
    kimgs: tuple[float | None, float], said: bool, gan_bench: Command
) -> None:
    """The first 100 updates of 50 images each, 5 kimg, do not count; a line may have no kimg."""
    ticks = [{"kimg": kimg, "scores": {"fd-eye": 9.0}} for kimg in kimgs]
    best = {"metric": "fd-eye", "value": 9.0, "kimg": 40.0, "final": 9.0}
    folder = write_cell(Path("results"), "dcgan", scores={"fd-eye": 9.0}, best=best)
    (folder / TICKS).write_text("".join(f"{json.dumps(tick)}\n" for tick in ticks))
    shown = gan_bench("show", DCGAN)
    assert shown.code == 0
    assert ("of the ticks from update 100 on" in " ".join(shown.out.split())) == said


@pytest.mark.parametrize(("count", "said"), [(10, False), (12, True)])
def test_it_is_said_that_some_ticks_are_not_shown(
    count: int, said: bool, gan_bench: Command
) -> None:
    folder = write_cell(Path("results"), "dcgan", scores={"fd-eye": 9.0})
    ticks = [{"kimg": kimg, "scores": {"fd-eye": 9.0}} for kimg in range(1, count + 1)]
    (folder / TICKS).write_text("".join(f"{json.dumps(tick)}\n" for tick in ticks))
    assert (f"10 of {count} ticks; --json has all" in gan_bench("show", DCGAN).out) == said


@pytest.mark.usefixtures("results")
def test_a_cell_for_programs(gan_bench: Command) -> None:
    (Path("results") / PLAIN.slug / DCGAN / CURVE).write_text('{"kimg": 1, "loss_d": NaN}\n')
    document = json.loads(gan_bench("show", DCGAN, "--json").out)
    assert document["record"]["verdicts"] == [VERDICT]
    assert document["curve"] == [{"kimg": 1, "loss_d": None}]
    assert document["schedule"]["batch"] == 50


@pytest.mark.parametrize("name", [RECORD, CURVE, TICKS, "cell.json"])
def test_a_damaged_file_costs_only_what_it_says(
    name: str, results: Path, gan_bench: Command
) -> None:
    (results / PLAIN.slug / DCGAN / name).write_text("\0\n")
    said = gan_bench("show", DCGAN)
    assert said.code == 0
    assert "cannot be read" in said.out
    assert name in said.out.partition("cannot be read")[2]
    assert gan_bench("list").code == 0


def test_a_planned_cell_is_shown_as_far_as_it_is(results: Path, gan_bench: Command) -> None:
    (results / PLAIN.slug / "dense/hinge/seed1" / LOG).write_text("")
    said = gan_bench("show", "dense/hinge/seed1")
    assert said.code == 0
    assert "waiting" in said.out
    assert "scores" not in said.out


@pytest.mark.parametrize("words", [["list"], ["show", DCGAN]])
@pytest.mark.usefixtures("results")
def test_a_narrow_terminal_shows_everything(
    words: list[str], gan_bench: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    said = gan_bench(*words)
    assert said.code == 0
    assert "12.5" in said.out


def test_a_name_with_control_characters_is_escaped(results: Path, gan_bench: Command) -> None:
    (results / PLAIN.slug / "dcgan").rename(results / PLAIN.slug / "\x1b[2J")
    said = gan_bench("list")
    assert "\x1b" not in said.out
    assert "\\x1b[2J" in said.out
    shown = gan_bench("show", "\x1b[2J/hinge/seed0")
    assert shown.code == 0
    assert "\x1b" not in shown.out


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        (["list", "nowhere"], ["no results in nowhere: `gan-bench run` makes some"]),
        (["list", "."], ["no results in .: name results, which has some"]),
        (["report", "."], ["no results in .: name results, which has some"]),
        (["show", "dcgn/hinge/seed0"], ["no cell dcgn/hinge/seed0 in results. Did you mean dcgan"]),
        (["show", "x", "--results", "nowhere"], ["no results in nowhere"]),
        (["remove", "x"], ["no protocol, entry or evaluation x in results. There are: faces-16"]),
        (["remove", f"{PLAIN.slug}/recl"], ["no protocol, entry or evaluation", "There are:"]),
        (["remove", DCGAN], ["there is no terminal to answer a question: add --yes"]),
        (["merge", "results", "results", "-o", "out"], ["name two different results folders"]),
        (["merge", "results", "nowhere", "-o", "out"], ["no results in nowhere"]),
        (["merge", "results", "nowhere", "-o", "results"], ["results is not empty"]),
    ],
    ids=lambda value: " ".join(value),
)
@pytest.mark.usefixtures("results")
def test_what_cannot_be_meant_is_a_usage_error(
    words: list[str], parts: list[str], gan_bench: Command
) -> None:
    said = gan_bench(*words)
    assert (said.code, said.out) == (2, "")
    assert "Traceback" not in said.err
    for part in parts:
        assert part in " ".join(said.err.split())


@pytest.mark.parametrize(("answer", "gone"), [("y\n", True), ("n\n", False), ("", False)])
def test_remove_asks_first(
    answer: str, gone: bool, results: Path, gan_bench: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = io.TextIOWrapper(io.BytesIO(answer.encode()))
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    monkeypatch.setattr("sys.stdin", terminal)
    said = gan_bench("remove", DCGAN)
    assert "for good? [y/N]" in said.err
    assert f"{PLAIN.slug}/{DCGAN}: " in said.err
    assert (results / PLAIN.slug / DCGAN).exists() != gone
    assert ("removed 1 cell: " in said.out) == gone
    assert ("nothing was removed" in said.err) != gone
    assert ("interrupted" in said.err) == (answer == "")  # the end of the input is no answer
    assert said.code == (130 if answer == "" else 0)


def test_remove_says_what_it_freed(results: Path, gan_bench: Command) -> None:
    said = gan_bench("remove", "--yes", PLAIN.slug[:12])
    assert said.code == 0
    assert f"{PLAIN.slug}: 3 cells, " in said.err
    assert said.out.startswith("removed 3 cells: ")
    assert list(results.iterdir()) == []


def test_remove_names_what_goes_with_an_entry_and_a_protocol(
    results: Path, gan_bench: Command
) -> None:
    home = results / PLAIN.slug
    for name in ("mine", "theirs"):
        make_folder(entry_dir(home, name))
        (entry_dir(home, name) / "entry.json").write_text("{}")
    said = gan_bench("remove", "mine", "--yes")
    assert (said.code, said.out) == (0, "removed 1 entry: 2 bytes\n")
    assert f"{PLAIN.slug}/entries/mine: 2 bytes" in said.err
    said = gan_bench("remove", PLAIN.slug, "--yes")
    assert f"{PLAIN.slug}: 3 cells, 1 entry, " in said.err
    assert said.out.startswith("removed 3 cells, 1 entry: ")


def test_merge_writes_one_folder_or_names_every_conflict(results: Path, gan_bench: Command) -> None:
    write_cell(Path("other"), "sngan", scores={"fd-eye": 2.0})
    said = gan_bench("merge", "results", "other", "-o", "all")
    assert (said.code, said.err) == (0, "")
    assert said.out.startswith("all: 4 cells of 1 protocol, ")
    assert ",sngan,hinge," in gan_bench("report", "all", "--format", "csv").out
    for name in ("dcgan", "dense"):
        write_cell(Path("third"), name, scores={"fd-eye": 99.0})
    again = gan_bench("merge", "all", "third", "-o", "more")
    assert (again.code, again.out) == (2, "")
    assert again.err.startswith("error: 2 conflicts, and nothing is written:\n")
    assert again.err.count("their results differ") == 2
    assert not Path("more").exists()


@pytest.mark.parametrize("width", [40, 80])
def test_a_narrow_list_breaks_no_name_and_no_value(
    width: int, results: Path, gan_bench: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has as many tables below each other as it needs, each with the names of the cells."""
    monkeypatch.setattr("gan_bench.cli.output.PIPE_WIDTH", width)
    rows = [line.split() for line in gan_bench("list").out.splitlines() if line[:5] == DCGAN[:5]]
    assert {row[0] for row in rows} == {DCGAN}
    values = [value for row in rows for value in row[1:]]
    assert values[:3] == ["collapsed", "2", "12.5"]
    assert values[4:] == ["kB", "2026-01-01", "00:00"]


def test_added_scores_and_entries_are_listed_and_shown(results: Path, gan_bench: Command) -> None:
    home = results / PLAIN.slug
    added = PLAIN.evaluation.model_copy(update={"samples": 300})
    of: dict[str, Any] = {"features": "eye", "n": 300, "reference": "train", "reference_n": 300}
    score = Score(value=7.75, higher_is_better=False, **of)
    cell = home / DCGAN
    ask_for(cell, added, RunEnvironment(device="cpu", named=True))
    ended = "2026-02-02T00:00:00+00:00"
    found = Measurement(scores={"fd-eye": score}, device="gpu", ended=ended)
    write_measurement(cell, added.slug, found)
    entry = EntryRecord(
        name="mine", kind="images", origin="x", fingerprint="f", images=40, device="cpu",
        evaluation=PLAIN.evaluation, scores={"fd-eye": score}, ended=ended,
    )  # fmt: skip
    make_folder(entry_dir(home, "mine"))
    write_entry(entry_dir(home, "mine"), entry)

    lines = [line.split() for line in gan_bench("list").out.splitlines()]
    assert lines[2][:5] == [DCGAN, "collapsed", "2", "12.5", "7.75"]
    assert lines[3][:5] == ["dense/hinge/seed0", "finished", "–", "3.25", "–"]
    assert lines[7][:6] == ["mine", "images", "40", "7.75", "fd-eye", "↓"]
    document = json.loads(gan_bench("list", "--json").out)
    assert [each["added"][added.slug] for each in document["cells"]] == [7.75, None, None]
    assert document["evaluations"][PLAIN.slug] == {added.slug: "fd-eye"}
    assert [each["name"] for each in document["entries"][PLAIN.slug]] == ["mine"]

    shown = gan_bench("show", DCGAN).out
    assert f"scores by {added.slug}" in shown
    assert "7.75 (300 images against 300 of train)" in " ".join(shown.split())
    (entry_dir(home, "mine") / "entry.json").write_text("{")
    assert "entry.json" in gan_bench("list").err
    scores = evaluation_dir(cell, added.slug) / "scores.json"
    scores.write_text("{")
    assert "scores.json" in gan_bench("show", DCGAN).out.partition("cannot be read")[2]


def test_a_divergence_has_one_date_in_the_list_and_the_report(gan_bench: Command) -> None:
    found = {"kind": "diverged", "kimg": 0.048, "reason": "loss not finite from step 3"}
    more: dict[str, Any] = {"verdicts": [found], "reason": found["reason"]}
    write_training(write_cell(Path("results"), "dcgan", status="diverged", **more))
    (listed,) = json.loads(gan_bench("list", "--json").out)["cells"]
    assert listed["kimg"] == 0.048
    report = " ".join(gan_bench("report").out.split())
    assert "diverged (dcgan / hinge / seed0, at 0.048 kimg)" in report
    assert "seed0: diverged at 0.048 kimg: loss not finite from step 3" in report
