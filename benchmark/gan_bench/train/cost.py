"""What a training costs: parameters, multiply-accumulates, memory."""

from __future__ import annotations

import sys

import psutil
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode


def macs(network: nn.Module, shape: tuple[int, ...], device: str = "cpu") -> int:
    """Multiply-accumulates of one forward pass over one input (1, *shape), by torch's own count."""
    was_training = network.training
    network.eval()
    try:
        with torch.no_grad(), FlopCounterMode(display=False) as counter:
            network(torch.zeros(1, *shape, device=device))
    finally:
        network.train(was_training)
    return int(counter.get_total_flops()) // 2  # a multiplication and an addition


def peak_memory(device: str) -> float:
    """MiB: of the GPU where there is one, else of this process."""
    if device.startswith("cuda"):
        return torch.cuda.max_memory_allocated() / 2**20
    try:
        import resource
    except ImportError:  # Windows keeps it elsewhere
        return float(psutil.Process().memory_info().peak_wset) / 2**20
    unit = 1 if sys.platform == "darwin" else 1024  # bytes there, KiB elsewhere
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20


def parameters(network: nn.Module) -> int:
    """How many numbers the network learns."""
    return sum(p.numel() for p in network.parameters())


def device_name(device: str) -> str:
    """The device as the record names it."""
    if device.startswith("cuda"):
        return f"{device} ({torch.cuda.get_device_name(device)})"
    if device != "cpu":
        return device
    threads = torch.get_num_threads()
    return f"cpu ({threads} thread{'' if threads == 1 else 's'})"
