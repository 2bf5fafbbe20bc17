"""Score two folders by gan-bench and by torch-fidelity: the same numbers, and how long each takes.

    python tools/against_torch_fidelity.py REAL GENERATED

Both get the same Inception-v3 of random weights, so that no download is needed: the numbers mean
nothing, but two programs that read the same images with the same network must agree.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch_fidelity import calculate_metrics
from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3

from gan_bench import catalogue as catalogues
from gan_bench.base.text import number
from gan_bench.measure.weights import Weights
from gan_bench.run.compare import compare
from gan_bench.run.request import Request
from gan_bench_plugins import inception

METRICS = ("fid", "kid", "precision", "recall")
THEIRS = {
    "fid": "frechet_inception_distance",
    "kid": "kernel_inception_distance_mean",
    "precision": "precision",
    "recall": "recall",
}
Scores = dict[str, float]


def random_weights(path: Path) -> None:
    """Save an Inception-v3 of random weights, which torch-fidelity itself cannot make."""
    from torch_fidelity import feature_extractor_inceptionv3 as module

    load, module.load_state_dict_from_url = module.load_state_dict_from_url, lambda *_, **__: None
    state = FeatureExtractorInceptionV3.load_state_dict
    FeatureExtractorInceptionV3.load_state_dict = lambda *_, **__: None
    try:
        torch.manual_seed(0)
        net = FeatureExtractorInceptionV3("inception-v3-compat", ["2048"])
    finally:
        module.load_state_dict_from_url = load
        FeatureExtractorInceptionV3.load_state_dict = state
    for parameter in net.parameters():
        if parameter.ndim == 4:  # so that the signal neither dies nor grows from layer to layer
            torch.nn.init.kaiming_normal_(parameter)
    for name, buffer in net.named_buffers():
        if name.endswith("running_var"):
            buffer.fill_(1.0)
    torch.save(net.state_dict(), path)


def ours(real: Path, generated: Path, weights: Path) -> Scores:
    """What gan-bench says."""
    inception.DIGEST_STARTS = ""  # these are not the weights of FID, and nobody is told they are
    request = Request(features=("inception",), metrics=METRICS, weights=Weights(weights))
    scores = compare(real, generated, request, catalogues.load(), lambda *_: None).scores
    return {name: scores[name].value for name in METRICS} | {"kid": scores["kid"].value / 1000}


def theirs(real: Path, generated: Path, weights: Path) -> Scores:
    """What torch-fidelity says; its KID on one subset of all images, so without chance."""
    count = min(len(list(folder.iterdir())) for folder in (real, generated))
    scores = calculate_metrics(
        input1=str(generated),
        input2=str(real),
        cuda=False,
        fid=True,
        kid=True,
        prc=True,
        kid_subsets=1,
        kid_subset_size=count,
        feature_extractor="inception-v3-compat",  # or it takes a VGG for precision and recall
        feature_extractor_weights_path=str(weights),
        feature_layer_prc="2048",
        cache=False,
        verbose=False,
    )
    return {name: scores[key] for name, key in THEIRS.items()}


def timed(score: Callable[[], Scores]) -> tuple[Scores, float, float]:
    """The scores, seconds of the clock, and seconds of all processors, with child processes."""
    began, used = time.perf_counter(), sum(os.times()[:4])
    scores = score()
    return scores, time.perf_counter() - began, sum(os.times()[:4]) - used


def main(real: Path, generated: Path) -> None:
    """Print both as a markdown table."""
    with tempfile.TemporaryDirectory() as folder:
        weights = Path(folder) / "random.pth"
        random_weights(weights)
        a, *their_seconds = timed(lambda: theirs(real, generated, weights))
        b, *our_seconds = timed(lambda: ours(real, generated, weights))
    print("| | torch-fidelity | gan-bench | relative difference |\n| --- | ---: | ---: | ---: |")
    for name in METRICS:
        apart = abs(b[name] - a[name]) / max(abs(a[name]), 1e-9)
        print(f"| {name} | {a[name]:.8g} | {b[name]:.8g} | {number(apart, 2)} |")
    for what, x, y in zip(("seconds", "CPU seconds"), their_seconds, our_seconds, strict=True):
        print(f"| {what} | {x:.1f} | {y:.1f} | {y / x:.2f} x |")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:3]))
