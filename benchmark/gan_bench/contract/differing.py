"""In which fields two protocols differ, and how that is said."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from gan_bench.contract.protocol import MetricSpec, Protocol

DIGEST = 64  # characters of a whole one
SHOWN = 12  # of them; they tell two digests apart
Names = tuple[str, str]  # of the two sides: here and there
HERE_AND_THERE: Names = ("here", "there")
THEN_AND_NOW: Names = ("then", "now")
WORDS = {
    "data.name": "data set",
    "data.fingerprint": "fingerprint of the images",
    "data.shape": "C x H x W",
    "data.train": "training images",
    "data.held_out": "held-out images",
    "evaluation.samples": "generated images",
    "evaluation.tick_samples": "generated images at a tick",
    "evaluation.half": "half of the reference",
}
# What is said by names of metrics and nets, and after all other fields.
OF_METRICS = tuple(f"evaluation.{each}" for each in ("metrics", "gauges", "tick_metric", "digests"))


def differences(protocol: Protocol, other: Protocol) -> dict[str, tuple[Any, Any]]:
    """Field -> its values in the two protocols, for each field in which they differ."""
    here, there = protocol.fields(), other.fields()
    pairs = {name: (here.get(name), there.get(name)) for name in {**here, **there}}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


def in_words(protocol: Protocol, other: Protocol, names: Names = HERE_AND_THERE) -> str:
    """`kimg: 100 here, 200 there; metrics only here: mine`: how two protocols differ.

    What a user chose comes first, metrics by their names, and the digests of weights last.
    """
    pairs = differences(protocol, other)
    ours, theirs = protocol.evaluation, other.evaluation
    parts = [
        *(said(_word(field), pair, names) for field, pair in _chosen(pairs)),
        *_of_metrics("metric", ours.metrics, theirs.metrics, names),
        *_of_metrics("metric at the ticks", [ours.at_ticks], [theirs.at_ticks], names),
        *_of_metrics("gauge", ours.gauges, theirs.gauges, names),
        *_of_weights(ours.digests, theirs.digests, names),
    ]
    return "; ".join(parts or (said(field, pair, names) for field, pair in pairs.items()))


def said(what: str, pair: tuple[Any, Any], names: Names = HERE_AND_THERE) -> str:
    """`batch: 8 here, 9 there`; of two lists, what only one of them has."""
    items = [_items(value) for value in pair]
    if max(map(len, items)) == 1 or set(items[0]) == set(items[1]):
        values = ["nothing" if value is None else value for value in pair]
        shown = [f"{_short(value)} {name}" for value, name in zip(values, names, strict=True)]
        return f"{what}: {', '.join(shown)}"
    return "; ".join(_only(what, items[0], items[1], names))


def _chosen(pairs: Mapping[str, tuple[Any, Any]]) -> list[tuple[str, tuple[Any, Any]]]:
    return [(field, pair) for field, pair in pairs.items() if not field.startswith(OF_METRICS)]


def _word(field: str) -> str:
    return WORDS.get(field, field.rpartition(".")[2])


def _of_metrics(
    what: str, ours: Sequence[MetricSpec], theirs: Sequence[MetricSpec], names: Names
) -> Iterator[str]:
    """Which of them only one side has; and of those that both have, what differs in them."""
    here, there = ({spec.name: spec for spec in specs} for specs in (ours, theirs))
    if [*here] != [*there]:
        plural = f"{what}s" if len(here) > 1 or len(there) > 1 else what
        yield said(plural, (", ".join(here) or None, ", ".join(there) or None), names)
    for name in (name for name in here if name in there):
        mine, yours = (each[name].model_dump(mode="json") for each in (here, there))
        for field in mine:
            if mine[field] != yours.get(field):
                word = f"{field.replace('_', ' ')} of the {what} {name}"
                yield said(word, (mine[field], yours.get(field)), names)


def _of_weights(ours: Mapping[str, str], theirs: Mapping[str, str], names: Names) -> Iterator[str]:
    for net in (net for net in ours if net in theirs):
        if ours[net] != theirs[net]:
            yield said(f"weights of {net}", (ours[net], theirs[net]), names)
    yield from _only("networks read", [*ours], [*theirs], names)


def _only(what: str, ours: Sequence[str], theirs: Sequence[str], names: Names) -> Iterator[str]:
    """`metrics only here: mine`, for each of the two sides."""
    for mine, yours, name in ((ours, theirs, names[0]), (theirs, ours, names[1])):
        if only := [_short(value) for value in mine if value not in yours]:
            yield f"{what} only {name}: {', '.join(only)}"


def _items(value: Any) -> list[Any]:
    if value is None:
        return []
    return value.split(", ") if isinstance(value, str) else [value]


def _short(value: Any) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, list):
        return f"({', '.join(map(_short, value))})"
    text = str(value)
    digest = len(text) == DIGEST and set(text) <= set("0123456789abcdef")
    return text[:SHOWN] if digest else text
