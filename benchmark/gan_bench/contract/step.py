"""What a training step shows to a loss: the networks, the batch, and what D said about it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor, nn


@dataclass(frozen=True)
class Output:
    """What D returns for N images, where it is more than one tensor of logits."""

    logits: Tensor  # (N, ...): one for each image, or for each of its patches
    features: Tensor | None = None  # (N, ...): what the last layer reads
    classes: Tensor | None = None  # (N, K): logits of the K classes


@dataclass(frozen=True, kw_only=True)
class Step:
    """One update of D or of G. All tensors are float32, and autocast is off.

    In an update of D, `fake` is cut off from G. In one of G, D's parameters get no gradients.
    `make` and `judge` call G and D with the labels of this step, if they are conditional; G and D
    themselves are here for their parameters and buffers. `kimg` and `progress` are tensors, so that
    a recorded CUDA graph reads their present values.
    """

    G: nn.Module
    D: nn.Module
    make: Callable[[Tensor], Tensor]  # z (N, z_dim) -> images (N, C, H, W)
    judge: Callable[[Tensor], Output]  # images -> what D returns
    x: Tensor  # (N, C, H, W) real images as D sees them, augmented
    fake: Tensor  # (N, C, H, W) G's images of z, as D sees them
    z: Tensor  # (N, z_dim)
    labels: Tensor | None  # (N,) int64, the classes of x and of fake; None: the data has none
    on_real: Output | None  # D's output for x; None in an update of G whose loss does not read it
    on_fake: Output
    kimg: Tensor  # () thousands of real images shown before this step
    progress: Tensor  # () the same as a share of the schedule: from 0 to just below 1
    state: nn.Module | None = None  # what Loss.state made: its buffers are changed in place
