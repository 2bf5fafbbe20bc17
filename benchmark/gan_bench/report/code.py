"""Cells that were trained by different code are different rows; what differs is said below."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np

from gan_bench.base.text import plural
from gan_bench.results.frame import WITHOUT_RECORD
from gan_bench.results.records import Code

if TYPE_CHECKING:
    from gan_bench.report.rows import Row

CODE_COLUMNS = ("status", "code", "plugins", "ended")
WITHOUT_SCORES = {*WITHOUT_RECORD, "failed"}
SHORTEST = 4  # hexadecimal digits of a mark
MOST_NAMED = 6  # files, or seeds, that a note names


def by_code(
    architecture: str, loss: str, columns: dict[str, np.ndarray]
) -> Iterator[tuple[str, tuple[str, str], np.ndarray]]:
    """Code, labels and places of each row among the cells of one architecture and one loss.

    `columns` holds CODE_COLUMNS of these cells. Cells whose code was never recorded are a row of
    their own, but one without scores belongs to the newest code: it has nothing to be mixed up.
    """
    codes = [code or "" for code in columns["code"]]
    newest = _newest(codes, columns["ended"])
    for k, status in enumerate(columns["status"]):
        if status in WITHOUT_SCORES:
            codes[k] = codes[k] or newest
    different = list(dict.fromkeys(codes))
    by_loss = len(different) > 1 and _only_the_loss(columns["plugins"])
    for code in different:
        mark = f" ({mark_of(code, different)})" if len(different) > 1 else ""
        labels = (architecture, loss + mark) if by_loss else (architecture + mark, loss)
        yield code, labels, np.flatnonzero([each == code for each in codes])


def _newest(codes: Sequence[str], ended: Iterable[object]) -> str:
    known = [(str(end or ""), code) for code, end in zip(codes, ended, strict=True) if code]
    return max(known, key=lambda each: each[0])[1] if known else ""


def mark_of(code: str, others: Iterable[str]) -> str:
    """`code 3f2a`: as few digits as tell this code from the others."""
    if not code:
        return "code unknown"
    digits = SHORTEST
    while any(code != each and each.startswith(code[:digits]) for each in others):
        digits += 1
    return f"code {code[:digits]}"


def _only_the_loss(plugins: Iterable[object]) -> bool:
    """Whether the cells differ in plugins that offer the loss, and not the architecture."""
    digests: dict[str, set[str]] = {}
    for codes in plugins:
        for code in codes if isinstance(codes, tuple) else ():
            if code.trains:
                digests.setdefault(" ".join(code.offers), set()).add(code.sha256)
    differing = [kinds for kinds, several in digests.items() if len(several) > 1]
    return bool(differing) and not any("architecture" in kinds for kinds in differing)


def rows_of_other_code(rows: Sequence[Row]) -> Iterator[str]:
    """Which rows differ in their code alone, and in which files."""
    ordered = sorted(rows, key=_pair)
    for (architecture, loss), group in groupby(ordered, _pair):
        same = list(group)
        if len(same) > 1:
            known = [_plugins(row) for row in same if row.code]
            files = _differing([_files(each) for each in known])
            sentences = [
                f"{architecture} / {loss} is {plural(len(same), 'row')}, one for each code: "
                + "; ".join(_described(row, same) for row in same),
                *([f"Different: {_listed(files)}"] if files else []),
                *(["An older version recorded no code"] if len(known) < len(same) else []),
            ]
            yield ". ".join(sentences)


def measured_by_other_code(rows: Sequence[Row]) -> Iterator[str]:
    """What measured, fed or started the cells by code that is not the same in all of them."""
    versions: dict[str, dict[str, Code]] = {}  # offers -> digest -> code
    for row in rows:
        for codes in row.done["plugins"]:
            for code in codes:
                if not code.trains:
                    versions.setdefault(_offers(code), {}).setdefault(code.sha256, code)
    for offers, several in versions.items():
        if len(several) > 1:
            files = _listed(_differing([code.files for code in several.values()]))
            differ = f" (different: {files})" if files else ""
            yield (
                f"not all cells were run with the same code of {offers}{differ}: "
                "where this changes a score, their scores cannot be compared"
            )


def _pair(row: Row) -> tuple[str, str]:
    return row.architecture, row.loss


def _described(row: Row, same: Sequence[Row]) -> str:
    """Mark and seeds of a row, and which release of a plugin it has that others do not have."""
    digests = [{each.sha256 for each in _plugins(other) if each.trains} for other in same]
    common = set[str].intersection(*digests)
    makers = {
        f"{each.distribution} {each.version}"
        for each in _plugins(row)
        if each.trains and each.sha256 not in common
    }
    seeds = row.cells["seed"].tolist()
    few = f"{'seed' if len(seeds) == 1 else 'seeds'} {', '.join(map(str, seeds))}"
    count = few if len(seeds) <= MOST_NAMED else plural(len(seeds), "seed")
    mark = mark_of(row.code, [each.code for each in same])
    return " of ".join([f"{mark}, {count}", *([" and ".join(sorted(makers))] if makers else [])])


def _plugins(row: Row) -> tuple[Code, ...]:
    """The plugins of its first cell that has them on record."""
    cells = (codes for codes in row.cells["plugins"] if isinstance(codes, tuple) and codes)
    return next(cells, ())


def _files(code: Iterable[Code]) -> dict[str, str]:
    """File name -> digest of what trains; two files of one name have two digests there."""
    files: dict[str, str] = {}
    for each in code:
        for name, digest in each.files.items() if each.trains else ():
            files[name] = " ".join([*filter(None, [files.get(name)]), digest])
    return files


def _differing(versions: Sequence[dict[str, str]]) -> list[str]:
    """The files that are not the same in all versions."""
    names = sorted({name for files in versions for name in files})
    return [name for name in names if len({files.get(name) for files in versions}) > 1]


def _listed(files: Sequence[str]) -> str:
    more = len(files) - MOST_NAMED
    shown = ", ".join(files[:MOST_NAMED])
    return f"{shown} and {plural(more, 'more file')}" if more > 0 else shown


def _offers(code: Code) -> str:
    return ", ".join(f"the {kind} {', '.join(names)}" for kind, names in code.offers.items())
