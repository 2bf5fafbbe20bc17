"""What is refused before anything imports torch, and what only the plugins can tell."""

from __future__ import annotations

from pathlib import Path

import pytest

from gan_bench.results.asked_plugins import note_asked
from gan_bench.run.at_the_door import check_asked
from gan_bench.run.request import Request


def test_names_that_a_plugin_file_may_know_are_not_refused_at_the_door(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`measure` loads the files that the cells were trained with, which are not typed again."""
    seen: list[Request] = []
    monkeypatch.setattr("gan_bench.run.at_the_door.check_spelling", seen.append)
    asked = {"metrics": ("mine",), "features": ("eye",), "engine": "local"}
    check_asked(asked)
    note_asked([tmp_path / "mine.py"])
    check_asked(asked)
    assert [(each.metrics, each.features, each.engine) for each in seen] == [
        (("mine",), ("eye",), "local"),
        ((), (), "local"),
    ]
