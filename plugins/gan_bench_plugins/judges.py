"""Judges: small classifiers that name the mode of an image, or reject it.

A judge turns an image into F = 64 features. Linear heads on these say whether it is an image of
the kind at all, and which value each factor has, so `modes` needs no second pass over the image.
tools/train_judges.py trains them; the weights come with the package, as float16 with BatchNorm
folded in, and are checked byte for byte.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load as unpacked

from gan_bench import DataError, Features, hookimpl

if TYPE_CHECKING:
    from torch import Tensor

WEIGHTS = Path(__file__).parent / "weights"
STRIDES = (2, 1, 2, 1, 2)  # of the 3 x 3 convolutions
CONFIDENT = 0.5  # least probability of every factor; below it an image has no mode


@dataclass(frozen=True, kw_only=True)
class Judge:
    """A trained judge: what it names, what it takes, and the SHA-256 of its weights."""

    name: str
    source: str
    channels: int
    size: int  # pixels; other images are resized to it
    factors: int  # of ten values each: the decimal digits of the mode
    sha256: str

    @property
    def path(self) -> Path:
        """Where its weights are."""
        return WEIGHTS / f"{self.name}.safetensors"


JUDGES = (
    Judge(
        name="toonfaces-judge",
        source="this package: CNN for hair style, hair colour, expression and no face at all",
        channels=3,
        size=32,
        factors=3,
        sha256="20e3149e86b7e2172adba14b8ddc14683c3c59efb1894ce3d7b033ea6de07ca5",
    ),
    Judge(
        name="mnist-judge",
        source="this package: CNN for the ten digits and no digit at all, from 8,000 MNIST images",
        channels=1,
        size=28,
        factors=1,
        sha256="80bf05c7191c5632d27ec49f1892e197ab81fe96ff66ba3a32720eab3eac60db",
    ),
)


def digest(judge: Judge, _weights: Path | None = None) -> str:
    """The SHA-256 of the weights; DataError if they are not those of the package."""
    return hashlib.sha256(_intact(judge)).hexdigest()


def _intact(judge: Judge) -> bytes:
    try:
        content = judge.path.read_bytes()
    except OSError as error:
        raise DataError(_broken(judge, f"cannot be read ({error.strerror})")) from error
    if hashlib.sha256(content).hexdigest() != judge.sha256:
        raise DataError(_broken(judge, "are not the bytes that were shipped"))
    return content


def _broken(judge: Judge, what: str) -> str:
    return f"The weights of {judge.name} in {judge.path} {what}: reinstall gan-bench."


def weights_of(judge: Judge) -> dict[str, NDArray[np.float32]]:
    """The checked weights by name, as float32."""
    return {key: value.astype(np.float32) for key, value in unpacked(_intact(judge)).items()}


def load(judge: Judge, device: str, _weights: Path | None = None) -> Callable[[Tensor], Tensor]:
    """(N, C, H, W) uint8 on the device -> (N, 64) float32."""
    import torch

    tensors = {key: torch.from_numpy(w).to(device) for key, w in weights_of(judge).items()}

    @torch.inference_mode()
    def features(images: Tensor) -> Tensor:
        return embedded(tensors, prepared(judge, images))

    return features


def prepared(judge: Judge, images: Tensor) -> Tensor:
    """(N, C, H, W) uint8 of any size -> (N, c, S, S) in [-1, 1], the input of the judge."""
    from torch.nn.functional import interpolate

    pixels = recoloured(images.float(), judge.channels)
    if pixels.shape[-2:] != (judge.size, judge.size):
        pixels = interpolate(pixels, (judge.size, judge.size), mode="bilinear", antialias=True)
    return pixels / 127.5 - 1


def recoloured(pixels: Tensor, channels: int) -> Tensor:
    """Colour turned into grey (Rec. 601 luma), or grey repeated, to that many channels."""
    if pixels.shape[1] == 3 and channels == 1:
        luma = pixels.new_tensor([0.299, 0.587, 0.114])[:, None, None]
        return (pixels * luma).sum(1, keepdim=True)
    return pixels.expand(-1, channels, -1, -1)


def embedded(tensors: dict[str, Tensor], x: Tensor) -> Tensor:
    """(N, c, S, S) in [-1, 1] -> (N, 64) features: convolutions and a linear layer."""
    from torch.nn.functional import conv2d, linear

    for k, stride in enumerate(STRIDES):
        weight, bias = tensors[f"conv{k}.weight"], tensors[f"conv{k}.bias"]
        x = conv2d(x, weight, bias, stride=stride, padding=1).relu()
    return linear(x.flatten(1), tensors["embed.weight"], tensors["embed.bias"])


def modes(judge: Judge, features: NDArray[np.float32]) -> NDArray[np.int64]:
    """(N, 64) -> (N,) modes; -1 where the judge rejects the image or is unsure of a factor."""
    weights = weights_of(judge)
    logits = features @ weights["heads.weight"].T + weights["heads.bias"]  # (N, 1 + 10 factors)
    return mode_of(logits, judge.factors)


def mode_of(logits: NDArray[np.float32], factors: int) -> NDArray[np.int64]:
    """(N, 1 + 10 factors) logits -> (N,) modes; a negative first logit rejects the image."""
    probabilities = _softmax(logits[:, 1:].reshape(-1, factors, 10))
    digits = probabilities.argmax(-1)  # (N, factors)
    accepted = (logits[:, 0] > 0) & (probabilities.max(-1) >= CONFIDENT).all(-1)
    return np.where(accepted, digits @ 10 ** np.arange(factors)[::-1], -1).astype(np.int64)


def _softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    powers = np.exp(logits - logits.max(-1, keepdims=True))
    return np.asarray(powers / powers.sum(-1, keepdims=True), np.float32)


@hookimpl
def gan_bench_features() -> list[Features]:
    """One features net per judge."""
    return [
        Features(
            name=judge.name,
            source=judge.source,
            digest=partial(digest, judge),
            load=partial(load, judge),
            modes=partial(modes, judge),
        )
        for judge in JUDGES
    ]
