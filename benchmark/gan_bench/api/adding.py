"""What is added to a leaderboard from Python: scores by another evaluation, and entries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from rich.console import Console

from gan_bench.api.asking import checked_by
from gan_bench.api.shown import progress_console
from gan_bench.cli.output import say
from gan_bench.contract.texts import texts

HOW = ("device", "plugins", "weights", "max_bad", "data", "z_dim", "trust", "seed", "replace")


def measure(folder: Path, asked: Mapping[str, Any]) -> str:
    """Measure the cells of a protocol by these values of the command's options; their board."""
    from gan_bench.cli.measure import measure as command
    from gan_bench.run.plan_measuring import MeasureRequest
    from gan_bench.run.resources import resources_of
    from gan_bench.run.whole_measuring import measure_cells, plan_measure

    given = _without(asked, "self", "quiet")
    checked = checked_by(command, given)
    resources = resources_of(checked)
    names = [field.name for field in fields(MeasureRequest) if field.name in given]
    request = MeasureRequest(**{name: checked[name] for name in names}, resources=resources)
    planned, watch = plan_measure(folder, request, progress_console(asked["quiet"]))
    return measure_cells(planned, watch, checked["again"])


def score_entries(folder: Path, asked: Mapping[str, Any]) -> None:
    """Score entries by the evaluation of a protocol and write them there."""
    from gan_bench.cli.score import score as command
    from gan_bench.run import entries
    from gan_bench.run.asked_entries import How, asked_for

    given = _without(asked, "self", "quiet", "entries") | {"paths": ["any"]}
    checked = checked_by(command, given)
    how = How(**{name: checked[name] for name in HOW})
    named = [asked_for(text) for text in texts("entries", asked["entries"])]
    console: Console = progress_console(asked["quiet"])
    entries.score_entries(folder, named, how, lambda *_: None, lambda text: say(text, console))


def _without(asked: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in asked.items() if name not in names}
