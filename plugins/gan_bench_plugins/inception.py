"""Inception-v3 with the original FID weights, by torch-fidelity. Only these may be called FID."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, hub

from gan_bench import DataError, Features, NotHere, hookimpl
from gan_bench_plugins.lean import lean

if TYPE_CHECKING:
    from torch import nn

URL = (
    "https://github.com/toshas/torch-fidelity/releases/download/v0.2.0/"
    "weights-inception-2015-12-05-6726825d.pth"
)  # torch_fidelity.feature_extractor_inceptionv3.URL_INCEPTION_V3, which a test compares
DIGEST_STARTS = "6726825d"  # by torch.hub's convention a file's name ends in its SHA-256
CPU_CHUNK, GPU_CHUNK = 4, 64  # 299 px: a chunk of 64 needs about 1 GiB of activations


def cached_file() -> Path:
    """Where torch-fidelity, through torch.hub, keeps its download."""
    return Path(hub.get_dir()) / "checkpoints" / URL.rpartition("/")[2]


def weights_file(weights: Path | None) -> Path:
    """The user's file, or the cached one, downloaded if need be.

    DataError if the user's is not there, or what came is not what was wanted; NotHere if nothing
    came.
    """
    if weights is not None:
        if not weights.is_file():
            raise DataError(f"--feature-weights {weights}: there is no such file.")
        return weights
    file = cached_file()
    if not file.is_file():
        _download(file)
    return file


def _download(file: Path) -> None:
    """One attempt. torch.hub writes beside `file` and renames, so a broken one leaves nothing."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        hub.download_url_to_file(URL, os.fspath(file), DIGEST_STARTS)
    except OSError as reason:  # no network, no room: URLError is one too
        raise NotHere(
            "FID needs the original Inception-v3 weights (91 MiB), and they could not be "
            f"downloaded: {reason}. Wanted: {URL} as {file}. "
            "Without a network: fetch that file elsewhere and give it with --feature-weights FILE, "
            "or take other metrics, such as fd-efficientnet-lite0, which need no download."
        ) from reason
    except RuntimeError as reason:  # by which torch.hub tells of a wrong digest
        raise DataError(
            f"What was downloaded from {URL} is not the original Inception-v3: {reason}. "
            "Nothing of it was kept; fetch the file elsewhere and give it with --feature-weights."
        ) from reason


def digest(weights: Path | None) -> str:
    """SHA-256 of the weights; DataError if there are none here, or if they are not FID's own."""
    file = weights_file(weights)
    with file.open("rb") as opened:
        found = hashlib.file_digest(opened, "sha256").hexdigest()
    if not found.startswith(DIGEST_STARTS):
        raise DataError(
            f"{file} has the SHA-256 {found}, but the original FID weights start with "
            f"{DIGEST_STARTS}: a distance by other weights is not FID. The right file: {URL}"
        )
    return found


def load(device: str, weights: Path | None) -> Callable[[Tensor], Tensor]:
    """f: (N, 1 or 3, H, W) uint8 -> (N, 2048) float32, "inception-v3-compat" in torch-fidelity.

    It resizes to 299 x 299 itself, as TensorFlow 1 did; grey is repeated to RGB. The digest is
    checked here too: a file may change between the plan and the cell. DataError as in `digest`.
    """
    digest(weights)
    net = lean(_network(weights_file(weights)), [("conv", "bn")]).to(device)
    chunk = CPU_CHUNK if device == "cpu" else GPU_CHUNK

    @torch.inference_mode()
    def features(images: Tensor) -> Tensor:
        colour = images.expand(-1, 3, -1, -1).contiguous(memory_format=torch.channels_last)
        parts = torch.split(colour, chunk)
        return torch.cat([net(part)[0] for part in parts])  # (N, 2048)

    return features


def _network(file: Path) -> nn.Module:
    from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3

    # torch-fidelity unpickles whatever the file holds; this refuses all but tensors first.
    torch.load(file, map_location="cpu", weights_only=True)
    net: Any = FeatureExtractorInceptionV3("inception-v3-compat", ["2048"], os.fspath(file))
    return net  # type: ignore[no-any-return]


@hookimpl
def gan_bench_features() -> list[Features]:
    """`inception`."""
    return [
        Features(
            name="inception",
            source="Heusel et al. 2017, arXiv 1706.08500: Inception-v3 of 2015-12-05, as "
            "torch-fidelity's inception-v3-compat: 2048 pooled features at 299 x 299.",
            digest=digest,
            load=load,
            takes_weights=True,
        )
    ]
