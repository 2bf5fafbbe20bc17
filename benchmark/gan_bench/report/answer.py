"""The answer in one sentence: its findings in words."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from gan_bench.base.text import duration, number, percent, plural
from gan_bench.report.findings import Ended, Findings, findings
from gan_bench.report.leaderboard import Board
from gan_bench.report.rulings import Lead, Ruling
from gan_bench.report.statistics import ALPHA

MOST = 2  # cells that are named for each way to end
MOST_TIED = 4  # names of what is not told apart
PLURALS = {"architecture": "architectures", "loss": "losses", "row": "rows"}


def answer(board: Board) -> str:
    """Who leads a leaderboard and how sure that is, what ended badly, what is not done."""
    return sentence(findings(board))


def sentence(found: Findings) -> str:
    """Findings in one sentence."""
    return f"{'; '.join(filter(None, parts(found)))}."


def parts(found: Findings) -> tuple[str, str]:
    """The two parts of the sentence: who leads, and what ended badly or is not done, or ""."""
    if not found.cells:
        return "Nothing was trained yet", ""
    badly = [*(_ended(each, found) for each in found.ended), *_unfinished(found)]
    return f"{_in_time(found)}{'; '.join(_winner(found))}", "; ".join(badly)


def _in_time(found: Findings) -> str:
    """Where the rows are ordered by time: who was first then, before what is said of the end."""
    first = found.at_equal_time
    if first is None:
        return ""
    time = f"after {duration(first.seconds)} of training each"
    by = " by the median of its seeds" if first.seeds > 1 else ""
    place = f"{first.row} is first{by} ({first.metric})"
    return f"{time}, {place}, not tested; at the end of the schedule: "


def _winner(found: Findings) -> Iterator[str]:
    if found.floor:
        yield f"no winner by {found.metric}: {found.floor}"
    elif found.none_good:
        yield "no winner"
    elif not found.rulings:
        yield f"no winner: no cell has a score of {found.metric}" + " yet" * bool(found.unfinished)
    else:
        for k, ruling in enumerate(found.rulings):
            test = [] if ruling.untested else _test(found)
            yield from _ruling(ruling, [found.metric, *test] if k == 0 else [])
        yield from (f"{name} is first by {_listed(by)}" for name, by in found.opposed)
    if found.ahead:
        name, score = found.ahead
        better = f"scores {number(score)}: better than all trained rows, not tested"
        yield f"the entry {name}, not trained here, {better}"


def _test(found: Findings) -> Iterator[str]:
    """At which error the rows are compared, if it is not the usual one."""
    if found.alpha != ALPHA:
        yield f"a test at {percent(found.alpha)}"


def _ruling(ruling: Ruling, details: list[str]) -> Iterator[str]:
    """`details`: the metric and the test, which are named once."""
    if ruling.tied:
        yield _tie(ruling, details)
        details = []
    if ruling.lead and ruling.mixed:
        within = "loss" if ruling.kind == "architecture" else "architecture"
        yield f"neither {ruling.first} nor {ruling.lead.other} is ahead with every {within}"
    elif ruling.lead and ruling.lead.alike:
        same = _few([ruling.first, *ruling.alike])
        yield f"{same} score the same{_bracketed(details)}"
    elif ruling.lead and ruling.lead.by <= 0:
        yield _behind(ruling, ruling.lead, details)
    elif ruling.lead:
        yield _lead(ruling, ruling.lead, details)
    elif not ruling.tied:
        yield f"{ruling.first} has no other {ruling.kind} to be compared with"


def _tie(ruling: Ruling, details: list[str]) -> str:
    names = [ruling.first, *ruling.tied]
    all_tied = len(names) == ruling.count > MOST_TIED
    who = f"the {_sides(ruling)}" if all_tied else _few(names)
    how = "not tested against each other" if ruling.untested else "not told apart"
    return f"{who} are {how}{_bracketed(details)}"


def _lead(ruling: Ruling, lead: Lead, details: list[str]) -> str:
    """Who leads whom by how much, and how sure that is."""
    whom = f"{ruling.first} leads {_next(ruling)}{lead.other}"
    if ruling.alone and _next(ruling) and not ruling.tied:
        sure = "" if ruling.proven else ": that it leads is not proven"
        only = f"{ruling.first} is the only one of {_sides(ruling)}"
        return f"{only} with a score{_bracketed(details)}{sure}"
    if math.isnan(lead.by):
        by = f", of which no seed has a score{_bracketed(details)}"
        return f"{whom}{by}{'' if lead.proven else ': not proven'}"
    comma = "," if _next(ruling) else ""
    by = f"{comma} by {number(lead.by, 3)}{_bracketed([*details, *_seeds(lead)])}"
    if not lead.proven:
        return f"{whom}{by}{_nearer(ruling)} {_trainings(ruling, lead)}: not proven"
    # without these words the difference of the means in the table would be another number
    by += f" {_trainings(ruling, lead)}" * lead.more + _nearer(ruling)
    rest = f", and that it leads {_few(ruling.unproven)} is not proven" if ruling.unproven else ""
    return f"{whom}{by}{rest}"


def _nearer(ruling: Ruling) -> str:
    """A later one that is nearer on the mean: the rows are in the order of their medians."""
    if ruling.nearer is None:
        return ""
    name, by = ruling.nearer.other, ruling.nearer.by
    if by <= 0:
        return (
            f", while {name} is {f'ahead of it by {number(-by, 3)}' if by else 'level'} on the mean"
        )
    return f", and {name} by {number(by, 3)}"


def _few(names: Sequence[str]) -> str:
    """The names, or the first ones and how many more there are."""
    if len(names) <= MOST_TIED:
        return _listed(names)
    more = plural(len(names) - MOST_TIED + 1, "other")
    return f"{', '.join(names[: MOST_TIED - 1])} and {more}"


def _behind(ruling: Ruling, lead: Lead, details: list[str]) -> str:
    """The first by the median, where the mean says otherwise."""
    how = f"ahead of it by {number(-lead.by, 3)}" if lead.by else "level with it"
    return (
        f"{ruling.first} is first by the median of its seeds, and on the mean {lead.other} is "
        f"{how}{_bracketed([*details, *_seeds(lead)])} {_trainings(ruling, lead)}: not proven"
    )


def _next(ruling: Ruling) -> str:
    """What the other one is, if there are more."""
    if ruling.tied:
        return "the next, "
    return f"the next of {_sides(ruling)}, " if ruling.count > 2 else ""


def _sides(ruling: Ruling) -> str:
    """How many there are; entries are no rows that were compared, though the table has them."""
    trained = "trained " if ruling.kind == "row" and ruling.entries else ""
    return f"{ruling.count} {trained}{PLURALS[ruling.kind]}"


def _bracketed(details: Sequence[str]) -> str:
    return f" ({', '.join(details)})" if details else ""


def _seeds(lead: Lead) -> Iterator[str]:
    """Over which seeds the lead is the mean, and the interval."""
    some = "" if lead.scored == lead.seeds else f"{lead.scored} of "
    seeds = f"{some}{plural(lead.seeds, 'seed')}"
    if lead.interval:
        low, high = number(lead.interval.low, 3), number(lead.interval.high, 3)
        yield f"{seeds}: 95 % interval {low} to {high}"
    elif some and lead.scored:
        yield seeds


def _trainings(ruling: Ruling, lead: Lead) -> str:
    """What a lead rests on: the seeds or the trainings."""
    if not lead.seeds:
        return "without a seed in common"
    if not lead.scored:  # the means of other seeds are compared
        return "without a score of the same seed"
    if lead.more:
        both = "one seed" if lead.seeds == 1 else f"{lead.seeds} seeds"
        return f"on the {both} that both have"
    if ruling.over == 1:
        return "in one training each" if lead.seeds == 1 else f"in {lead.seeds} trainings each"
    return "with one seed" if lead.seeds == 1 else f"with {lead.seeds} seeds"


def _ended(end: Ended, found: Findings) -> str:
    """How many cells ended like this, and which."""
    count = len(end.cells)
    named = end.cells[: count if count == MOST + 1 else MOST]  # "and 1 more" is as long as a name
    who = "all" if count == found.cells > 1 else f"{count:,} of"
    names = [
        f"{name}, at {number(kimg, 6)} kimg" if kimg is not None else name for name, kimg in named
    ]
    if count > len(named):
        names.append(f"and {count - MOST:,} more")
    verb = "cannot be read" if end.status == "unreadable" else end.status
    return f"{who} {plural(found.cells, 'cell')} {verb} ({'; '.join(names)})"


def _unfinished(found: Findings) -> Iterator[str]:
    counts = {"done": found.unfinished - found.unmeasured, "measured": found.unmeasured}
    for what, count in counts.items():
        if count:
            have = "is" if count == 1 else "are"
            yield f"{count:,} of {plural(found.cells, 'cell')} {have} not {what}"


def _listed(names: Sequence[str]) -> str:
    """a, b and c."""
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last
