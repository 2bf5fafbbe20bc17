"""How a device computes, where torch leaves it open: in which precision, and always alike."""

from __future__ import annotations

import platform
from pathlib import Path

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
    """Whether the device computes bf16 itself, and faster than fp32.

    Emulated it is slower than fp32 and no better. A CPU needs AMX, or AVX512-BF16 of AMD: Intel's
    has half the units of fp32, and a convolutional pair took 1.4 times as long with it.
    """
    if device == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    if device == "cpu":
        amx = bool(torch.cpu._is_amx_tile_supported())
        return amx or bool(torch.cpu._is_avx512_bf16_supported() and not of_intel())
    return False


def of_intel() -> bool:
    """Whether Intel made the CPU."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:  # not Linux
        text = platform.processor()
    return "GenuineIntel" in text
