"""A path in a results folder is no request to run the file: only what the user has named is run."""

from __future__ import annotations

import json
from pathlib import Path
from textwrap import dedent

import pytest

from gan_bench import UsageError, generator
from gan_bench.base.home import cache_dir
from gan_bench.results import asked_plugins
from gan_bench.results.asked_plugins import ASKED, asked_of, note_asked
from gan_bench.results.layout import CELL
from given import Command
from trained import write_trained

known = asked_plugins.is_asked  # before the tests' own `home` replaces it


@pytest.fixture(autouse=True)
def strict(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asked_plugins, "is_asked", known)


@pytest.fixture
def foreign(tmp_path: Path) -> Path:
    """A cell of a stranger, whose cell.json names a file that says when it is run."""
    cell = write_trained(tmp_path / "results")
    evil = tmp_path / "evil.py"
    evil.write_text(
        dedent("""
        from pathlib import Path
        Path(__file__).with_name("executed").touch()
        from tiny_plugin import *
    """)
    )
    document = json.loads((cell / CELL).read_text())
    document["environment"]["plugins"] = [str(evil)]
    (cell / CELL).write_text(json.dumps(document))
    return cell


def executed(cell: Path) -> bool:
    return (cell.parents[4] / "executed").exists()


@pytest.mark.parametrize(
    "words",
    [
        ("sample", "CELL", "--out", "a.png"),
        ("export", "CELL", "--to", "safetensors", "--out", "a.safetensors"),
        ("measure", "RESULTS", "--metric", "brightness"),
        ("draw", "RESULTS"),
        ("reproduce", "CELL"),
        ("score", "a=.", "--like", "RESULTS"),
        ("branch", "CELL", "--at", "0.1", "--set", "lr_d=0.1"),
        ("report", "RESULTS"),
    ],
)
def test_no_command_runs_a_file_that_only_a_strangers_results_name(
    words: tuple[str, ...], gan_bench: Command, foreign: Path
) -> None:
    places = {"CELL": foreign, "RESULTS": foreign.parents[2]}
    said = gan_bench(*(places.get(word, word) for word in words))
    assert not executed(foreign)
    assert "Traceback" not in said.err
    if words[0] != "report":
        assert said.code in (2, 3)
        assert "nobody has asked gan-bench to run on this machine" in " ".join(said.err.split())


def test_it_is_run_where_the_user_gives_it_and_then_unasked(
    gan_bench: Command, foreign: Path, tmp_path: Path
) -> None:
    words = ("sample", foreign, "--out", "a.png")
    assert gan_bench(*words, "--plugin", tmp_path / "evil.py").code == 0
    assert executed(foreign)
    assert gan_bench(*words).code == 0


def test_what_is_given_takes_the_place_of_what_nobody_asked_for(tmp_path: Path) -> None:
    for name in ("evil.py", "mine.py", "known.py"):
        (tmp_path / name).touch()
    note_asked([tmp_path / "known.py"])
    written = [str(tmp_path / "evil.py"), str(tmp_path / "known.py")]
    with pytest.raises(UsageError, match=r"evil\.py"):
        asked_of(written, [], "it")
    mine = str(tmp_path / "mine.py")
    assert asked_of(written, [mine], "it") == (written[1], mine)
    gone = str(tmp_path / "gone.py")
    assert asked_of([gone], [], "it") == (gone,)  # loading it says that it is not there


@pytest.mark.parametrize("content", ["", "[", "{}", "[1]", "[" * 10_000, "null"])
def test_a_damaged_list_knows_nothing(content: str, tmp_path: Path) -> None:
    (tmp_path / "mine.py").touch()
    note_asked([tmp_path / "mine.py"])
    (cache_dir() / ASKED).write_text(content)
    with pytest.raises(UsageError):
        asked_of([str(tmp_path / "mine.py")], [], "it")
    with pytest.raises(UsageError):
        generator(_cell_with(tmp_path))


def _cell_with(folder: Path) -> Path:
    cell = write_trained(folder / "results")
    document = json.loads((cell / CELL).read_text())
    document["environment"]["plugins"] = [str(folder / "mine.py")]
    (cell / CELL).write_text(json.dumps(document))
    return cell
