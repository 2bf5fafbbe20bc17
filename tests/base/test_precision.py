"""What is fixed for a whole process on a GPU; the flags exist on a CPU too."""

from __future__ import annotations

import torch

from gan_bench.base.precision import fastest_algorithms, settle


def test_only_a_training_step_times_cudnns_algorithms() -> None:
    settle("cuda")
    assert not torch.backends.cudnn.benchmark
    with fastest_algorithms():
        assert torch.backends.cudnn.benchmark
    assert not torch.backends.cudnn.benchmark
