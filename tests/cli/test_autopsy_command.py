"""`gan-bench autopsy`: remedies tried on a cell that failed, from before its verdict."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from gan_bench.contract.protocol import MetricSpec
from gan_bench.results.atomic import write_json
from gan_bench.results.layout import BRANCHES, RECORD, TICKS, autopsy_path, branches_in
from gan_bench.results.reading import read_lines
from gan_bench.results.records import Verdict, read_record
from gan_bench.run import autopsy
from given import Command, Said

pytestmark = pytest.mark.usefixtures("cells_inside", "pairs_tried", "one_thread")
LABEL = "tiny/plain/seed0"
REMEDIES = "--remedy", "slower-d,flip"


def give_verdict(cell: Path, kimg: float = 0.224, status: str = "collapsed") -> None:
    """As if the training had failed by this verdict."""
    verdict = Verdict(kind="collapsed", kimg=kimg, reason="stuck").model_dump(mode="json")
    document = json.loads((cell / RECORD).read_text())
    write_json(cell / RECORD, document | {"status": status, "verdicts": [verdict]})


@pytest.fixture
def collapsed(kept: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cell that collapsed at its seventh tick, and was healthy until its fifth."""
    give_verdict(kept)
    monkeypatch.setattr(autopsy, "counting", lambda looks, _: looks)
    monkeypatch.setattr(autopsy, "healthy", healthy_until(0.161))
    return kept


def healthy_until(kimg: float) -> Any:
    def healthy(looks: Any, metric: MetricSpec, gauges: Any) -> bool:
        assert metric.name in looks[-1].scores
        return bool(looks[-1].kimg <= kimg)

    return healthy


def examine(gan_bench: Command, *words: object) -> Said:
    return gan_bench("autopsy", LABEL, "--device", "cpu", "--seeds", 2, *words)


def test_each_remedy_is_tried_beside_the_control_from_the_last_healthy_tick(
    gan_bench: Command, collapsed: Path
) -> None:
    said = examine(gan_bench, *REMEDIES, "--format", "json")
    assert said.code == 0, said.err
    found = json.loads(said.out)
    assert {each["remedy"]: (each["saved"], each["tried"]) for each in found["shares"]} == {
        "other data order": (2, 2), "slower-d": (2, 2), "flip": (2, 2),
    }  # fmt: skip
    records = [read_record(Path(each["folder"])) for each in found["branches"]]
    assert {record.branch and record.branch.kimg for record in records} == {0.16}
    assert {record.branch and record.branch.index for record in records} == {1, 2}
    changes = [record.branch.changes for record in records if record.branch]
    assert changes[::2] == [{}, {"lr_d": 1e-4}, {"augment": ["flip"]}]
    assert "collapsed at 0.224 kimg; forked at its last healthy tick, 0.16 kimg" in said.err


def test_the_table_is_printed_on_a_narrow_terminal_and_in_markdown(
    gan_bench: Command, collapsed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = examine(gan_bench, *REMEDIES, "--format", "markdown")
    assert "| remedy | saved | share | 95 % | with it only | without it only |" in said.out
    assert "| slower-d | 2 of 2 | 100 % | 16 to 100 % | 0 | 0 |" in said.out
    monkeypatch.setenv("COLUMNS", "40")
    assert "2 of 2" in examine(gan_bench, *REMEDIES).out
    assert f"picture: {autopsy_path(collapsed)}\n" in said.err
    assert not autopsy_path(collapsed).is_absolute()
    picture = Image.open(autopsy_path(collapsed))
    assert picture.width > 500


def test_a_cell_that_was_never_healthy_is_forked_at_its_first_tick(
    gan_bench: Command, collapsed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(autopsy, "healthy", healthy_until(0))
    said = examine(gan_bench, "--remedy", "flip", "--format", "json")
    assert json.loads(said.out)["cells"][0]["from_kimg"] == 0.032
    assert "no tick before that was healthy" in said.err


def test_the_user_may_name_the_tick(gan_bench: Command, collapsed: Path) -> None:
    said = examine(gan_bench, "--remedy", "flip", "--at", 0.1, "--format", "json")
    assert json.loads(said.out)["cells"][0]["from_kimg"] == 0.096


def test_a_second_autopsy_trains_only_what_is_new(gan_bench: Command, collapsed: Path) -> None:
    assert examine(gan_bench, "--remedy", "flip").code == 0
    before = {cell: (cell / RECORD).stat().st_mtime_ns for cell in branches_in(collapsed)}
    said = examine(gan_bench, *REMEDIES)
    assert "6 branches, 4 done" in said.err
    after = {cell: (cell / RECORD).stat().st_mtime_ns for cell in branches_in(collapsed)}
    assert len(after) == 6
    assert before.items() <= after.items()


@pytest.mark.parametrize(
    ("status", "why"),
    [("finished", "nothing to examine"), ("failed", "failed and was not trained")],
)
def test_a_cell_without_a_verdict_has_no_autopsy(
    gan_bench: Command, kept: Path, status: str, why: str
) -> None:
    give_verdict(kept, status=status)
    said = examine(gan_bench)
    assert said.code == 2
    assert why in said.err
    assert not (kept / BRANCHES).exists()


def test_an_unknown_remedy_is_answered_before_anything_is_trained(
    gan_bench: Command, collapsed: Path
) -> None:
    said = examine(gan_bench, "--remedy", "slower")
    assert said.code == 2
    assert "no remedy is called 'slower'. Did you mean slower-d?" in said.err
    assert not (collapsed / BRANCHES).exists()


def test_a_verdict_before_the_first_tick_leaves_nothing_to_fork(
    gan_bench: Command, collapsed: Path
) -> None:
    (collapsed / TICKS).write_text("")
    assert read_lines(collapsed / TICKS) == []
    said = examine(gan_bench).err
    assert "had its verdict before its first tick, so that there is no state of it" in said
    assert "more --ticks" in said


PLUGIN = """
from gan_bench import Remedy, hookimpl

@hookimpl
def gan_bench_remedies():
    def broken(schedule, loss):
        raise ValueError("no such thing")

    return [
        Remedy(name="calm", source="a test", changes=lambda s, _: {"betas": [0.0, s.betas[1]]}),
        Remedy(name="broken", source="a test", changes=broken),
        Remedy(name="larger", source="a test", changes=lambda s, _: {"batch": 2 * s.batch}),
        Remedy(name="idle", source="a test", changes=lambda s, _: {}),
        Remedy(
            name="unfit", source="a test", changes=lambda s, _: {"d_steps": 2},
            unsuited=lambda s, loss: f"{loss} is plain enough",
        ),
    ]
"""


def test_a_remedy_of_a_plugin_joins_and_one_that_cannot_be_tried_is_named(
    gan_bench: Command, collapsed: Path
) -> None:
    Path("mine.py").write_text(PLUGIN)
    names = "calm,broken,larger,idle,unfit"
    said = examine(
        gan_bench, "--plugin", "mine.py", "--remedy", names, "--format", "json", "--seeds", 1
    )
    assert [each["remedy"] for each in json.loads(said.out)["shares"]] == [
        "other data order", "calm",
    ]  # fmt: skip
    for name, reason in {
        "broken": "it fails: ValueError: no such thing",
        "larger": "its batch: a branch cannot change batch",
        "idle": "it changes nothing",
        "unfit": "plain is plain enough",
    }.items():
        assert f"{name} left out, {reason}" in said.err
