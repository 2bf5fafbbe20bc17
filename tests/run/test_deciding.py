"""`run --until-decided`: looks, more cells, and what a test may not change."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from planning import Plan, Scripted, record
from rich.console import Console

from gan_bench import UsageError
from gan_bench.catalogue import Catalogue
from gan_bench.report.decided import next_step
from gan_bench.report.leaderboard import load
from gan_bench.results.layout import PROTOCOL, RECORD
from gan_bench.results.plans import read_plans, sequential_in
from gan_bench.run.deciding import check_seeds, with_seeds, with_test
from gan_bench.run.folders import folders_of
from gan_bench.run.plan import Planned
from gan_bench.run.progress import Watch
from gan_bench.run.request import Request
from gan_bench.run.whole_run import train

ROWS = ("dense", "dcgan")


def scored(folder: Path, value: float) -> int:
    """Write the record of a cell with this score of the metric that ranks its table."""
    document = json.loads((folder.parents[2] / PROTOCOL).read_text())
    spec = document["evaluation"]["metrics"][0]
    score = {
        "value": value, "higher_is_better": spec["higher_is_better"], "features": spec["features"],
        "n": 20, "reference": "train", "reference_n": 20,
    }  # fmt: skip
    return record(folder, scores={spec["name"]: score})


class Cells:
    """Trains instantly: one row's scores are better than the other's by `apart`."""

    def __init__(self, apart: float, dies_after: int = 10**6) -> None:
        self.apart, self.left = apart, dies_after
        self.trained: list[str] = []

    def __call__(self, folder: Path) -> int:
        if self.left == 0:
            raise KeyboardInterrupt
        self.left -= 1
        arch, _, seed = folder.parts[-3:]
        self.trained.append(f"{arch} {seed}")
        k = int(seed[4:])
        return scored(folder, (k * 37 % 10) + (self.apart if arch == "dcgan" else 0.1 * k))


@pytest.fixture
def go(plan: Plan, known: Catalogue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr("gan_bench.run.train_cells.preflight", lambda *_: {})

    def go(cells: Cells, **asked: Any) -> Planned:
        given: dict[str, Any] = {"architectures": ROWS, "until_decided": 0.05, "seeds": 4}
        planned = with_test(plan(**given | asked), tmp_path)
        engine = Scripted(cells).offer
        planned = replace(planned, choice=replace(planned.choice, engine=engine))
        console = Console(quiet=True)
        watch = Watch(console, planned.plan.protocol, folders_of(planned, tmp_path))
        train(planned, watch, known, tmp_path, next_step)
        return planned

    return go


def test_rows_far_apart_get_few_seeds_and_rows_alike_get_the_most(go: Any) -> None:
    far, near = Cells(1000), Cells(0.2)
    go(far)
    assert len(far.trained) == 16  # 4 v 4 seeds cannot reach a quarter of alpha: two looks
    assert far.trained[:3] == ["dense seed0", "dcgan seed0", "dense seed1"]
    go(near, kimg=3)
    assert len(near.trained) == 2 * 16


def test_the_board_says_what_the_test_decided_and_why_there_are_so_many_seeds(
    go: Any, tmp_path: Path
) -> None:
    from gan_bench.report.facts import claims
    from gan_bench.report.findings import findings

    planned = go(Cells(1000))
    (board,) = load(tmp_path).boards
    assert board.decision is not None
    assert board.ties == ["a", "b"]
    assert findings(board).rulings[0].proven
    said = claims(board)
    assert "a sequential permutation test" in said
    assert "after every 4 seeds, 16 at most" in said
    assert "8 (told apart from all)" in said
    assert "extended" not in said
    other = load(tmp_path, sort=planned.plan.protocol.evaluation.metrics[1].name).boards[0]
    assert other.ties == ["", ""]


def test_rows_that_are_not_decided_share_a_letter_whatever_the_plain_test_says(
    go: Any, tmp_path: Path
) -> None:
    go(Cells(1000), most_seeds=8)
    path = next(tmp_path.glob("*/dense/*/seed7")) / RECORD
    path.unlink()  # the second look is not done, so nothing is decided
    (board,) = load(tmp_path).boards
    assert board.ties == ["a", "a"]


def test_a_run_killed_at_any_cell_ends_in_the_same_cells(go: Any, tmp_path: Path) -> None:
    whole = Cells(1000)
    go(whole)
    for dies in (3, 8, 11):
        first, second = Cells(1000, dies_after=dies), Cells(1000)
        with pytest.raises(KeyboardInterrupt):
            go(first, kimg=1.0 + dies)
        go(second, kimg=1.0 + dies)
        assert sorted(first.trained + second.trained) == sorted(whole.trained)


def test_a_command_repeated_trains_nothing_and_notes_nothing(go: Any, tmp_path: Path) -> None:
    planned = go(Cells(1000))
    home = tmp_path / planned.plan.protocol.slug
    noted, again = read_plans(home), Cells(1000)
    assert sequential_in(noted) == planned.sequential
    go(again)
    assert again.trained == []
    assert read_plans(home) == noted


@pytest.mark.parametrize("more", [{"until_decided": 0.01}, {"seeds": 2}, {"most_seeds": 8}])
def test_a_test_that_changes_after_scores_were_seen_is_refused(
    go: Any, more: dict[str, Any]
) -> None:
    go(Cells(1000))
    with pytest.raises(UsageError, match="a test that changes after scores could be seen"):
        go(Cells(1000), **more)


def test_a_test_that_can_decide_nothing_is_refused_before_training(go: Any) -> None:
    cells = Cells(1000)
    with pytest.raises(
        UsageError,
        match=r"no two of 2 rows can be told apart with 3 seeds a look.*--most-seeds 6 they can",
    ):
        go(cells, seeds=3, most_seeds=3)
    with pytest.raises(UsageError, match="compares rows, and there is one"):
        go(cells, architectures=("dense",))
    assert cells.trained == []


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"most_seeds": 8}, "--most-seeds belongs to --until-decided"),
        (
            {"until_decided": 0.05, "seeds": 5, "most_seeds": 12},
            "12 is no multiple of --seeds 5, the seeds between two looks: give 10 or 15",
        ),
        (
            {"until_decided": 0.05, "most_seeds": 3},
            "3 is no multiple of --seeds 5, the seeds between two looks: give 5",
        ),
    ],
)
def test_options_that_do_not_fit_together_are_refused(asked: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        check_seeds(Request(**asked))


def test_seeds_of_rows_that_go_on_alone_come_in_their_order(plan: Plan) -> None:
    seeds = {("dense", "non-saturating"): 1, ("dcgan", "non-saturating"): 3}
    grown = with_seeds(plan(architectures=ROWS).plan, seeds)
    cells = [(cell.architecture, cell.seed) for cell in grown.cells]
    assert cells == [("dense", 0), ("dcgan", 0), ("dcgan", 1), ("dcgan", 2)]
