"""Cells that were trained by different code are different rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from gan_bench.results.frame import WITHOUT_RECORD

CODE_COLUMNS = ("status", "code", "plugins", "ended")
WITHOUT_SCORES = {*WITHOUT_RECORD, "failed"}
SHORTEST = 4  # hexadecimal digits of a mark


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
