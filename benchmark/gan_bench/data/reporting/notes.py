"""What a user should know of a set before it is trained on, a sentence each."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gan_bench.base import text
from gan_bench.data.choosing.facts import FLAT, Facts
from gan_bench.data.reporting.report import DataReport, copies, count_kinds, kinds_text

DARK, BRIGHT = 64, 191  # half of the images have no pixel above, or below: a wrong depth?
UNEQUAL = 20  # times as many images as the smallest class: that one is hardly learnt
FEW = 5  # images of a class, in the median: then folders are hardly classes


def notes_on(facts: Facts, report: DataReport, too_large: int) -> Iterator[str]:
    """All notes; `too_large` is the number of images in groups of too many that are alike."""
    yield from _on_pixels(facts, report)
    yield from _on_copies(report, too_large)
    yield from _on_files(report)
    yield from _on_classes(report)


def _on_pixels(facts: Facts, report: DataReport) -> Iterator[str]:
    """Of images that are flat, nearly black or nearly white."""
    n = len(facts.mean)
    if flat := int((facts.deviation <= FLAT).sum()):
        yield f"{_are(flat)} one flat colour, of {n:,}"
    if n and np.median(facts.max) < DARK:
        yield f"pixels are {report.pixels}: nearly black; is the depth right?"
    elif n and np.median(facts.min) > BRIGHT:
        yield f"pixels are {report.pixels}: nearly white; is the depth right?"


def _are(count: int) -> str:
    return "1 image is" if count == 1 else f"{count:,} images are"


def _on_copies(report: DataReport, too_large: int) -> Iterator[str]:
    """Of images that are alike, and stay on one side of the split."""
    equal, near = copies(report.equal), copies(report.nearly_equal)
    parts = [f"{_are(equal)} equal to another one"] if equal else []
    if near:
        parts.append(
            f"{near:,} nearly equal" if equal else f"{_are(near)} nearly equal to another one"
        )
    if parts:
        yield (
            f"{' and '.join(parts)}; they stay on one side of the split; --dedupe leaves them out"
        )
    if too_large:
        yield (
            f"{too_large:,} images are linked by nearly equal ones, as the frames of a clip are: "
            "too many to stay on one side; of these only equal images do; see --group-by"
        )


def _on_files(report: DataReport) -> Iterator[str]:
    """Of images that an option left out, and of frames that are not used."""
    if report.not_used:
        yield f"left out: {kinds_text(count_kinds(report.not_used))}"
    if further := report.further:
        frames = "frame or page" if further.frames == 1 else "frames or pages"
        files = text.plural(further.files, "file")
        yield f"{further.frames:,} further {frames} in {files}; --frames all uses them"


def _on_classes(report: DataReport) -> Iterator[str]:
    """Of classes of very unequal numbers, or with hardly any images."""
    counts = report.counts.get("classes")
    if not counts:
        return
    most, least = max(counts, key=counts.__getitem__), min(counts, key=counts.__getitem__)
    if counts[most] >= UNEQUAL * counts[least]:
        few = text.plural(counts[least], "image")
        yield f"classes are very unequal: {most} has {counts[most]:,} images, {least} has {few}"
    median = float(np.median(list(counts.values())))
    if median < FEW:
        each = f"{text.number(median, 2)} in the median"
        yield f"{len(counts):,} classes have few images each, {each}: are these folders classes?"
