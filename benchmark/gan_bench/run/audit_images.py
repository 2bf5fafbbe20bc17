"""What is asked of an audit, and how the images are divided for it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from gan_bench.base import rng
from gan_bench.base.text import plural
from gan_bench.contract.errors import DataError, UsageError
from gan_bench.contract.protocol import Data
from gan_bench.data.cache import Prepared
from gan_bench.measure.graded import Pool
from gan_bench.measure.selftest import Both, labels_of
from gan_bench.results.audits import Sets
from gan_bench.run.request import Request

LEAST = 16  # images of a set
PARTS = 6  # sets of n images need so many times n: a reference, other images, and enough to draw
REFERENCE = 2_048  # images to compare with, at least, if there are so many
DRAWN_FROM = 4  # sets are drawn from so many times n images, real and corrupted ones from the same
FOLLOWED_FROM = 2  # and those whose bias is measured from so many times the largest n
SIZES, BIAS_SIZES = (64, 128), (64, 128, 256, 512, 1024)


@dataclass(frozen=True, kw_only=True)
class AuditRequest:
    """What the user asked of an audit; () where nothing was said."""

    request: Request = field(default_factory=Request)  # data, device, weights, plugins, metrics
    only: bool = False  # the named metrics alone
    every: bool = False  # every installed metric
    faults: tuple[str, ...] = ()
    sizes: tuple[int, ...] = ()
    bias_sizes: tuple[int, ...] = ()
    real_sets: int = 99
    repeats: int = 20
    seed: int = 0


def sizes_of(asked: AuditRequest, data: Data) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """n for power, and n for the bias; UsageError for a number that was typed and is too large."""
    total = data.train + data.held_out
    most = total // PARTS
    if most < LEAST:
        raise DataError(
            f"{data.name} has {plural(total, 'image')}, and an audit needs {PARTS * LEAST}: "
            f"the smallest sets have {LEAST} images, and {PARTS} times as many are needed"
        )
    for option, typed in (("--n", asked.sizes), ("--bias-n", asked.bias_sizes)):
        if typed and max(typed) > most:
            raise UsageError(
                f"{option} {max(typed)}: {data.name} has {plural(total, 'image')}, and sets of n "
                f"images need {PARTS} times as many: the most is {most}"
            )

    def fitting(typed: tuple[int, ...], usual: tuple[int, ...]) -> tuple[int, ...]:
        chosen = typed or [each for each in usual if each <= most] or [most]
        return tuple(sorted(set(chosen)))

    return fitting(asked.sizes, SIZES), fitting(asked.bias_sizes, BIAS_SIZES)


def sizes_left_out(asked: AuditRequest, data: Data) -> list[str]:
    """A note on the usual n that are too large for these images, if no other was asked for."""
    total = data.train + data.held_out
    large = [] if asked.sizes else [n for n in SIZES if n > total // PARTS]
    if not large:
        return []
    which = " or ".join(map(str, large))
    return [
        f"no sets of {which} images: {data.name} has {plural(total, 'image')}, and sets of n "
        f"images need {PARTS} times as many"
    ]


def divided(
    asked: AuditRequest, prepared: Prepared, n: int, bias_n: int, device: str
) -> tuple[Prepared, Pool, Sets]:
    """All images of both splits, divided at random into a reference, held-out ones and others."""
    total = prepared.data.train + prepared.data.held_out
    reference = min(max(REFERENCE, DRAWN_FROM * n, bias_n), total // 3)
    held_out = min(max(n, bias_n), (total - reference) // 3)  # real images that no set has
    others = total - reference - held_out
    bank = min(DRAWN_FROM * n, others, reference)
    clean = min(max(bank, FOLLOWED_FROM * bias_n), others)
    order = rng.rows(asked.seed, "audit-split", total, total)
    images, labels = Both(prepared), labels_of(prepared)
    compared = images[np.sort(order[:reference])]
    rest = order[reference:]
    rest, held = rest[:others], rest[others:]
    pool = Pool(
        reference=compared,
        others=_Rows(images, rest),
        count=others,
        clean=clean,
        bank=bank,
        modes=None if labels is None else labels[rest],
    )
    sets = Sets(
        data=prepared.data,
        seed=asked.seed,
        reference=reference,
        held_out=held_out,
        clean=clean,
        bank=bank,
        real_sets=asked.real_sets,
        repeats=asked.repeats,
        device=device,
    )
    digest = digest_of([prepared.data.fingerprint, asked.seed, reference, held_out])
    data = prepared.data.model_copy(
        update={"fingerprint": digest, "train": reference, "held_out": held_out}
    )
    unseen = images[np.sort(held)]
    return replace(prepared, data=data, train=compared, held_out=unseen, labels={}), pool, sets


@dataclass(frozen=True)
class _Rows:
    """Some rows of both splits, in an order of their own; they are read in that of the file."""

    images: Both
    order: np.ndarray

    def __getitem__(self, rows: np.ndarray) -> np.ndarray:
        wanted = self.order[rows]
        ascending, back = np.unique(wanted, return_inverse=True)
        return np.asarray(self.images[ascending][back])


def digest_of(parts: Sequence[object]) -> str:
    """SHA-256 of a JSON document."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
