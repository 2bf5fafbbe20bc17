"""In which fields two protocols differ, and how that is said."""

from __future__ import annotations

from typing import Any

from gan_bench.contract.protocol import Protocol

DIGEST = 64  # characters of a whole one
SHOWN = 12  # of them; they tell two digests apart


def differences(protocol: Protocol, other: Protocol) -> dict[str, tuple[Any, Any]]:
    """Field -> its values in the two protocols, for each field in which they differ."""
    here, there = protocol.fields(), other.fields()
    pairs = {name: (here.get(name), there.get(name)) for name in {**here, **there}}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


def said(field: str, pair: tuple[Any, Any], names: tuple[str, str] = ("here", "there")) -> str:
    """`schedule.kimg: 100.0 here, 200.0 there`; of two lists, what only one of them has."""
    items = [_items(value) for value in pair]
    if max(map(len, items)) == 1 or set(items[0]) == set(items[1]):
        values = ["nothing" if value is None else value for value in pair]
        shown = [f"{_short(value)} {name}" for value, name in zip(values, names, strict=True)]
        return f"{field}: {', '.join(shown)}"
    only = [
        f"only {name} {_listed(mine, theirs)}"
        for mine, theirs, name in zip(items, items[::-1], names, strict=True)
        if set(mine) - set(theirs)
    ]
    return f"{field}: {'; '.join(only)}"


def _listed(mine: list[Any], theirs: list[Any]) -> str:
    return ", ".join(_short(value) for value in mine if value not in theirs)


def _items(value: Any) -> list[Any]:
    if value is None:
        return []
    return value.split(", ") if isinstance(value, str) else [value]


def _short(value: Any) -> str:
    text = str(value)
    digest = len(text) == DIGEST and set(text) <= set("0123456789abcdef")
    return text[:SHOWN] if digest else text
