"""`score`, `board.measure` and `board.score` are the commands: same options, numbers, sentences."""

from __future__ import annotations

import inspect
import json
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import rich_click as click

import tiny_plugin
from gan_bench import Board, DataError, UsageError, run, score
from gan_bench.cli.measure import measure as measure_command
from gan_bench.cli.score import score as score_command
from gan_bench.run.cell import run_cell
from given import Command
from parsed import Page, rendered

QUICK: dict[str, Any] = {"features": "pixels", "metrics": ["fd", "diversity"]}
COMMON = {"debug", "as_json", "paths", "results", "help"}
LIKE = {"like", "data", "z_dim", "trust", "seed", "replace"}
RULER = {"size", "features", "metrics", "samples", "preset"}


@pytest.mark.parametrize(
    ("function", "command", "own", "elsewhere"),
    [
        (score, score_command, {"real", "generated"}, COMMON | LIKE),
        (Board.measure, measure_command, {"self", "quiet"}, COMMON | {"protocol"}),
        (Board.score, score_command, {"self", "entries", "quiet"}, COMMON | RULER | {"like"}),
    ],
)
def test_every_option_is_an_argument_with_the_same_default(
    function: Any, command: click.Command, own: set[str], elsewhere: set[str]
) -> None:
    options = {str(each.name): each.default for each in command.params}
    arguments = {
        name: each.default for name, each in inspect.signature(function).parameters.items()
    }
    assert arguments.keys() - own == options.keys() - elsewhere - own
    words = [] if command is measure_command else ["a"]
    defaults = command.make_context("x", words).params
    for name in arguments.keys() - own:
        assert str(arguments[name] or None) == str(defaults[name] or None), name


def test_scores_are_those_of_the_command(gan_bench: Command, shapes: Path) -> None:
    said = gan_bench(
        "score", shapes, shapes, "--features", "pixels", "--metric", "fd,diversity", "--json"
    )
    scores = score(shapes, str(shapes), **QUICK)
    assert scores.document() == json.loads(said.out)
    assert list(scores) == ["fd-pixels", "diversity"]
    assert scores["diversity"].value == pytest.approx(1)
    assert "fid" not in scores
    frame = scores.frame()
    assert list(frame["metric"]) == list(scores)
    assert list(frame["score"]) == [each.value for each in scores.values()]
    assert list(frame["real"]) == [40, 40]


def test_a_table_of_scores_is_text_markdown_and_html(gan_bench: Command, shapes: Path) -> None:
    said = gan_bench("score", shapes, shapes, "--features", "pixels", "--metric", "fd,diversity")
    shown: Any = score(shapes, shapes, **QUICK)
    assert str(shown).startswith(said.out.rstrip())
    names = [row[0].split()[0] for row in Page(shown._repr_html_()).tables[0][1:]]
    assert names == ["fd-pixels", "diversity"]
    assert [row[0].split()[0] for row in rendered(shown._repr_markdown_()).tables[0][1:]] == names


def test_wrong_values_have_the_sentence_of_the_command(gan_bench: Command, shapes: Path) -> None:
    said = gan_bench("score", shapes, shapes, "--samples", 5)
    with pytest.raises(UsageError) as error:
        score(shapes, shapes, samples=5)
    assert said.err.startswith(f"error: {error.value}")
    with pytest.raises(UsageError, match=r"Did you mean fwd\?"):
        score(shapes, shapes, metrics="fdd")
    with pytest.raises(UsageError, match="nowhere"):
        score(shapes, "nowhere", **QUICK)


def test_entries_and_evaluations_are_added_to_a_board(
    tmp_path: Path, shapes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cells run in this process."""

    def start(cells: Sequence[Path], _: int) -> Iterator[tuple[Path, int]]:
        for cell in cells:
            yield cell, run_cell(cell)

    monkeypatch.setattr("gan_bench_plugins.local.start", start)
    monkeypatch.setattr("gan_bench.run.train_cells.preflight", lambda *_: set())
    plugin = shutil.copy(tiny_plugin.PATH, tmp_path / "tiny.py")
    train: Any = run
    asked: dict[str, Any] = {
        "archs": "tiny", "losses": "minimax", "size": 8, "kimg": 0.032, "batch": 8,
        "features": "eye", "device": "cpu", "metrics": "brightness", "samples": 16,
        "plugins": plugin, "quiet": True, "results": tmp_path / "results",
    }  # fmt: skip
    board: Board = train(**asked, data=shapes, entries={"first": shapes})
    assert "first" in str(board)
    scored = board.score({"second": shapes}, quiet=True)
    assert "second" in str(scored)
    measured = board.measure(samples=20, quiet=True)
    assert measured.slug.startswith(f"{board.slug}/brightness-20")
    assert measured.frame()["brightness"].notna().all()
    with pytest.raises(UsageError, match="in this way when it was trained"):
        board.measure(quiet=True)
    with pytest.raises(UsageError, match="two entries are called"):
        board.score([shapes, shapes], quiet=True)
    (tmp_path / "elsewhere").mkdir()
    moved = shapes.rename(tmp_path / "elsewhere" / shapes.name)
    with pytest.raises(DataError, match="if they have moved, give them with --data"):
        board.score({"third": moved}, quiet=True)
    assert "third" in str(board.score({"third": moved}, data=moved, quiet=True))
    assert "fourth" in str(train(**asked, data=moved, entries={"fourth": moved}))
