"""Cells and protocols are removed as a whole, unless a run uses them or a link leads elsewhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from gan_bench import UsageError
from gan_bench.contract.protocol import RunEnvironment
from gan_bench.results.layout import REMOVED
from gan_bench.results.locks import InUse, alone_in
from gan_bench.results.measurements import ask_for
from gan_bench.results.removing import empty_bin, remove, targets
from laid_study import Outcome, write_trials
from records import PLAIN, write_cell

DCGAN = "dcgan/hinge/seed0"


@pytest.fixture
def results(tmp_path: Path) -> Path:
    folder = tmp_path / "results"
    write_cell(folder, "dcgan")
    write_cell(folder, "dense")
    return folder


@pytest.fixture
def home(results: Path) -> Path:
    return results / PLAIN.slug


def test_a_cell_is_removed_with_the_folders_that_it_leaves_empty(results: Path, home: Path) -> None:
    (target,) = targets(results, [DCGAN])
    assert (target.place.kind, target.contents, target.bytes > 0) == ("cell", {"cell": 1}, True)
    remove(target)
    assert not (home / "dcgan").exists()
    assert (home / "dense/hinge/seed0").is_dir()
    assert not (results / REMOVED).exists()


def test_a_protocol_is_removed_with_its_cells_which_are_named_once(
    results: Path, home: Path
) -> None:
    (target,) = targets(results, [DCGAN, PLAIN.slug, str(home)])
    assert (target.place.kind, target.contents["cell"]) == ("protocol", 2)
    remove(target)
    assert list(results.iterdir()) == []


@pytest.mark.parametrize("word", [DCGAN, PLAIN.slug])
@pytest.mark.parametrize("used", ["", DCGAN])
def test_what_a_run_uses_is_not_removed(used: str, word: str, results: Path, home: Path) -> None:
    with alone_in(home / used, "training"), pytest.raises(InUse, match="being used by process"):
        targets(results, [word])
    assert (home / DCGAN / "record.json").exists()


@pytest.mark.parametrize("used", ["", DCGAN])
def test_a_run_that_begins_after_the_question_keeps_its_folder(
    used: str, results: Path, home: Path
) -> None:
    (target,) = targets(results, [PLAIN.slug])
    with alone_in(home / used, "training"), pytest.raises(InUse, match="being used by process"):
        remove(target)
    assert (home / DCGAN / "record.json").exists()
    (cell,) = targets(results, [DCGAN])
    with alone_in(home, "training"), pytest.raises(InUse, match="being used by process"):
        remove(cell)
    assert (home / DCGAN / "record.json").exists()


@pytest.mark.parametrize("linked", ["", "dcgan", DCGAN])
def test_what_lies_behind_a_link_is_not_removed(
    linked: str, results: Path, home: Path, tmp_path: Path
) -> None:
    (home / linked).rename(tmp_path / "elsewhere")
    (home / linked).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UsageError, match="by a link: nothing behind a link is deleted"):
        targets(results, [DCGAN])


def test_a_link_in_a_cell_is_deleted_and_what_it_leads_to_stays(
    results: Path, home: Path, tmp_path: Path
) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos/one.png").write_bytes(b"png")
    (home / DCGAN / "photos").symlink_to(tmp_path / "photos")
    for target in targets(results, [PLAIN.slug]):
        remove(target)
    assert (tmp_path / "photos/one.png").read_bytes() == b"png"


def test_an_interrupted_removal_leaves_no_half_of_a_cell(
    results: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("shutil.rmtree", interrupt)
        with pytest.raises(KeyboardInterrupt):
            remove(*targets(results, [DCGAN]))
    assert not (home / DCGAN).exists()
    remove(*targets(results, ["dense/hinge/seed0"]))
    assert not (results / REMOVED).exists()  # what the first one had left is gone too


def test_results_that_are_themselves_behind_a_link_can_be_cleared(
    results: Path, tmp_path: Path
) -> None:
    (tmp_path / "here").symlink_to(results)
    remove(*targets(tmp_path / "here", [DCGAN]))
    assert not (results / PLAIN.slug / DCGAN).exists()


# What was added to a protocol

ADDED = PLAIN.evaluation.model_copy(update={"samples": 300}).beside(PLAIN.evaluation)
SLUG = ADDED.slug


@pytest.fixture
def added(home: Path) -> Path:
    """Both cells were asked for another evaluation, and there is an entry."""
    for cell in (home / DCGAN, home / "dense/hinge/seed0"):
        ask_for(cell, ADDED, RunEnvironment(device="cpu", named=True))
    (home / "entries/mine").mkdir(parents=True)
    (home / "entries/mine/entry.json").write_text("{}")
    return home


@pytest.mark.parametrize("before", ["", "faces/", f"{PLAIN.slug}/", f"{PLAIN.slug}/entries/"])
def test_an_entry_is_removed_by_its_name(before: str, added: Path) -> None:
    (target,) = targets(added.parent, [f"{before}mine"])
    assert (target.name, target.contents) == (f"{PLAIN.slug}/entries/mine", {"entry": 1})
    remove(target)
    assert not (added / "entries").exists()
    assert (added / DCGAN / "record.json").exists()


def test_an_evaluation_is_removed_with_its_scores_and_the_cells_stay(added: Path) -> None:
    (target,) = targets(added.parent, [SLUG])
    assert target.contents == {"evaluation": 1, "cell": 2}
    remove(target)
    assert list(added.rglob("evaluations")) == []
    assert (added / DCGAN / "record.json").exists()
    with pytest.raises(UsageError, match=f"no protocol, entry or evaluation {SLUG} in"):
        targets(added.parent, [SLUG])


def test_an_evaluation_and_one_of_its_cells_are_removed_together(added: Path) -> None:
    for target in targets(added.parent, [DCGAN, SLUG, "mine"]):
        remove(target)
    assert [path.name for path in added.iterdir() if path.is_dir()] == ["dense"]


@pytest.mark.parametrize(
    ("used", "word"),
    [
        ("", "mine"),
        ("", SLUG),
        ("entries/mine", "mine"),
        ("entries/mine", PLAIN.slug),
        ("entries/new", PLAIN.slug),
        (f"evaluations/{SLUG}", SLUG),
        (f"evaluations/{SLUG}", PLAIN.slug),
        (DCGAN, SLUG),
    ],
)
def test_what_a_command_writes_is_not_removed(used: str, word: str, added: Path) -> None:
    (target,) = targets(added.parent, [word])
    with alone_in(added / used, "scoring"):
        with pytest.raises(InUse):
            targets(added.parent, [word])
        with pytest.raises(InUse):  # it began after the question
            remove(target)
    assert (added / "entries/mine/entry.json").exists()
    assert len(list(added.rglob("environment.json"))) == 2


@pytest.mark.parametrize("word", ["mine", SLUG])
def test_a_cell_of_an_older_version_that_lies_in_another_folder_never_goes_with_it(
    word: str, added: Path
) -> None:
    where = "entries" if word == "mine" else "evaluations"
    cell = write_cell(added.parent, where, word)
    with pytest.raises(UsageError, match=f"holds the cell {where}/{word}/seed0 as well"):
        targets(added.parent, [word])
    assert (cell / "record.json").exists()
    remove(*targets(added.parent, [f"{where}/{word}/seed0"]))
    assert not cell.exists()
    remove(*targets(added.parent, [word]))
    assert not (added / where).exists()


def test_the_nearest_of_all_names_is_suggested(added: Path) -> None:
    with pytest.raises(UsageError, match="Did you mean mine"):
        targets(added.parent, ["mnie"])


def test_what_a_killed_removal_left_can_be_deleted_when_its_cell_is_gone(results: Path) -> None:
    left = results / REMOVED / "tmpx" / "0"
    left.mkdir(parents=True)
    (left / "record.json").write_text("{}")
    empty_bin(results)
    assert not (results / REMOVED).exists()
    empty_bin(results)
    elsewhere = results.parent / "elsewhere"
    elsewhere.mkdir()
    (results / REMOVED).symlink_to(elsewhere)
    empty_bin(results)
    assert elsewhere.is_dir()


def test_a_study_is_refused_with_the_folder_to_delete(results: Path) -> None:
    study = write_trials(results, {"a": [Outcome(5, 5)]})
    for word in (study.name, str(study)):
        with pytest.raises(UsageError, match=rf"is a study, .* delete the folder .*{study.name}"):
            targets(results, [word])
    assert study.is_dir()


@pytest.mark.parametrize("part", ["branches", "ticks"])
def test_what_a_cell_has_not_is_no_reason_to_name_the_cell(part: str, results: Path) -> None:
    with pytest.raises(UsageError, match=f"^dcgan/hinge/seed0 has no {part}$"):
        targets(results, [f"{DCGAN}/{part}"])
