"""What a terminal shows of a run, drawn from the states of its cells: nothing is read here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path

from rich.console import Group
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from gan_bench.base.escape import plain
from gan_bench.base.sparkline import sparkline
from gan_bench.base.text import number, plural
from gan_bench.contract.protocol import Protocol
from gan_bench.results.layout import label_of
from gan_bench.results.records import Status
from gan_bench.run.states import State
from gan_bench.run.time_left import TimeLeft

# The worst first; collapsed and degraded cells have scores, the first two have none
COLOURS: dict[Status, str] = {
    "failed": "bold red",
    "diverged": "magenta",
    "collapsed": "red",
    "degraded": "yellow",
    "finished": "green",
}
MOST_LINES = 4  # of the view, for each cell at work, where there is room
BELOW = 2  # lines about the whole run
SPARKLINE, SHORT_SPARKLINE = 16, 8  # columns
LEAST_LABEL = 16  # columns: a column is left out before the labels get shorter
# Columns left free behind the cursor: a terminal echoes ^C there, and a new line that it began
# would make the view erase itself one line too low.
ECHOES = 6
Name = Callable[[Path], str]


@dataclass(frozen=True)
class Shown:
    """All that is shown of a run."""

    protocol: Protocol
    states: Sequence[State]
    left: TimeLeft
    energy: str | None = None
    blocks: bool = True  # whether the terminal can print the blocks of a sparkline
    name: Name = label_of  # of a cell


def view(shown: Shown, width: int, height: int) -> Group:
    """The cells at work in as much detail as fits, then two lines about the whole run.

    Up to four lines a cell; else one line a cell; else one line for the cells of each pair of
    architecture and loss, or of each architecture.
    """
    working = [state for state in shown.states if state.at_work]
    room = max(1, height - 2 - BELOW)  # the cursor stands below, and nothing may scroll
    lines = _lines_of_cells(shown, working, width, room)
    if not working:
        done = all(state.is_done for state in shown.states)
        lines = [Text("no cell is left" if done else "waiting for a cell to start", style="dim")]
    return Group(*lines, _done_line(shown, width), _bar(shown, width))


def plain_lines(shown: Shown) -> list[str]:
    """One line about the whole run, and one about each cell at work."""
    whole = [_done_text(shown).plain, str(shown.left), *filter(None, [shown.energy])]
    lines = [", ".join(whole)]
    for state in shown.states:
        if state.at_work:
            important, more = _items(state, shown)
            items = ", ".join(item.plain for item in [*important, *more])
            lines.append(f"{shown.name(state.folder)}: {items}")
    return lines


def verdict_text(status: Status, kimg: float | None) -> Text:
    """`collapsed at 3.6 kimg`, in the colour of the status."""
    when = "" if kimg is None else f" at {number(kimg, 6)} kimg"
    return Text(f"{status}{when}", COLOURS[status])


# Cells at work


def _lines_of_cells(shown: Shown, working: Sequence[State], width: int, room: int) -> list[Text]:
    for most in range(MOST_LINES, 1, -1):
        cells = [_cell_lines(state, shown, width, most) for state in working[: room + 1]]
        lines = [line for lines in cells for line in lines]
        if all(cells) and len(lines) <= room:
            return lines
    if room < 3:  # a terminal of six lines or fewer
        kimg = _range((state.kimg for state in working), _kimg)
        return [Text(f"{plural(len(working), 'cell')} at work, {kimg} kimg")]
    for depth in (3, 2, 1):  # folders below that of the protocol: cell, pair, architecture
        groups = _groups(shown, working, depth)
        if len(groups) <= room:
            return _table(groups, shown, width)[-room:]  # the heading only if there is room
    groups, rest = groups[: room - 2], groups[room - 2 :]
    more = sum(len(states) for _, states in rest)
    return [*_table(groups, shown, width), Text(f"and {plural(more, 'more cell')} at work")]


def _cell_lines(state: State, shown: Shown, width: int, most: int) -> list[Text]:
    """The label, and what is known of the cell; [] if the score needs more lines than `most`."""
    lines = [Text(_shortened(plain(shown.name(state.folder)), width))]
    important, more = _items(state, shown)
    for item in [*important, *more]:
        if lines[-1].cell_len + 2 + item.cell_len <= width:
            lines[-1].append("  ").append(item)
        elif len(lines) < most:
            lines.append(Text("  ").append(item))
        elif item in important:
            return []
        else:
            break
    for line in lines:
        line.truncate(width, overflow="ellipsis")
    return lines


def _items(state: State, shown: Shown) -> tuple[list[Text], list[Text]]:
    """What is known of a cell at work: how far it is, its verdict and its score; and the rest."""
    of = f"{shown.protocol.schedule.kimg:g} kimg"
    important = [Text(f"{state.phase} {_kimg(state.kimg)} of {of}")]
    if state.verdict:
        important.append(verdict_text(state.verdict, state.verdict_kimg))
    if any(map(isfinite, state.scores)):
        important.append(_score(state, shown))
    losses = {"D": state.loss_d, "G": state.loss_g}
    known = [f"{name} {number(loss, 3)}" for name, loss in losses.items() if loss is not None]
    more = [Text(f"loss {', '.join(known)}")] if known else []
    if state.images_per_second is not None:
        more.append(Text(f"{number(state.images_per_second, 3)} images/s"))
    return important, more


def _score(state: State, shown: Shown) -> Text:
    """`▇▅▃▁ 45.25 fd-eye ↓`: the name comes last, because a narrow terminal cuts it."""
    metric = shown.protocol.evaluation.at_ticks
    curve = sparkline(state.scores, SPARKLINE) if shown.blocks else ""
    value = "?" if state.score is None else number(state.score)
    arrow = f" {metric.arrow}" if shown.blocks else ""
    text = Text(f"{curve} " if curve else "", "cyan")
    return text.append(f"{value} {plain(metric.name)}{arrow}", "default")


# One line for each cell, or for several cells


Labelled = tuple[str, Sequence[State]]


def _groups(shown: Shown, states: Sequence[State], depth: int) -> list[Labelled]:
    """The cells one by one, or by the first so many parts of their label."""
    groups: dict[str, list[State]] = {}
    for state in states:
        parts = state.folder.parts[-3:][:depth]
        label = shown.name(state.folder) if depth == 3 else " / ".join(parts)
        groups.setdefault(label, []).append(state)
    return list(groups.items())


def _table(groups: Sequence[Labelled], shown: Shown, width: int) -> list[Text]:
    """A heading and one line for each group: label, kimg, sparkline, score, verdict."""
    metric = shown.protocol.evaluation.at_ticks
    labels = [_group_label(label, states) for label, states in groups]
    columns = {
        "kimg": [Text(_range((s.kimg for s in states), _kimg)) for _, states in groups],
        "curve": [_group_curve(states, shown) for _, states in groups],
        "score": [Text(_range((s.score for s in states), number)) for _, states in groups],
        "verdict": [_group_verdict(states) for _, states in groups],
    }
    widths = {name: max(text.cell_len for text in texts) for name, texts in columns.items()}
    for name in ("curve", "score"):
        if width - sum(w + 1 for w in widths.values() if w) < LEAST_LABEL:
            widths[name] = 0
    others = sum(wide + 1 for name, wide in widths.items() if wide and name != "verdict")
    widths["verdict"] = min(widths["verdict"], max(0, width - others - LEAST_LABEL - 1))
    widths = {name: wide for name, wide in widths.items() if wide}
    for_label = max(1, width - sum(wide + 1 for wide in widths.values()))
    for_label = min(for_label, max(map(len, labels)))
    names = [f"of {shown.protocol.schedule.kimg:g} kimg", f"{plain(metric.name)} {metric.arrow}"]
    heading = Text(f"{plural(sum(len(s) for _, s in groups), 'cell')} at work: ", "dim")
    lines = [heading.append(", ".join(names))]
    for k, label in enumerate(labels):
        line = Text(f"{_shortened(label, for_label):<{for_label}}")
        for name, wide in widths.items():
            cell = columns[name][k]
            cell.align("right" if name in ("kimg", "score") else "left", wide)
            line.append(" ").append(cell)
        line.rstrip()
        lines.append(line)
    for line in lines:
        line.truncate(width, overflow="ellipsis")
    return lines


def _group_label(label: str, states: Sequence[State]) -> str:
    alone = len(label.split(" / ")) == 3
    return plain(label) if alone else f"{plain(label)}: {len(states)}"


def _group_curve(states: Sequence[State], shown: Shown) -> Text:
    one = states[0] if len(states) == 1 else None
    return Text(sparkline(one.scores, SHORT_SPARKLINE) if one and shown.blocks else "", "cyan")


def _group_verdict(states: Sequence[State]) -> Text:
    """`collapsed at 3.6`, or of several cells `2 collapsed, 1 degraded`."""
    if len(states) == 1:
        verdict, kimg = states[0].verdict, states[0].verdict_kimg
        when = "" if kimg is None else f" at {number(kimg, 6)}"
        return Text(f"{verdict}{when}", COLOURS[verdict]) if verdict else Text("")
    return _counted(Counter(state.verdict for state in states if state.verdict))


def _counted(counts: Counter[Status]) -> Text:
    parts = [Text(f"{counts[s]} {s}", COLOURS[s]) for s in COLOURS if counts[s]]
    return Text(", ").join(parts)


def _kimg(kimg: float) -> str:
    """With one decimal, or with two digits where that would be 0.0."""
    return f"{kimg:.1f}" if kimg >= 0.05 or kimg == 0 else number(kimg, 2)


def _range(values: Iterable[float | None], to_text: Callable[[float], str]) -> str:
    """`45.25`, or `45.25-80` for values that differ; "" if there is none."""
    known = [value for value in values if value is not None]
    ends = dict.fromkeys(map(to_text, (min(known), max(known)))) if known else ()
    return "-".join(ends)


def _shortened(label: str, width: int) -> str:
    """The label without its spaces, and without its middle, where it is too long."""
    if len(label) > width:
        label = label.replace(" / ", "/")
    if len(label) <= width or width < 3:
        return label[:width]
    end = min(width - 2, max(width // 2, len(label) - label.rfind("/")))
    return f"{label[: width - 1 - end]}…{label[len(label) - end :]}"


# The whole run


def _done_text(shown: Shown) -> Text:
    """`12 of 30 done: 1 failed, 2 collapsed, 9 finished`."""
    counts = Counter[Status](s.ended.record.status for s in shown.states if s.ended)
    unreadable = sum(state.phase == "unreadable" for state in shown.states)
    done = sum(state.is_done for state in shown.states)
    text = Text(f"{done:,} of {len(shown.states):,} done")
    parts = [_counted(counts)] if counts else []
    if unreadable:
        parts.insert(0, Text(f"{unreadable} unreadable", COLOURS["failed"]))
    return text.append(": ").append(Text(", ").join(parts)) if parts else text


def _done_line(shown: Shown, width: int) -> Text:
    line = _done_text(shown)
    if shown.energy and line.cell_len + 2 + len(shown.energy) <= width:
        line.append(f"  {shown.energy}", "dim")
    line.truncate(width, overflow="ellipsis")
    return line


def _bar(shown: Shown, width: int) -> Table:
    whole = Table.grid(padding=(0, 1))
    whole.width = max(1, width - ECHOES)
    whole.add_column(ratio=1)
    whole.add_column(no_wrap=True)
    kimg = shown.protocol.schedule.kimg
    finished = sum(1.0 if state.is_done else min(1.0, state.kimg / kimg) for state in shown.states)
    total = max(1, len(shown.states))
    bar = ProgressBar(total=total, completed=finished, complete_style="green")
    whole.add_row(bar, Text(str(shown.left)))
    return whole
