"""The scale of a protocol: sets of known quality, measured as the rows of its table are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from gan_bench.contract.offers import Features
from gan_bench.contract.protocol import Data, Evaluation, Split
from gan_bench.data.cache import Prepared
from gan_bench.data.stream import Progress
from gan_bench.measure.corruptions import one_colour, only_noise
from gan_bench.measure.evaluator import Evaluator, reference_rows, spaced
from gan_bench.measure.features import Arrays
from gan_bench.results.scale import BAD_SETS, REAL, Scale, Scored

BAD = 512  # images of a bad set, or `tick_samples` if that is more: they need no precision


@dataclass(frozen=True)
class OtherReal:
    """Real images that are not in the reference, in an order drawn by a fixed seed."""

    images: np.ndarray  # (M, C, H, W) uint8
    held_out: np.ndarray  # (M,) bool: no training has seen the image


def measure_scale(
    evaluator: Evaluator, prepared: Prepared, progress: Progress = lambda *_: None
) -> Scale:
    """Score other real images, as many as a cell's, and sets that are surely bad."""
    evaluation = evaluator.protocol.evaluation
    real = None
    if (other := other_real(prepared, evaluation)) is not None:
        progress(f"measuring {REAL}", 0, 0)
        features = _features(evaluator, other.images)
        real = _scored(evaluator, features, other.held_out, with_errors=True)
    bad = {}
    count = bad_count(evaluation)
    for name, images in _bad_sets(prepared, count):
        progress(f"measuring {name}", 0, 0)
        features = {net: _fill(rows, count) for net, rows in _features(evaluator, images).items()}
        bad[name] = _scored(evaluator, features, np.ones(count, bool), with_errors=False)
    why = None if real else too_few(prepared.data, evaluation)
    return Scale(real=real, why_no_real=why, bad=bad, warnings=_warnings(evaluator))


def _warnings(evaluator: Evaluator) -> tuple[str, ...]:
    """What the networks that the metrics read say of themselves."""
    nets = evaluator.protocol.evaluation.digests
    found = (evaluator.catalogue.find(Features, net).warning for net in nets)
    return tuple(each for each in found if each)


def bad_count(evaluation: Evaluation) -> int:
    """How many images a bad set has."""
    return max(evaluation.tick_samples, min(BAD, evaluation.samples))


def other_real(prepared: Prepared, evaluation: Evaluation) -> OtherReal | None:
    """As many real images outside the reference as samples: held-out ones first, then others.

    They are evenly spread over their split, and shuffled, because a generator's images have no
    order either: ticks and standard errors read parts of them. None if there are too few.
    """
    n = evaluation.samples
    free_held_out, free_train = (_free(prepared.data, evaluation, s) for s in ("held-out", "train"))
    if len(free_held_out) + len(free_train) < n:
        return None
    unseen = free_held_out[spaced(len(free_held_out), n)]
    seen = free_train[spaced(len(free_train), n - len(unseen))]
    images = np.concatenate([prepared.held_out[unseen], prepared.train[seen]])
    order = np.random.default_rng(0).permutation(n)
    return OtherReal(images[order], order < len(unseen))


def too_few(data: Data, evaluation: Evaluation) -> str:
    """Why there are no other real images to measure, and how many samples would leave some."""
    outside = sum(len(_free(data, evaluation, split)) for split in ("held-out", "train"))
    return (
        f"{evaluation.samples:,} other real images are needed, and {data.name} has {outside:,} "
        f"outside the reference: --samples {(data.train + data.held_out) // 2} leaves enough"
    )


def _free(data: Data, evaluation: Evaluation, split: Split) -> np.ndarray:
    """The rows of the split that are not in the reference."""
    rows = np.arange(data.images(split))
    if split != evaluation.reference:
        return rows
    return np.setdiff1d(rows, reference_rows(evaluation, len(rows)))


def _bad_sets(prepared: Prepared, count: int) -> Iterator[tuple[str, np.ndarray]]:
    """Names and images; one image stands for a set of which all are the same."""
    shape = prepared.data.shape
    sets = only_noise((count, *shape)), one_colour((1, *shape)), prepared.train[:1]
    yield from zip(BAD_SETS, sets, strict=True)


def _fill(rows: np.ndarray, count: int) -> np.ndarray:
    """(1 or count, F) -> (count, F)."""
    return np.broadcast_to(rows, (count, rows.shape[1])).copy()


def _features(evaluator: Evaluator, images: np.ndarray) -> Arrays:
    evaluation = evaluator.protocol.evaluation
    return evaluator.features(images, (*evaluation.metrics, *evaluation.watched))


def _scored(
    evaluator: Evaluator, features: Arrays, held_out: np.ndarray, with_errors: bool
) -> Scored:
    """The scores at the end and at a tick.

    Metrics that look for copies of training images read those images only that no training saw.
    """
    evaluation = evaluator.protocol.evaluation
    copied = [spec for spec in evaluation.metrics if evaluator.metric(spec).reads_train]
    others = [spec for spec in evaluation.metrics if spec not in copied]
    scores = evaluator.measure_features(others, features, with_errors).scores
    if copied and held_out.any():
        unseen = {net: rows[held_out] for net, rows in features.items()}
        scores |= evaluator.measure_features(copied, unseen, with_errors=False).scores
    first = {net: rows[: evaluation.tick_samples] for net, rows in features.items()}
    watched = [
        spec
        for spec in evaluation.watched
        if spec.features in first and not evaluator.metric(spec).reads_train
    ]
    return Scored(scores=scores, tick=evaluator.values(watched, first))
