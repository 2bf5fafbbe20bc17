"""Samples -> features once -> scores."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from gan_bench.catalogue import Catalogue
from gan_bench.contract import DataError, Dataset, Features, Metric, Samples
from gan_bench.images import Prepared, cache_dir
from gan_bench.protocol import Evaluation, Judged, Protocol
from gan_bench.store import Score, write_array

BATCH = 256

Extract = Callable[[Tensor], Tensor]


def plan_evaluation(
    catalogue: Catalogue,
    dataset: Dataset,
    *,
    features: str,
    metrics: tuple[str, ...],
    samples: int,
    weights: Path | None,
) -> Evaluation:
    """The ruler by names, with the digests of all that it reads.

    A metric's family name is completed by the features: "fd" is "fd-<features>". Raises
    UsageError for an unknown name, DataError for features that cannot work here.
    """
    catalogue.find(Features, features)
    found = [find_metric(catalogue, name, features) for name in metrics]
    chosen = list({metric.name: metric for metric in found}.values())  # each is measured once
    judged = tuple(
        Judged(
            name=metric.name,
            higher_is_better=metric.higher_is_better,
            features=_net(metric, features, dataset),
        )
        for metric in chosen
    )
    return Evaluation(
        samples=samples,
        features=features,
        digests={
            net: digest_of(catalogue, net, weights)
            for net in sorted({metric.features for metric in judged})
        },
        metrics=judged,
    )


def _net(metric: Metric, features: str, dataset: Dataset) -> str:
    """The net that a metric reads: its own, the judge if it reads modes, else the evaluation's."""
    judge = dataset.judge if metric.reads_modes else None
    return judge or metric.features or features


def find_metric(catalogue: Catalogue, name: str, features: str) -> Metric:
    """The metric of that name, or the one of that family for these features."""
    return catalogue.find(Metric, metric_name(catalogue, name, features))


def metric_name(catalogue: Catalogue, name: str, features: str) -> str:
    """The name itself, or completed by the features if only that is offered."""
    known, family = catalogue.names(Metric), f"{name}-{features}"
    return family if name not in known and family in known else name


def digest_of(catalogue: Catalogue, net: str, weights: Path | None) -> str:
    """SHA-256 of the weights that the net would load; DataError if it cannot work here."""
    return catalogue.find(Features, net).digest(_weights(catalogue, net, weights))


def _weights(catalogue: Catalogue, net: str, weights: Path | None) -> Path | None:
    return weights if catalogue.find(Features, net).takes_weights else None


def score(
    catalogue: Catalogue,
    protocol: Protocol,
    dataset: Dataset,
    prepared: Prepared,
    fakes: np.ndarray,
    device: str,
    weights: Path | None = None,
) -> dict[str, Score]:
    """Every metric of the protocol on fakes (M, C, H, W) uint8."""
    evaluation = protocol.evaluation
    reference = reference_images(prepared, evaluation)
    features = {}
    for net, digest in evaluation.digests.items():
        extract = _load(catalogue, net, digest, device, weights)
        # another release may see with the same weights in another way
        maker = str(catalogue.offers[Features][net][1])
        compute = partial(extract_all, extract, reference, device)
        real = _kept(protocol, net, f"{digest}-{maker}", compute)
        features[net] = (real, extract_all(extract, fakes, device))
    return {
        judged.name: Score(
            value=_compute(catalogue, judged, features, dataset),
            higher_is_better=judged.higher_is_better,
            features=judged.features,
            n=len(fakes),
            reference=evaluation.reference,
            reference_n=len(reference),
        )
        for judged in evaluation.metrics
    }


def reference_images(prepared: Prepared, evaluation: Evaluation) -> np.ndarray:
    """The real images to compare with: as many as samples if there are, evenly over the split."""
    split = prepared.train if evaluation.reference == "train" else prepared.held_out
    count = min(evaluation.samples, len(split))
    rows = np.linspace(0, len(split) - 1, count).round().astype(int)
    return np.asarray(split[rows])


def _load(
    catalogue: Catalogue, net: str, digest: str, device: str, weights: Path | None
) -> Extract:
    if digest_of(catalogue, net, weights) != digest:
        raise DataError(
            f"the weights of {net} have changed since this protocol was planned: their SHA-256 "
            f"was {digest[:16]}; run the same command again to begin a new protocol"
        )
    return catalogue.find(Features, net).load(device, _weights(catalogue, net, weights))


@torch.no_grad()
def extract_all(extract: Extract, images: np.ndarray, device: str) -> np.ndarray:
    """(M, C, H, W) uint8 -> (M, F) float32."""
    parts = [
        extract(torch.from_numpy(np.ascontiguousarray(images[k : k + BATCH])).to(device))
        for k in range(0, len(images), BATCH)
    ]
    return torch.cat(parts).float().cpu().numpy()


def _kept(
    protocol: Protocol, net: str, version: str, compute: Callable[[], np.ndarray]
) -> np.ndarray:
    """Features of real images: computed once for each data set, kept in the cache."""
    evaluation = protocol.evaluation
    what = [protocol.data.fingerprint, version, evaluation.reference, evaluation.samples]
    key = hashlib.sha256(json.dumps(what).encode()).hexdigest()[:16]
    path = cache_dir() / "features" / f"{protocol.data.name}-{net}-{key}.npy"
    if not path.exists():
        write_array(path, compute())
    features: np.ndarray = np.load(path)
    return features


def _compute(
    catalogue: Catalogue,
    judged: Judged,
    features: dict[str, tuple[np.ndarray, np.ndarray]],
    dataset: Dataset,
) -> float:
    real, fake = features[judged.features]
    modes: dict[str, np.ndarray] = {}
    metric = catalogue.find(Metric, judged.name)
    name_modes = catalogue.find(Features, judged.features).modes
    if metric.reads_modes and name_modes is not None:
        modes = {"real_modes": name_modes(real), "fake_modes": name_modes(fake)}
    samples = Samples(real=real, fake=fake, modes=dataset.modes, **modes)
    value = float(metric.compute(samples))
    if not math.isfinite(value):
        raise ValueError(f"the metric {metric.name} gave {value}, which is no score")
    return value
