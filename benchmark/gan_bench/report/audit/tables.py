"""An audit as tables of text, which every format shows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gan_bench.base.text import number, percent, plural, size
from gan_bench.report.audit.findings import SEEN, Answer, Audited, Findings, Strength
from gan_bench.report.audit.statistics import LEVEL, Share, alarm_chance, alarm_rank
from gan_bench.report.section import NOTHING, Column, Section
from gan_bench.results.audits import SIZE_REPEATS, UNIT, Audit

NAME = Column("metric", numeric=False)
NO, BETTER = "no", "better"  # not seen; a fault that makes the score better
LISTED = 4  # faults that a sentence names


def answer(found: Findings) -> str:
    """One sentence: who sees most, and what nobody sees."""
    n = max(found.audit.sizes)
    able = [each for each in found.metrics if each.at(n).counted[1]]
    if not able:
        return f"No metric could be audited with {plural(n, 'image')}."
    most = max(each.at(n).counted[0] for each in able)
    names = [each.metric.spec.name for each in able if each.at(n).counted[0] == most]
    of = max(each.at(n).counted[1] for each in able)
    if not most:
        return f"No metric sees any of {_strengths(of)} with {n:,} images."
    who = f"{_list_of(names)} {'sees' if len(names) == 1 else 'see'}"
    who += f" most: {most} of {_strengths(of)} with {n:,} images."
    unseen = [f"{fault.name} {strength:g}" for fault, strength in found.unseen(n)]
    if not unseen:
        return f"{who} Each of them is seen by some metric."
    rest = f" and {len(unseen) - LISTED} more" if len(unseen) > LISTED else ""
    return f"{who} No metric sees {', '.join(unseen[:LISTED])}{rest}."


def _strengths(count: int) -> str:
    """A corruption has several, and each is counted: `3 strengths of corruptions`."""
    return f"{plural(count, 'strength')} of corruptions"


def _list_of(names: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and 3 more`."""
    if len(names) < 3:
        return " and ".join(names)
    return f"{names[0]}, {names[1]} and {len(names) - 2} more"


def summary(found: Findings, n: int) -> Section:
    """The first table: a line for each metric."""
    columns = [
        NAME,
        Column("seen", detail=f"of {_most(found, n)}"),
        Column("order"),
        Column("alarms"),
        *([Column("bias")] if _grows(found) else []),
        Column("time"),
    ]
    rows = sorted(found.metrics, key=lambda each: -each.at(n).counted[0])
    return Section(
        f"what metrics see in {plural(n, 'image')}",
        columns,
        [_line(each, n, _grows(found)) for each in rows],
    )


def _grows(found: Findings) -> bool:
    """Whether real images were followed over several numbers: there is no bias of one."""
    return len(found.audit.bias_sizes) > 1


def _most(found: Findings, n: int) -> int:
    return max((each.at(n).counted[1] for each in found.metrics), default=0)


def _line(each: Audited, n: int, biased: bool) -> list[str]:
    at = each.at(n)
    alarms, last = at.false_alarms, each.followed[-1] if each.followed else None
    return [
        each.name,
        str(at.counted[0]) if at.counted[1] else NOTHING,
        NOTHING if at.order is None else f"{at.order:.2f}",
        NOTHING if alarms is None else f"{round(alarms.value * alarms.of)} of {alarms.of}",
        *([NOTHING if each.bias is None else percent(each.bias)] if biased else []),
        NOTHING if last is None or last.units is None else f"{number(last.units, 2)} ×",
    ]


def mildest(found: Findings, n: int) -> Section:
    """From which strength on a fault is seen: a line for each metric, a column for each fault."""
    faults = [each for each in found.audit.faults if n not in each.why_not]
    rows = []
    for each in found.metrics:
        rows.append([each.name, *(_from(each.at(n).answer(fault.name)) for fault in faults)])
    columns = [NAME, *(Column(fault.name) for fault in faults)]
    return Section(f"the mildest strength that is seen in {plural(n, 'image')}", columns, rows)


def _from(answer: Answer | None) -> str:
    if answer is None or not answer.strengths:
        return NOTHING
    if answer.seen_from is not None:
        return f"{answer.seen_from:g}"
    return BETTER if answer.strengths[-1].better.value >= SEEN else NO


def of_fault(found: Findings, name: str, n: int) -> Section:
    """Power at every strength of a fault, and the order: a line for each metric."""
    fault = next(each for each in found.audit.faults if each.name == name)
    shown, rows = None, []
    for each in found.metrics:
        answer = each.at(n).answer(name)
        if answer is None or not answer.strengths:
            continue
        shown = shown or [each.strength for each in answer.strengths]
        order = NOTHING if answer.order is None else share_text(answer.order, 2)
        rows.append([each.name, *map(power_text, answer.strengths), order])
    columns = [NAME, *(Column(f"{strength:g}") for strength in shown or []), Column("order")]
    return Section(f"{name}: {fault.meaning} (n = {n:,})", columns, rows)


def power_text(each: Strength) -> str:
    """Power in percent with its interval, and what else happened."""
    more = f", {BETTER}" if each.better.value >= SEEN else ""
    more += f", {each.refused} refused" if each.refused else ""
    low, high = 100 * each.power.low, 100 * each.power.high
    return f"{100 * each.power.value:.0f} % ({low:.0f} to {high:.0f}){more}"


def share_text(each: Share, digits: int) -> str:
    """A share with its interval."""
    return f"{each.value:.{digits}f} ({each.low:.{digits}f} to {each.high:.{digits}f})"


