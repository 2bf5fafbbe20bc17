"""The data set toonfaces with fewer faces: to draw all 30,000 takes longer than most tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from gan_bench import Images
from gan_bench_plugins.toonfaces import SEED, TRAIN, Faces, modes

COUNT, OTHERS = 4_096, 1_024  # to train on; held out


def load(_root: Path | None, size: int, _download: bool) -> Images:
    """The first faces of either split."""
    train, held_out = Faces(0, COUNT, size), Faces(TRAIN, OTHERS, size)
    return Images(
        train=train,
        held_out=held_out,
        train_labels=modes(SEED, train.indices()),
        held_out_labels=modes(SEED, held_out.indices()),
    )


def take_few(patch: pytest.MonkeyPatch, home: Path) -> None:
    """Let toonfaces have these faces only, with a cache of their own."""
    patch.setattr("gan_bench_plugins.toonfaces.load", load)
    patch.setenv("GAN_BENCH_HOME", str(home))
