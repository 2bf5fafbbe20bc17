"""`gan-bench list`: the cells of a results folder, with their status, score and size."""

from __future__ import annotations

import builtins
import json
from dataclasses import asdict
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import rich_click as click
from rich.text import Text

from gan_bench.base import text
from gan_bench.base.escape import plain
from gan_bench.cli import options
from gan_bench.cli.options import RESULTS
from gan_bench.cli.output import emit, page, say
from gan_bench.cli.values import PATH

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gan_bench.contract.protocol import MetricSpec
    from gan_bench.report.section import Section
    from gan_bench.results.entries import EntryRecord
    from gan_bench.results.inventory import Inventory, Listed, ListedAudit, ListedStudy

SCHEMA = 1
CONTENT = "What to list"
NOTHING = "–"


@click.command(epilog=options.examples("gan-bench list", "gan-bench list old-results --json"))
@click.argument(
    "results",
    type=PATH,
    default=RESULTS,
    metavar="[RESULTS]",
    panel=CONTENT,
    help="Results folder, or the folder of one protocol in it. Default: results.",
)
@options.as_json("Print one JSON document.")
@options.DEBUG
@options.HELP
def list(results: Path, as_json: bool) -> None:
    """List all cells of a results folder, with status, score and size on the disk.

    A cell is running while a process works on it, stopped if it was begun and is not done, and
    waiting if it was only planned. Done cells are finished, collapsed, degraded, diverged or
    failed. `gan-bench run` goes on with what is stopped or waiting. Each evaluation that
    `gan-bench measure` added has a column, and entries have a table of their own. A study of
    `gan-bench tune` and an audit of metrics have a line each.
    """
    from gan_bench.results.inventory import inventory

    everything = inventory(results)
    if as_json:
        emit(json.dumps(_document(everything), indent=2, allow_nan=False) + "\n")
        return
    _print(everything)
    for fault in everything.faults:
        say(fault)


def _document(everything: Inventory) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "cells": [_fields(cell) for cell in everything.cells],
        "evaluations": {
            slug: {name: metric.name for name, metric in evaluations.items()}
            for slug, evaluations in everything.evaluations.items()
        },
        "entries": {
            slug: [entry.model_dump(mode="json", exclude={"evaluation"}) for entry in entries]
            for slug, entries in everything.entries.items()
        },
        "other_bytes": everything.other_bytes,
        "studies": [_plain(study) | {"cells": study.cells} for study in everything.studies],
        "audits": [_plain(audit) for audit in everything.audits],
        "unreadable": everything.faults,
    }


def _plain(part: ListedStudy | ListedAudit) -> dict[str, Any]:
    return {"name": part.folder.name} | asdict(part) | {"folder": str(part.folder)}


def _fields(cell: Listed) -> dict[str, Any]:
    return {
        "protocol": cell.protocol,
        "architecture": cell.architecture,
        "loss": cell.loss,
        "seed": cell.seed,
        "status": cell.status,
        "reason": cell.reason,
        "kimg": cell.kimg,
        "metric": cell.ranking.name if cell.ranking else None,
        "score": cell.score,
        "added": cell.added,
        "bytes": cell.bytes,
        "ticks_bytes": cell.ticks_bytes,
        "branches": cell.branches,
        "branches_bytes": cell.branches_bytes,
        "ended": cell.ended,
        "folder": str(cell.folder),
    }


