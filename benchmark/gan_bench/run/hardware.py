"""The machine that a cell is computed on: what its last bits depend on, besides its code."""

from __future__ import annotations

import hashlib
import platform
import subprocess
import sys
from pathlib import Path

import torch

DIGEST = 12  # characters, enough to tell the builds of torch apart


def is_here(device: str) -> bool:
    """Whether this machine has such a device."""
    has = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.mps.is_available()}
    return has[device.partition(":")[0]]


def this_machine() -> dict[str, str]:
    """Processor, its vector instructions that torch uses, threads, build of torch, system.

    The record of a cell holds it, because equal bytes need an equal machine (docs/faults.md).
    """
    # its capability is of this machine, not of the build
    lines = [line for line in torch.__config__.show().splitlines() if "capability" not in line]
    build = hashlib.sha256("\n".join(lines).encode()).hexdigest()[:DIGEST]
    library = " ".join(platform.libc_ver())
    return {
        "processor": processor(),
        "instructions": instructions(),
        "threads": str(torch.get_num_threads()),
        "torch": f"{torch.__version__}, build {build}",
        "system": " ".join(filter(None, [platform.system(), platform.machine(), library])),
    }


def instructions() -> str:
    """The vector instructions that torch uses, and those for bf16 that decide on the precision."""
    has = {
        "AVX512-BF16": torch.cpu._is_avx512_bf16_supported(),
        "AMX": torch.cpu._is_amx_tile_supported(),
    }
    names = [torch.backends.cpu.get_cpu_capability(), *(name for name, here in has.items() if here)]
    return ", ".join(names)


def processor() -> str:
    """The name of the processor, as its maker calls it where the system says that."""
    named = _linux_name() if sys.platform.startswith("linux") else _mac_name()
    return named or platform.processor() or platform.machine()


def _linux_name() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else ""


def _mac_name() -> str:
    if sys.platform != "darwin":
        return ""
    command = ["/usr/sbin/sysctl", "-n", "machdep.cpu.brand_string"]
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=10).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return ""
