"""How a device computes, where torch leaves it open: in which precision, and always alike."""

from __future__ import annotations

import torch


def settle(device: str) -> dict[str, str]:
    """Make a GPU compute fp32 in fp32 and repeatably, for this whole process; return the settings.

    A score must not depend on the kind of GPU, so TF32 is off. The schedule's precision is the
    one place that asks for less than fp32. cudnn picks its algorithms by rule. If it timed them,
    every process would pick others: two trainings with one seed would differ, and one that was
    interrupted would not end in the same bytes.
    """
    if not device.startswith("cuda"):
        return {}
    torch.backends.cuda.matmul.fp32_precision = "ieee"
    torch.backends.cudnn.conv.fp32_precision = "ieee"  # type: ignore[attr-defined]
    torch.backends.cudnn.benchmark, torch.backends.cudnn.deterministic = False, True
    version = torch.backends.cudnn.version()  # type: ignore[no-untyped-call]
    return {"fp32": "IEEE, no TF32", "cudnn": f"{version}, deterministic"}


def computes_bf16(device: str) -> bool:
    """Whether the device computes bf16 itself. Emulated, it is slower than fp32 and no better."""
    if device == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    if device == "cpu":  # AVX512-BF16 or AMX: without them bf16 was never faster
        return bool(torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())
    return False
