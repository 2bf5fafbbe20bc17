"""What is fixed for a whole process on a GPU; the flags exist on a CPU too."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch

from gan_bench.base.precision import settle


@pytest.fixture
def _as_before() -> Iterator[None]:
    """What is settled for a whole process is none of the other tests' business."""
    cuda, cudnn = torch.backends.cuda.matmul, torch.backends.cudnn
    conv = cudnn.conv  # type: ignore[attr-defined]
    before = cuda.fp32_precision, conv.fp32_precision, cudnn.benchmark, cudnn.deterministic
    yield
    cuda.fp32_precision, conv.fp32_precision, cudnn.benchmark, cudnn.deterministic = before


@pytest.mark.usefixtures("_as_before")
def test_cudnn_picks_the_same_algorithms_in_every_process() -> None:
    assert "deterministic" in settle("cuda")["cudnn"]
    assert torch.backends.cudnn.deterministic
    assert not torch.backends.cudnn.benchmark
