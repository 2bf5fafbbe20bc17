"""The data report: what a set has, what was left out, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from gan_bench.base.escape import plain
from gan_bench.contract.protocol import Sides
from gan_bench.data.reasons import Dropped


@dataclass(frozen=True)
class LeftOut:
    """A file, or an image in one, that is not in the set."""

    name: str
    kind: str  # what such files are counted by: smaller than 64 px
    detail: str = ""  # what was seen of this one: 40 x 15

    @property
    def why(self) -> str:
        """The reason and what was seen: smaller than 64 px: 40 x 15."""
        return f"{self.kind}: {self.detail}" if self.detail else self.kind

    def __str__(self) -> str:
        return f"{self.name}: {self.why}"


@dataclass(frozen=True)
class Pixels:
    """The values of all pixels that are used, 0 to 255."""

    min: int
    mean: float
    max: int


@dataclass(frozen=True)
class Odd:
    """Images that are odd in one way, which the contact sheet shows."""

    title: str  # darkest
    names: tuple[str, ...]
    seen: tuple[str, ...]  # what was measured of each: mean 3.2


@dataclass(frozen=True, kw_only=True)
class DataReport:
    """What `data-report.json` holds. Names are those of the files, below the folder or zip.

    It is no pydantic model because a name may have bytes that are no text.
    """

    name: str
    sides: Sides  # (H, W) in pixels
    channels: int
    train: int
    held_out: int
    dropped: tuple[LeftOut, ...] = ()  # images that cannot be used
    not_used: tuple[LeftOut, ...] = ()  # what was left out on purpose, or is no image
    held_out_names: tuple[str, ...] = ()
    pixels: Pixels | None = None
    notes: tuple[str, ...] = ()  # what a user should know, a sentence each
    counts: Mapping[str, Mapping[str, int]] = field(default_factory=dict)  # folders, modes, ...
    odd: tuple[Odd, ...] = ()  # of each kind the first few

    @property
    def reasons(self) -> dict[str, int]:
        """How many images were dropped for each reason, the most frequent first."""
        return count_kinds(self.dropped)

    def document(self) -> dict[str, Any]:
        """Plain data, as JSON has it."""
        return asdict(self)


def report_of(document: Mapping[str, Any]) -> DataReport:
    """The report that `document` was made of; TypeError or LookupError if it was of none."""
    lists = {
        name: tuple(LeftOut(**each) for each in document[name]) for name in ("dropped", "not_used")
    }
    texts = {name: tuple(document[name]) for name in ("sides", "held_out_names", "notes")}
    pixels = document["pixels"] and Pixels(**document["pixels"])
    odd = tuple(
        Odd(each["title"], tuple(each["names"]), tuple(each["seen"])) for each in document["odd"]
    )
    return DataReport(**{**document, **lists, **texts, "pixels": pixels, "odd": odd})


def left_out(dropped: Iterable[Dropped]) -> tuple[LeftOut, ...]:
    """The dropped images, as the report lists them."""
    return tuple(LeftOut(each.name, each.kind, each.detail) for each in dropped)


def count_kinds(images: Iterable[LeftOut]) -> dict[str, int]:
    """How many there are of each kind, the most frequent first."""
    return dict(Counter(each.kind for each in images).most_common())


def kinds_text(counts: Mapping[str, int]) -> str:
    """The counted kinds as one line: 3 unreadable, 1 empty."""
    return ", ".join(f"{count:,} {plain(kind)}" for kind, count in counts.items())
