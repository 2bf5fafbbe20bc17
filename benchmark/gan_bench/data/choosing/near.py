"""Which images are nearly equal: recompressed, resized, brightened, mirrored, or almost the same.

Candidates are neighbours in sorted lists of 64-bit codes, so that the work grows with the number of
images and not with its square. A candidate counts if the thumbnails agree.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gan_bench.data.choosing.facts import CELLS

ALIKE = 0.1  # RMS difference of two thumbnails, as a share of their contrast
CELL_ALIKE = 0.3  # largest difference of one cell, likewise: another mouth is another face
BRIGHTNESS = 16  # grey levels by which the means may differ
LEAST_CONTRAST = 4.0  # grey levels: rounding makes thumbs of less contrast differ
BITS = 64
BITS_APART = 8  # of the codes of two candidates
LISTS, WINDOW = 8, 8  # how many lists, and how many neighbours in each are candidates
CHUNK = 2**15  # images or pairs at once


def near_groups(thumbs: np.ndarray) -> np.ndarray:
    """The group of each image, (n,) int, given thumbs (n, C, 8, 8) uint8.

    Two images are in one group if one is nearly equal to the other or to its mirror image, and
    so are all that are linked by such pairs.
    """
    n, groups = len(thumbs), np.arange(len(thumbs))
    if n < 2:
        return groups
    codes, contrast, mean = _codes(thumbs), _contrast(thumbs), _means(thumbs)
    pairs, seen = [np.empty((0, 2), np.int64)], np.empty(0, np.int64)
    for turn in range(LISTS):
        close = _neighbours(np.roll(codes, -turn * BITS // LISTS, axis=1))
        new = np.setdiff1d(_keys(close, n), seen, assume_unique=True)
        seen = np.concatenate([seen, new])
        one, other, mirrored = new // 2 // n, new // 2 % n, new % 2 == 1
        unsettled = (groups[one] != groups[other]) & (np.abs(mean[one] - mean[other]) <= BRIGHTNESS)
        one, other, mirrored = one[unsettled], other[unsettled], mirrored[unsettled]
        for start in range(0, len(one), CHUNK):
            some = slice(start, start + CHUNK)
            alike = _nearly_equal(thumbs, contrast, one[some], other[some], mirrored[some])
            pairs.append(np.stack([one[some], other[some]], axis=1)[alike])
        groups = linked(n, np.concatenate(pairs))
    return groups


def linked(n: int, pairs: np.ndarray) -> np.ndarray:
    """The group of each of n items, (n,) int, given pairs (m, 2) of items that belong together."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    links = coo_array((np.ones(len(pairs), bool), (pairs[:, 0], pairs[:, 1])), shape=(n, n))
    return np.asarray(connected_components(links, directed=False)[1])


# Candidates
def _codes(thumbs: np.ndarray) -> np.ndarray:
    """(2 n, 64) bool: a code for each image, then one for the mirror image of each.

    A bit says whether a Walsh coefficient is above the median of the set. Of all coefficients those
    are taken that vary most over the set, the most varied first.
    """
    values, squares = 0.0, 0.0
    for part in _coefficients(thumbs):
        values, squares = values + part.sum(0, np.float64), squares + (part**2).sum(0, np.float64)
    spread = squares / len(thumbs) - (values / len(thumbs)) ** 2
    best = np.argsort(-spread, kind="stable")[:BITS]
    chosen = np.concatenate([part[:, best] for part in _coefficients(thumbs)])
    middle = np.median(chosen, axis=0)
    signs = np.where([int(k % CELLS).bit_count() % 2 for k in best], -1, 1).astype(np.float32)
    return np.concatenate([chosen > middle, chosen * signs > middle])


def _coefficients(thumbs: np.ndarray) -> Iterator[np.ndarray]:
    """(m, C x 64) float32, by chunks: Walsh coefficients of brightness and of colour differences.

    They are divided by the contrast. Mirroring an image changes the sign of those whose function
    across has an odd number of ones in its index, and nothing else.
    """
    k = np.arange(CELLS)
    walsh = np.where(np.bitwise_count(k[:, None] & k) % 2, -1, 1).astype(np.float32)
    for start in range(0, len(thumbs), CHUNK):
        part = thumbs[start : start + CHUNK].astype(np.float32)
        part[:, :-1], part[:, -1] = part[:, :-1] - part[:, 1:], part.sum(1)
        part[:, -1] -= part[:, -1].mean((1, 2), keepdims=True)
        spread = part[:, -1].std((1, 2)).clip(LEAST_CONTRAST)
        yield (walsh @ part @ walsh).reshape(len(part), -1) / spread[:, None]


def _neighbours(codes: np.ndarray) -> np.ndarray:
    """(m, 2) candidates, whose codes differ in few bits and are near each other when sorted.

    Row k + n is the mirror image of row k.
    """
    bits = np.ascontiguousarray(np.packbits(codes, axis=1))
    packed = bits.view(">u8")[:, 0].astype(np.uint64)
    order = np.argsort(packed, kind="stable")
    packed = packed[order]
    pairs = []
    for step in range(1, WINDOW + 1):
        apart = np.bitwise_count(packed[step:] ^ packed[:-step])
        (near,) = np.nonzero(apart <= BITS_APART)
        pairs.append(np.stack([order[near], order[near + step]], axis=1))
    return np.concatenate(pairs)


def _keys(pairs: np.ndarray, n: int) -> np.ndarray:
    """Each pair of two images once, as 2 (n one + other) + mirrored, ascending; one < other."""
    images = pairs % n
    mirrored = (pairs < n)[:, 0] != (pairs < n)[:, 1]
    return np.unique(2 * (images.min(1) * n + images.max(1)) + mirrored)


# Verification
def _contrast(thumbs: np.ndarray) -> np.ndarray:
    """(n,) standard deviation of each thumb."""
    parts = (
        thumbs[k : k + CHUNK].reshape(-1, thumbs[0].size) for k in range(0, len(thumbs), CHUNK)
    )
    return np.concatenate([part.std(1) for part in parts]).clip(LEAST_CONTRAST)


def _means(thumbs: np.ndarray) -> np.ndarray:
    """(n,) float64."""
    return np.asarray(thumbs.mean((1, 2, 3)))


def _nearly_equal(
    thumbs: np.ndarray,
    contrast: np.ndarray,
    one: np.ndarray,
    other: np.ndarray,
    mirrored: np.ndarray,
) -> np.ndarray:
    """(m,) bool: whether the thumbs of rows `one` and `other`, or its mirror image, agree."""
    b = thumbs[other]
    b[mirrored] = b[mirrored, ..., ::-1]
    size = thumbs[0].size
    difference = thumbs[one].reshape(-1, size).astype(np.float32)
    difference /= contrast[one, None]
    difference -= b.reshape(-1, size) / contrast[other, None]
    difference -= difference.mean(1, keepdims=True)
    alike = np.einsum("ij,ij->i", difference, difference) <= ALIKE**2 * size
    alike[alike] = np.abs(difference[alike]).max(1) <= CELL_ALIKE
    return np.asarray(alike)
