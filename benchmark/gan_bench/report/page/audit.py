"""An audit of metrics as one HTML page, which needs no other file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gan_bench.base.text import plural
from gan_bench.report.audit import tables
from gan_bench.report.audit.findings import SEEN, Findings, Strength
from gan_bench.report.page.document import environment, part
from gan_bench.report.section import Section
from gan_bench.results.audits import AuditedMetric

SCRIPTS = ("common.js", "tables.js")
SHADES = 10  # of power in the overview


@dataclass(frozen=True)
class Square:
    """One metric and one strength in the overview."""

    text: str
    shade: int  # 0 to SHADES
    better: bool
    says: str  # in words


@dataclass(frozen=True)
class Line:
    """One strength of a fault, by all metrics."""

    fault: str
    strength: str
    first: bool  # of its fault
    squares: list[Square]


@dataclass(frozen=True)
class Overview:
    """Power of all metrics at one number of images."""

    n: int
    metrics: list[str]
    lines: list[Line]


def to_html(found: Findings, sections: Sequence[Section]) -> str:
    """The page. Everything on it can be read without its script."""
    from markupsafe import Markup

    sizes = sorted(found.audit.sizes, reverse=True)
    script = "\n".join(part(name) for name in SCRIPTS)
    return (
        environment()
        .get_template("audit.html")
        .render(
            slug=found.audit.sets.slug,
            answer=tables.answer(found),
            firsts=[tables.summary(found, n) for n in sizes],
            overviews=[overview(found, n) for n in sizes],
            mildest=[tables.mildest(found, n) for n in sizes],
            sections=sections,
            followed=list(tables.followed(found)),
            absences=tables.absences(found),
            facts=tables.facts(found),
            metrics=[(each.metric.spec.name, _about(each.metric)) for each in found.metrics],
            faults=found.audit.faults,
            style=Markup(part("page.css") + part("audit.css")),
            script=Markup(f'"use strict";\n(() => {{\n{script}}})();\n'),
        )
    )


def overview(found: Findings, n: int) -> Overview:
    """The power of every metric at every strength of every fault."""
    names = [each.metric.spec.name for each in found.metrics]
    return Overview(n, names, list(_lines(found, n)))


def _lines(found: Findings, n: int) -> Iterator[Line]:
    for fault in found.audit.faults:
        by_metric = [
            {
                each.strength: each
                for answer in one.at(n).answers
                if answer.fault == fault
                for each in answer.strengths
            }
            for one in found.metrics
        ]
        made = [each for each in fault.strengths if any(each in at for at in by_metric)]
        for k, strength in enumerate(made):
            squares = [_square(at.get(strength)) for at in by_metric]
            yield Line(fault.name, f"{strength:g}", k == 0, squares)


def _square(each: Strength | None) -> Square:
    if each is None:
        return Square("", 0, False, "not here")
    better = each.better.value >= SEEN
    text = f"{100 * each.power.value:.0f}"
    return Square(text, int(SHADES * each.power.value + 1e-9), better, tables.power_text(each))


def _about(metric: AuditedMetric) -> str:
    declares = ", ".join(metric.sees) or "no fault"
    spec = metric.spec
    direction = "higher" if spec.higher_is_better else "lower"
    width = plural(metric.width, "feature")
    reads = f"{direction} is better; reads {spec.features} ({width})"
    return f"{reads}; of {metric.plugin}; declares to see {declares}"
