"""Checks of what takes part in measuring: data sets, features nets, metrics.

`gan-bench doctor` goes further with metrics: it measures real images with known faults.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np
from scipy.ndimage import gaussian_filter

from gan_bench.base.text import number, plural
from gan_bench.catalogue import Catalogue
from gan_bench.contract.errors import DataError, NotHere, Unscorable, UsageError
from gan_bench.contract.evidence import Evidence
from gan_bench.contract.offers import Dataset, Features, Images, Metric, Samples
from gan_bench.measure import corruptions
from gan_bench.measure.evidence import checked
from gan_bench.measure.features import Extract, extract_all
from gan_bench.run.machine import Check, outcome

COUNT = 128  # images of every set
SIDE = 32
SOME = 64  # rows of a data set that are read
WANTED = "give (N, C, H, W) uint8 with 1 to 4 channels, the same at every load"
AGREES = 0.02  # of a feature's deviation: more than another order of summation explains
CLASSES = 4


def blobs(count: int, seed: int, channels: int = 3) -> np.ndarray:
    """Smooth random images (count, C, SIDE, SIDE) uint8: the real images of these checks."""
    coarse = np.random.default_rng(seed).random((count, channels, 4, 4))
    fine = gaussian_filter(coarse.repeat(SIDE // 4, 2).repeat(SIDE // 4, 3), (0, 0, 3, 3))
    return np.asarray(255 * fine).astype(np.uint8)


def check_features(net: Features, *_: object) -> Iterator[Check]:
    """Shape, range, and the same features of an image whatever else is in the batch."""
    try:
        digest = net.digest(None)
        extract = net.load("cpu", None)
    except NotHere as reason:
        yield Check(name="weights", status="not here", detail=str(reason))
        return
    yield outcome(
        "digest",
        digest == net.digest(None) and len(digest) == 64,
        f"sha256 {digest[:12]}, the same twice",
        "return the SHA-256 of the weights in hexadecimal digits",
    )
    for channels in (3, 1):
        images = blobs(8, 0, channels)
        yield batch_check(f"{channels} x {SIDE} x {SIDE}", net, extract, images, "cpu")
    if net.modes is not None:
        names = net.modes(extract_all(extract, blobs(8, 0), "cpu"))
        right = names.shape == (8,) and np.issubdtype(names.dtype, np.integer)
        yield outcome(
            "names of modes", right, f"gives {names.shape} {names.dtype}", "give (N,) int64"
        )


def batch_check(
    name: str,
    net: Features,
    extract: Extract,
    images: np.ndarray,
    device: str,
    digest: str | None = None,
) -> Check:
    """Whether it gives an image the same features whatever else is in the batch.

    images are (N, C, H, W) uint8, N > 3; the digest of the weights is shown if it is given.
    """
    together = extract_all(extract, images, device)
    parts = (images[:3], images[3:])
    apart = np.concatenate([extract_all(extract, part, device) for part in parts])
    values = {"sha256": digest} if digest else {}
    if together.ndim != 2 or len(together) != len(images):
        detail = f"gives {together.shape} for {plural(len(images), 'image')}"
        return outcome(name, False, detail, "give (N, F)", **values)
    gap = float(abs(together - apart).max() / max(float(together.std()), 1e-12))
    right = math.isfinite(gap) and gap <= AGREES
    details = [plural(together.shape[1], "feature")]
    if digest:
        details.append(f"sha256 {digest[:12]}")
    detail = ", ".join(details)
    if not right:
        detail += (
            "; the same image has other features in another batch: "
            f"they differ by {number(gap, 2)} deviations"
        )
    return outcome(
        name,
        right,
        detail,
        f"do not measure with {net.name} on {device}",
        **values,
        features=together.shape[1],
        batch_gap=gap if math.isfinite(gap) else None,
    )


def check_metric(metric: Metric, catalogue: Catalogue, *_: object) -> Iterator[Check]:
    """Finite scores, the same twice. Whether it sees what it claims, `doctor` tests."""
    try:
        real, other, noise = (_features(metric, catalogue, images) for images in _sets())
    except NotHere as reason:
        yield Check(name="features", status="not here", detail=str(reason))
        return
    for name, fake in (("real images", other), ("noise", noise)):
        samples = _samples(metric, real, fake)
        try:
            score = float(metric.compute(samples))
        except Unscorable as refusal:
            yield Check(name=name, status="ok", detail=f"refused: {refusal}")
            continue
        again = float(metric.compute(_samples(metric, real, fake)))
        same = score == again or not math.isfinite(score)
        detail = f"{number(score)}" + ("" if same else f", and {number(again)} the second time")
        todo = "draw from no random state" if math.isfinite(score) else "give a finite number"
        yield outcome(name, math.isfinite(score) and same, detail, todo)
    if metric.influence is not None:
        terms = metric.influence(_samples(metric, real, other)).fake
        right = terms.shape == (len(other),) and bool(np.isfinite(terms).all())
        detail = f"{plural(len(terms), 'term')}, mean {number(float(terms.mean()), 2)}"
        yield outcome("influence", right, detail, "give (M,) finite terms whose mean is 0")
    if metric.evidence is not None:
        yield _evidence_check(metric.evidence, _samples(metric, real, other))
    if metric.sees:
        faults = "what it claims" if callable(metric.sees) else ", ".join(metric.sees)
        detail = f"gan-bench doctor tests whether it sees {faults} on real images"
        yield Check(name="sees", status="ok", detail=detail)


def _evidence_check(evidence: Callable[[Samples], Evidence], samples: Samples) -> Check:
    """Whether what the metric shows can be drawn."""
    try:
        shown = checked(evidence(samples), len(samples.fake), len(samples.real))
    except Unscorable as refusal:
        return Check(name="evidence", status="ok", detail=f"refused: {refusal}")
    except UsageError as fault:
        return outcome("evidence", False, str(fault), "name images by their row numbers")
    return Check(name="evidence", status="ok", detail=shown.says)


def _sets() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    noise = corruptions.only_noise((COUNT, 3, SIDE, SIDE))
    return blobs(COUNT, 0), blobs(COUNT, 1), noise


def _features(metric: Metric, catalogue: Catalogue, images: np.ndarray) -> np.ndarray:
    """(M, F) of the net that the metric reads; of any net, small pictures are features too."""
    if metric.features is None:
        return images.reshape(len(images), -1)[:, ::48].astype(np.float32)
    net = catalogue.find(Features, metric.features)
    net.digest(None)
    return extract_all(net.load("cpu", None), images, "cpu")


def _samples(metric: Metric, real: np.ndarray, fake: np.ndarray) -> Samples:
    modes = np.arange(len(real)) % CLASSES
    return Samples(
        real=real,
        fake=fake,
        train=real if metric.reads_train else None,
        held_out=real[::2] if metric.reads_train else None,
        real_modes=modes,
        fake_modes=modes[: len(fake)],
        modes=CLASSES,
    )


def check_dataset(dataset: Dataset, *_: object) -> Iterator[Check]:
    """Shapes, types, labels, and the same pixels twice, of a data set that is here."""
    size = dataset.size or SIDE
    try:
        images = dataset.load(None, size, False)
    except DataError as reason:
        yield Check(name="images", status="not here", detail=str(reason))
        return
    again = dataset.load(None, size, False)
    for split in ("train", "held_out"):
        pixels, others = getattr(images, split), getattr(again, split)
        some = pixels[:SOME]
        right = some.ndim == 4 and some.dtype == np.uint8 and 1 <= some.shape[1] <= 4
        right = right and np.array_equal(some, others[:SOME])
        detail = f"{plural(len(pixels), 'image')}, {some.shape[1:]} {some.dtype}, the same twice"
        yield outcome(split, right, detail, WANTED)
    yield from _labels(images, dataset)


def _labels(images: Images, dataset: Dataset) -> Iterator[Check]:
    for split in ("train", "held_out"):
        labels = getattr(images, f"{split}_labels")
        if labels is None:
            continue
        there = len(getattr(images, split))
        inside = labels.min() >= 0 and (dataset.modes is None or labels.max() < dataset.modes)
        detail = f"{plural(len(labels), 'label')} from {labels.min()} to {labels.max()}"
        yield outcome(
            f"labels of {split}", len(labels) == there and bool(inside), detail, "one an image"
        )