def followed(found: Findings) -> Iterator[Section]:
    """Scores of real images and of a fault as n grows; seconds; memory."""
    name, strength = found.audit.fixed
    heads = [NAME, *(Column(f"n = {n:,}") for n in found.audit.bias_sizes)]

    def table(title: str, text: dict[str, list[str]]) -> Section:
        return Section(title, heads, [[row, *texts] for row, texts in text.items()])

    real, bad, time, memory = {}, {}, {}, {}
    for each in found.metrics:
        by_n = {at.n: at for at in each.followed}
        at_all = [by_n.get(n) for n in found.audit.bias_sizes]
        real[each.name] = [_plus_minus(at.real, at.deviation) if at else NOTHING for at in at_all]
        bad[each.name] = [_number(at.corrupted) if at else NOTHING for at in at_all]
        time[each.name] = [_cost(at.seconds, at.units) if at else NOTHING for at in at_all]
        memory[each.name] = [_memory(at.memory, at.reads) if at else NOTHING for at in at_all]
    yield table("scores of real images as n grows, ± the deviation between sets", real)
    yield table(f"scores of {name} {strength:g} as n grows", bad)
    yield table(
        f"milliseconds for one score; × the product of two {UNIT:,} × {UNIT:,} matrices", time
    )
    yield table("memory for one score; × the features that it reads", memory)


def _plus_minus(value: float | None, deviation: float | None) -> str:
    if value is None:
        return NOTHING
    return number(value, 3) + (f" ± {number(deviation, 2)}" if deviation is not None else "")


def _number(value: float | None) -> str:
    return NOTHING if value is None else number(value, 3)


def _cost(seconds: float | None, units: float | None) -> str:
    if seconds is None or units is None:
        return NOTHING
    return f"{number(1000 * seconds, 2)} ({number(units, 2)} ×)"


def _memory(amount: float | None, reads: int) -> str:
    if amount is None:
        return NOTHING
    return f"{size(amount)} ({number(amount / reads, 2)} ×)"


def meanings(found: Findings, n: int) -> list[tuple[str, str]]:
    """What the strength of each corruption counts, of those that `mildest` has."""
    return [(each.name, each.meaning) for each in found.audit.faults if n not in each.why_not]


def facts(found: Findings) -> list[tuple[str, str]]:
    """The protocol of the audit: what someone needs who makes it again or cites it."""
    audit, sets = found.audit, found.audit.sets
    chance, k = alarm_chance(sets.real_sets), alarm_rank(sets.real_sets)
    worse = "all of them" if k == 1 else f"the {k}-th worst of them"
    data = sets.data
    wild = f"{percent(chance.low)} to {percent(chance.high)}"
    return [
        (
            "images",
            f"{data.name}, {data.size} px, fingerprint {data.fingerprint[:16]}; "
            f"{sets.reference:,} to compare with, of which n are taken; {sets.held_out:,} held out "
            f"for metrics that read such; real sets and corrupted ones are drawn from the same "
            f"{sets.bank:,} others without repeats, those of bias and cost from {sets.clean:,}",
        ),
        (
            "alarm",
            f"{sets.real_sets} sets of real images are scored; a further set is an alarm if it "
            f"scores worse than {worse}. A further set of real images is an alarm with a chance of "
            f"{percent(chance.value)} (with these {sets.real_sets} sets: {wild})",
        ),
        (
            "power",
            f"the share of {sets.repeats} corrupted sets that are alarms, with its "
            f"{LEVEL:.0%} interval over drawing the sets",
        ),
        ("seen", f"in how many strengths of corruptions the power is {percent(SEEN)} or more"),
        (
            "order",
            "the share of pairs of strengths, real images among them, in the right order; 0.5 is "
            "chance; in the first table the mean over the faults whose strongest is seen",
        ),
        (
            "alarms",
            f"in the first table, the alarms among {sets.repeats} more sets of real images",
        ),
        *([("bias", _bias(audit))] if _grows(found) else []),
        (
            "time",
            f"of one score, its features apart; what a metric keeps of real images is there; the "
            f"shortest of {SIZE_REPEATS}; in the first table that of {max(audit.bias_sizes):,} "
            f"images, as a multiple of the product of two {UNIT:,} × {UNIT:,} matrices (float64)",
        ),
        ("seed", f"{sets.seed}; the same seed, images and versions give the same scores"),
        ("versions", ", ".join(f"{name} {version}" for name, version in audit.versions.items())),
        ("machine", "; ".join(f"{name} {text}" for name, text in audit.machine.items())),
    ]


def _bias(audit: Audit) -> str:
    return (
        f"how much worse {min(audit.bias_sizes):,} real images score than "
        f"{max(audit.bias_sizes):,}, as a share of what {audit.fixed[0]} {audit.fixed[1]:g} "
        f"costs; means of {SIZE_REPEATS} sets, as many real images in the reference"
    )


def absences(found: Findings) -> list[str]:
    """What is not here, and why: metrics, faults, and metrics that refuse real images."""
    lines = [f"{name} is not here: {why}" for name, why in found.audit.absent.items()]
    for fault in found.audit.faults:
        lines += [
            f"{fault.name} at n = {n:,} is not here: {why}" for n, why in fault.why_not.items()
        ]
    for each in found.metrics:
        for at in each.sizes:
            if at.why_none:
                lines.append(f"{each.metric.spec.name} at n = {at.n:,}: {at.why_none}")
            else:
                lines += _refusals(each.metric.spec.name, at.n, at.answers)
    return lines


def _refusals(name: str, n: int, answers: Sequence[Answer]) -> Iterator[str]:
    """The reasons of a metric that gave no score for some corrupted sets."""
    reasons = dict[str, list[str]]()
    for each in answers:
        if each.strengths and each.why_not:
            reasons.setdefault(each.why_not, []).append(each.fault.name)
    for why, faults in reasons.items():
        yield f"{name} at n = {n:,} refuses some sets of {', '.join(faults)}: {why}"
