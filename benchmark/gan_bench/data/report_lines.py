"""The data report as people read it: a title and a text for each line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from gan_bench.base import text
from gan_bench.data.report import DataReport, LeftOut, count_kinds

NAMED = 5  # files of a kind that are named
COUNTED = 12  # values of a count, such as folders, that are named
COLOURS = {1: "grey", 3: "RGB", 4: "RGB and transparency"}

Line = tuple[str, str]


def colours(channels: int) -> str:
    """What an image of so many channels is made of: grey, RGB, RGB and transparency."""
    return COLOURS.get(channels) or text.plural(channels, "channel")


def pixels_text(report: DataReport) -> str:
    """The range of the pixels: 0 to 255, mean 176.4."""
    pixels = report.pixels
    return f"{pixels.min} to {pixels.max}, mean {pixels.mean:.1f}" if pixels else "none"


def report_lines(report: DataReport) -> list[Line]:
    """What a set has, what was left out and why; what a user should know first comes first."""
    images = report.train + report.held_out
    what = f"{text.sides(*report.sides)} px, {colours(report.channels)}"
    return [
        ("data", f"{report.name}: {text.plural(images, 'image')}, {what}"),
        *(("note", note) for note in report.notes),
        ("split", f"{report.train:,} for training, {report.held_out:,} held out"),
        ("pixels", pixels_text(report)),
        *((title, _counts(counts)) for title, counts in report.counts.items() if counts),
        *_left_out("dropped", report.dropped),
        *_left_out("not used", report.not_used),
        *((_short(kind.title), _with(kind.names[0], kind.seen[0])) for kind in report.odd),
    ]


def _counts(counts: Mapping[str, int]) -> str:
    """The most frequent values with their numbers: RGB 4,990, L 10."""
    ranked = sorted(counts.items(), key=lambda item: -item[1])
    parts = [f"{value} {count:,}" for value, count in ranked[:COUNTED]]
    more = len(ranked) - COUNTED
    return ", ".join([*parts, *([f"and {more:,} more"] if more > 0 else [])])


def _left_out(title: str, files: Sequence[LeftOut]) -> Iterator[Line]:
    """A line with their number, and one for each kind with the first names."""
    yield title, text.plural(len(files), "file") if files else "nothing"
    for kind, count in count_kinds(files).items():
        of_kind = [each for each in files if each.kind == kind]
        names = [f"{each.name} ({each.detail})" if each.detail else each.name for each in of_kind]
        more = [f"and {count - NAMED:,} more"] if count > NAMED else []
        yield "", f"{count:,} {kind}: {', '.join([*names[:NAMED], *more])}"


def _short(title: str) -> str:
    """A title without what it is measured by."""
    return title.partition(",")[0]


def _with(name: str, seen: str) -> str:
    return f"{name}, {seen}" if seen else name
