"""An audit in each of its formats: terminal, markdown, html, csv, json."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from gan_bench.base.escape import markdown, plain, spreadsheet
from gan_bench.contract.errors import UsageError
from gan_bench.report.audit import tables
from gan_bench.report.audit.findings import AtSize, Audited, Findings
from gan_bench.report.audit.statistics import alarm_chance, alarm_rank
from gan_bench.report.markdown import folded, listed, section_lines
from gan_bench.report.section import Section
from gan_bench.report.summary import Summary

if TYPE_CHECKING:
    from rich.console import Console

FORMATS = ("terminal", "markdown", "html", "csv", "json")
SCHEMA = 1
COLUMNS = (
    *("audit", "metric", "features", "higher_is_better", "n", "corruption", "strength", "power"),
    *("low", "high", "sets", "better", "refused", "mean_score", "order", "order_low", "order_high"),
)


def render(found: Findings, style: str, console: Console | None = None) -> str:
    """The audit in one of FORMATS; UsageError for another, which a leaderboard may have."""
    if style == "terminal":
        return _terminal(found, console)
    if style == "markdown":
        return "\n".join(_markdown(found)) + "\n"
    if style == "html":
        from gan_bench.report.page.audit import to_html

        return to_html(found, list(sections(found)))
    if style not in FORMATS:
        raise UsageError(f"an audit has no format {style}: choose one of {', '.join(FORMATS)}")
    return _csv(found) if style == "csv" else _json(found)


def sections(found: Findings) -> Iterator[Section]:
    """Power and order of every fault, at every number of images; the largest first."""
    for n in sorted(found.audit.sizes, reverse=True):
        for fault in found.audit.faults:
            if n not in fault.why_not:
                yield tables.of_fault(found, fault.name, n)


def summary(found: Findings) -> Summary:
    """What every metric sees at each number of images, the largest first; then all the rest."""
    sizes = sorted(found.audit.sizes, reverse=True)
    return Summary(
        [part(found, n) for n in sizes for part in (tables.summary, tables.mildest)],
        title=found.audit.sets.slug,
        answer=tables.answer(found),
        notes=[*tables.absences(found)],
        more=[*sections(found), *tables.followed(found)],
    )


def _markdown(found: Findings) -> Iterator[str]:
    yield f"## {markdown(found.audit.sets.slug)}\n"
    yield f"**{markdown(tables.answer(found))}**\n"
    for n in sorted(found.audit.sizes, reverse=True):
        yield from section_lines(tables.summary(found, n))
        yield from section_lines(tables.mildest(found, n))
    yield from listed(tables.absences(found))
    each = [line for section in sections(found) for line in section_lines(section)]
    yield from folded("power and order of every corruption", each)
    followed = [line for section in tables.followed(found) for line in section_lines(section)]
    yield from folded("bias and cost", followed)
    facts = [f"{name}: {text}" for name, text in tables.facts(found)]
    yield from folded("protocol", listed(facts))


def _terminal(found: Findings, console: Console | None) -> str:
    from rich.console import Console

    console = console or Console()
    with console.capture() as captured:
        _print(found, console)
    return captured.get()


def _print(found: Findings, console: Console) -> None:
    from rich.text import Text

    from gan_bench.report.terminal import facts_table
    from gan_bench.report.terminal_table import print_section

    n = max(found.audit.sizes)
    console.print(Text(plain(found.audit.sets.slug), "dim"))
    console.print(Text(plain(tables.answer(found)), "bold"))
    for section in (tables.summary(found, n), tables.mildest(found, n)):
        console.print()
        print_section(section, console)
    console.print(facts_table(tables.meanings(found, n)))
    console.print()
    print_section(next(tables.followed(found)), console)
    console.print()
    for line in tables.absences(found):
        console.print(Text(f"! {plain(line)}"))
    console.print()
    console.print(facts_table(tables.facts(found)))


def _csv(found: Findings) -> str:
    """A line for each metric, number of images, fault and strength."""
    file = io.StringIO()
    writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for row in lines(found):
        writer.writerow(
            {
                name: spreadsheet(text) if isinstance(text, str) else text
                for name, text in row.items()
            }
        )
    return file.getvalue()


def lines(found: Findings) -> Iterator[dict[str, Any]]:
    """A line for each metric, number of images, fault and strength, by the names of COLUMNS."""
    for audited in found.metrics:
        spec = audited.metric.spec
        for at in audited.sizes:
            for answer in at.answers:
                for each in answer.strengths:
                    yield {
                        "audit": found.audit.sets.slug,
                        "metric": spec.name,
                        "features": spec.features,
                        "higher_is_better": spec.higher_is_better,
                        "n": at.n,
                        "corruption": answer.fault.name,
                        "strength": each.strength,
                        "power": each.power.value,
                        "low": each.power.low,
                        "high": each.power.high,
                        "sets": each.power.of,
                        "better": each.better.value,
                        "refused": each.refused,
                        "mean_score": each.mean,
                        "order": answer.order and answer.order.value,
                        "order_low": answer.order and answer.order.low,
                        "order_high": answer.order and answer.order.high,
                    }


def _json(found: Findings) -> str:
    """The whole document; `schema` is the version of its layout."""
    real_sets = found.audit.sets.real_sets
    document = {
        "schema": SCHEMA,
        "audit": found.audit.sets.slug,
        "answer": tables.answer(found),
        "protocol": found.audit.model_dump(mode="json"),
        "alarm": {"rank": alarm_rank(real_sets), "chance": asdict(alarm_chance(real_sets))},
        "metrics": [_metric(each) for each in found.metrics],
        "not_here": found.audit.absent,
    }
    return json.dumps(document, indent=2, allow_nan=False) + "\n"


def _metric(each: Audited) -> dict[str, Any]:
    return {
        "name": each.metric.spec.name,
        "features": each.metric.spec.features,
        "higher_is_better": each.metric.spec.higher_is_better,
        "from": each.metric.plugin,
        "declares": list(each.metric.sees),
        "bias": each.bias,
        "sizes": [_at(at) for at in each.sizes],
        "followed": [asdict(at) for at in each.followed],
    }


def _at(at: AtSize) -> dict[str, Any]:
    return {
        "n": at.n,
        "not_here": at.why_none,
        "real": list(at.real),
        "false_alarms": at.false_alarms and asdict(at.false_alarms),
        "corruptions": [
            {
                "name": answer.fault.name,
                "not_here": None if answer.strengths else answer.why_not,
                "refusal": answer.why_not if answer.strengths else None,
                "order": answer.order and asdict(answer.order),
                "seen_from": answer.seen_from,
                "strengths": [asdict(each) for each in answer.strengths],
            }
            for answer in at.answers
        ],
    }
