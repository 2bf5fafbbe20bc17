"""Long leaderboards, many protocols, the grid of losses, and what makes a leaderboard again."""

from __future__ import annotations

import math
import re
import shlex
from html import unescape
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gan_bench.contract.protocol import Cell, RunEnvironment
from gan_bench.report import leaderboard
from gan_bench.report.again import again
from gan_bench.report.costs import total_cost
from gan_bench.report.leaderboard import Board
from gan_bench.report.markdown import to_markdown
from gan_bench.report.page.document import to_html
from gan_bench.report.page.figures import _binned, page_curves
from gan_bench.report.page.grid import fits_a_grid, grid_of
from gan_bench.report.page.overview import MOST, overview
from gan_bench.results.atomic import append_line, write_json
from gan_bench.results.layout import CELL, PLANS, TICKS, protocol_dir
from gan_bench.results.plans import Asked, SeedPlan, plan_lines
from gan_bench.results.records import Code
from records import PLAIN, protocol, write_cell, write_training


def board(results: Path) -> Board:
    (only,) = leaderboard.load(results).boards
    return only


def many_cells(results: Path) -> None:
    """Four rows of eight seeds; one of the best row collapsed, and the first of each has ticks."""
    wrong = [{"kind": "collapsed", "kimg": 0.2, "reason": "all images are alike"}]
    for place, name in enumerate("abcd", 1):
        for seed in range(8):
            ended: dict[str, Any] = {}
            if (name, seed) == ("a", 1):
                ended = {"status": "collapsed", "verdicts": wrong}
            cell = write_cell(results, name, seed=seed, scores={"fd-eye": 10.0 * place}, **ended)
            if seed == 0:
                write_training(cell, ticks=2)
                for kimg in (1, 2):
                    append_line(cell / TICKS, {"kimg": kimg, "scores": {"fd-eye": 20 / kimg}})


def test_a_long_leaderboard_begins_with_a_card_for_each_row(tmp_path: Path) -> None:
    many_cells(tmp_path)
    seen = overview(board(tmp_path))
    assert seen is not None
    assert [(card.rank, card.name, card.score) for card in seen.cards] == [
        (str(k), f"{name} / hinge", f"{k}0") for k, name in enumerate("abcd", 1)
    ]
    assert [card.ended for card in seen.cards] == ["1 of 8 collapsed", "", "", ""]
    assert all(card.picture and card.curve for card in seen.cards)
    assert seen.cards[0].curve is not None
    assert seen.cards[0].curve.about == "fd-eye goes from 20 at 1 kimg to 10 at 2 kimg"
    text = to_html(leaderboard.load(tmp_path))
    before, folded = text.split('<details class="rest">')
    assert "<table>" not in before
    assert "<table>" in folded
    assert before.index('class="answer"') < before.index('class="cards"')


def test_a_short_leaderboard_begins_with_its_table(two: Path) -> None:
    assert overview(board(two)) is None
    assert '"rest"' not in to_html(leaderboard.load(two))


def test_of_very_many_rows_the_best_have_a_card(tmp_path: Path) -> None:
    for k in range(MOST + 5):
        write_cell(tmp_path, f"a{k}", scores={"fd-eye": float(k)})
    seen = overview(board(tmp_path))
    assert seen is not None
    assert [card.name for card in seen.cards] == [f"a{k} / hinge" for k in range(MOST)]
    assert f"the best {MOST} of {MOST + 5} rows" in seen.caption


def test_many_protocols_have_a_card_each_and_are_folded(tmp_path: Path) -> None:
    for kimg in range(1, 5):
        write_cell(tmp_path, "a", under=protocol(kimg=kimg), scores={"fd-eye": kimg})
    boards = leaderboard.load(tmp_path)
    text = to_html(boards)
    cards = re.search('<ol class="cards protocols">(.*?)</ol>', text, re.DOTALL)
    assert cards
    links = re.findall('<a href="#(.*?)">(.*?)</a>', cards[1])
    assert [slug for _, slug in links] == [each.slug for each in boards.boards]
    for place, slug in links:
        assert f'<summary><h2 id="{place}">{slug}</h2></summary>' in text
    assert text.count('<details class="rest">') == 4


PAIRS = [("a", "y"), ("b", "x"), ("a", "x")]


def test_losses_stand_in_a_grid_with_the_best_first_and_an_empty_place(
    tmp_path: Path,
) -> None:
    for k, (architecture, loss) in enumerate(PAIRS):
        for seed in range(2):
            cell = write_cell(tmp_path, architecture, loss, seed, scores={"fd-eye": float(k)})
            write_training(cell)
    losses, scores = page_curves(board(tmp_path))
    for figure in (losses, scores):
        assert figure.grid is not None
        assert figure.grid.across == ["y", "x"]
        names = [
            (name, [None if k is None else figure.panels[k].title for k in places])
            for name, places in figure.grid.rows
        ]
        assert names == [("a", ["a / y", "a / x"]), ("b", [None, "b / x"])]
        assert len({(panel.x, panel.y) for panel in figure.panels}) == 1
        assert len(figure.panels[0].lines) == 4
    assert to_html(leaderboard.load(tmp_path)).count(">no cell<") == 2


@pytest.mark.parametrize(
    ("down", "across", "fits"), [(5, 6, True), (4, 8, False), (1, 3, False), (12, 1, False)]
)
def test_a_grid_has_two_sides_and_at_most_thirty_places(down: int, across: int, fits: bool) -> None:
    labels = [(f"a{i}", f"l{k}") for i in range(down) for k in range(across)]
    assert fits_a_grid(labels) is fits
    assert len(grid_of(labels).rows) == down


