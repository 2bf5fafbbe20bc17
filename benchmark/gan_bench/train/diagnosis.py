"""What a training curve shows, in one line: the gravest findings first. No torch."""

from __future__ import annotations

from gan_bench.base.numbers import CURVE_COLUMNS
from gan_bench.base.text import number, plural
from gan_bench.train.balance import balance, levels_of, levels_text
from gan_bench.train.curves import MIN_POINTS, Columns, columns_of
from gan_bench.train.finding import ANOTHER_LOSS, Course, Finding, slower, until
from gan_bench.train.oscillation import oscillating
from gan_bench.train.trend import Trend, losing_variety, progress, standing, trend_of

LIMIT = 170  # characters of a line with two findings
ROWS = 200  # of a whole curve


def diagnose(course: Course) -> str:
    """One line: the gravest finding about a training with its numbers, and what to try.

    A second finding follows if the line has room for it.
    """
    first, *others = findings(course)
    longer = [f"{first}; also {text}" for also in others[:1] for text in (str(also), also.what)]
    return next((line for line in longer if len(line) <= LIMIT), str(first))


def findings(course: Course) -> list[Finding]:
    """All findings, the gravest first; at least one."""
    columns = columns_of(course.curve)
    ended = _diverged(course, columns) or _collapsed(course)
    rows = max(len(columns[name]) for name in CURVE_COLUMNS)
    if rows < MIN_POINTS:
        return [ended or _too_short(rows, course)]
    trend = trend_of(course)
    swings = oscillating(columns, course.schedule)
    seen = [
        ended,
        balance(columns, trend, swings is not None, course.schedule),
        swings,
        None if ended else losing_variety(course),
        None if ended or trend is None else progress(trend, course.schedule),
    ]
    return [finding for finding in seen if finding] or [_usual(columns, trend)]


def _too_short(rows: int, course: Course) -> Finding:
    what = f"too short to tell: {plural(rows, 'point')} of a curve where {MIN_POINTS} are needed"
    return Finding("too short", what, (until(course.schedule.shown(ROWS) / 1000),))


def _diverged(course: Course, columns: Columns) -> Finding | None:
    """By its verdict, or by a last row in which a column is not finite that was so before."""
    last = columns_of(course.curve[-1:])
    lost = [name for name in CURVE_COLUMNS if len(columns[name]) and not len(last[name])]
    if course.verdict and course.verdict.kind == "diverged":
        what = f"diverged at {number(course.verdict.kimg, 3)} kimg"
    elif lost:
        when = f" at {number(last['kimg'][0], 3)} kimg" if len(last["kimg"]) else ""
        what = f"diverged{when}: {lost[0]} was no longer finite"
    else:
        return None
    return Finding("diverged", what, (slower(course.schedule),))


def _collapsed(course: Course) -> Finding | None:
    if not course.verdict or course.verdict.kind != "collapsed":
        return None
    what = f"collapsed since {number(course.verdict.kimg, 3)} kimg"
    return Finding("collapsed", what, (slower(course.schedule), ANOTHER_LOSS))


def _usual(columns: Columns, trend: Trend | None) -> Finding:
    """If no rule fires: where the scores ended or, without scores, what D gave."""
    if trend is not None:
        return standing(trend)
    levels = levels_of(columns)
    gave = f": at the end D gave {levels_text(levels)}" if levels else ""
    return Finding("usual", f"nothing unusual{gave}")
