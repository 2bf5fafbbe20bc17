"""The data report as people read it: a title and a text for each line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from gan_bench.base import text
from gan_bench.data.files.kinds import counted
from gan_bench.data.reporting.report import DataReport, LeftOut, Odd, Originals, count_kinds

NAMED = 5  # files of a kind that are named
FIRST = 2  # images of each odd kind
FEW = 2000  # images: D overfits to fewer of FFHQ first (Karras et al. 2020, 2006.06676, figure 1)
COUNTED = 12  # values of a count, such as folders, that are named
COLOURS = {1: "grey", 3: "RGB", 4: "RGB and transparency"}

Line = tuple[str, str]


def colours(channels: int) -> str:
    """What an image of so many channels is made of: grey, RGB, RGB and transparency."""
    return COLOURS.get(channels) or text.plural(channels, "channel")


def report_lines(report: DataReport) -> list[Line]:
    """What a set has, what was left out and why; what a user should know first comes first."""
    images = report.train + report.held_out
    what = f"{text.sides(*report.sides)} px, {colours(report.channels)}"
    return [
        ("data", f"{report.name}: {text.plural(images, 'image')}, {what}"),
        *(("note", note) for note in (*report.notes, *_few(images))),
        ("split", f"{report.train:,} for training, {report.held_out:,} held out"),
        ("pixels", str(report.pixels or "none")),
        *((title, _counts(counts)) for title, counts in report.counts.items() if counts),
        *((("originals", _originals(report.originals)),) if report.originals else ()),
        *_left_out("dropped", report.dropped),
        *_left_out("not used", report.not_used),
        *(_left_out("repaired", report.repaired) if report.repaired else ()),
        *((kind.title, _first_of(kind)) for kind in report.odd),
    ]


def _few(images: int) -> Iterator[str]:
    """What to expect of a small set, if it is one."""
    if 0 < images < FEW:
        yield (
            f"{text.plural(images, 'image')}: with so few, D soon knows them by heart; `gan-bench "
            "run --augment NAME` helps, and some metrics need more images"
        )


def _counts(counts: Mapping[str, int]) -> str:
    """The most frequent values with their numbers: RGB 4,990, L 10."""
    ranked = sorted(counts.items(), key=lambda item: -item[1])
    parts = [f"{value} {count:,}" for value, count in ranked[:COUNTED]]
    more = len(ranked) - COUNTED
    return ", ".join([*parts, *([f"and {more:,} more"] if more > 0 else [])])


def _originals(sizes: Originals) -> str:
    """Sizes before the images were resized: 90 x 90 to 400 x 300, median 200 x 200."""
    smallest, median, largest = (
        f"{width} x {height}" for width, height in (sizes.smallest, sizes.median, sizes.largest)
    )
    if sizes.smallest == sizes.largest:
        return smallest
    cropped = f"; {sizes.much_cropped:,} lose more than a fifth to the crop"
    return f"{smallest} to {largest}, median {median}{cropped if sizes.much_cropped else ''}"


def _left_out(title: str, files: Sequence[LeftOut]) -> Iterator[Line]:
    """A line with their number, and one for each kind with the first names."""
    yield title, text.plural(len(files), "file") if files else "nothing"
    for kind, count in count_kinds(files).items():
        of_kind = [each for each in files if each.kind == kind]
        names = [f"{each.name} ({each.detail})" if each.detail else each.name for each in of_kind]
        more = [f"and {count - NAMED:,} more"] if count > NAMED else []
        yield "", f"{counted(count, kind)}: {', '.join([*names[:NAMED], *more])}"


def _first_of(kind: Odd) -> str:
    """The first images with what was seen: a.png (mean 3), b.png (mean 4)."""
    pairs = list(zip(kind.names, kind.seen, strict=True))[:FIRST]
    return ", ".join(f"{name} ({seen})" if seen else name for name, seen in pairs)
