"""Inception-v3 with the original FID weights, by torch-fidelity. Only these may be called FID."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gan_bench import DataError, Features, NotHere, hookimpl

if TYPE_CHECKING:
    from torch import Tensor, nn

URL = (
    "https://github.com/toshas/torch-fidelity/releases/download/v0.2.0/"
    "weights-inception-2015-12-05-6726825d.pth"
)  # torch_fidelity.feature_extractor_inceptionv3.URL_INCEPTION_V3, which a test compares
DIGEST_STARTS = "6726825d"  # by torch.hub's convention a file's name ends in its SHA-256
CPU_CHUNK, GPU_CHUNK = 4, 64  # 299 px: a chunk of 64 needs about 1 GiB of activations


def cached_file() -> Path:
    """Where torch-fidelity, through torch.hub, keeps its download."""
    from torch import hub

    return Path(hub.get_dir()) / "checkpoints" / URL.rpartition("/")[2]


def weights_file(weights: Path | None) -> Path:
    """The user's file, or the cached one, which is downloaded if it is not there.

    DataError if the user's file is not there, or if the download is another file; NotHere if it
    cannot be downloaded.
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
    """Try once. torch.hub renames a complete download only, so a broken one leaves nothing."""
    from torch import hub

    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        hub.download_url_to_file(URL, os.fspath(file), DIGEST_STARTS)
    except OSError as error:  # URLError is one too, with another as its reason
        reason = getattr(error, "reason", error)
        raise NotHere(
            "the original Inception-v3 weights of FID (91 MiB) are not in the cache, and were not "
            f"downloaded ({getattr(reason, 'strerror', None) or reason}): fetch them from {URL}, "
            f"and give the file with --feature-weights FILE, or put it at {file}"
        ) from error
    except RuntimeError as reason:  # torch.hub raises it for a wrong digest
        raise DataError(
            f"The file downloaded from {URL} is not the original Inception-v3: {reason}. "
            "It was deleted; fetch the file elsewhere and give it with --feature-weights."
        ) from reason


def digest(weights: Path | None) -> str:
    """SHA-256 of the weights; DataError if there are none here, or if they are not FID's own."""
    file = weights_file(weights)
    with file.open("rb") as opened:
        actual = hashlib.file_digest(opened, "sha256").hexdigest()
    if not actual.startswith(DIGEST_STARTS):
        raise DataError(
            f"{file} has the SHA-256 {actual}, but the original FID weights start with "
            f"{DIGEST_STARTS}: a distance by other weights is not FID. The right file: {URL}"
        )
    return actual


def load(device: str, weights: Path | None) -> Callable[[Tensor], Tensor]:
    """f: (N, 1 or 3, H, W) uint8 -> (N, 2048) float32, "inception-v3-compat" in torch-fidelity.

    It resizes to 299 x 299 itself, as TensorFlow 1 did; grey is repeated to RGB. The digest is
    checked here too, since the file may change between the plan and the cell. DataError as in
    `digest`.
    """
    import torch

    from gan_bench_plugins.fuse import fuse

    digest(weights)
    net = fuse(_network(weights_file(weights)), [("conv", "bn")]).to(device)
    chunk = CPU_CHUNK if device == "cpu" else GPU_CHUNK

    @torch.inference_mode()
    def features(images: Tensor) -> Tensor:
        colour = images.expand(-1, 3, -1, -1).contiguous(memory_format=torch.channels_last)
        parts = torch.split(colour, chunk)
        return torch.cat([net(part)[0] for part in parts])  # (N, 2048)

    return features


def _network(file: Path) -> nn.Module:
    import torch
    from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3

    # torch-fidelity unpickles any file; this load refuses all but tensors before it
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
