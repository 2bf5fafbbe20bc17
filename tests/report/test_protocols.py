"""Which protocols a report shows, and how it says what keeps two of them apart."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import crowd
from gan_bench import UsageError
from gan_bench.contract.differing import differences
from gan_bench.contract.protocol import Gauge, Protocol
from gan_bench.report import leaderboard
from gan_bench.report.documents import to_json
from gan_bench.report.tables import chapters
from records import DIVERSITY, PLAIN, protocol, write_cell


def notes(results: Path) -> list[str]:
    shown = chapters(leaderboard.load(results))
    return [note.text for chapter in shown for note in chapter.notes]


@pytest.mark.parametrize("make", [lambda path: None, Path.mkdir], ids=["missing", "empty"])
def test_nothing_to_report_is_a_usage_error(make: Callable[[Path], None], tmp_path: Path) -> None:
    make(tmp_path / "results")
    with pytest.raises(UsageError, match="no results in "):
        leaderboard.load(tmp_path / "results")


def test_a_protocol_is_found_by_the_beginning_of_its_slug_or_by_its_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slugs = [protocol(kimg=kimg).slug for kimg in (100, 200)]
    for kimg, slug in zip((100, 200), slugs, strict=True):
        write_cell(tmp_path, "a", under=protocol(kimg=kimg))
        monkeypatch.chdir(tmp_path / slug)
        for boards in (
            leaderboard.load(tmp_path, f"faces-16px-{kimg}"),
            leaderboard.load(tmp_path / slug),
            leaderboard.load(tmp_path / slug, slug),
            leaderboard.load(Path()),
        ):
            assert [board.slug for board in boards.boards] == [slug]
    for unclear, message in (("elsewhere", "no protocol elsewhere in "), ("faces", "beginning of")):
        with pytest.raises(UsageError, match=f"{message}.*{slugs[0]}, {slugs[1]}"):
            leaderboard.load(tmp_path, unclear)


PARTS: dict[str, tuple[str, dict[str, Any], str]] = {
    "evaluation.samples": ("evaluation", {"samples": 900}, "generated images"),
    "schedule.precision": ("schedule", {"precision": "bf16"}, "precision"),
    "data.fingerprint": ("data", {"fingerprint": "ef" * 32}, "fingerprint of the images"),
    "evaluation.digests.eye": ("evaluation", {"digests": {"eye": "99" * 32}}, "weights of eye"),
}


@pytest.mark.parametrize("field", PARTS)
def test_two_protocols_never_share_a_table_and_the_report_says_why(
    field: str, tmp_path: Path
) -> None:
    part, change, word = PARTS[field]
    other = PLAIN.model_copy(update={part: getattr(PLAIN, part).model_copy(update=change)})
    assert list(differences(other, PLAIN)) == [field]
    write_cell(tmp_path, "a", scores={"fd-eye": 1.0})
    write_cell(tmp_path, "a", under=other, scores={"fd-eye": 1.0})
    assert sum(f": {word}: " in note for note in notes(tmp_path)) == 2
    documents = json.loads(to_json(leaderboard.load(tmp_path)))["protocols"]
    assert [list(each["differs"]["fields"]) for each in documents] == [[field]] * 2
    assert [len(each["rows"]) for each in documents] == [1, 1]


def test_a_gauge_that_differs_by_its_floor_alone_is_a_difference() -> None:
    low = Gauge(name="variety", higher_is_better=True, features="eye", floor=0.1)
    high = low.model_copy(update={"floor": 0.2})
    one, other = (
        PLAIN.model_copy(
            update={"evaluation": PLAIN.evaluation.model_copy(update={"gauges": (gauge,)})}
        )
        for gauge in (low, high)
    )
    assert differences(one, other) == {"evaluation.gauges": ("variety eye 0.1", "variety eye 0.2")}


def test_no_protocol_differs_from_its_copy() -> None:
    assert differences(PLAIN, Protocol.model_validate(PLAIN.model_dump())) == {}


def test_a_protocol_is_compared_with_the_most_similar_one(tmp_path: Path) -> None:
    far = protocol(kimg=300, metrics=(DIVERSITY,))
    for under in (PLAIN, protocol(kimg=200), far):
        write_cell(tmp_path, "a", under=under, scores={"diversity": 1.0})
    (note,) = [note for note in notes(tmp_path) if "kimg: 100 here" in note]
    near = protocol(kimg=200).slug
    assert note == f"not in one table with {near}: kimg: 100 here, 200 there"


def test_the_nearest_protocol_is_the_first_of_those_with_the_fewest_differences(
    tmp_path: Path,
) -> None:
    for kimg, lr in [(kimg, lr) for kimg in (50, 100, 200) for lr in (1e-4, 2e-4)]:
        crowd.lay_grid(tmp_path, crowd.protocol(kimg, lr), ["a"], ["hinge"], range(1))
    boards = leaderboard.load(tmp_path).boards
    for board, neighbour in zip(boards, leaderboard.nearest(boards), strict=True):
        others = [
            (other, differences(board.protocol, other.protocol))
            for other in boards
            if other is not board
        ]
        assert neighbour == min(others, key=lambda pair: len(pair[1]))
    assert leaderboard.nearest(boards[:1]) == [None]
    assert leaderboard.nearest([]) == []
