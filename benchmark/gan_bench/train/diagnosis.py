"""What a training curve shows, in one line: the gravest findings first. No torch."""

from __future__ import annotations

from math import ceil

from gan_bench.base.numbers import CURVE_COLUMNS
from gan_bench.base.text import number, plural
from gan_bench.contract.protocol import Schedule
from gan_bench.train.balance import at_edge, balance, levels_of, levels_text
from gan_bench.train.curves import MIN_POINTS, Columns, columns_of
from gan_bench.train.finding import Course, Finding
from gan_bench.train.hints import ANOTHER_LOSS, Hint
from gan_bench.train.oscillation import oscillating
from gan_bench.train.trend import MIN_SCORES, Trend, losing_variety, progress, standing, trend_of
from gan_bench.train.verdicts import YOUNG

LIMIT = 200  # characters of a line with two findings
ROWS = 200  # of a whole curve
NO_FAULT = "the losses and gradients show no fault"
TOO_FEW = "too few ticks were scored{} to tell whether G improved"
TOO_YOUNG = "too few ticks count to tell whether G improved"


def diagnose(course: Course) -> str:
    """One line: the gravest finding about a training with its numbers, and what to try.

    A second finding follows if the line has room for it; what to try against it is left out if
    that is the opposite of what the first one asks for.
    """
    course = course.own
    first, *others = findings(course)
    said = first.text(course.branch)
    longer = [f"{said}; also {text}" for also in others[:1] for text in _also(also, first, course)]
    return next((line for line in longer if len(line) <= LIMIT), said)


def _also(also: Finding, first: Finding, course: Course) -> list[str]:
    """What may be said of a second finding, the longest text first."""
    contrary = also.against(first, course.schedule)
    return [also.what] if contrary else [also.text(course.branch), also.what]


def findings(course: Course) -> list[Finding]:
    """All findings, the gravest first; at least one."""
    columns = columns_of(course.curve)
    ended = _diverged(course, columns) or _collapsed(course)
    rows = max(len(columns[name]) for name in CURVE_COLUMNS)
    if rows < MIN_POINTS:
        return [ended or _too_short(rows, course)]
    trend = trend_of(course)
    swings = oscillating(columns, course.rates)
    seen = [
        ended,
        balance(columns, trend, swings is not None, course.rates),
        swings,
        None if ended else losing_variety(course),
        None if ended or trend is None else progress(trend, course.rates),
    ]
    return [finding for finding in seen if finding] or [_usual(course, columns, trend)]


def _too_short(rows: int, course: Course) -> Finding:
    what = f"too short to tell: {plural(rows, 'point')} of a curve where {MIN_POINTS} are needed"
    whole = {"kimg": course.schedule.shown(ROWS) / 1000}
    return Finding("too short", what, (Hint(whole | _enough(course.schedule, ROWS)),))


def _diverged(course: Course, columns: Columns) -> Finding | None:
    """By its verdict, or by a last row in which a column is not finite that was so before.

    A verdict is shown with its date and reason beside the diagnosis, which does not repeat them.
    """
    last = columns_of(course.curve[-1:])
    lost = [name for name in CURVE_COLUMNS if len(columns[name]) and not len(last[name])]
    if course.verdict and course.verdict.kind == "diverged":
        return Finding("diverged", "against the divergence", (course.rates.slower(),), ", ")
    if lost:
        when = f" at {number(last['kimg'][0], 3)} kimg" if len(last["kimg"]) else ""
        what = f"diverged{when}: {lost[0]} was no longer finite"
        return Finding("diverged", what, (course.rates.slower(),))
    return None


def _collapsed(course: Course) -> Finding | None:
    if not course.verdict or course.verdict.kind != "collapsed":
        return None
    hints = (course.rates.slower(), ANOTHER_LOSS)
    return Finding("collapsed", "against the collapse", hints, ", ")


def _usual(course: Course, columns: Columns, trend: Trend | None) -> Finding:
    """If no rule fires: where the scores ended or, with too few of them, that this is not known."""
    if trend is not None:
        return standing(trend)
    levels = levels_of(columns)
    gave = f"; {levels_text(levels)}" if levels and not at_edge(levels) else ""
    why, hints = _why_unknown(course)
    return Finding("usual", f"{NO_FAULT}, but {why}{gave}", hints)


def _why_unknown(course: Course) -> tuple[str, tuple[Hint, ...]]:
    """Few ticks had a score, or many of them came before any counts; and what to try."""
    changes = _enough(course.schedule)
    hints = (Hint(changes),) if changes else ()
    if not (course.young and changes):
        return TOO_FEW.format(" after the fork" if course.branch else ""), hints
    updates = plural(course.schedule.updates, "update")
    return f"{TOO_YOUNG}: there were {updates}, and ticks count from the {YOUNG}th on", hints


def _enough(schedule: Schedule, least: int = 0) -> dict[str, float]:
    """The changes of a schedule that give its ticks a trend, and the curve `least` updates.

    MIN_SCORES ticks must count, and one of them must come in the first two thirds.
    """
    changes: dict[str, float] = {}
    ticks = schedule.ticks
    if ticks < MIN_SCORES:
        ticks = changes["ticks"] = Schedule.model_fields["ticks"].default
    counted_from = min(ticks - MIN_SCORES + 1, 2 * ticks // 3)  # the latest first tick
    needed = max(least, ceil(YOUNG * ticks / counted_from))  # updates
    if needed > schedule.updates:
        changes["kimg"] = schedule.shown(needed) / 1000
    return changes
