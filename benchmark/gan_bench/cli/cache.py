"""`gan-bench cache`: list the prepared data sets, and remove those that are no longer needed."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import rich_click as click

from gan_bench.base import text
from gan_bench.base.escape import plain
from gan_bench.cli import options
from gan_bench.cli.output import emit, say
from gan_bench.cli.values import Number

if TYPE_CHECKING:
    from gan_bench.data.stored import Stored

SCHEMA = 1
REMOVE = "What to remove"
UNITS = {"": 1, **{unit[0]: 1000**k for k, unit in enumerate(text.UNITS) if k}}


class Bytes(click.ParamType[float]):
    """An amount such as 500MB, 2 GB or 1.5G; without a unit it is in bytes."""

    name = "bytes"

    def convert(self, value: Any, param: Any, ctx: Any) -> Any:  # noqa: D102
        amount = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([kmgt]?)b?", str(value).strip(), re.IGNORECASE)
        if not amount:
            self.fail(f"{value!r} is no amount: give 500MB, 2GB or a number of bytes", param, ctx)
        unit = amount[2].lower() if amount[2].lower() == "k" else amount[2].upper()
        return float(amount[1]) * UNITS[unit]


@click.command(
    epilog=options.examples("gan-bench cache", "gan-bench cache --older-than 30 --keep-under 5GB")
)
@click.argument(
    "names",
    nargs=-1,
    metavar="[NAME]...",
    panel=REMOVE,
    help="Remove the data sets of these names.",
)
@click.option(
    "--older-than",
    type=Number(0),
    metavar="DAYS",
    panel=REMOVE,
    help="Remove what was not used for so many days.",
)
@click.option(
    "--keep-under",
    type=Bytes(),
    metavar="SIZE",
    panel=REMOVE,
    help="Remove what was not used for longest, until the rest is smaller than this, such as 5GB.",
)
@click.option(
    "--all",
    "everything",
    is_flag=True,
    panel=REMOVE,
    help="Remove all prepared sets, and the features of real images.",
)
@options.as_json("Print one JSON document.")
@options.DEBUG
@options.HELP
def cache(
    names: tuple[str, ...],
    older_than: float | None,
    keep_under: float | None,
    everything: bool,
    as_json: bool,
) -> None:
    """List the prepared data sets in the cache, and remove what you name.

    Without a name or an option nothing is removed. What is removed is made again when a run
    needs it. A set that a run is using stays.
    """
    from gan_bench.data.stored import beyond, named, remove_features, stored_sets

    sets = stored_sets()
    chosen = {*named(sets, names), *(sets if everything else ())}
    if older_than is not None:
        chosen |= {each for each in sets if each.days > older_than}
    if keep_under is not None:
        chosen |= {*beyond([each for each in sets if each not in chosen], keep_under)}
    outcomes = {each: _outcome(each, each in chosen) for each in sets}
    features = remove_features() if everything else 0
    (_print_json if as_json else _print_lines)(sets, outcomes)
    if features and not as_json:
        say(f"removed features: {text.size(features)}")


def _outcome(each: Stored, chosen: bool) -> str:
    """What becomes of a set: kept, removed or in use."""
    if chosen and each.remove():
        return "removed"
    return "in use" if each.in_use else "kept"


def _print_lines(sets: Sequence[Stored], outcomes: dict[Stored, str]) -> None:
    from gan_bench.base.home import cache_dir
    from gan_bench.data.stored import other_bytes

    rows = [(*_cells(each), outcomes[each].replace("kept", "")) for each in sets]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        emit("  ".join(cells).rstrip() + "\n")
    removed = [each for each in sets if outcomes[each] == "removed"]
    left = sum(each.bytes for each in sets if each not in removed)
    count = text.plural(len(sets) - len(removed), "prepared set")
    emit(f"{count} in {cache_dir()}: {text.size(left)}\n")
    others = ", ".join(f"{plain(name)} {text.size(size)}" for name, size in other_bytes().items())
    if others:
        emit(f"also there: {others}\n")
    if removed:
        say(f"removed {text.plural(len(removed), 'set')}: {text.size(_total(removed))}")


def _cells(each: Stored) -> tuple[str, ...]:
    days = text.plural(int(each.days), "day")
    age = f"{days if each.days >= 2 else text.duration(each.days * 86_400)} ago"
    if each.data is None:
        state = "in the making" if each.in_the_making else "damaged"
        return plain(each.name), "", state, text.size(each.bytes), age, ""
    images = text.plural(each.data.train + each.data.held_out, "image")
    size = text.size(each.bytes)
    return each.name, f"{each.data.size} px", images, size, age, plain(each.root or "")


def _total(sets: Sequence[Stored]) -> int:
    return sum(each.bytes for each in sets)


def _print_json(sets: Sequence[Stored], outcomes: dict[Stored, str]) -> None:
    from gan_bench.data.stored import other_bytes

    document = {
        "schema": SCHEMA,
        "sets": [{**_fields(each), "status": outcomes[each]} for each in sets],
        "other": other_bytes(),
    }
    emit(json.dumps(document, indent=2) + "\n")


def _fields(each: Stored) -> dict[str, Any]:
    data = each.data
    return {
        "name": each.name,
        "damaged": data is None and not each.in_the_making,
        "shape": data.shape if data else None,
        "train": data.train if data else None,
        "held_out": data.held_out if data else None,
        "fingerprint": data.fingerprint if data else None,
        "bytes": each.bytes,
        "used": text.moment(each.used),
        "folder": str(each.folder),
        "root": each.root,
    }
