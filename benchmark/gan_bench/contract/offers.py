"""What a plugin supplies: frozen dataclasses of functions, and the hooks that offer them.

Shapes, everywhere: N images in a batch, M generated images, C x H x W an image, F features.
Pixels are uint8 in data sets, features and metrics, and float in [-1, 1] inside G and D; only
the core converts between the two. Every offer has a `name`, which is what a user types, and a
`source`: the paper and section it comes from, and any departure from it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeVar

import pluggy

from gan_bench.contract.protocol import Schedule

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor, nn

Shape = tuple[int, int, int]  # (C, H, W)
hookspec = pluggy.HookspecMarker("gan_bench")
hookimpl = pluggy.HookimplMarker("gan_bench")


def _suits(_: Any) -> None:
    return None


@dataclass(frozen=True, kw_only=True)
class Architecture:
    """A pair of networks. D gives logits, never probabilities: the loss decides what they mean.

    What they keep between steps is in their parameters, buffers or extra state (plain values):
    a training that was interrupted goes on from these. Chance comes from torch's own generator.
    """

    name: str
    source: str
    z_dim: int
    generator: Callable[[Shape], nn.Module]  # (N, z_dim) from N(0, 1) -> (N, C, H, W) in [-1, 1]
    discriminator: Callable[[Shape], nn.Module]  # (N, C, H, W) -> (N,) logits
    unsuited: Callable[[Shape], str | None] = _suits  # why it cannot make images of this shape


@dataclass(frozen=True, kw_only=True)
class Loss:
    """What D and G minimise, as functions of logits: (N,), (N,) -> ()."""

    name: str
    source: str
    d_loss: Callable[[Tensor, Tensor], Tensor]  # D(x), D(fake)
    g_loss: Callable[[Tensor | None, Tensor], Tensor]  # D(x) if relativistic, else None; D(fake)
    relativistic: bool = False
    penalty: Callable[[nn.Module, Tensor, Tensor], Tensor] | None = None  # D, x, fake -> ()


class Pixels(Protocol):
    """Anything that slices like an (N, C, H, W) uint8 array: an array, a memmap, a renderer."""

    def __len__(self) -> int: ...

    def __getitem__(self, rows: slice, /) -> np.ndarray: ...


@dataclass(frozen=True, kw_only=True)
class Images:
    """A data set at one size. Labels are (N,) int64, the known mode of every image, or None."""

    train: Pixels
    held_out: Pixels
    train_labels: np.ndarray | None = None
    held_out_labels: np.ndarray | None = None
    dropped: Sequence[tuple[str, str]] = ()  # (which, why) of images that could not be used


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """A named data set. `load(root, size, download)` raises DataError with what to do."""

    name: str
    source: str
    version: str  # to be changed whenever its pixels change: the cache is keyed on it
    load: Callable[[Path | None, int, bool], Images]
    reads: tuple[str, ...] = ("**/*",)  # patterns of the files below root that it reads
    size: int | None = None  # its natural size; None: it has none, the preset decides
    features: str | None = None  # the features net that sees it best; None: the preset decides
    judge: str | None = None  # a features net that names the mode of an image
    modes: int | None = None  # how many modes it is known to have


@dataclass(frozen=True, kw_only=True)
class Features:
    """A fixed network that images are measured with.

    `digest(weights)` is the SHA-256 of the weights it would load; it raises DataError when it
    could not work here, so that this is known before any training. `weights` is the path that
    the user gave with --feature-weights, if any.
    """

    name: str
    source: str
    digest: Callable[[Path | None], str]
    load: Callable[[str, Path | None], Callable[[Tensor], Tensor]]
    # load(device, weights) -> f: (N, C, H, W) uint8 on that device -> (N, F) float32
    modes: Callable[[np.ndarray], np.ndarray] | None = None
    # a judge's reading of its own features: (N, F) -> (N,) int64, -1 for an image of no mode
    takes_weights: bool = False


Made = TypeVar("Made")


def _make(_: str, make: Callable[[], Made]) -> Made:
    return make()


@dataclass(frozen=True, kw_only=True)
class Samples:
    """What a metric sees: features of N real and M generated images, and a judge's modes.

    A metric makes nothing twice that it makes by `share` or `keep`, under a name of its own:
    `share(name, make)` is make(), once for these samples, whichever metric asks first;
    `keep(name, make)` is make(), arrays that hang on nothing but `real`, `train` and `held_out`,
    once for a data set and a number of images: they are kept on the disk.
    """

    real: np.ndarray  # (N, F) float32
    fake: np.ndarray  # (M, F) float32
    train: np.ndarray | None = None  # (T, F): all training images, for a metric that reads them
    held_out: np.ndarray | None = None  # (H, F): held-out images, at most M of them
    real_modes: np.ndarray | None = None  # (N,) int64, -1: no mode
    fake_modes: np.ndarray | None = None  # (M,)
    modes: int | None = None  # known number of modes
    share: Callable[[str, Callable[[], Any]], Any] = _make
    keep: Callable[[str, Callable[[], dict[str, np.ndarray]]], dict[str, np.ndarray]] = _make


Fault = Literal["lost modes", "repeats", "blur", "noise", "copies"]


@dataclass(frozen=True, kw_only=True)
class Metric:
    """One number about M samples. A name is a protocol: a variant is another name.

    `compute` raises Unscorable where a number would mislead.
    """

    name: str
    source: str
    higher_is_better: bool
    compute: Callable[[Samples], float]
    features: str | None = None  # the features net it reads; None: the evaluation's own
    reads_modes: bool = False  # it needs the modes that the data set's judge names
    reads_train: bool = False  # it needs `train` and `held_out`
    unsuited: Callable[[Dataset], str | None] = _suits
    sees: tuple[Fault, ...] = ()  # it scores a set worse the more of such a fault is in it
    real: tuple[float, float] | None = None  # where N = M >= 500 other real images score
    floor: float | None = None  # a worse score for three ticks is a mode collapse


@dataclass(frozen=True, kw_only=True)
class Preset:
    """What a bare `run` takes."""

    name: str
    source: str
    devices: tuple[str, ...]  # taken unasked on these devices
    dataset: str
    architectures: tuple[str, ...]
    losses: tuple[str, ...]
    size: int
    schedule: Schedule
    features: tuple[str, ...]  # the first that works here is taken
    metrics: tuple[str, ...]  # those that read these features and suit the data set are taken
    samples: int
    engine: str
    tick_samples: int = 256  # of the samples, how many every tick is scored on
    gauges: tuple[str, ...] = ()  # metrics with a floor, which every tick is looked at with


@dataclass(frozen=True, kw_only=True)
class Engine:
    """Runs `python -m gan_bench.run.cell DIR` for every DIR, at most `slots` at a time.

    `start(cells, slots)` yields every DIR as its process ends, with the exit code (negative: the
    signal that ended it). Closing the iterator ends what still runs: SIGTERM lets a cell save its
    state. It keeps no state: all that a cell does is in its folder, and a cell that was lost is
    given to it again, with the same `slots`: on a CPU, a cell that goes on ends in the bytes it
    would have ended in if it has as many threads as before.
    """

    name: str
    source: str
    start: Callable[[Sequence[Path], int], Iterator[tuple[Path, int]]]


class Hooks:
    """The hooks of a plugin. Each returns a list; all are optional."""

    @hookspec
    def gan_bench_architectures(self) -> list[Architecture]:
        """Pairs of networks."""
        raise AssertionError  # a specification: pluggy never calls it

    @hookspec
    def gan_bench_losses(self) -> list[Loss]:
        """Losses on logits."""
        raise AssertionError

    @hookspec
    def gan_bench_datasets(self) -> list[Dataset]:
        """Data sets by name."""
        raise AssertionError

    @hookspec
    def gan_bench_features(self) -> list[Features]:
        """Networks to measure with."""
        raise AssertionError

    @hookspec
    def gan_bench_metrics(self, features: Sequence[str]) -> list[Metric]:
        """Metrics; `features` are the names of all installed features nets."""
        raise AssertionError

    @hookspec
    def gan_bench_presets(self) -> list[Preset]:
        """What a bare `run` takes."""
        raise AssertionError

    @hookspec
    def gan_bench_engines(self) -> list[Engine]:
        """Ways to start cells."""
        raise AssertionError
