"""The precision that a device computes in, where torch leaves it open."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch


def settle(device: str) -> dict[str, str]:
    """Make a GPU compute fp32 in fp32, for this whole process; return the settings, for the record.

    A score must not depend on the kind of GPU, so TF32 is off. The schedule's precision is the
    one place that asks for less than fp32.
    """
    if not device.startswith("cuda"):
        return {}
    torch.backends.cuda.matmul.fp32_precision = "ieee"
    torch.backends.cudnn.conv.fp32_precision = "ieee"  # type: ignore[attr-defined]
    torch.backends.cudnn.benchmark = False
    version = torch.backends.cudnn.version()  # type: ignore[no-untyped-call]
    return {"fp32": "IEEE, no TF32", "cudnn": f"{version}, a step's algorithms chosen by benchmark"}


@contextmanager
def fastest_algorithms() -> Iterator[None]:
    """Let cudnn time its algorithms at the first call of every shape, and take the fastest.

    That is for steps, whose shapes are the same every time. Measuring sees batches of many sizes:
    each new one took 5 s with EfficientNet-Lite0 on an H100, and 0.05 s by cudnn's own rule.
    """
    before = torch.backends.cudnn.benchmark
    torch.backends.cudnn.benchmark = True
    try:
        yield
    finally:
        torch.backends.cudnn.benchmark = before


def computes_bf16(device: str) -> bool:
    """Whether the device computes bf16 itself. Emulated, it is slower than fp32 and no better."""
    if device == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    if device == "cpu":  # AVX512-BF16 or AMX: without them bf16 was never faster
        return bool(torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())
    return False
