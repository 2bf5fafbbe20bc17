"""Which images stay on one side of the split: equal ones, nearly equal ones, those of one name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from posixpath import splitext
from typing import Literal

import numpy as np

from gan_bench.data.choosing.facts import Facts
from gan_bench.data.choosing.near import linked, near_groups
from gan_bench.data.reporting.report import LeftOut

LARGE = 10  # a group of more than one image in ten, and of more than ten images, is too large
EQUAL, NEARLY_EQUAL = "equal to another image", "nearly equal to another image"
SEPARATED = re.compile(r"(.*)[-_. ]", re.DOTALL)  # up to the last separator
NUMBERED = re.compile(r"(.*\D)\d+\D*", re.DOTALL)  # up to the last number


@dataclass(frozen=True)
class Alike:
    """The images by what they look like, (n,) int each: images of one number are alike."""

    equal: np.ndarray  # have the same pixels
    near: np.ndarray  # ... or are linked by pairs that are nearly equal
    too_large: int = 0  # images in nearly equal groups that were too large and are split up

    def at(self, rows: np.ndarray) -> Alike:
        """The same of some of the images."""
        return Alike(self.equal[rows], self.near[rows], self.too_large)

    def copies(self, names: Sequence[str]) -> dict[int, LeftOut]:
        """All images but the first of each group, and which one they are like."""
        first = _first_of_each(self.near)
        same = _first_of_each(self.equal)
        rows = np.arange(len(first))
        return {
            int(k): LeftOut(names[k], EQUAL, names[same[k]])
            if same[k] != k
            else LeftOut(names[k], NEARLY_EQUAL, names[first[k]])
            for k in rows[first != rows]
        }

    def equal_groups(self, names: Sequence[str]) -> tuple[tuple[str, ...], ...]:
        """The names in each group of equal images."""
        return tuple(tuple(names[k] for k in rows) for rows in _groups_of(self.equal))

    def near_groups(self, names: Sequence[str]) -> tuple[tuple[str, ...], ...]:
        """The names in each group of nearly equal images; of equal images only the first."""
        (different,) = np.nonzero(_first_of_each(self.equal) == np.arange(len(self.equal)))
        groups = _groups_of(self.near[different])
        return tuple(tuple(names[k] for k in different[rows]) for rows in groups)


def alike_in(facts: Facts) -> Alike:
    """Compare all images. Neither their names nor their order matter."""
    digests = np.ascontiguousarray(facts.digest).view(f"S{facts.digest.shape[1]}")[:, 0]
    _, first, equal = np.unique(digests, return_index=True, return_inverse=True)
    near = near_groups(facts.thumb[first])[equal]
    different = np.bincount(near[first], minlength=len(first))[near]
    images = np.bincount(near, minlength=len(first))[near]
    large = (different > 1) & (images > max(len(near) / LARGE, LARGE))
    near = np.where(large, len(first) + equal, near)
    return Alike(equal, near, int(large.sum()))


def groups_by_name(
    names: Iterable[str], rule: Literal["folder", "name-prefix"] | None
) -> np.ndarray | None:
    """(n,) int: images of one folder, or of one folder and one prefix, have the same number."""
    if rule is None:
        return None
    numbers: dict[tuple[str, str], int] = {}
    keys = (_key(name, rule) for name in names)
    return np.array([numbers.setdefault(key, len(numbers)) for key in keys], np.int64)


def _key(name: str, rule: str) -> tuple[str, str]:
    folder, _, file = name.rpartition("/")
    return folder, "" if rule == "folder" else name_prefix(splitext(file)[0])


def name_prefix(stem: str) -> str:
    """What the names of a clip or person have in common.

    A name without its ending, up to its last separator (- _ . or a space); if it has none, up to
    its last number: person01_pose3 is of person01, clip-0001 of clip, shot3frame12 of shot3frame.
    A number alone, as 0001, has no prefix.
    """
    matched = SEPARATED.match(stem) or NUMBERED.fullmatch(stem)
    return matched[1] if matched else "" if stem.isdigit() else stem


def together(*groupings: np.ndarray | None) -> np.ndarray:
    """(n,) int: images that are together in any of the groupings have the same number."""
    known = [each for each in groupings if each is not None]
    n = len(known[0])
    pairs = [np.stack([np.arange(n), _first_of_each(each)], axis=1) for each in known]
    return linked(n, np.concatenate(pairs))


def _first_of_each(groups: np.ndarray) -> np.ndarray:
    """(n,) int: for each image, the first one of its group."""
    _, first, inverse = np.unique(groups, return_index=True, return_inverse=True)
    return np.asarray(first[inverse])


def _groups_of(groups: np.ndarray) -> list[np.ndarray]:
    """The rows of each group of two or more, in order of the first."""
    _, first, sizes = np.unique(groups, return_index=True, return_counts=True)
    order, stops = np.argsort(groups, kind="stable"), np.cumsum(sizes)
    several = np.flatnonzero(sizes > 1)
    several = several[np.argsort(first[several])]
    return [order[stops[k] - sizes[k] : stops[k]] for k in several]
