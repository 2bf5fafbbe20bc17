"""Files of generators -> images: our own safetensors, TorchScript, ONNX."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from gan_bench.base import rng
from gan_bench.base.text import number
from gan_bench.catalogue import Catalogue
from gan_bench.contract.errors import DataError, GanBenchError, UsageError, sentence
from gan_bench.results.entries import Kind
from gan_bench.train.generator import rebuilt
from gan_bench.train.generator_file import LONGEST_Z

BATCH = 64  # images at a time, where no cell says another number
USUAL = (100, 128, 64, 256, 512, 62, 50, 200)  # values of z_dim that are tried last
LARGEST_BATCH, MOST_AXES = 100_000, 8  # of the z of an ONNX file
LONGEST_ERROR = 300  # characters of what code from elsewhere says
ROUNDING = 0.01  # beyond [-1, 1] that is no sign of another range
ONNX = ".onnx"
TORCHSCRIPT = (".pt", ".pth", ".ts", ".jit", ".torchscript")
SAFETENSORS = ".safetensors"


@dataclass(frozen=True)
class Generator:
    """A network that makes images of z, and of the classes y if it is conditional."""

    kind: Kind
    z_dim: int
    make: Callable[[np.ndarray, np.ndarray | None], Tensor]
    # z (N, z_dim) float32, y (N,) int64 -> (N, C, H, W) in [-1, 1], or uint8
    classes: int | None = None  # None: it is not conditional


def load_generator(
    path: Path,
    catalogue: Catalogue,
    classes: int | None,
    z_dim: int | None,
    device: str,
    trust: bool = False,
) -> Generator:
    """The generator in a file, by the ending of its name. A GanBenchError says why it is none.

    `classes`: how many the data set has; a conditional generator of ours needs them. `trust`: a
    file that is a program may be run; UsageError for such a file without it.
    """
    if not path.is_file():
        raise DataError(f"there is no {path}")
    if path.suffix.lower() == SAFETENSORS:
        return load_ours(path, catalogue, classes, device)
    if path.suffix.lower() == ONNX:
        return load_onnx(path, z_dim)
    if not trust:
        raise UsageError(
            f"{path} is TorchScript, a program that can read and write your files while it makes "
            "images: if you know who made it, say --trust; .safetensors and .onnx files are none"
        )
    return load_torchscript(path, z_dim, device)


def is_generator(path: Path) -> bool:
    """Whether the file's name ends as that of a generator."""
    return path.suffix.lower() in (SAFETENSORS, ONNX, *TORCHSCRIPT)


def load_ours(path: Path, catalogue: Catalogue, classes: int | None, device: str) -> Generator:
    """The G that a cell left, built by the plugin that offers its architecture."""
    G = rebuilt(path, catalogue, str(path), classes)
    # the memory layout of its training, in which convolutions round in the same way
    network = G.network.to(device).to(memory_format=torch.channels_last)

    def make(z: np.ndarray, y: np.ndarray | None) -> Tensor:
        given = [torch.from_numpy(each).to(device) for each in (z, y) if each is not None]
        images: Tensor = network(*given)
        return images

    return Generator("generator", G.z_dim, make, G.classes)


# TorchScript
def load_torchscript(path: Path, z_dim: int | None, device: str) -> Generator:
    """A scripted or traced G(z), where z is (N, z_dim) or (N, z_dim, 1, 1)."""
    try:
        with warnings.catch_warnings(action="ignore"):  # the user cannot help its deprecation
            G = torch.jit.load(str(path), map_location=device).eval()  # type: ignore[no-untyped-call]
    except (RuntimeError, ValueError, OSError) as error:
        raise DataError(
            f"{path} is no TorchScript file; weights alone cannot make images: save the generator "
            "by torch.jit.script(G.eval()).save(path)"
        ) from error
    schema = getattr(getattr(G, "forward", None), "schema", None)
    inputs = schema.arguments[1:] if schema else ()  # the first one is the module
    taken = [each for each in inputs if not each.has_default_value()]
    if len(taken) > 1:
        raise UsageError(_many_inputs(path, len(taken)))
    dims = [z_dim] if z_dim else [*dict.fromkeys((*_dims_of(G), *USUAL))]
    for dim in dims:
        for sides in ((), (1, 1)):
            if _gives_images(G, dim, sides, device):

                def make(z: np.ndarray, y: np.ndarray | None) -> Tensor:
                    given = torch.from_numpy(z).to(device).reshape(-1, dim, *sides)  # noqa: B023
                    images: Tensor = G(given)
                    return images

                return Generator("TorchScript", dim, make)
    tried = f"z_dim {z_dim}" if z_dim else "the values of z_dim that its layers suggest"
    raise UsageError(
        f"{path} gives no images (N, C, H, W) of z (N, z_dim) or (N, z_dim, 1, 1) for {tried}"
        + ("" if z_dim else ": say which it is with --z-dim")
    )


def _dims_of(G: nn.Module) -> Iterator[int]:
    """What the first layers may read: the sides of their weights."""
    for weight in list(G.parameters())[:4]:
        if weight.ndim in (2, 4):  # Linear (out, in), ConvTranspose2d (in, out, k, k)
            yield int(weight.shape[1] if weight.ndim == 2 else weight.shape[0])


def _gives_images(G: nn.Module, dim: int, sides: tuple[int, ...], device: str) -> bool:
    try:
        with torch.no_grad():
            images = G(torch.zeros(2, dim, *sides, device=device))
    except Exception:  # a script raises what it likes for a z of another shape
        return False
    return isinstance(images, Tensor) and images.ndim == 4 and len(images) == 2


