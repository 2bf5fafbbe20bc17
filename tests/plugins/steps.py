"""A Step as a loss gets it, made of any D and batch."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from gan_bench import Output, Step

SHAPE = (3, 8, 8)


def linear_d(slope: float = 1.0) -> nn.Module:
    """D(x) = w . x with |w| = slope."""
    D = nn.Sequential(nn.Flatten(), nn.Linear(192, 1), nn.Flatten(0))
    w = D[1].weight.data
    w.mul_(slope / w.norm())
    return D


def step_of(D: nn.Module, **changes: Any) -> Step:
    """Four images, real and fake, of an update of D."""

    def judge(images: Tensor) -> Output:
        given = D(images)
        return given if isinstance(given, Output) else Output(given)

    x, fake = torch.rand(2, 4, *SHAPE) * 2 - 1
    nothing = torch.zeros(())
    parts = {
        "G": nn.Identity(), "D": D, "x": x, "fake": fake, "z": torch.zeros(4, 2), "labels": None,
        "kimg": nothing, "progress": nothing, "make": nn.Identity(),
        "judge": judge,
    } | changes  # fmt: skip
    outputs = {"on_real": judge(parts["x"]), "on_fake": judge(parts["fake"])}
    return Step(**outputs | parts)
