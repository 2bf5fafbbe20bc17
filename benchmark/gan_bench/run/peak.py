"""The most memory that this process takes from a moment on."""

from __future__ import annotations

import ctypes
import gc
from contextlib import suppress
from pathlib import Path

import torch

from gan_bench.train.cost import peak_memory

CONTEXT = 2**29  # bytes of a GPU that a process takes beside its tensors, about


def reset_peak(device: str) -> bool:
    """Give free memory back to the system and begin the peak anew; False where that cannot be."""
    gc.collect()
    if device.startswith("cuda"):
        # cuBLAS keeps 32 MiB for each stream, and with them the segment that they were cut from
        torch._C._cuda_clearCublasWorkspaces()
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
        return True
    # without it glibc kept 770 MB of 800 freed tensors of 1 MB each
    with suppress(OSError, AttributeError, TypeError):  # no glibc
        ctypes.CDLL(None).malloc_trim(0)
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:  # no Linux, or one that does not offer it
        return False
    return True


def peak_bytes(device: str) -> int:
    """Bytes of the GPU, or resident bytes of this process, at the peak since the last reset."""
    if device.startswith("cuda"):
        return torch.cuda.max_memory_reserved() + CONTEXT
    with suppress(OSError, StopIteration):
        lines = Path("/proc/self/status").read_text().splitlines()
        peak = next(line for line in lines if line.startswith("VmHWM:"))
        return int(peak.split()[1]) * 1024  # the file has KiB
    return int(peak_memory(device) * 2**20)


def free_on_gpu(device: str) -> int | None:
    """Free bytes of the GPU if this process were gone; None on another device.

    To be asked before the process takes any memory, which would count as not free.
    """
    if not device.startswith("cuda"):
        return None
    return torch.cuda.mem_get_info()[0] + CONTEXT
