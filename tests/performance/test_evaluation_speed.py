"""The evaluator against torch-fidelity's `calculate_metrics`: the same images and distance."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.utils.data import Dataset as TorchDataset
from torch_fidelity import calculate_metrics, register_feature_extractor
from torch_fidelity import feature_extractor_inceptionv3 as fidelity
from torch_fidelity.feature_extractor_base import FeatureExtractorBase

from gan_bench import Dataset, Images, Schedule
from gan_bench import catalogue as catalogues
from gan_bench.contract.protocol import Protocol
from gan_bench.data.cache import prepare
from gan_bench.data.source import Source
from gan_bench.measure.evaluator import Evaluator
from gan_bench.measure.weights import NO_WEIGHTS, Weights
from gan_bench.run.plan_evaluation import plan_evaluation
from gan_bench_plugins import efficientnet_lite0, inception
from race import Note, noise, race, times_faster

pytestmark = pytest.mark.speed

SAMPLES = 2_048
FEW = 96  # images for Inception, which takes a dozen in a second


def pictures(seed: int, count: int) -> np.ndarray:
    """(count, 3, 32, 32) uint8: blocks of colour with noise."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 220, (count, 3, 4, 4)).repeat(8, 2).repeat(8, 3)
    return (coarse + rng.integers(0, 36, coarse.shape)).astype(np.uint8)


REAL, FAKE = pictures(0, SAMPLES), pictures(1, SAMPLES) // 2 + 60
PICTURES = Dataset(
    name="pictures",
    source="a test",
    version="1",
    load=lambda *_: Images(train=REAL, held_out=REAL[:64]),
)


class Rows(TorchDataset[Tensor]):
    """What calculate_metrics reads."""

    def __init__(self, images: np.ndarray) -> None:
        self.images = torch.from_numpy(images)

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, k: int) -> Tensor:
        return self.images[k]


class AsThePackageHasIt(FeatureExtractorBase):
    """EfficientNet-Lite0 for torch-fidelity, unchanged from its package."""

    def __init__(self, name: str, features_list: list[str], **given: Any) -> None:
        super().__init__(name, features_list)
        self.net: Any = efficientnet_lite0.network()

    def forward(self, images: Tensor) -> tuple[Tensor]:
        pixels = efficientnet_lite0.prepared(images, efficientnet_lite0.SIDE).contiguous()
        return (self.net.extract_features(pixels).mean((2, 3)),)

    @staticmethod
    def get_provided_features_list() -> tuple[str, ...]:
        return ("1280",)

    @staticmethod
    def get_default_feature_layer_for_metric(metric: str) -> str:
        return "1280"


register_feature_extractor("efficientnet-lite0", AsThePackageHasIt)


def evaluator(features: str, samples: int, weights: Weights = NO_WEIGHTS) -> Evaluator:
    """The evaluator of a cell, with the Fréchet distance alone and a filled cache."""
    known = catalogues.load()
    prepared = prepare(Source(PICTURES), 32)
    evaluation = plan_evaluation(
        known,
        PICTURES,
        features=features,
        metrics=("fid",) if weights else ("fd",),
        samples=samples,
        weights=weights,
    )
    protocol = Protocol(data=prepared.data, schedule=Schedule(kimg=1), evaluation=evaluation)
    made = Evaluator(known, protocol, PICTURES, prepared, "cpu", weights)
    made.measure(FAKE[:samples], with_errors=False)
    return made


def torch_fidelitys(samples: int, cache: Path, **given: Any) -> Callable[[], float]:
    """calculate_metrics with its cache for the real images."""
    even = np.linspace(0, SAMPLES - 1, samples).round().astype(int)

    def take() -> float:
        metrics = calculate_metrics(
            input1=Rows(FAKE[:samples]),
            input2=Rows(REAL[even]),
            input2_cache_name=f"real-{samples}",
            cache_root=str(cache),
            cuda=False,
            fid=True,
            verbose=False,
            **given,
        )
        return float(metrics["frechet_inception_distance"])

    return take


def test_the_evaluator_beats_calculate_metrics_at_the_same_distance(
    tmp_path: Path, note: Note
) -> None:
    own = evaluator("efficientnet-lite0", SAMPLES)
    theirs = torch_fidelitys(SAMPLES, tmp_path, feature_extractor="efficientnet-lite0")
    (score,) = own.measure(FAKE, with_errors=False).scores.values()
    apart = abs(score.value / theirs() - 1)
    times = race({"theirs": theirs, "ours": lambda: own.measure(FAKE, with_errors=False)})
    gain = times_faster(times, "ours", "theirs")
    where = f"Fréchet distance of {SAMPLES:,} images, efficientnet-lite0, fp32, CPU"
    note(
        f"{where}: against calculate_metrics, warm cache",
        gain, "{:.2f} x", least=4.0, noise=noise(times, "ours", "theirs"),
    )  # fmt: skip
    what = f"{where}: relative difference of the two distances"
    note(what, apart, "{:.1e}", most=1e-6, more_is_better=False, noise=1.0)


def test_inception_is_read_faster_than_torch_fidelity_reads_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, note: Note
) -> None:
    """Random weights take as long as learned ones."""
    with monkeypatch.context() as lenient:
        lenient.setattr(fidelity, "load_state_dict_from_url", lambda *_, **__: {})
        lenient.setattr(nn.Module, "load_state_dict", lambda *_: None)
        net = fidelity.FeatureExtractorInceptionV3("inception-v3-compat", ["2048"])
    weights = tmp_path / "random.pth"
    torch.save(net.state_dict(), weights)
    digest = hashlib.sha256(weights.read_bytes()).hexdigest()
    monkeypatch.setattr(inception, "DIGEST_STARTS", digest[:8])
    own = evaluator("inception", FEW, Weights(weights))
    theirs = torch_fidelitys(FEW, tmp_path, feature_extractor_weights_path=str(weights))
    times = race({"theirs": theirs, "ours": lambda: own.measure(FAKE[:FEW], with_errors=False)})
    gain = times_faster(times, "ours", "theirs")
    where = f"Fréchet distance of {FEW} images, Inception-v3 at 299 px, fp32, CPU"
    note(
        f"{where}: against calculate_metrics, warm cache",
        gain, "{:.2f} x", least=1.0, noise=noise(times, "ours", "theirs"),
    )  # fmt: skip
