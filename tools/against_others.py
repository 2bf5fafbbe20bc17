"""Score two folders by gan-bench, torch-fidelity and pytorch-fid: the same numbers, and the time.

    pip install pytorch-fid
    python tools/against_others.py REAL GENERATED

All get the same Inception-v3 of random weights, so that no download is needed: the numbers mean
nothing, but programs that read the same images with the same network must agree. pytorch-fid gives
its network pixels from -1 to 1, the original FID from -1 to 127/128; and it enlarges images by
another rule. So its code agrees at 299 px, and with the pixels of the original only.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from unittest import mock

import torch
from pytorch_fid import fid_score
from pytorch_fid import inception as pytorch_inception
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
Program = Callable[[Path, Path, Path], Scores]


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


def torch_fidelity(real: Path, generated: Path, weights: Path) -> Scores:
    """Its KID is that of one subset of all images, and so without chance."""
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


def pytorch_fid(real: Path, generated: Path, weights: Path) -> Scores:
    """It knows FID only."""
    pytorch_inception.load_state_dict_from_url = lambda *_, **__: torch.load(weights)
    folders = [str(real), str(generated)]
    return {"fid": float(fid_score.calculate_fid_given_paths(folders, 50, "cpu", 2048, 0))}


class OriginalInput(pytorch_inception.InceptionV3):  # type: ignore[misc]
    """Its network with pixels from -1 to 127/128, as the original FID gives them to Inception."""

    def forward(self, x: torch.Tensor) -> list[torch.Tensor]:
        """Take images (N, 3, H, W) from 0 to 1."""
        return list(super().forward((x * 255 / 128) / 2))


def pytorch_fid_rescaled(real: Path, generated: Path, weights: Path) -> Scores:
    """The same with the original's input."""
    with mock.patch.object(fid_score, "InceptionV3", OriginalInput):
        return pytorch_fid(real, generated, weights)


def timed(program: Program, *paths: Path) -> tuple[Scores, float, float]:
    """The scores, seconds of the clock, and seconds of all processors, with child processes."""
    began, used = time.perf_counter(), sum(os.times()[:4])
    scores = program(*paths)
    return scores, time.perf_counter() - began, sum(os.times()[:4]) - used


def main(real: Path, generated: Path) -> None:
    """Print all of them as a markdown table."""
    programs = {
        "torch-fidelity": torch_fidelity,
        "pytorch-fid": pytorch_fid,
        "pytorch-fid, original input": pytorch_fid_rescaled,
        "gan-bench": ours,
    }
    with tempfile.TemporaryDirectory() as folder:
        weights = Path(folder) / "random.pth"
        random_weights(weights)
        runs = {
            name: timed(program, real, generated, weights) for name, program in programs.items()
        }
    print("| | " + " | ".join(programs) + " |\n| --- |" + " ---: |" * len(programs))
    for name in METRICS:
        values = (scores.get(name) for scores, *_ in runs.values())
        print(f"| {name} | " + " | ".join("" if x is None else f"{x:.8g}" for x in values) + " |")
    for place, what in enumerate(("seconds", "CPU seconds"), start=1):
        print(f"| {what} | " + " | ".join(f"{run[place]:.1f}" for run in runs.values()) + " |")
    mine, *_ = runs.pop("gan-bench")
    for name, (scores, *_) in runs.items():
        apart = {each: abs(mine[each] - value) / abs(value) for each, value in scores.items()}
        print(f"from {name}:", ", ".join(f"{k} {number(v, 2)}" for k, v in apart.items()))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:3]))