def _print(everything: Inventory) -> None:
    from gan_bench.report.terminal_table import print_section

    cells, others = everything.cells, everything.other_bytes
    with page() as console:
        by_protocol = {slug: [*each] for slug, each in groupby(cells, lambda c: c.protocol)}
        for slug, other in others.items():
            console.print(Text(plain(slug), "bold"), soft_wrap=True)
            added = everything.evaluations[slug]
            print_section(_table(by_protocol.get(slug, []), added), console, most=len(cells))
            for line in _kept(by_protocol.get(slug, [])):
                console.print(Text(line), soft_wrap=True)
            if entries := everything.entries[slug]:
                console.print()
                print_section(_entries(entries), console, most=len(entries))
            console.print(Text(f"beside the cells: {text.size(other)}\n"), soft_wrap=True)
        lines = [*map(_study, everything.studies), *map(_audit, everything.audits)]
        for line in lines:
            console.print(Text(plain(line)), soft_wrap=True)
        if others:
            counts = text.plural(len(cells), "cell"), text.plural(len(others), "protocol")
            total = text.size(sum(cell.bytes for cell in cells) + sum(others.values()))
            end = "\n" if lines else ""
            console.print(Text(f"{end}{' in '.join(counts)}: {total}"), soft_wrap=True)


def _study(study: ListedStudy) -> str:
    """Its name and how far it is, in a line."""
    stopped = f", {study.stopped:,} stopped early" if study.stopped else ""
    rows, trials = text.plural(study.rows, "row"), text.plural(study.trials, "trial")
    done = f"{study.done:,} of {text.plural(study.cells, 'cell')} done{stopped}"
    return f"study {study.folder.name}: {rows}, {trials} of each, {done}, {text.size(study.bytes)}"


def _audit(audit: ListedAudit) -> str:
    """Its name and what is in it, in a line."""
    metrics = text.plural(audit.metrics, "metric")
    faults = text.plural(audit.faults, "corruption")
    return f"audit {audit.folder.name}: {metrics}, {faults}, {text.size(audit.bytes)}"


def _table(cells: Sequence[Listed], added: dict[str, MetricSpec]) -> Section:
    """The cells of a protocol, with a column for each evaluation that was added."""
    from gan_bench.report.section import Column, Section

    ranking = next((cell.ranking for cell in cells if cell.ranking), None)
    metric = f"{ranking.name} {ranking.arrow}" if ranking else "score"
    columns = [
        *(Column(title, numeric=False) for title in ("cell", "status")),
        *map(Column, ("kimg", metric)),
        *(Column(f"{slug} {spec.arrow}") for slug, spec in added.items()),
        Column("size"),
        Column("ended (UTC)", numeric=False),
    ]
    return Section("", columns, [_texts(cell) for cell in cells])


def _kept(cells: Sequence[Listed]) -> Iterator[str]:
    """What the cells of a protocol hold for `gan-bench branch`, as far as there is any."""
    if ticks := sum(cell.ticks_bytes for cell in cells):
        yield f"of these, kept ticks: {text.size(ticks)}"
    if branches := sum(cell.branches for cell in cells):
        size = text.size(sum(cell.branches_bytes for cell in cells))
        count = text.plural(branches, "branch", "branches")
        yield f"of these, {count}, which are not ranked: {size}"


def _entries(entries: Sequence[EntryRecord]) -> Section:
    """What was scored under a protocol and not trained here."""
    from gan_bench.report.section import Column, Section

    titles = "entry", "kind", "images", "score", "scored by", "ended (UTC)"
    columns = [Column(title, numeric=title in ("images", "score")) for title in titles]
    return Section("", columns, [_texts_of_entry(entry) for entry in entries])


def _texts_of_entry(entry: EntryRecord) -> builtins.list[str]:
    ranking = entry.evaluation.metrics[0]
    score = entry.scores.get(ranking.name)
    return [
        entry.name,
        entry.kind,
        f"{entry.images:,}",
        NOTHING if score is None else text.number(score.value),
        f"{ranking.name} {ranking.arrow}",
        entry.ended[:16].replace("T", " "),
    ]


def _texts(cell: Listed) -> builtins.list[str]:
    return [
        "/".join(cell.folder.parts[-3:]),
        cell.status,
        NOTHING if cell.kimg is None else text.number(cell.kimg, 6),
        *(
            NOTHING if score is None else text.number(score)
            for score in (cell.score, *cell.added.values())
        ),
        text.size(cell.bytes),
        cell.ended[:16].replace("T", " ") if cell.ended else NOTHING,
    ]
