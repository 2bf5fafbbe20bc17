"""Labelled images -> a judge, and how good it is on images that it never saw."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from gan_bench.base import text
from gan_bench.contract.errors import DataError
from gan_bench.data.cache import Prepared
from gan_bench.measure.features import BATCH, over_white
from gan_bench.measure.judging.examples import TESTED, Examples, none_of
from gan_bench.measure.judging.judge_file import Header, confidences, mode_of, shown
from gan_bench.measure.judging.network import Network, learnt

STRENGTH = 0.06  # of the augmentation
LEAST_ACCURACY = 0.9  # of a judge that is kept
BINS = 15  # of confidence, for the calibration error
LEAST_HELD_OUT = 20  # images: with fewer, the accuracy is a guess
SPOILT = 200  # spoilt images of each kind that are shown to the judge at the end
Arrays = dict[str, np.ndarray]


@dataclass(frozen=True)
class Trained:
    """A judge: its header and its weights."""

    header: Header
    tensors: Arrays

    @property
    def refusal(self) -> str | None:
        """Why the judge must not be used, and what to do; None if it is good enough."""
        header = self.header
        if header.accuracy >= LEAST_ACCURACY:
            return None
        return (
            f"the judge names only {text.percent(header.accuracy, 3)} of "
            f"{text.plural(header.held_out, 'held-out image')} rightly, and "
            f"{text.percent(LEAST_ACCURACY)} are needed: counted modes would be wrong. Give more "
            "images, leave out classes that look alike, or raise --steps or --size"
        )


def train_judge(
    prepared: Prepared,
    size: int,
    steps: int,
    seed: int,
    progress: Callable[[int, float], None] = lambda *_: None,
) -> Trained:
    """A judge of these classes; equal seeds and thread counts give equal bytes.

    DataError if the images have no classes, or too few of them are held out.
    """
    classes = classes_of(prepared)
    to_learn = examples(prepared.train, prepared.labels["train"], size)
    tested = examples(prepared.held_out, prepared.labels["held_out"], size)
    channels = to_learn.images.shape[1]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        net = learnt(Network(channels, size, len(classes)), to_learn, steps, STRENGTH, progress)
        spoilt = dict(_rejected(net, tested))
    logits, labels = logits_of(net, tested.images.float() / 255), tested.values[:, 0].numpy()
    named = mode_of(logits)
    header = Header(
        data=prepared.data.name,
        fingerprint=prepared.data.fingerprint,
        classes=classes,
        channels=channels,
        size=size,
        accuracy=float((named == labels).mean()),
        calibration_error=calibration_error(confidences(logits), labels),
        rejected=float((named < 0).mean()),
        held_out=len(labels),
        spoilt=spoilt,
        steps=steps,
        seed=seed,
    )
    tensors = {name: t.contiguous().numpy() for name, t in sorted(net.state_dict().items())}
    return Trained(header, tensors)


def classes_of(prepared: Prepared) -> tuple[str, ...]:
    """The classes that the labels number; DataError if there are none to learn."""
    name, labels = prepared.data.name, prepared.labels
    if not {"train", "held_out"} <= labels.keys():
        raise DataError(
            f"{name} has no classes: put the images of each class into a folder of its own, "
            "as in cat/ and dog/"
        )
    if len(labels["held_out"]) < LEAST_HELD_OUT:
        raise DataError(
            f"{name} has {text.plural(len(labels['held_out']), 'held-out image')}, and "
            f"{LEAST_HELD_OUT} are needed to test a judge: give more images"
        )
    count = 1 + int(max(each.max() for each in labels.values()))
    folders = sorted(prepared.report.counts.get("classes", ()))
    classes = tuple(folders) if len(folders) == count else tuple(map(str, range(count)))
    missing = [classes[k] for k in set(range(count)) - set(labels["train"].tolist())]
    if missing:
        raise DataError(f"{name} has no training image of the class {', '.join(sorted(missing))}")
    return classes


def examples(images: np.ndarray, labels: np.ndarray, size: int) -> Examples:
    """All images as the judge sees them, and their classes."""
    parts = []
    for k in range(0, len(images), BATCH):
        some = over_white(torch.from_numpy(np.array(images[k : k + BATCH])))
        parts.append((shown(some, some.shape[1], size) * 255).round().clamp(0, 255))
    pixels = torch.cat([part.to(torch.uint8) for part in parts])
    return Examples(pixels, torch.from_numpy(np.array(labels))[:, None])


@torch.inference_mode()
def logits_of(net: Network, x: Tensor) -> np.ndarray:
    """(N, C, S, S) in [0, 1] -> (N, 1 + classes)."""
    return torch.cat([net(part) for part in torch.split(x, BATCH)]).numpy()


def calibration_error(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """Expected calibration error, Guo et al. 2017 (1706.04599), equation 3, with 15 bins.

    The mean over images of |accuracy - confidence| of the bin that an image falls into.
    """
    confidence, right = probabilities.max(-1), probabilities.argmax(-1) == labels
    bins = np.minimum((confidence * BINS).astype(int), BINS - 1)
    gaps = np.bincount(bins, right - confidence, minlength=BINS)
    return float(np.abs(gaps).sum() / len(labels))


def _rejected(net: Network, tested: Examples) -> list[tuple[str, float]]:
    x, values = tested.batch(SPOILT)
    kinds = [(spoil.__name__.replace("_", " "), none_of(spoil, x, values)) for spoil in TESTED]
    return [(name, float((mode_of(logits_of(net, none)) < 0).mean())) for name, none in kinds]
