"""Rows of markdown tables on standard output."""

from __future__ import annotations


def print_row(*cells: object) -> None:
    """One row, at once."""
    print("|", " | ".join(map(str, cells)), "|", flush=True)


def print_head(*cells: str, words: int = 1) -> None:
    """A new table; its first `words` columns hold words, the others numbers."""
    print()
    print_row(*cells)
    print_row(*["---"] * words, *["---:"] * (len(cells) - words))
