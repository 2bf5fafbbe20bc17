"""The answer in one sentence, on boards of every kind."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from laid_rows import BAD, GOOD, board_of
from scales import lay_scale

from gan_bench.contract.protocol import MetricSpec
from gan_bench.report.answer import answer
from gan_bench.report.documents import to_json
from gan_bench.report.findings import findings, winners
from gan_bench.report.leaderboard import load
from gan_bench.results.atomic import append_line
from gan_bench.results.layout import SPEED, TICKS
from records import COST, DIVERSITY, FD, protocol, write_cell

FD_EAR = MetricSpec(name="fd-ear", higher_is_better=False, features="ear")
KD = MetricSpec(name="kd-eye", higher_is_better=False, features="eye")
COLLAPSED = {"kind": "collapsed", "kimg": 22.0, "reason": "diversity 0.01"}
# the lower median and the higher mean, with letters that tell them apart
BIMODAL = [10.9, 10.91, 10.92, 10.93, 10.94, 10.95, 10.96, 13.0, 13.1, 13.2, 13.3, 13.05]
NARROW = [11.0 + k / 100 for k in range(12)]
MIDDLE = [(good + bad) / 2 for good, bad in zip(GOOD, BAD, strict=True)]


@dataclass
class Cells:
    """The cells of one row: a score for each seed, None for one that ended otherwise."""

    scores: Sequence[float | None]
    status: str | None = "diverged"  # of a seed without a score
    more: Mapping[str, Any] = field(default_factory=dict)


def lay(results: Path, rows: Mapping[tuple[str, str], Cells | Sequence[float]]) -> None:
    for (architecture, loss), given in rows.items():
        cells = given if isinstance(given, Cells) else Cells(given)
        for seed, score in enumerate(cells.scores):
            status = cells.status if score is None else "finished"
            scores = None if score is None else {"fd-eye": score}
            how: dict[str, Any] = {"status": status, "scores": scores} | dict(cells.more)
            write_cell(results, architecture, loss, seed, **how)


def grid(**architectures: Sequence[Sequence[float]]) -> dict[tuple[str, str], Sequence[float]]:
    """Architectures with the scores of one loss after the other: hinge, minimax, r1."""
    losses = ("hinge", "minimax", "r1")
    return {
        (name, loss): scores
        for name, rows in architectures.items()
        for loss, scores in zip(losses, rows, strict=False)
    }


def one_loss(**architectures: Cells | Sequence[float]) -> dict[tuple[str, str], Any]:
    return {(name, "hinge"): scores for name, scores in architectures.items()}


BOARDS = {
    "one row": (
        one_loss(a=[10.0]),
        "a / hinge has no other row to be compared with.",
    ),
    "the same score": (
        one_loss(b=[10.0], a=[10.0], c=[11.0]),
        "a and b score the same (fd-eye).",
    ),
    "one training each": (
        one_loss(b=[217.0], a=[10.0]),
        "a leads b by 207 (fd-eye) in one training each: not proven.",
    ),
    "three trainings each": (
        one_loss(a=[10.0, 11.0, 12.0], b=[20.0, 21.0, 25.0]),
        "a leads b by 11 (fd-eye) in 3 trainings each: not proven.",
    ),
    "a median against the mean": (
        one_loss(a=[1.0, 2.0, 100.0], b=[3.0, 4.0, 5.0]),
        "a is first by the median of its seeds, and on the mean b is ahead of it by 30.3 (fd-eye) "
        "in 3 trainings each: not proven.",
    ),
    "means that are equal, and scores that are not": (
        one_loss(a=[1.0, 2.0, 9.0], b=[3.0, 4.0, 5.0]),
        "a is first by the median of its seeds, and on the mean b is level with it (fd-eye) in 3 "
        "trainings each: not proven.",
    ),
    "letters that tell apart, and pairs that do not": (
        one_loss(a=[7.5, 8.5, 9.5, 10.5, 11.5, 12.5], b=[15.7, 14.7, 13.7, 12.7, 11.7, 10.7]),
        "a leads b by 3.2 (fd-eye, 6 seeds: 95 % interval -0.727 to 7.13) in 6 trainings each: "
        "not proven.",
    ),
    "letters that tell apart a better mean": (
        one_loss(a=BIMODAL, b=NARROW),
        "a is first by the median of its seeds, and on the mean b is ahead of it by 0.792 (fd-eye, "
        "12 seeds: 95 % interval -1.49 to -0.0901) in 12 trainings each: not proven.",
    ),
    "no score of the same seed": (
        one_loss(a=Cells([None] * 2 + [4.0, 5.0] * 3), b=Cells([11.0, 12.0] + [None] * 6)),
        "a leads b by 7 (fd-eye) without a score of the same seed: not proven; 8 of 16 cells "
        "diverged (a / hinge / seed0; a / hinge / seed1; and 6 more).",
    ),
    "no score at all": (
        one_loss(a=[1.0, 2.0], b=Cells([None] * 2)),
        "a leads b, of which no seed has a score (fd-eye): not proven; 2 of 4 cells diverged (b / "
        "hinge / seed0; b / hinge / seed1).",
    ),
    "one that was never tested": (
        one_loss(a=GOOD, b=BAD, c=Cells([None, 0.5])),
        "a leads the next of 3 architectures, b, by 10 (fd-eye, 6 seeds: 95 % interval 10 to 10), "
        "while c is ahead of it by 10.5 on the mean, and that it leads c is not proven; 1 of 14 "
        "cells diverged (c / hinge / seed0).",
    ),
    "a later one that is nearer on the mean": (
        one_loss(a=[1.0, 1.0, 1.0], b=[4.0, 4.0, 31.0], c=[5.0, 5.0, 5.0]),
        "a leads the next of 3 architectures, b, by 12 (fd-eye), and c by 4 in 3 trainings each: "
        "not proven.",
    ),
    "one seed in common": (
        one_loss(c=[2.0], a=[1.0, 2.5, 3.0, 4.0]),
        "c is first by the median of its seeds, and on the mean a is ahead of it by 1 (fd-eye) on "
        "the one seed that both have: not proven.",
    ),
    "a row with more seeds": (
        one_loss(a=[10.0, 11.0, 12.0], b=[20.0, 21.0]),
        "a leads b by 10 (fd-eye) on the 2 seeds that both have: not proven.",
    ),
    "a proven lead over a row with more seeds": (
        one_loss(a=GOOD, b=[*BAD, max(BAD) + 0.1]),
        "a leads b by 10 (fd-eye, 6 seeds: 95 % interval 10 to 10) on the 6 seeds that both have.",
    ),
    "the only one with a score": (
        one_loss(a=[1.0], b=Cells([None]), c=Cells([None])),
        "a is the only one of 3 architectures with a score (fd-eye): that it leads is not proven; "
        "2 of 3 cells diverged (b / hinge / seed0; c / hinge / seed0).",
    ),
    "equal with one loss": (
        grid(a=[[1.0] * 5, [1.0] * 5], b=[[1.0] * 5, [2.0] * 5]),
        "a / hinge, a / minimax and b / hinge are not told apart (fd-eye); a / hinge leads the "
        "next, b / minimax, by 1 (5 seeds: 95 % interval 1 to 1).",
    ),
    "a loss leads": (
        {("a", "hinge"): [1.0], ("a", "r1"): [2.0]},
        "hinge leads r1 by 1 (fd-eye) in one training each: not proven.",
    ),
    "told apart": (
        one_loss(a=GOOD, b=BAD),
        "a leads b by 10 (fd-eye, 6 seeds: 95 % interval 10 to 10).",
    ),
    "told apart from all, named by the next": (
        one_loss(a=GOOD, c=BAD, b=MIDDLE),
        "a leads the next of 3 architectures, b, by 5 (fd-eye, 6 seeds: 95 % interval 5 to 5).",
    ),
    "not told apart": (
        one_loss(a=GOOD, b=[value + 0.01 for value in GOOD]),
        "a and b are not told apart (fd-eye).",
    ),
    "equal": (one_loss(a=GOOD, b=GOOD), "a and b are not told apart (fd-eye)."),
    "a tie that leads": (
        one_loss(a=GOOD, b=[value + 0.01 for value in GOOD], c=BAD),
        "a and b are not told apart (fd-eye); a leads the next, c, by 10 (6 seeds: 95 % "
        "interval 10 to 10).",
    ),
    "many ties": (
        one_loss(**{name: [v + k / 100 for v in GOOD] for k, name in enumerate("abcdef")}),
        "the 6 architectures are not told apart (fd-eye).",
    ),
    "many ties that lead": (
        one_loss(**{name: [v + k / 100 for v in GOOD] for k, name in enumerate("abcdef")}, z=BAD),
        "a, b, c and 3 others are not told apart (fd-eye); a leads the next, z, by 10 (6 seeds: "
        "95 % interval 10 to 10).",
    ),
    "no seed in common": (
        {("a", "hinge"): GOOD, ("b", "hinge"): Cells([None] * 6 + [99.0], None)},
        "a leads b by 88.1 (fd-eye) without a seed in common: not proven; 6 of 13 cells are not "
        "done.",
    ),
    "a grid": (
        grid(a=(GOOD, GOOD), b=(BAD, BAD)),
        "a leads b by 10 (fd-eye, 6 seeds: 95 % interval 10 to 10); hinge and minimax are not told "
        "apart.",
    ),
    "a grid of one seed": (
        grid(a=([1.0], [2.0]), b=([3.0], [4.0])),
        "a leads b by 2 (fd-eye) with one seed: not proven; hinge leads minimax by 1 with one "
        "seed: not proven.",
    ),
    "a grid in which a loss leads with one architecture only": (
        grid(a=([1.0], [2.0]), b=([4.0], [3.5])),
        "a leads b by 2.25 (fd-eye) with one seed: not proven; neither hinge nor minimax is ahead "
        "with every architecture.",
    ),
    "a grid in which both leads are reversed": (
        grid(a=([1.0], [9.0]), b=([8.0], [3.0])),
        "a / hinge leads the next of 4 rows, b / minimax, by 2 (fd-eye) in one training each: "
        "not proven.",
    ),
    "a grid with a hole": (
        {("a", "hinge"): [1.0], ("a", "r1"): [2.0], ("b", "hinge"): [3.0]},
        "a / hinge leads the next of 3 rows, a / r1, by 1 (fd-eye) in one training each: not "
        "proven.",
    ),
    "a grid of which one cell diverged": (
        {**grid(a=([1.0], [2.0])), ("b", "hinge"): [3.0], ("b", "minimax"): Cells([None])},
        "a / hinge leads the next of 4 rows, a / minimax, by 1 (fd-eye) in one training each: not "
        "proven; 1 of 4 cells diverged (b / minimax / seed0).",
    ),
    "a leader of which a seed diverged": (
        one_loss(a=Cells([*GOOD[:5], None]), b=BAD),
        "a and b are not told apart (fd-eye); 1 of 12 cells diverged (a / hinge / seed5).",
    ),
    "another one that has no score": (
        one_loss(a=GOOD, b=Cells([None] * 6)),
        "a leads b, of which no seed has a score (fd-eye); 6 of 12 cells diverged (b / hinge / "
        "seed0; b / hinge / seed1; and 4 more).",
    ),
    "a collapse with its date": (
        one_loss(a=[1.0], b=Cells([9.0], more={"status": "collapsed", "verdicts": [COLLAPSED]})),
        "a leads b by 8 (fd-eye) in one training each: not proven; 1 of 2 cells collapsed (b / "
        "hinge / seed0, at 22 kimg).",
    ),
    "all collapsed": (
        one_loss(a=Cells([1.0, 2.0], more={"status": "collapsed", "verdicts": [COLLAPSED]})),
        "no winner; all 2 cells collapsed (a / hinge / seed0, at 22 kimg; a / hinge / seed1, at 22 "
        "kimg).",
    ),
    "all failed": (
        one_loss(a=Cells([None], "failed"), b=Cells([None], "failed")),
        "no winner; all 2 cells failed (a / hinge / seed0; b / hinge / seed0).",
    ),
    "not done": (
        one_loss(a=[1.0], b=Cells([2.0, None], None)),
        "a leads b by 1 (fd-eye) in one training each: not proven; 1 of 3 cells is not done.",
    ),
    "nothing is done": (
        one_loss(a=Cells([None], None), b=Cells([None], None)),
        "no winner: no cell has a score of fd-eye yet; 2 of 2 cells are not done.",
    ),
}


@pytest.mark.parametrize("name", BOARDS)
def test_the_answer_is_one_sentence(name: str, tmp_path: Path) -> None:
    rows, said = BOARDS[name]
    lay(tmp_path, rows)
    assert answer(board_of(tmp_path)) == said


def test_no_winner_by_a_metric_that_does_not_compare_the_rows(tmp_path: Path) -> None:
    lay(tmp_path, one_loss(a=[70.0], b=[80.0]))
    lay_scale(tmp_path, {"fd-eye": 1.0}, {"fd-eye": 60.0})
    said = "no winner by fd-eye: no row is better than noise (60)."
    assert answer(board_of(tmp_path)) == said
    assert winners(board_of(tmp_path)) == {}


def scored(
    results: Path, other: MetricSpec, **rows: tuple[Sequence[float], Sequence[float]]
) -> Any:
    """The answer on architectures with the scores by fd-eye and by another metric, by seed."""
    under = protocol(metrics=(FD, other))
    for name, (ours, theirs) in rows.items():
        for seed, (eye, score) in enumerate(zip(ours, theirs, strict=True)):
            scores = {"fd-eye": eye, other.name: score}
            write_cell(results, name, seed=seed, under=under, scores=scores)
    return answer(board_of(results))


ALARM = KD.model_copy(update={"alarm": 5.0})
SHARE = KD.model_copy(update={"higher_is_better": True})
OVERLAP = ([3.0, 1.0, 3.0, 1.0], [1.0, 2.9, 1.0, 2.9])


@pytest.mark.parametrize(
    ("other", "a", "b", "opposed"),
    [
        (FD_EAR, [3.0], [1.0], True),  # another net
        (KD, [3.0], [1.0], True),  # another distance
        (KD, [1.0], [3.0], False),
        (KD, [2.0], [2.0], False),  # both are first
        (ALARM, [3.0], [1.0], False),  # an alarm looks for one fault
        (SHARE, [1.0], [3.0], False),  # a share is no distance
        (KD, [3.0, 3.1, 3.2, 3.3], [1.0, 1.1, 1.2, 1.3], True),
        (KD, *OVERLAP, False),
    ],
)
def test_another_distance_may_rule_otherwise(
    other: MetricSpec, a: list[float], b: list[float], opposed: bool, tmp_path: Path
) -> None:
    seeds = range(len(a))
    rows = {"a": ([1 + k / 100 for k in seeds], a), "b": ([2 + k / 100 for k in seeds], b)}
    said = scored(tmp_path, other, **rows)
    assert said.startswith("a leads b by 1 (fd-eye")
    assert (f"; b is first by {other.name}." in said) == ("is first by" in said) == opposed


@pytest.mark.parametrize(("lost", "said"), [(0, True), (1, False)])
def test_with_four_seeds_no_other_row_is_called_first_without_an_interval(
    lost: int, said: bool, tmp_path: Path
) -> None:
    under = protocol(metrics=(FD, KD))
    for name, eye, other in (("a", 1.0, 3.0), ("b", 2.0, 1.0)):
        for seed in range(4):
            known = {} if name == "b" and seed < lost else {KD.name: other + seed / 100}
            scores = {"fd-eye": eye + seed / 100} | known
            write_cell(tmp_path, name, seed=seed, under=under, scores=scores)
    assert (f"b is first by {KD.name}" in answer(board_of(tmp_path))) == said


def test_a_row_with_a_worse_mean_is_not_called_first(tmp_path: Path) -> None:
    """Its median of three seeds is better."""
    rows = {"a": ([1.0, 1.1, 1.2], [3.0, 3.1, 3.2]), "b": ([2.0, 2.1, 2.2], [1.0, 1.1, 99.0])}
    assert "first by" not in scored(tmp_path, KD, **rows)


def test_at_equal_time_it_says_who_was_first_then(tmp_path: Path) -> None:
    for name, seconds, scores in (("slow", 90.0, (9.0, 1.0)), ("fast", 45.0, (5.0, 2.0))):
        folder = write_cell(
            tmp_path, name, scores={"fd-eye": scores[1]}, cost=COST | {"train_seconds": seconds}
        )
        for kimg, score in zip((50.0, 100.0), scores, strict=True):
            append_line(folder / SPEED, {"kimg": kimg, "seconds": seconds * kimg / 100})
            append_line(folder / TICKS, {"kimg": kimg, "scores": {"fd-eye": score}})
    (board,) = load(tmp_path, by_time=True).boards
    assert answer(board) == (
        "after 45 s of training each, fast / hinge is first (fd-eye), not tested; "
        "at the end of the schedule: "
        "slow leads fast by 1 (fd-eye) in one training each: not proven."
    )


def test_a_higher_score_leads_by_a_metric_of_which_higher_is_better(tmp_path: Path) -> None:
    under = protocol(metrics=(DIVERSITY,))
    for name, score in (("a", 0.2), ("b", 0.5)):
        write_cell(tmp_path, name, under=under, scores={"diversity": score})
    said = "b leads a by 0.3 (diversity) in one training each: not proven."
    assert answer(board_of(tmp_path)) == said


@pytest.mark.parametrize("seeds", [1, 3, 6])
def test_the_json_claims_no_more_than_the_sentence(seeds: int, tmp_path: Path) -> None:
    lay(tmp_path, one_loss(a=GOOD[:seeds], b=BAD[:seeds]))
    document = json.loads(to_json(load(tmp_path)))["protocols"][0]
    said, found = document["answer"]["sentence"], document["answer"]["findings"]
    proven = "not proven" not in said
    assert said == answer(board_of(tmp_path))
    assert proven == (seeds == 6)
    assert found["rulings"][0]["proven"] == found["rulings"][0]["lead"]["proven"] == proven
    assert document["winners"] == {
        "eye": {
            "metric": "fd-eye",
            "first": "a",
            "not_told_apart": [],
            "tested": True,
            "proven": proven,
        }
    }


def test_a_proven_lead_has_letters_that_tell_it_apart(tmp_path: Path) -> None:
    """Whatever the scores of two rows: no sentence says more than the letters."""
    claimed = []
    for k, shift in enumerate((0.0, 0.6, 1.0, 1.5, 2.0, 4.0)):
        lay(tmp_path / str(k), one_loss(a=GOOD, b=[v + shift for v in reversed(GOOD)]))
        board = board_of(tmp_path / str(k))
        (made,) = findings(board).rulings
        first, second = board.ties
        assert not made.proven or set(first).isdisjoint(second)
        claimed.append(made.proven)
    assert claimed == sorted(claimed)
    assert set(claimed) == {False, True}


def test_every_format_begins_with_it(tmp_path: Path) -> None:
    from gan_bench.report.formats import render

    lay(tmp_path, one_loss(a=[1.0], b=[3.0]))
    said = "a leads b by 2 (fd-eye) in one training each: not proven."
    for style in ("terminal", "markdown", "html"):
        text = " ".join(render(load(tmp_path), style, tmp_path).split())
        assert text.replace("\\", "").index(said) < text.index("fingerprint")
