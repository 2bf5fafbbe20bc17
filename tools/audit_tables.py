"""What the cog blocks of docs/audit.md print, from docs/audit.json."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import fmean, stdev
from typing import get_args

from gan_bench.base.text import number
from gan_bench.contract.offers import Fault
from gan_bench.measure.selftest import short

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "plugins"))
import audited
from audited import SAMPLES, SEEN, Audit, read
from corrupted_faces import AUDITED, MILDEST

COLUMNS = 8  # metrics in a table, at most
LARGE = 1_000  # deviations: how much larger a z is says nothing


def tables(n: int = SAMPLES) -> str:
    """z of every corruption by every metric, a table for each net."""
    audits = read()[str(n)]
    return _framed("\n\n".join(_table(names, audits) for names in _groups(audits)))


def _groups(audits: dict[str, Audit]) -> Iterator[list[str]]:
    """The names of the metrics of each net, in parts that fit a page."""
    for net in sorted({audit.features for audit in audits.values()}):
        names = [name for name, audit in audits.items() if audit.features == net]
        count = -(-len(names) // COLUMNS)
        size = -(-len(names) // count)
        yield from (names[k : k + size] for k in range(0, len(names), size))


def _table(names: list[str], audits: dict[str, Audit]) -> str:
    chosen = [audits[name] for name in names]
    return _rows(
        [f"on {chosen[0].features}", *(f"`{name}`" for name in names)],
        ["---", *["---:"] * len(names)],
        ["real sets: mean", *(number(fmean(audit.real), 3) for audit in chosen)],
        ["their deviation", *(number(stdev(audit.real), 2) for audit in chosen)],
        *([each.name, *(_z(audit, each.name) for audit in chosen)] for each in AUDITED),
    )


def _z(audit: Audit, name: str) -> str:
    """Bold where it stands out, in either direction."""
    if audit.scores[name] is None:
        return "refused"
    z = audit.z(name)
    if abs(z) > LARGE:
        shown = f">{LARGE:,}" if z > 0 else f"<-{LARGE:,}"
    else:
        shown = f"{z:.0f}" if abs(z) >= 10 else f"{z:.1f}".replace("-0.0", "0.0")
    return f"**{shown}**" if abs(z) >= SEEN else shown


def seen() -> str:
    """Which metric sees which fault, by the rule."""
    audits, faults = read(), get_args(Fault)
    return _framed(
        _rows(
            ["metric", *(f"{fault}, from *{MILDEST[fault]}* on" for fault in faults)],
            ["---", *[":-:"] * len(faults)],
            *(
                [f"`{name}`", *("×" * (fault in audited.seen(audits, name)) for fault in faults)]
                for name in audits[str(SAMPLES)]
            ),
        )
    )


def scores(*names: str) -> str:
    """The scores of the corruptions with these names, or of all, by every metric."""
    chosen = names or tuple(each.name for each in AUDITED)
    return _framed(
        _rows(
            ["", "other real images", *chosen],
            ["---", *["---:"] * (len(chosen) + 1)],
            *(
                [f"`{name}`", number(fmean(audit.real), 3), *(_score(audit, of) for of in chosen)]
                for name, audit in read()[str(SAMPLES)].items()
            ),
        )
    )


def _score(audit: Audit, name: str) -> str:
    score = audit.scores[name]
    return "refused" if score is None else short(score)


def _rows(*rows: list[str]) -> str:
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _framed(text: str) -> str:
    """Between empty lines: markdown is read after the comment that cog leaves."""
    return f"\n{text}\n\n"
