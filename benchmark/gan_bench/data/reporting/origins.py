"""What the data report says of the files that a set was made of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from posixpath import splitext

import numpy as np

from gan_bench.contract.protocol import Sides
from gan_bench.data.decoding.decode import Origin
from gan_bench.data.reporting.report import Further, LeftOut, Originals

CUT = 0.2  # share of an image: if the centre crop cuts off more, the image is much cropped


def name_of(origin: Origin) -> str:
    """The name of an image: that of its file, with the frame if it is not the first."""
    return f"{origin.name}, frame {origin.frame + 1}" if origin.frame else origin.name


def counts_of(
    origins: Sequence[Origin], labelled: tuple[tuple[str, ...], np.ndarray] | None
) -> dict[str, dict[str, int]]:
    """How many images each folder, ending, mode and class has."""
    counts: dict[str, Counter[str]] = {
        "folders": Counter(origin.name.rpartition("/")[0] or "." for origin in origins),
        "endings": Counter(splitext(origin.name)[1][1:].lower() or "none" for origin in origins),
        "modes": Counter(origin.mode for origin in origins),
    }
    if labelled:
        classes, labels = labelled
        counts["classes"] = Counter(classes[label] for label in labels)
    return {what: dict(count.most_common()) for what, count in counts.items()}


def originals_of(origins: Sequence[Origin], sides: Sides) -> Originals | None:
    """Sizes before the images were resized, and how many lose much when made (H, W)."""
    if not origins:
        return None
    shapes = [(origin.width, origin.height) for origin in origins]
    by_area = sorted(shapes, key=lambda shape: (shape[0] * shape[1], shape))
    wanted = sides[1] / sides[0]
    kept = [min(width / height / wanted, wanted * height / width) for width, height in shapes]
    return Originals(
        smallest=by_area[0],
        median=by_area[len(by_area) // 2],
        largest=by_area[-1],
        much_cropped=sum(share < 1 - CUT for share in kept),
    )


def further_in(origins: Sequence[Origin]) -> Further | None:
    """The frames that follow the first in each file."""
    files = [origin.frames - 1 for origin in origins if origin.frames > 1]
    return Further(sum(files), len(files)) if files else None


def repaired_in(origins: Sequence[Origin]) -> tuple[LeftOut, ...]:
    """The images of damaged files whose pixels are whole."""
    return tuple(LeftOut(name_of(each), each.repaired) for each in origins if each.repaired)
