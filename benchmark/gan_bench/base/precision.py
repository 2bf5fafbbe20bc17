"""How a device computes, where torch leaves it open."""

from __future__ import annotations

import torch


def settle(device: str) -> dict[str, str]:
    """Fix what torch leaves open about a GPU, for all of this process; what was, for the record.

    fp32 means fp32, in training and in measuring: a score must not depend on the kind of GPU, and
    what may be coarser is said by the schedule's precision.
    """
    if not device.startswith("cuda"):
        return {}
    torch.backends.cuda.matmul.fp32_precision = "ieee"
    torch.backends.cudnn.conv.fp32_precision = "ieee"  # type: ignore[attr-defined]
    torch.backends.cudnn.benchmark = True  # shapes are the same at every step
    version = torch.backends.cudnn.version()  # type: ignore[no-untyped-call]
    return {"fp32": "IEEE, no TF32", "cudnn": f"{version}, algorithms chosen by benchmark"}


def computes_bf16(device: str) -> bool:
    """Whether bf16 is computed as such. Emulated, it is slower than fp32 and no better."""
    if device == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    if device == "cpu":  # AVX512-BF16 or AMX: elsewhere no gain was ever measured
        return bool(torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())
    return False
