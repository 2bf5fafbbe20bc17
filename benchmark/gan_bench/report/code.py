"""What is said of rows whose cells were trained, measured or started by different code."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from gan_bench.base.text import plural
from gan_bench.report.by_code import mark_of
from gan_bench.report.rows import Row
from gan_bench.results.records import Code

MOST_NAMED = 6  # files, or seeds, that a note names


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