def _many_inputs(path: Path, count: int) -> str:
    return (
        f"{path} takes {count} inputs, and is given z alone: score the folder of its cell, or a "
        "folder of images that it made"
    )


# ONNX
def load_onnx(path: Path, z_dim: int | None) -> Generator:
    """An exported G(z); the shape of its one input says what z is."""
    try:
        import onnxruntime
    except ImportError as error:
        raise UsageError(
            f"{path} needs onnxruntime, which is not installed: pip install 'gan-bench[onnx]'"
        ) from error
    quiet = onnxruntime.SessionOptions()
    quiet.log_severity_level = 4  # what it says of an error is in the error
    try:
        session = onnxruntime.InferenceSession(str(path), quiet, ["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime has many types of its own
        raise DataError(f"{path} is no ONNX model that can be read: {sentence(error)}") from error
    inputs = session.get_inputs()
    if len(inputs) != 1:
        raise UsageError(_many_inputs(path, len(inputs)))
    shape, name = list(inputs[0].shape), inputs[0].name
    dim = z_dim or (shape[1] if len(shape) > 1 and isinstance(shape[1], int) else None)
    if dim is None:
        raise UsageError(f"{path} does not say how long z is: say it with --z-dim")
    if not 1 <= dim <= LONGEST_Z or len(shape) > MOST_AXES:
        raise DataError(f"{path} takes a z of shape {shape}, which is none of a generator")
    once = shape[0] if isinstance(shape[0], int) else None  # exported for one size of batch
    if once is not None and not 1 <= once <= LARGEST_BATCH:
        raise DataError(f"{path} takes {once} z at once, and 1 to {LARGEST_BATCH:,} are possible")

    def run(z: np.ndarray) -> Any:
        given = {name: z.reshape(-1, dim, *[1] * (len(shape) - 2))}
        options = onnxruntime.RunOptions()
        with ThreadPoolExecutor(1) as aside:  # so that Ctrl-C reaches this thread at once
            images = aside.submit(session.run, None, given, options)
            try:
                return images.result()[0]
            except BaseException:
                options.terminate = True  # a file may hold a loop without end
                raise

    def make(z: np.ndarray, y: np.ndarray | None) -> Tensor:
        parts = np.split(z, range(once, len(z), once)) if once else [z]
        short = (once or 0) - len(parts[-1])
        if short > 0:  # the last batch is filled up, and what is too much is cut off
            parts[-1] = np.concatenate([parts[-1], np.resize(z, (short, z.shape[1]))])
        return torch.from_numpy(np.concatenate([run(part) for part in parts])[: len(z)])

    return Generator("ONNX", int(dim), make)


# Images
def draw_pixels(
    G: Generator, n: int, seed: int, labels: np.ndarray | None, batch: int = BATCH
) -> Iterator[np.ndarray]:
    """n images in batches (N, C, H, W) uint8, of the z with which cells of this seed are measured.

    `labels` are the classes of the training images, for a conditional G: UsageError if it has not
    these classes. DataError if the images are not finite, or not in [-1, 1].
    """
    z = rng.normal(seed, "z-eval", n, G.z_dim)
    y = None
    if G.classes is not None:
        labels = _fitting(labels, G.classes)
        y = labels[rng.rows(seed, "y-eval", n, len(labels))]
    torch.manual_seed(rng.key(0, "noise", 0))  # as for a cell: noise that G draws is the same
    low, high = np.inf, -np.inf
    for k in range(0, n, batch):
        with torch.no_grad(), failures():
            images = G.make(z[k : k + batch], None if y is None else y[k : k + batch]).cpu()
        if images.dtype != torch.uint8:
            images = images.float()
            _check_finite(images)
            low, high = min(low, float(images.min())), max(high, float(images.max()))
            images = ((images + 1) * 127.5).round().clamp(0, 255).to(torch.uint8)
        yield images.numpy()
    _check_range(low, high)


@contextmanager
def failures() -> Iterator[None]:
    """DataError for whatever code from elsewhere raises in the block."""
    try:
        yield
    except GanBenchError:
        raise
    except Exception as error:
        raise DataError(f"its code failed: {sentence(error)[:LONGEST_ERROR]}") from error


def _fitting(labels: np.ndarray | None, classes: int) -> np.ndarray:
    """The classes of the protocol's images. UsageError if a G of so many has not all of them."""
    there = 0 if labels is None else int(labels.max()) + 1
    if labels is None or there > classes:
        raise UsageError(
            f"it makes images of {classes:,} classes, and those of the protocol have "
            f"{there or 'none'}: score a folder of images that `gan-bench sample --each` makes"
        )
    return labels


def _check_finite(images: Tensor) -> None:
    if images.ndim != 4:
        raise DataError(f"its output {tuple(images.shape)} is not (N, C, H, W)")
    if not images.isfinite().all():
        raise DataError("its images are not finite")


def _check_range(low: float, high: float) -> None:
    if low > high:  # uint8
        return
    if low >= 0 and high <= 1 + ROUNDING:
        raise DataError(
            "its images are in [0, 1], and must be in [-1, 1]: save a generator that returns "
            "2 * G(z) - 1"
        )
    if low < -1 - ROUNDING or high > 1 + ROUNDING:
        raise DataError(
            f"its images are in [{number(low)}, {number(high)}], and must be in [-1, 1]: end the "
            "generator in tanh"
        )
