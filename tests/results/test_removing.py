"""Cells and protocols are removed as a whole, unless a run uses them or a link leads elsewhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from gan_bench import StorageError, UsageError
from gan_bench.results.layout import REMOVED
from gan_bench.results.locks import alone_in
from gan_bench.results.removing import remove, targets
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
    assert (target.cells, target.is_protocol, target.bytes > 0) == (1, False, True)
    remove(target)
    assert not (home / "dcgan").exists()
    assert (home / "dense/hinge/seed0").is_dir()
    assert not (results / REMOVED).exists()


def test_a_protocol_is_removed_with_its_cells_which_are_named_once(
    results: Path, home: Path
) -> None:
    (target,) = targets(results, [DCGAN, PLAIN.slug, str(home)])
    assert (target.cells, target.is_protocol) == (2, True)
    remove(target)
    assert list(results.iterdir()) == []


@pytest.mark.parametrize("word", [DCGAN, PLAIN.slug])
@pytest.mark.parametrize("used", ["", DCGAN])
def test_what_a_run_uses_is_not_removed(used: str, word: str, results: Path, home: Path) -> None:
    with alone_in(home / used), pytest.raises(UsageError, match="is being used by a run"):
        targets(results, [word])
    assert (home / DCGAN / "record.json").exists()


@pytest.mark.parametrize("used", ["", DCGAN])
def test_a_run_that_begins_after_the_question_keeps_its_folder(
    used: str, results: Path, home: Path
) -> None:
    (target,) = targets(results, [PLAIN.slug])
    with alone_in(home / used), pytest.raises(UsageError, match="is being used by a run"):
        remove(target)
    assert (home / DCGAN / "record.json").exists()
    (cell,) = targets(results, [DCGAN])
    with alone_in(home), pytest.raises(StorageError, match="is being used by another run"):
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
