"""The file of a judge: what it names, how good it is, and its weights, as a features net."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np
from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from safetensors import SafetensorError
from safetensors.numpy import load as tensors_in
from safetensors.numpy import save

from gan_bench.base.text import percent
from gan_bench.catalogue import Catalogue, Plugin
from gan_bench.contract.errors import DataError, StorageError, UsageError
from gan_bench.contract.names import safe_name
from gan_bench.contract.offers import Dataset, Features
from gan_bench.contract.protocol import Count
from gan_bench.measure.judging.shapes import shapes_of
from gan_bench.results.atomic import write_bytes
from gan_bench.results.reading import read_bytes

if TYPE_CHECKING:
    from torch import Tensor

KEY = "gan-bench judge"  # of the JSON in the header of the safetensors file
CONFIDENT = 0.5  # least probability of a class; below it an image has no mode
LARGEST_FILE = 64 * 2**20  # bytes: the largest that can be trained have a tenth
LARGEST_SIDE, MOST_CLASSES = 128, 10_000
LEAST_REJECTED = 0.5  # of each kind of spoilt image: with less, a warning is given
Share = Annotated[float, Field(ge=0, le=1)]
Kind = Annotated[str, Field(max_length=64)]


def _checked(name: str) -> str:
    """The name of a data set, which becomes a part of other names."""
    try:
        return safe_name(name)
    except UsageError as error:
        raise ValueError(str(error)) from error


class Header(BaseModel):
    """What a judge names and how good it is. Anyone may have written it."""

    model_config = ConfigDict(frozen=True, allow_inf_nan=False)

    data: Annotated[str, AfterValidator(_checked)]  # the name of the data set
    fingerprint: Annotated[str, Field(max_length=128)]  # of its pixels
    # the mode is the place in this list
    classes: Annotated[tuple[str, ...], Field(min_length=1, max_length=MOST_CLASSES)]
    channels: Annotated[int, Field(ge=1, le=4)]
    # pixels; images of other sizes are resized to this square
    size: Annotated[int, Field(ge=1, le=LARGEST_SIDE)]
    accuracy: Share  # of held-out images that it names rightly; rejected ones are wrong
    calibration_error: Share  # ECE of 15 equal bins of confidence on held-out images
    rejected: Share  # of held-out images
    held_out: Count  # how many these are
    # kind of image that was spoilt on purpose -> share that it rejects; {} in older files
    spoilt: Annotated[dict[Kind, Share], Field(max_length=16)] = {}
    steps: Count
    seed: Count

    @property
    def name(self) -> str:
        """The name of the features net."""
        return f"judge-of-{self.data}"

    @property
    def least_rejected(self) -> tuple[str, float] | None:
        """The kind of spoilt image that is rejected least often, and its share."""
        return min(self.spoilt.items(), key=lambda each: each[1], default=None)

    @property
    def warning(self) -> str | None:
        """What a user must know of a judge that names a class for what shows nothing."""
        if self.least_rejected is None or self.least_rejected[1] >= LEAST_REJECTED:
            return None
        kind, share = self.least_rejected
        return (
            f"{self.name} rejects only {percent(share, 3)} of images that are spoilt on purpose "
            f"({kind}) and names a class for the others: images that show nothing count as modes. "
            "`gan-bench judge` with more --steps or more images makes a better judge"
        )


@dataclass(frozen=True)
class JudgeFile:
    """A judge that was read: its header, its weights by name, and the SHA-256 of the file."""

    header: Header
    tensors: dict[str, np.ndarray]
    sha256: str


def write_judge(path: Path, header: Header, tensors: dict[str, np.ndarray]) -> str:
    """Write the file and return its SHA-256; StorageError if the disk refuses."""
    content = save(tensors, {KEY: header.model_dump_json()})
    write_bytes(path, content)
    return hashlib.sha256(content).hexdigest()


def read_judge(path: Path) -> JudgeFile:
    """The judge in this file; DataError if it is none."""
    try:
        content = read_bytes(path, LARGEST_FILE)
    except StorageError as error:
        raise DataError(f"--judge: {error}") from error
    try:
        tensors = tensors_in(content)
        length = int.from_bytes(content[:8], "little")
        metadata = json.loads(content[8 : 8 + length])["__metadata__"]
        header = Header.model_validate_json(metadata[KEY])
        _check_weights(header, tensors)
    except (SafetensorError, LookupError, TypeError, ValueError) as error:
        raise DataError(
            f"--judge {path}: this is no file that `gan-bench judge` wrote, or it is damaged"
        ) from error
    return JudgeFile(header, tensors, hashlib.sha256(content).hexdigest())


def _check_weights(header: Header, tensors: dict[str, np.ndarray]) -> None:
    """ValueError unless these are the weights of the network that the header describes."""
    wanted = shapes_of(header.channels, header.size, len(header.classes))
    if {name: each.shape for name, each in tensors.items()} != wanted:
        raise ValueError("other shapes")
    if not all(np.isfinite(each).all() for each in tensors.values()):
        raise ValueError("numbers that are not finite")


def judge_offer(path: Path) -> Features:
    """The judge in the file as a features net; DataError if it is none."""
    judge = read_judge(path)
    return Features(
        name=judge.header.name,
        source=f"gan-bench judge: {len(judge.header.classes)} classes of {judge.header.data}",
        digest=lambda _: read_judge(path).sha256,
        load=partial(_load, path),
        modes=partial(modes, judge),
        warning=judge.header.warning,
    )


def with_judge(catalogue: Catalogue, path: Path) -> Catalogue:
    """The catalogue with the judge in this file as one more features net.

    UsageError if a plugin offers a net of its name, DataError if the file is no judge.
    """
    offer, judge = judge_offer(path), read_judge(path)
    if offer.name in catalogue.offers[Features]:
        raise UsageError(f"--judge {path}: a plugin offers {offer.name} already")
    plugin = Plugin(path.name, "", judge.sha256[:12], lambda: offer)
    nets = catalogue.offers[Features] | {offer.name: (offer, plugin)}
    return replace(catalogue, offers=catalogue.offers | {Features: nets})


def judged_by(dataset: Dataset, path: Path) -> Dataset:
    """The data set with the judge in this file; DataError if the file is no judge."""
    header = read_judge(path).header
    return replace(dataset, judge=header.name, modes=len(header.classes))


def judge_warnings(path: Path | None) -> list[str]:
    """What must be known of the judge in this file; nothing if none is given."""
    warning = read_judge(path).header.warning if path else None
    return [f"warning: {warning}"] if warning else []


def modes(judge: JudgeFile, features: np.ndarray) -> np.ndarray:
    """(N, 64) -> (N,) int64 modes; -1 where the judge rejects the image or is unsure."""
    tensors = judge.tensors
    logits = features @ tensors["heads.weight"].T + tensors["heads.bias"]  # (N, 1 + classes)
    return mode_of(logits)


def mode_of(logits: np.ndarray) -> np.ndarray:
    """(N, 1 + classes) logits -> (N,) int64 modes; a negative first logit rejects the image."""
    probabilities = confidences(logits)
    accepted = (logits[:, 0] > 0) & (probabilities.max(-1) >= CONFIDENT)
    return np.where(accepted, probabilities.argmax(-1), -1).astype(np.int64)


def confidences(logits: np.ndarray) -> np.ndarray:
    """(N, 1 + classes) logits -> (N, classes) probabilities."""
    powers = np.exp(logits[:, 1:] - logits[:, 1:].max(-1, keepdims=True))
    return np.asarray(powers / powers.sum(-1, keepdims=True))


def _load(path: Path, device: str, _weights: Path | None) -> Callable[[Tensor], Tensor]:
    """(N, C, H, W) uint8 on the device -> (N, 64) float32."""
    import torch

    from gan_bench.measure.judging.network import Network

    judge = read_judge(path)
    header = judge.header
    net = Network(header.channels, header.size, len(header.classes))
    net.load_state_dict({name: torch.from_numpy(each) for name, each in judge.tensors.items()})
    net = net.eval().requires_grad_(False).to(device)
    return lambda images: net.features(shown(images, header.channels, header.size))


def shown(images: Tensor, channels: int, size: int) -> Tensor:
    """(N, C, H, W) uint8 -> (N, channels, size, size) in [0, 1], as the judge sees it."""
    from torch.nn.functional import interpolate

    pixels = images.float() / 255
    if pixels.shape[1] != channels:  # grey for colour, or the mean of the colours
        pixels = pixels.mean(1, keepdim=True).expand(-1, channels, -1, -1)
    if pixels.shape[-2:] == (size, size):
        return pixels
    return interpolate(pixels, (size, size), mode="bilinear", antialias=True)
