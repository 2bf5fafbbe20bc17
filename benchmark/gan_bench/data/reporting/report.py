"""The data report: what a set has, what was left out, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from gan_bench.base import text
from gan_bench.base.escape import plain
from gan_bench.contract.protocol import Sides
from gan_bench.data.files.kinds import counted
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

    def __str__(self) -> str:
        return f"{self.min} to {self.max}, mean {text.number(self.mean, 3)}"


@dataclass(frozen=True)
class Odd:
    """Images that are odd in one way, which the contact sheet shows."""

    title: str  # blurriest
    about: str  # what that means: variance of the Laplacian
    names: tuple[str, ...]
    seen: tuple[str, ...]  # what was measured of each: mean 3.2


@dataclass(frozen=True)
class Originals:
    """Sizes of the images before they were resized, (width, height) in pixels."""

    smallest: tuple[int, int]
    median: tuple[int, int]
    largest: tuple[int, int]
    much_cropped: int  # images of which more than a fifth is cut off


@dataclass(frozen=True)
class Further:
    """Frames or pages that are not used because they are not the first of their files."""

    frames: int
    files: int


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
    originals: Originals | None = None
    further: Further | None = None
    repaired: tuple[LeftOut, ...] = ()  # used, although the file is damaged
    equal: tuple[tuple[str, ...], ...] = ()  # names of images that have the same pixels
    nearly_equal: tuple[tuple[str, ...], ...] = ()  # likewise; of equal images only the first
    odd: tuple[Odd, ...] = ()  # of each kind the first few

    @property
    def saw_nothing(self) -> bool:
        """Whether there was no file to say anything of."""
        return not (self.train or self.held_out or self.dropped or self.not_used)

    @property
    def reasons(self) -> dict[str, int]:
        """How many images were dropped for each reason, the most frequent first."""
        return count_kinds(self.dropped)

    def summary(self) -> str:
        """One line: 5,000 images of 6 folders; 12 dropped (12 empty); pixels 0 to 255, mean 131."""
        return "; ".join(self._parts())

    def _parts(self) -> Iterator[str]:
        folders = len(self.counts.get("folders", ()))
        of = f" of {text.plural(folders, 'folder')}" if folders > 1 else ""
        yield text.plural(self.train + self.held_out, "image") + of
        for what, images in (("dropped", self.dropped), ("not used", self.not_used)):
            if images:
                yield f"{len(images):,} {what} ({kinds_text(count_kinds(images))})"
        for word, groups in (("equal", self.equal), ("nearly equal", self.nearly_equal)):
            if count := copies(groups):
                yield f"{count:,} {word} to another"
        if self.pixels:
            yield f"pixels {self.pixels}"

    def document(self) -> dict[str, Any]:
        """Plain data, as JSON has it."""
        return {**asdict(self), "summary": self.summary()}


def report_of(document: Mapping[str, Any]) -> DataReport:
    """The report that `document` was made of; TypeError or LookupError if it was of none."""
    files = {
        name: tuple(LeftOut(**each) for each in document[name])
        for name in ("dropped", "not_used", "repaired")
    }
    texts = {name: tuple(document[name]) for name in ("sides", "held_out_names", "notes")}
    groups = {name: tuple(map(tuple, document[name])) for name in ("equal", "nearly_equal")}
    pixels = document["pixels"] and Pixels(**document["pixels"])
    originals = document["originals"] and Originals(
        **{name: _tuple(value) for name, value in document["originals"].items()}
    )
    further = document["further"] and Further(**document["further"])
    odd = tuple(
        Odd(each["title"], each["about"], tuple(each["names"]), tuple(each["seen"]))
        for each in document["odd"]
    )
    parts = {"pixels": pixels, "originals": originals, "further": further, "odd": odd}
    fields = {name: value for name, value in document.items() if name != "summary"}
    return DataReport(**{**fields, **files, **texts, **groups, **parts})


def _tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def copies(groups: Iterable[Sequence[str]]) -> int:
    """How many images there are beside the first of each group."""
    return sum(len(group) - 1 for group in groups)


def left_out(dropped: Iterable[Dropped]) -> tuple[LeftOut, ...]:
    """The dropped images, as the report lists them."""
    return tuple(LeftOut(each.name, each.kind, each.detail) for each in dropped)


def count_kinds(images: Iterable[LeftOut]) -> dict[str, int]:
    """How many there are of each kind, the most frequent first."""
    return dict(Counter(each.kind for each in images).most_common())


def kinds_text(counts: Mapping[str, int]) -> str:
    """The counted kinds as one line: 3 unreadable, 1 empty."""
    return ", ".join(plain(counted(count, kind)) for kind, count in counts.items())
