"""What a plugin offers: frozen dataclasses of functions. The hooks in `hooks` return them.

Letters in shapes: N images in a batch, M generated images, C x H x W an image, F features.
Pixels are uint8 in data sets, features and metrics, and float in [-1, 1] inside G and D; only
the core converts between the two. Every offer has a `name`, which is what a user types, and a
`source`: the paper and section it comes from, and any difference from it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeVar

from gan_bench.contract.protocol import Schedule

if TYPE_CHECKING:
    import numpy as np
    import torch
    from torch import Tensor, nn

    from gan_bench.contract.evidence import Evidence
    from gan_bench.contract.step import Step

Shape = tuple[int, int, int]  # (C, H, W)


def _suits(_: Any) -> None:
    """The default of `unsuited`: no reason against anything."""


@dataclass(frozen=True, kw_only=True)
class Architecture:
    """A pair of networks. D returns logits, not probabilities: the loss decides what they mean.

    A `conditional` pair is built with the number of classes, generator(shape, classes), and gets
    the classes y (N,) int64 of the images: G(z, y) and D(x, y).

    Whatever the networks keep between steps must be in their parameters, buffers or extra state
    (plain values), because an interrupted training resumes from these. Random numbers must come
    from torch's default generator, which the core seeds.
    """

    name: str
    source: str
    z_dim: int
    generator: Callable[..., nn.Module]  # (N, z_dim) from N(0, 1) -> (N, C, H, W) in [-1, 1]
    discriminator: Callable[..., nn.Module]  # (N, C, H, W) -> logits (N, ...), or an Output
    conditional: bool = False
    # sets buffers of G and D before every step; `progress` () rises from 0 to nearly 1
    anneal: Callable[[nn.Module, nn.Module, Tensor], None] | None = None
    # the reason why it cannot make images of this shape, or None
    unsuited: Callable[[Shape], str | None] = _suits
    # the schedule it was made for, as {"betas": (0.0, 0.9)}: for --recipes own; see Recipe
    wants: Mapping[str, Any] = field(default_factory=dict, hash=False)


Read = Literal["features", "classes", "labels"]  # of D's Output, or of the data


@dataclass(frozen=True, kw_only=True)
class Loss:
    """What D and G minimise: functions of D's logits (N, ...), and terms that see more.

    A penalty reads the whole Step, and may pass images through D or G again. One that is computed
    every k-th step only is multiplied by k, so that its weight is the same.

    What the loss keeps between steps, such as a moving average, must be in buffers of the module
    that `state` makes for each training. Penalties read it as step.state and change its buffers in
    place, with detached values. It is on the training's device, and checkpoints have it.
    """

    name: str
    source: str
    d_loss: Callable[[Tensor, Tensor], Tensor]  # of D(x) and D(fake) -> ()
    g_loss: Callable[[Tensor | None, Tensor], Tensor]  # of D(x) if it reads_real, D(fake) -> ()
    reads_real: bool = False  # whether G's update needs D(x), which costs a pass of D
    penalty: Callable[[Step], Tensor] | None = None  # added to d_loss -> ()
    penalty_every: int = 1  # steps
    g_penalty: Callable[[Step], Tensor] | None = None  # added to g_loss -> ()
    g_penalty_every: int = 1
    state: Callable[[], nn.Module] | None = None  # a new module at every call
    reads: tuple[Read, ...] = ()  # what its penalties need that not every D or data set gives
    # changes D in place after each of its updates, as one that clips its weights does
    after_d: Callable[[nn.Module], None] | None = None
    # the schedule it was made for, as {"d_steps": 5}; it comes before the architecture's
    wants: Mapping[str, Any] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, kw_only=True)
class Optimizer:
    """Turns gradients into updates; G and D have one each.

    `make(parameters, lr, betas, on_cuda)` returns a torch optimiser of all these parameters. It
    says in `source` what it makes of the two betas, which every schedule has. All that it keeps
    between steps must be in its `state_dict()`. On CUDA a step is recorded once and repeated: what
    changes between steps must be in tensors on that device. Where the schedule lowers the rate,
    `lr` is such a tensor there (), which the core fills; everywhere else it is a float.
    """

    name: str
    source: str
    make: Callable[
        [list[nn.Parameter], float | Tensor, tuple[float, float], bool], torch.optim.Optimizer
    ]


@dataclass(frozen=True, kw_only=True)
class Augmentation:
    """A random change of images.

    `apply(images, numbers)` gets images (N, C, H, W) float32 in [-1, 1] and random numbers
    (N, draws), uniform in [0, 1), a row for each image, and returns images of the same shape. It
    draws nothing itself: equal numbers give equal images, so that every cell of a seed sees the
    same images and an interrupted training ends in the same bytes.

    If it changes "real" images only, it varies the data set, and G learns to make such images too:
    they must stay in [-1, 1]. If it changes "real and fake" images, D sees both only after the
    change, in D's step and in G's, so that G does not learn it: it must be differentiable.
    """

    name: str
    source: str
    draws: int  # random numbers that it takes for each image
    apply: Callable[[Tensor, Tensor], Tensor]
    changes: Literal["real", "real and fake"] = "real"


class Pixels(Protocol):
    """Whatever can be sliced like an (N, C, H, W) uint8 array: an array, a memmap, a renderer."""

    def __len__(self) -> int: ...

    def __getitem__(self, rows: slice, /) -> np.ndarray: ...


@dataclass(frozen=True, kw_only=True)
class Images:
    """The images of a data set at one size.

    Labels are (N,) int64, the mode of each image, or None where the modes are not known.
    """

    train: Pixels
    held_out: Pixels
    train_labels: np.ndarray | None = None
    held_out_labels: np.ndarray | None = None
    dropped: Sequence[tuple[str, str]] = ()  # (name, reason) of each image that cannot be used


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """A named data set.

    `load(root, size, download)` gets the folder of --data-root, the side of the images in pixels,
    and whether it may download. It raises DataError, with what to do, if it finds no images.
    """

    name: str
    source: str
    version: str  # change it whenever the pixels change, or the cache keeps the old ones
    load: Callable[[Path | None, int, bool], Images]
    reads: tuple[str, ...] = ("**/*",)  # patterns of the files below root that it reads
    size: int | None = None  # its natural size in pixels; None: the preset decides
    features: str | None = None  # the features net that suits it best; None: the preset decides
    judge: str | None = None  # the features net that names the mode of an image
    modes: int | None = None  # the number of its modes, if it is known


@dataclass(frozen=True, kw_only=True)
class Features:
    """A fixed network whose outputs are the features that metrics read.

    `digest(weights)` returns the SHA-256 of the weights that `load` would read. It raises
    DataError if the net cannot work here, so that the user knows before any training. `weights`
    is the path given with --feature-weights, or None.
    """

    name: str
    source: str
    digest: Callable[[Path | None], str]
    load: Callable[[str, Path | None], Callable[[Tensor], Tensor]]
    # load(device, weights) -> f: (N, C, H, W) uint8 on that device -> (N, F) float32
    modes: Callable[[np.ndarray], np.ndarray] | None = None
    # for a judge: its features (N, F) -> (N,) int64, the mode of each image, -1 for none
    takes_weights: bool = False  # whether it reads the file of --feature-weights
    warning: str | None = None  # what everyone must know who reads a score that it helped to make


Made = TypeVar("Made")


def _make(_: str, make: Callable[[], Made]) -> Made:
    return make()


@dataclass(frozen=True, kw_only=True)
class Samples:
    """What a metric reads: features of N real and M generated images, and modes from a judge.

    Two functions save a metric from computing the same thing twice. Both return make():
    `share(name, make)` calls it once for these samples, whichever metric asks first.
    `keep(name, make)` calls it once for a data set and a number of images, and keeps the arrays on
    the disk; they may depend on `real`, `train` and `held_out` only.
    """

    real: np.ndarray  # (N, F) float32
    fake: np.ndarray  # (M, F) float32
    train: np.ndarray | None = None  # (T, F): all training images, if the metric reads_train
    held_out: np.ndarray | None = None  # (H, F): held-out images, at most M of them
    real_modes: np.ndarray | None = None  # (N,) int64, -1 for no mode
    fake_modes: np.ndarray | None = None  # (M,)
    modes: int | None = None  # the number of modes of the data set, if it is known
    share: Callable[[str, Callable[[], Any]], Any] = _make
    keep: Callable[[str, Callable[[], dict[str, np.ndarray]]], dict[str, np.ndarray]] = _make


@dataclass(frozen=True, kw_only=True, eq=False)
class Influence:
    """How far each image moves a score, to first order.

    The score differs from its expected value by about the mean of `fake` plus the mean of `real`.
    The terms of either kind have a mean of 0. Give `real` only if the score has no bias: the report
    then tests with it whether two networks differ.
    """

    fake: np.ndarray  # (M,)
    real: np.ndarray | None = None  # (N,)


Fault = Literal["lost modes", "repeats", "blur", "noise", "copies"]


@dataclass(frozen=True, kw_only=True)
class Metric:
    """One number about M samples. A variant needs another name: a name fixes how it is computed.

    `compute` raises Unscorable where any number would mislead.
    """

    name: str
    source: str
    higher_is_better: bool
    compute: Callable[[Samples], float]
    features: str | None = None  # the features net it reads; None: the evaluation's own
    reads_modes: bool = False  # it needs the modes that the data set's judge names
    reads_train: bool = False  # it needs `train` and `held_out`
    equal_counts: bool = False  # it needs N = M; others get all N reference images at every tick
    # the reason why it cannot be used on this data set, or None
    unsuited: Callable[[Dataset], str | None] = _suits
    # faults that make its score worse, the more of them the worse; or a function of the net's name
    sees: tuple[Fault, ...] | Callable[[str], tuple[Fault, ...]] = ()
    real: tuple[float, float] | None = None  # the range in which N = M >= 500 real images score
    floor: float | None = None  # a score worse than this for three ticks is a mode collapse
    partner: str | None = None  # the metric without which this one misleads: shown beside it
    alarm: float | None = None  # a score worse than this puts all other scores in doubt: flagged
    # the terms of the score's standard error; None: blocks of the samples are scored
    influence: Callable[[Samples], Influence] | None = None
    # what weighs most in the score, in a few words: shown below the table
    detail: Callable[[Samples], str] | None = None
    # the images that the score is made of: shown on the page
    evidence: Callable[[Samples], Evidence] | None = None


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A generator that was not trained here, for `score --like` and `run --entry`.

    `images(n, seed)` gives (n, C, H, W) uint8: always the same for the same arguments.
    """

    name: str
    source: str
    images: Callable[[int, int], np.ndarray]


@dataclass(frozen=True, kw_only=True)
class Preset:
    """A schedule, size, data set and metrics that go together: what `run` takes by default."""

    name: str
    source: str
    devices: tuple[str, ...]  # a `run` without --preset takes it on these devices
    dataset: str
    architectures: tuple[str, ...]
    losses: tuple[str, ...]
    size: int
    schedule: Schedule
    features: tuple[str, ...]  # the first that works here is used
    metrics: tuple[str, ...]  # those that read these features and suit the data set are used
    samples: int
    engine: str
    tick_samples: int = 256  # how many of the samples are scored at every tick
    gauges: tuple[str, ...] = ()  # metrics with a floor, which are computed at every tick
    tick_metric: str | None = None  # scores the ticks, if it exists for these features
    judged: tuple[str, ...] = ()  # metrics to compute on the features of the data set's judge
    for_score: bool = False  # whether `score` takes its features and metrics without --preset
