"""What stands in the way of scoring an entry leaves nothing of it, and harms no other."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from planning import Score

from gan_bench.contract.errors import DataError, StorageError, UsageError
from gan_bench.results.entries import read_entry
from gan_bench.results.layout import CELL, entry_dir, protocol_folder_of
from gan_bench.results.locks import InUse, alone_in
from gan_bench.run.asked_entries import How, asked_for
from gan_bench.run.entries import Scorer, score_entries
from given import Draw


def test_a_damaged_record_is_written_again(score: Score, scored_home: Path, shapes: Path) -> None:
    score(f"mine={shapes}")
    (entry_dir(scored_home, "mine") / "entry.json").write_text("{")
    assert score(f"mine={shapes}").images == 40


def test_one_process_at_a_time_scores_an_entry(
    score: Score, scored_home: Path, shapes: Path
) -> None:
    with alone_in(entry_dir(scored_home, "mine"), "scoring"), pytest.raises(InUse):
        score(f"mine={shapes}")


def test_a_protocol_that_is_removed_meanwhile_stays_away(scored_home: Path, shapes: Path) -> None:
    scorer = Scorer(scored_home, How(), lambda *_: None, print)
    scored_home.rename(scored_home.with_name("elsewhere"))
    with pytest.raises(StorageError, match="is gone"):
        scorer.score(asked_for(f"mine={shapes}"))
    assert not scored_home.exists()


@pytest.mark.parametrize(
    "moment",
    [
        "run.entries.write_entry",
        "results.locks.write_json",  # the folder is locked, and its holder not yet written
    ],
)
def test_an_interrupt_leaves_nothing(
    moment: str, score: Score, scored_home: Path, shapes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(f"gan_bench.{moment}", interrupted)
        with pytest.raises(KeyboardInterrupt):
            score(f"mine={shapes}")
    assert not (scored_home / "entries").exists()
    assert score(f"mine={shapes}").images == 40


def interrupted(*_: object) -> None:
    os.kill(os.getpid(), signal.SIGINT)


def left(scored_home: Path) -> list[str]:
    """All files and folders of entries, as paths within the protocol's folder."""
    return sorted(str(path.relative_to(scored_home)) for path in scored_home.glob("entries/**/*"))


def test_what_cannot_be_scored_leaves_nothing(
    score: Score, scored_home: Path, shapes: Path, tmp_path: Path, draw_shapes: Draw
) -> None:
    one, other = draw_shapes(tmp_path / "one", 1), draw_shapes(tmp_path / "other", 50)
    with pytest.raises(DataError, match="has one image"):
        score(f"mine={one}")
    assert not (scored_home / "entries").exists()
    score(f"mine={shapes}")
    kept = left(scored_home)
    assert "entries/mine/entry.json" in kept
    with pytest.raises(UsageError, match="with other images"):
        score(f"mine={other}")
    with pytest.raises(DataError, match="has one image"):
        score(f"second={one}")
    assert left(scored_home) == kept


def test_what_a_killed_process_left_is_gone_afterwards(
    score: Score, scored_home: Path, shapes: Path, tmp_path: Path, draw_shapes: Draw
) -> None:
    folder = entry_dir(scored_home, "mine")
    folder.mkdir(parents=True)
    for name in (".lock", ".holder.json", ".entry.json.12.part"):
        (folder / name).touch()
    with pytest.raises(DataError, match="has one image"):
        score(f"mine={draw_shapes(tmp_path / 'one', 1)}")
    assert not (scored_home / "entries").exists()


def test_read_only_results_are_refused_before_anything_is_read(
    score: Score, shapes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)  # root may write anywhere
    monkeypatch.setattr("gan_bench.run.entries.Scorer", None)
    with pytest.raises(StorageError, match=r"is read-only.*copy the results .* with --like"):
        score(f"mine={shapes}")


def test_one_bad_entry_does_not_stop_the_others(
    scored_home: Path, shapes: Path, tmp_path: Path, draw_shapes: Draw
) -> None:
    one = draw_shapes(tmp_path / "one", 1)
    asked = [asked_for(text) for text in (f"bad={one}", f"worse={one}", f"good={shapes}")]
    said: list[str] = []
    with pytest.raises(DataError, match="has one image"):
        score_entries(scored_home, asked, How(), lambda *_: None, said.append)
    assert read_entry(entry_dir(scored_home, "good")).images == 40
    assert len(said) == 2
    assert said[0] == "good is scored and in the table"


def test_a_damaged_cell_keeps_no_entry_from_being_scored(planned_cell: Path, shapes: Path) -> None:
    broken = planned_cell.parents[1] / "a-broken-one/seed0"  # before it in the order of names
    broken.mkdir(parents=True)
    (broken / CELL).write_text("{")
    asked = [asked_for(str(shapes))]
    (entry,) = score_entries(protocol_folder_of(planned_cell), asked, How(), lambda *_: None, print)
    assert entry.scores or entry.unscored