def test_what_all_cells_took_together_is_said_below_the_table(two: Path) -> None:
    said = "2 cells took 3 min 10 s together: 3 min 00 s of training, 10 s of measuring"
    boards = leaderboard.load(two)
    assert f'<p class="soft">{said}</p>' in to_html(boards)
    assert said in to_markdown(boards, two)


def test_one_cell_took_its_time_alone(two: Path) -> None:
    one = leaderboard.load(two).boards[0].trained[:1]
    assert total_cost(one).startswith("1 cell took 1 min 35 s: 1 min 30 s of training")


def test_the_parts_of_the_time_add_up_as_they_are_shown(two: Path) -> None:
    one = leaderboard.load(two).boards[0].trained[:1]
    one[0].cells["train_seconds"][:], one[0].cells["evaluate_seconds"][:] = 5.4, 1.4
    assert total_cost(one) == "1 cell took 6 s: 5 s of training, 1 s of measuring"
    one[0].cells["train_seconds"][:], one[0].cells["evaluate_seconds"][:] = 1.4, 1.6
    assert total_cost(one) == "1 cell took 3 s: 1 s of training, 2 s of measuring"
    one[0].cells["train_seconds"][:], one[0].cells["evaluate_seconds"][:] = 0.6, 1.6
    assert total_cost(one) == "1 cell took 3 s: 1 s of training, 2 s of measuring"


def test_cells_that_are_not_measured_count_as_no_time_of_measuring(two: Path) -> None:
    rows = leaderboard.load(two).boards[0].trained
    rows[0].cells["evaluate_seconds"][:] = math.nan
    said = "2 cells took 3 min 00 s of training, and 1 cell 5 s of measuring"
    assert total_cost(rows) == said
    rows[1].cells["evaluate_seconds"][:] = math.nan
    said = "2 cells took 3 min 00 s of training, and the time of measuring is not known"
    assert total_cost(rows) == said


def asked_for(results: Path, root: str | None) -> Board:
    """A board whose run was asked for something; `root` is where its cells have their images."""
    asked = Asked(options=("--preset", "quick", "--kimg", "100"), files=("--data", "my faces.zip"))
    plan = SeedPlan(seeds=2, when="now", records=0, asked=asked)
    (protocol_dir(results, PLAIN) / PLANS).write_bytes(plan_lines([plan]))
    if root:
        place = RunEnvironment(device="cpu", named=False, root=root)
        cell = Cell(architecture="bad", loss="hinge", seed=0, environment=place)
        folder = protocol_dir(results, PLAIN) / "bad/hinge/seed0"
        write_json(folder / CELL, cell.model_dump(mode="json"))
    else:
        for path in results.rglob(CELL):
            path.unlink()
    return board(results)


@pytest.mark.parametrize("root", ["/home/me/my faces.zip", None])
def test_the_commands_that_make_it_again_are_the_same_in_all_formats_and_name_no_folder(
    root: str | None, two: Path
) -> None:
    seen = again(asked_for(two, root))
    (_, train), (_, same) = seen.commands
    assert shlex.split(train) == [
        *("gan-bench", "run", "--arch", "bad,good", "--loss", "hinge", "--seeds", "1"),
        *("--data", "path/to/my faces.zip", "--preset", "quick", "--kimg", "100"),
    ]
    assert shlex.split(same) == ["gan-bench", "reproduce", str(two / PLAIN.slug)]
    assert "in place of path/to" in seen.notes[0]
    boards = leaderboard.load(two)
    blocks = re.findall("<pre.*?><code>(.*?)</code></pre>", to_html(boards), re.DOTALL)
    assert [unescape(block) for block in blocks] == [train, same]
    assert f"```sh\n{train}\n```" in to_markdown(boards, two)


def test_results_of_an_older_version_say_why_a_command_is_missing(two: Path) -> None:
    seen = again(board(two))
    assert [shlex.split(command)[1] for _, command in seen.commands] == ["reproduce"]
    assert "an older version did not write them down" in seen.notes[0]


def test_the_environment_says_where_cells_differ(tmp_path: Path) -> None:
    for seed, threads in enumerate(("1", "1", "2")):
        code = Code(
            offers={"loss": ("hinge",)}, distribution="mine", version="3", sha256="ab" * 32,
            files={}, trains=True,
        )  # fmt: skip
        machine = {"processor": "x", "threads": threads}
        more = {"machine": machine, "versions": {"torch": "2"}, "code": [code]}
        write_cell(tmp_path, "a", seed=seed, scores={"fd-eye": 1.0}, **more)
    facts = dict(again(board(tmp_path)).facts)
    assert facts["machine"] == "processor x; threads 1 (2 cells), 2 (1 cell)"
    assert facts["versions"] == "torch 2"
    assert facts["code"] == f"loss hinge: mine 3, sha256 {'ab' * 6}, trains"


def test_every_point_of_a_curve_is_the_mean_of_as_many() -> None:
    for count in (120, 121, 200, 239, 241, 4999):
        curve = np.stack([np.arange(count), np.arange(count)], axis=1).astype(float)
        steps = np.diff(_binned(curve)[:, 0])
        assert len(steps) < 120
        assert np.ptp(steps) <= 1
        assert count < 240 or steps.min() > 0.6 * steps.max()
    even = np.diff(_binned(np.arange(400.0).reshape(200, 2))[:, 0])
    assert np.ptp(even) == 0
