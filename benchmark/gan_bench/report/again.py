"""What makes a leaderboard again: the machine, versions and code it came from, and commands."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from gan_bench.base.text import plural
from gan_bench.report.leaderboard import Board
from gan_bench.report.rows import with_record
from gan_bench.results.records import Code
from gan_bench.run.again import SOMEWHERE, Pair, commands

AGAIN = "environment, and commands that make it again"
DIGITS = 12  # of the digest of a plugin's code
MOST = 4  # values that are counted where the cells differ


@dataclass(frozen=True)
class Again:
    """Where the cells ran, and the commands that train them again."""

    facts: list[tuple[str, str]]  # name and text
    commands: list[tuple[str, str]]  # what a command does, and how it is typed
    notes: list[str]


def again(board: Board) -> Again:
    """From the records, and from what `run` was asked for."""
    done = with_record(board.cells)
    facts = [(name, _shared(done[name].tolist())) for name in ("machine", "computed", "versions")]
    facts += [("code", text) for text in _code(done["plugins"].tolist())]
    typed, notes = _training(board)
    typed.append(
        (
            "train every cell again as it was, and compare the scores",
            shlex.join(["gan-bench", "reproduce", str(board.folder)]),
        )
    )
    if board.evaluation:
        notes.append("these train the cells; `gan-bench measure` adds the scores of this table")
    return Again([(name, text) for name, text in facts if text], typed, notes)


def _training(board: Board) -> tuple[list[tuple[str, str]], list[str]]:
    """The commands that train a leaderboard like this one, and what is not known of them."""
    if board.asked is None:
        return [], [
            "the options of gan-bench run are not known: an older version did not write them down"
        ]
    words = commands(_seeds(board), board.asked)
    notes = []
    if board.asked.files:  # a report is given to others, whom one's own folders do not concern
        notes.append(f"write where the files are on your machine in place of {SOMEWHERE}")
    if "--schedule" in board.asked.options:
        notes.append("--schedule needs the file that was given, which the results do not keep")
    return [("train a leaderboard like this one", shlex.join(each)) for each in words], notes


def _seeds(board: Board) -> dict[Pair, int]:
    """How many seeds each architecture with each loss has, from 0 to the highest one."""
    seeds: dict[Pair, int] = {}
    for row in board.trained:
        known = [seed for seed in row.cells["seed"].tolist() if isinstance(seed, int)]
        pair = row.architecture, row.loss
        seeds[pair] = max([seeds.get(pair, 1), *(seed + 1 for seed in known)])
    return dict(sorted(seeds.items()))


def _shared(said: Sequence[Any]) -> str:
    """What all cells say; where they differ, how many: `threads 1 (2 cells), 2 (1 cell)`.

    A cell that failed before it was known says nothing.
    """
    known = [each for each in said if isinstance(each, dict) and each]
    names = {name: None for each in known for name in each}
    return "; ".join(
        f"{name} {_counted([each.get(name, '–') for each in known])}" for name in names
    )


def _counted(values: Sequence[str]) -> str:
    count = Counter(values).most_common()
    if len(count) == 1:
        return values[0]
    shown = [f"{value} ({plural(cells, 'cell')})" for value, cells in count[:MOST]]
    return ", ".join([*shown, *[f"and {len(count) - MOST} more"] * (len(count) > MOST)])


def _code(said: Sequence[Any]) -> Iterator[str]:
    """One line for each code that had a part in the cells: its release, its digest, its offers."""
    offers: dict[str, dict[str, set[str]]] = {}  # release and digest -> kind -> names
    for code in (code for codes in said if isinstance(codes, tuple) for code in codes):
        by_kind = offers.setdefault(_described(code), {})
        for kind, names in code.offers.items():
            by_kind.setdefault(kind, set()).update(names)
    for described, by_kind in offers.items():
        every = "; ".join(f"{kind} {', '.join(sorted(names))}" for kind, names in by_kind.items())
        yield f"{every}: {described}"


def _described(code: Code) -> str:
    release = f"{code.distribution} {code.version}".strip()
    return f"{release}, sha256 {code.sha256[:DIGITS]}{', trains' * code.trains}"
