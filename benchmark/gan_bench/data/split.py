"""Which images are held out, decided by the content of each group of like images."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np

HOLD_OUT = 10  # one image in ten, or as near to it as the groups allow


def held_out(groups: Sequence[int] | np.ndarray, digests: Sequence[bytes]) -> np.ndarray:
    """(n,) bool: whether each image is held out, the images of a group all alike.

    The group whose least digest, hashed, comes first is held out first, until a tenth of the
    images is. Neither names nor order of the files move an image to the other side.
    """
    members: dict[int, list[int]] = {}
    for k, group in enumerate(groups):
        members.setdefault(int(group), []).append(k)
    ranked = sorted(
        members.values(),
        key=lambda rows: hashlib.sha256(min(digests[k] for k in rows)).digest(),
    )
    wanted = len(digests) // HOLD_OUT
    chosen = np.zeros(len(digests), bool)
    for rows in ranked:
        if len(rows) <= wanted:
            chosen[rows] = True
            wanted -= len(rows)
    return chosen
