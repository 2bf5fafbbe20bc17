"""`gan-bench branch`: forks of a cell, beside it and never among it."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from gan_bench.contract.protocol import Cell
from gan_bench.report.leaderboard import load as boards
from gan_bench.results.atomic import write_json
from gan_bench.results.layout import (
    BRANCHES,
    CELL,
    CHECKPOINTS,
    CURVE,
    GENERATOR,
    KEPT_TICKS,
    RECORD,
    SAMPLES,
    TICKS,
    branches_in,
)
from gan_bench.results.reading import read_lines, read_model
from gan_bench.results.records import Verdict, read_record
from gan_bench.train.session import Session, Stopped
from given import Command, Said

pytestmark = pytest.mark.usefixtures("cells_inside", "pairs_tried", "one_thread")
LABEL = "tiny/plain/seed0"


def digests(folder: Path) -> dict[str, str]:
    """All that must be the same bytes in every run."""
    files = [folder / CURVE, folder / TICKS, folder / GENERATOR, *(folder / SAMPLES).iterdir()]
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def branch_of(said: Said, changes: dict[str, Any], index: int = 0) -> Path:
    """The folder of a branch that the command tells of."""
    assert said.code == 0, said.err
    found = [
        row
        for row in json.loads(said.out)["branches"]
        if row["changes"] == changes and row["index"] == index
    ]
    return Path(found[0]["folder"])


def ranks(results: str) -> str:
    """Every number of every row of the leaderboard."""
    board = boards(Path(results)).boards[0]  # others are of evaluations that were added
    return board.cells.drop(columns=["folder", "measured"]).to_csv()


def fork(gan_bench: Command, *words: object) -> Said:
    return gan_bench("branch", LABEL, "--device", "cpu", "--json", *words)


def test_keeping_ticks_changes_no_byte_of_a_training(train: Any, kept: Path) -> None:
    before = digests(kept)
    assert len([*(kept / KEPT_TICKS).glob("*.pt")]) == 10
    shutil.rmtree(kept)
    assert train().code == 0
    assert digests(kept) == before
    assert not (kept / KEPT_TICKS).exists()


@pytest.mark.parametrize("at", [0.1, 0.2, 0.3])
def test_an_unchanged_branch_ends_in_the_bytes_of_its_parent(
    gan_bench: Command, kept: Path, at: float
) -> None:
    said = fork(gan_bench, "--at", at)
    branch = branch_of(said, {})
    assert digests(branch) == digests(kept)
    assert json.loads(said.out)["branches"][1]["same_bytes"] is True
    for name in ("scores", "status", "verdicts", "best"):  # its hints are typed otherwise
        assert getattr(read_record(branch), name) == getattr(read_record(kept), name)


def test_a_changed_branch_has_the_past_of_its_parent_and_another_end(
    gan_bench: Command, kept: Path
) -> None:
    branch = branch_of(fork(gan_bench, "--at", 0.2, "--set", "lr_d=0.01"), {"lr_d": 0.01})
    before, after = read_lines(kept / CURVE), read_lines(branch / CURVE)
    forked = [k for k, (one, other) in enumerate(zip(before, after, strict=True)) if one != other]
    assert before[forked[0]]["kimg"] == pytest.approx(0.2, abs=0.01)
    assert forked == [*range(forked[0], len(before))]
    record = read_record(branch)
    assert record.branch is not None
    assert (record.branch.parent, record.branch.kimg) == ("tiny / plain / seed0", 0.192)


def test_a_branch_whose_record_is_damaged_is_named_with_what_to_do(
    gan_bench: Command, kept: Path
) -> None:
    branch = branch_of(fork(gan_bench, "--at", 0.2), {})
    (branch / RECORD).write_text("{")
    said = gan_bench("branch", LABEL, "--device", "cpu", "--at", 0.2)
    assert said.code == 3
    assert "unreadable" in said.out
    assert f"delete {branch}, and the same command trains this branch again" in said.err
    shutil.rmtree(branch)
    assert branch_of(fork(gan_bench, "--at", 0.2), {}) == branch


def test_each_index_sees_another_order_and_the_same_evaluation(
    gan_bench: Command, kept: Path
) -> None:
    said = fork(gan_bench, "--at", 0.2, "--seeds", 3)
    curves = {(branch_of(said, {}, k) / CURVE).read_bytes() for k in range(3)}
    assert len(curves) == 3
    grids = [*(branch_of(said, {}, 1) / SAMPLES).iterdir()]
    assert {path.name for path in grids} == {path.name for path in (kept / SAMPLES).iterdir()}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (["d_steps=2"], {"d_steps": 2}),
        (["betas=[0,0.9]"], {"betas": [0.0, 0.9]}),
        (["lr=1e-3"], {"lr_g": 1e-3, "lr_d": 1e-3}),
        (["optimizer=rmsprop"], {"optimizer": "rmsprop"}),
        (["augment=flip"], {"augment": ["flip"]}),
        (["ema_kimg=0"], {"ema_kimg": 0}),
        (["loss=r1", "lr-d=1e-3"], {"loss": "r1", "lr_d": 1e-3}),
        (["lr_decay=cosine"], {"lr_decay": "cosine"}),
    ],
)
def test_what_may_change_is_trained_to_the_end(
    gan_bench: Command, kept: Path, changes: list[str], expected: dict[str, Any]
) -> None:
    words = [word for change in changes for word in ("--set", change)]
    branch = branch_of(fork(gan_bench, "--at", 0.2, *words), expected)
    record = read_record(branch)
    assert record.status == "finished", record.reason
    assert record.loss == expected.get("loss", "plain")
    assert read_lines(branch / CURVE)[-1]["kimg"] == pytest.approx(0.32)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ("kimg=2", "ends where its parent ends"),
        ("batch=16", "counted in batches"),
        ("size=16", "of this size only"),
        ("arch=dense", "fit no other networks"),
        ("ticks=4", "judged at the ticks of its parent"),
        ("on_collapse=stop", "under the rule of its parent"),
        ("lr_dd=1", "Did you mean lr_d?"),
        ("lr_d=fast", "it must be a finite number above 0"),
        ("lr_d=-1", "it must be a finite number above 0"),
        ("betas=1", "it must be two numbers"),
        ("loss=plian", "Did you mean plain?"),
        ("loss=plain", "it is plain in this cell already"),
        ("loss=ac", "needs labels"),
        ("optimizer=adm", "Did you mean adam?"),
        ("lr_d", "write FIELD=VALUE"),
    ],
)
def test_what_cannot_change_is_refused_with_the_reason(
    gan_bench: Command, kept: Path, change: str, why: str
) -> None:
    said = fork(gan_bench, "--at", 0.2, "--set", change)
    assert said.code == 2
    assert why in " ".join(said.err.split())
    assert not (kept / BRANCHES).exists()


def test_the_end_and_what_is_before_the_first_tick_cannot_be_forked(
    gan_bench: Command, kept: Path
) -> None:
    assert "nothing to train" in fork(gan_bench, "--at", 1).err
    assert "its ticks are at 0.032, 0.064" in fork(gan_bench, "--at", 0.01).err


def test_no_column_of_dates_stands_where_no_branch_has_a_verdict(
    gan_bench: Command, kept: Path
) -> None:
    words = ("branch", LABEL, "--device", "cpu", "--at", 0.2)
    assert "since kimg" not in gan_bench(*words).out
    failed = Verdict(kind="collapsed", kimg=0.3, reason="for this test")
    record = read_record(kept).model_copy(update={"status": "collapsed", "verdicts": (failed,)})
    write_json(kept / RECORD, record.model_dump(mode="json"))
    assert "since kimg" in gan_bench(*words).out


def test_a_damaged_tick_is_left_out_with_words(gan_bench: Command, kept: Path) -> None:
    tick = kept / KEPT_TICKS / "000000024.pt"
    tick.write_bytes(tick.read_bytes()[:-1] + b"?")
    said = fork(gan_bench, "--at", 0.2)
    assert "the tick at 0.192 kimg of tiny / plain / seed0 is damaged" in said.err
    assert json.loads(said.out)["at_kimg"] == 0.16
    assert digests(branch_of(said, {})) == digests(kept)


def test_branches_are_never_ranked(gan_bench: Command, kept: Path) -> None:
    ranked = ranks("results")
    scored = gan_bench("report", "--format", "csv").out
    listed = json.loads(gan_bench("list", "--json").out)["cells"]
    assert fork(gan_bench, "--at", 0.2, "--set", "lr_d=0.01", "--seeds", 2).code == 0
    assert ranks("results") == ranked
    assert gan_bench("report", "--format", "csv").out == scored
    (cell,) = json.loads(gan_bench("list", "--json").out)["cells"]
    assert [cell["folder"]] == [each["folder"] for each in listed]
    assert cell["branches"] == 4
    assert gan_bench("measure", "--samples", 12, "--device", "cpu", "-q").code == 0
    assert not [*(kept / BRANCHES).glob("*/*/*/*/evaluations")]
    shutil.copytree("results", "other")
    said = gan_bench("merge", "results", "other", "--out", "merged")
    assert said.code == 0, said.err
    assert len([*branches_in(Path("merged", *kept.parts[1:]))]) == 4
    assert ranks("merged") == ranked


@pytest.mark.parametrize("command", ["report", "list", "site", "measure", "draw"])
def test_a_folder_of_branches_is_no_leaderboard(
    gan_bench: Command, kept: Path, command: str
) -> None:
    assert fork(gan_bench, "--at", 0.2).code == 0
    for folder in (kept / BRANCHES, next((kept / BRANCHES).glob("*/protocol.json")).parent):
        more = ["--out", "site"] if command == "site" else []
        said = gan_bench(command, folder, *more)
        assert said.code == 2
        assert "never ranked" in said.err


def test_a_branch_that_is_moved_among_cells_is_not_ranked(gan_bench: Command, kept: Path) -> None:
    branch = branch_of(fork(gan_bench, "--at", 0.2), {})
    ranked = ranks("results")
    shutil.copytree(branch, kept.with_name("seed7"))
    assert ranks("results") == ranked


def test_a_branch_can_be_shown_and_sampled_and_not_forked(gan_bench: Command, kept: Path) -> None:
    branch = branch_of(fork(gan_bench, "--at", 0.2, "--set", "lr_d=0.01"), {"lr_d": 0.01})
    shown = " ".join(gan_bench("show", branch).out.split())
    assert "of tiny / plain / seed0 from 0.192 kimg, lr_d=0.01, the same order" in shown
    assert gan_bench("sample", branch, "--out", "faces.png").code == 0
    assert "is a branch" in gan_bench("branch", branch, "--at", 0.2).err
    assert "is a branch" in gan_bench("reproduce", branch).err


def test_a_cell_without_ticks_is_trained_again_first(gan_bench: Command, train: Any) -> None:
    assert train().code == 0
    (cell,) = Path("results").glob("*/tiny/plain/seed0")
    said = fork(gan_bench, "--at", 0.2)
    assert "kept no ticks, so it is trained again from its seed" in said.err
    assert digests(branch_of(said, {})) == digests(cell)
    again = fork(gan_bench, "--at", 0.1)
    assert "trained again" not in again.err
    assert digests(branch_of(again, {})) == digests(cell)


@pytest.mark.parametrize(
    ("at", "why"),
    [
        (0.01, "no good tick at or before 0.01 kimg: its ticks are at 0.032, 0.064"),
        (1, "ends at 0.32 kimg: a branch that begins there has nothing to train"),
    ],
)
@pytest.mark.parametrize("command", ["branch", "autopsy"])
def test_a_place_where_no_branch_can_begin_is_refused_before_a_cell_is_trained_again(
    gan_bench: Command, train: Any, command: str, at: float, why: str
) -> None:
    assert train().code == 0
    (cell,) = Path("results").glob("*/tiny/plain/seed0")
    with (cell / TICKS).open("a") as ticks:
        ticks.write('{"kimg": null}\n{"step": 1}\n{"kimg": "x"}\n')  # damaged lines say nothing
    failed = Verdict(kind="collapsed", kimg=0.2, reason="for this test")
    record = read_record(cell).model_copy(update={"status": "collapsed", "verdicts": (failed,)})
    write_json(cell / RECORD, record.model_dump(mode="json"))
    said = gan_bench(command, LABEL, "--device", "cpu", "--at", at)
    assert said.code == 2
    assert why in " ".join(said.err.split())
    assert "trained again" not in said.err
    assert not (cell / BRANCHES).exists()


def test_branches_of_a_second_training_with_other_numbers_are_refused(
    gan_bench: Command, train: Any
) -> None:
    assert train().code == 0
    (cell,) = Path("results").glob("*/tiny/plain/seed0")
    curve = cell / CURVE
    curve.write_text(curve.read_text().replace('"loss_d": 1.', '"loss_d": 2.'))
    said = fork(gan_bench, "--at", 0.2)
    assert said.code == 2
    assert "trained again it gave other numbers" in said.err


def test_ticks_and_branches_can_be_removed_without_the_cell(gan_bench: Command, kept: Path) -> None:
    assert fork(gan_bench, "--at", 0.2, "--seeds", 2).code == 0
    said = gan_bench("remove", f"{LABEL}/ticks", f"{LABEL}/branches", "--yes")
    assert "2 branches, 10 kept ticks" in said.out
    assert not (kept / KEPT_TICKS).exists()
    assert not (kept / BRANCHES).exists()
    assert (kept / RECORD).exists()


def test_removing_a_cell_says_what_goes_with_it(gan_bench: Command, kept: Path) -> None:
    assert fork(gan_bench, "--at", 0.2).code == 0
    assert "1 branch, 10 kept ticks, " in gan_bench("remove", LABEL, "--yes").err


def test_a_branch_that_is_stopped_goes_on_where_it_was(
    gan_bench: Command, kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save = Session._save

    def die(self: Session, training: Any, at_tick: bool = False) -> None:
        save(self, training, at_tick)
        if BRANCHES in self.directory.parts and training.step == 28:
            raise Stopped("killed")

    monkeypatch.setattr(Session, "_save", die)
    with pytest.raises(Stopped):
        fork(gan_bench, "--at", 0.2)
    (branch,) = branches_in(kept)
    assert [*(branch / CHECKPOINTS).glob("*.pt")]
    monkeypatch.setattr(Session, "_save", save)
    assert digests(branch_of(fork(gan_bench, "--at", 0.2), {})) == digests(kept)
    assert read_record(branch).starts == 2


def test_the_dry_run_says_the_disk_that_kept_ticks_take(train: Any) -> None:
    without, with_ticks = (
        json.loads(train("--dry-run", "--json", *words).out)["total"]
        for words in ((), ("--keep-ticks",))
    )
    assert without["tick_bytes"] == 0
    assert with_ticks["tick_bytes"] == 10 * with_ticks["checkpoint_bytes"] / 3
    assert " for kept ticks" in train("--dry-run", "--keep-ticks").out


def test_a_cell_that_was_planned_by_an_older_version_can_be_read(kept: Path) -> None:
    document = json.loads((kept / CELL).read_text())
    del document["branch"], document["environment"]["keep_ticks"]
    write_json(kept / CELL, document)
    cell = read_model(kept / CELL, Cell)
    assert cell.branch is None
    assert not cell.environment.keep_ticks


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        (["--lr", "0.5"], "No such option --lr: write --set lr=0.5 for both rates, or lr_g= or"),
        (["--lr-d=1e-4"], "No such option --lr-d: write --set lr_d=1e-4\n"),
        (["--loss"], "No such option --loss: write --set loss=VALUE\n"),
        (["--kimg", "9"], "No such option --kimg: a branch cannot change kimg: a branch ends"),
        (["--sed", "9"], "No such option '--sed'. Did you mean '--seeds'?"),
    ],
)
def test_an_option_of_run_is_answered_with_what_branch_has(
    gan_bench: Command, words: list[str], answer: str
) -> None:
    said = gan_bench("branch", "dcgan/hinge/seed0", "--at", 1, *words)
    assert said.code == 2
    assert answer in said.err
