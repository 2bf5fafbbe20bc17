"""Which images are held out, decided by the content of each group of like images."""

from __future__ import annotations

import hashlib

import numpy as np

HOLD_OUT = 10  # one image in ten, or as near to it as the groups allow
NEEDED = f"{HOLD_OUT} or more are needed"  # images: of fewer, none could be held out
MOST_HELD_OUT = 4  # one in four, if groups are large


def held_out(groups: np.ndarray, digests: np.ndarray) -> np.ndarray:
    """Whether each image is held out, (n,) bool; none is if the groups are too large.

    groups is (n,) int, and images of one group stay together. digests is (n, 32) uint8. The groups
    are ranked by a hash of their least digest, and held out in this order until a tenth of the
    images is. So neither names nor the order of files matter, and another image moves few others.
    """
    ranked, sizes, numbers = _ranked(groups, digests)
    n, wanted = len(groups), len(groups) // HOLD_OUT
    chosen, left = np.zeros(len(sizes), bool), wanted
    for group in ranked:
        if not left:
            break
        if sizes[group] <= left:
            chosen[group] = True
            left -= sizes[group]
    if left > wanted / 2:  # most groups are larger than a tenth
        others = [group for group in ranked if not chosen[group]]
        smallest = min(others, key=lambda group: int(sizes[group]), default=None)
        if smallest is not None and wanted - left + sizes[smallest] <= n / MOST_HELD_OUT:
            chosen[smallest] = True
    return np.asarray(chosen[numbers])


def _ranked(groups: np.ndarray, digests: np.ndarray) -> tuple[list[int], np.ndarray, np.ndarray]:
    """The groups as 0 to k - 1 in an order that depends on their content only.

    Also the size of each, (k,) int, and the group of each image, (n,) int.
    """
    _, numbers, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    names = np.ascontiguousarray(digests).view(f"S{digests.shape[1]}")[:, 0]
    order = np.lexsort((names, numbers))
    least = digests[order[np.cumsum(sizes) - sizes]]
    keys = [hashlib.sha256(row.data).digest() for row in least]
    return sorted(range(len(sizes)), key=keys.__getitem__), sizes, numbers
