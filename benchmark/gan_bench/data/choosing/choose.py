"""Which of the decoded images become the set, and which of them are held out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from gan_bench.base import text
from gan_bench.contract.protocol import Preparation
from gan_bench.data.choosing.alike import Alike, alike_in, groups_by_name, together
from gan_bench.data.choosing.facts import Facts, luma
from gan_bench.data.choosing.labels import class_labels
from gan_bench.data.choosing.split import HOLD_OUT, NEEDED, held_out
from gan_bench.data.gather import Gathered
from gan_bench.data.reporting.notes import notes_on
from gan_bench.data.reporting.origins import (
    counts_of,
    further_in,
    name_of,
    originals_of,
    repaired_in,
)
from gan_bench.data.reporting.report import (
    DataReport,
    LeftOut,
    Pixels,
    count_kinds,
    kinds_text,
    left_out,
)
from gan_bench.data.stream import CHUNK_BYTES, SPLITS, images_at_once


@dataclass(frozen=True)
class Chosen:
    """The images of each split, as rows of what was gathered."""

    gathered: Gathered
    rows: Mapping[str, np.ndarray]  # split -> (n,) int64, ascending
    channels: int
    report: DataReport
    labels: Mapping[str, np.ndarray] = field(default_factory=dict)  # split -> (n,) int64
    not_used: Mapping[int, LeftOut] = field(default_factory=dict)  # row -> why: an option
    refusal: str | None = None  # why these images cannot be trained on

    def chunks(self, split: str) -> Iterator[np.ndarray]:
        """The images of a split, (n, C, H, W) uint8."""
        pixels, rows = self.gathered.pixels, self.rows[split]
        step = images_at_once(CHUNK_BYTES, pixels[0].size)
        for start in range(0, len(rows), step):
            some = pixels[rows[start : start + step]]
            yield luma(some) if self.channels == 1 else some


def choose(gathered: Gathered, preparation: Preparation, name: str) -> Chosen:
    """Apply the options, keep like images on one side, and hold out a tenth."""
    names = [name_of(origin) for origin in gathered.origins]
    not_used = _by_option(gathered, preparation, names)
    kept = np.array([k for k in range(len(names)) if k not in not_used], np.int64)
    alike = alike_in(gathered.facts.at(kept))
    if preparation.dedupe:
        copies = alike.copies([names[k] for k in kept])
        not_used.update({int(kept[k]): why for k, why in copies.items()})
        first = np.array([k for k in range(len(kept)) if k not in copies], np.int64)
        kept, alike = kept[first], alike.at(first)
    facts, used = gathered.facts.at(kept), [names[k] for k in kept]
    held, refusal = _held_out(facts, alike, used, preparation)
    rows = dict(zip(SPLITS, (kept[~held], kept[held]), strict=True))
    labelled = class_labels(used)
    origins, sides = [gathered.origins[k] for k in kept], gathered.pixels.shape[2:]
    report = DataReport(
        name=name,
        sides=sides,
        channels=_channels(facts, preparation, gathered.pixels.shape[1]),
        train=len(rows["train"]),
        held_out=len(rows["held_out"]),
        dropped=left_out(gathered.dropped),
        not_used=tuple(not_used[k] for k in sorted(not_used)),
        held_out_names=tuple(names[k] for k in rows["held_out"]),
        pixels=pixels_of(facts),
        counts=counts_of(origins, labelled),
        originals=originals_of(origins, sides),
        further=further_in(gathered.origins) if preparation.frames == "first" else None,
        repaired=repaired_in(origins),
        equal=alike.equal_groups(used),
        nearly_equal=alike.near_groups(used),
    )
    notes = (*gathered.notes, *notes_on(facts, report, alike.too_large))
    return Chosen(
        gathered,
        rows,
        report.channels,
        replace(report, notes=notes),
        _labels(labelled, held),
        not_used,
        refusal or _too_few(len(kept), not_used),
    )


def pixels_of(facts: Facts) -> Pixels | None:
    """The range of all pixels; None of no image."""
    if not len(facts.mean):
        return None
    return Pixels(int(facts.min.min()), round(float(facts.mean.mean()), 2), int(facts.max.max()))


# Options
def _by_option(
    gathered: Gathered, preparation: Preparation, names: Sequence[str]
) -> dict[int, LeftOut]:
    """The rows that --min-size and --blurry leave out, and why."""
    left: dict[int, LeftOut] = {}
    if (least := preparation.min_size) is not None:
        kind = f"short side below {least:,} px"
        for k, origin in enumerate(gathered.origins):
            if min(origin.width, origin.height) < least:
                left[k] = LeftOut(names[k], kind, f"{origin.width} x {origin.height}")
    if (limit := preparation.blurry) is not None:
        sharpness = gathered.facts.sharpness
        kind = f"blurry: the Laplacian varies by less than {text.number(limit)}"
        for k in map(int, np.flatnonzero(sharpness < limit)):
            left.setdefault(k, LeftOut(names[k], kind, text.number(float(sharpness[k]))))
    return left


def _channels(facts: Facts, preparation: Preparation, gathered: int) -> int:
    """One if asked for, or if every image is grey and transparency is not asked for."""
    all_grey = bool(len(facts.grey) and facts.grey.all())
    return 1 if preparation.grey or (all_grey and not preparation.alpha) else gathered


# The split
def _held_out(
    facts: Facts, alike: Alike, names: Sequence[str], preparation: Preparation
) -> tuple[np.ndarray, str | None]:
    """Whether each image is held out, (n,) bool, and why these images cannot be split."""
    n, rule = len(names), preparation.group_by
    if n < HOLD_OUT:
        return np.zeros(n, bool), None
    by_name = groups_by_name(names, rule)
    for likeness in (alike.near, alike.equal):  # nearly equal images may link all groups
        groups = together(likeness, by_name)
        held = held_out(groups, facts.digest)
        if held.any():
            return held, None
    sizes = np.bincount(groups)
    different = len(np.unique(alike.equal))
    no_group = f"--group-by {rule} leaves nothing to hold out, so leave it out"
    if different == 1:
        why = f"all {n:,} images are equal: a GAN needs different ones; look at the files"
    elif by_name is None:
        why = f"of the {n:,} images only {different} are different: too few to hold one out"
    elif len(sizes) == 1:
        why = f"{no_group}: all {n:,} images are one group"
    else:
        least = f"the smallest has {sizes.min():,} of the {n:,} images"
        why = f"{no_group}: of {len(sizes)} groups, {least}"
    return held, why


def _too_few(left: int, not_used: Mapping[int, LeftOut]) -> str | None:
    """Why nothing is trained if the options leave out nearly all images."""
    if not not_used or left >= HOLD_OUT:
        return None
    kinds = kinds_text(count_kinds(not_used.values()))
    return (
        f"{left} of {text.plural(left + len(not_used), 'image')} are left, and {NEEDED}; "
        f"left out: {kinds}"
    )


def _labels(
    labelled: tuple[tuple[str, ...], np.ndarray] | None, held: np.ndarray
) -> dict[str, np.ndarray]:
    if labelled is None:
        return {}
    _, labels = labelled
    return dict(zip(SPLITS, (labels[~held], labels[held]), strict=True))
