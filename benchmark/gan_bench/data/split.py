"""Which images are held out, decided by the content of each group of like images."""

from __future__ import annotations

import hashlib

import numpy as np

HOLD_OUT = 10  # one image in ten, or as near to it as the groups allow
MOST_HELD_OUT = 4  # one in four, if groups are large


def held_out(groups: np.ndarray, digests: np.ndarray) -> np.ndarray:
    """Whether each image is held out, (n,) bool; none is if the groups are too large.

    groups is (n,) int, and images of one group stay together. digests is (n, 32) uint8. The groups
    are ranked by a hash of their least digest, and held out in this order until a tenth of the
    images is. So neither names nor the order of files matter, and another image moves few others.
    """
    members = _ranked(groups, digests)
    n, wanted = len(groups), len(groups) // HOLD_OUT
    chosen, left = np.zeros(n, bool), wanted
    for rows in members:
        if len(rows) <= left:
            chosen[rows] = True
            left -= len(rows)
        if not left:
            break
    if left > wanted / 2:  # most groups are larger than a tenth
        others = [rows for rows in members if not chosen[rows[0]]]
        smallest = min(others, key=len, default=())
        if len(others) > 1 and chosen.sum() + len(smallest) <= n / MOST_HELD_OUT:
            chosen[smallest] = True
    return chosen


def _ranked(groups: np.ndarray, digests: np.ndarray) -> list[np.ndarray]:
    """The rows of each group, the groups in an order that depends on their content only."""
    if not len(groups):
        return []
    names = np.ascontiguousarray(digests).view(f"S{digests.shape[1]}")[:, 0]
    order = np.lexsort((names, groups))
    starts = np.flatnonzero(np.diff(groups[order], prepend=groups[order[0]] - 1))
    members = np.split(order, starts[1:])
    return sorted(members, key=lambda rows: hashlib.sha256(digests[rows[0]].tobytes()).digest())
