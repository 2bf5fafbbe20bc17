"""What is fixed for a whole process on a GPU; the flags exist on a CPU too."""

from __future__ import annotations

import torch

from gan_bench.base.precision import settle


def test_cudnn_picks_the_same_algorithms_in_every_process() -> None:
    assert "deterministic" in settle("cuda")["cudnn"]
    assert torch.backends.cudnn.deterministic
    assert not torch.backends.cudnn.benchmark
