"""What a training costs: parameters, multiply-accumulates, memory; and the device it ran on."""

from __future__ import annotations

import sys

import psutil
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from gan_bench.base.text import plural


def macs(network: nn.Module, shape: tuple[int, ...], device: str = "cpu") -> int:
    """Multiply-accumulates of a forward pass over one input (1, *shape), as torch counts them."""
    was_training = network.training
    network.eval()
    try:
        with torch.no_grad(), FlopCounterMode(display=False) as counter:
            network(torch.zeros(1, *shape, device=device))
    finally:
        network.train(was_training)
    return int(counter.get_total_flops()) // 2  # torch counts the multiplication and the addition


def peak_memory(device: str) -> float:
    """The most memory that was taken, in MiB: of the GPU if there is one, else of this process."""
    if device.startswith("cuda"):
        return torch.cuda.max_memory_allocated() / 2**20
    try:
        import resource
    except ImportError:  # Windows
        return float(psutil.Process().memory_info().peak_wset) / 2**20
    unit = 1 if sys.platform == "darwin" else 1024  # macOS counts bytes, Linux KiB
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20


def parameters(network: nn.Module) -> int:
    """How many numbers the network has to learn."""
    return sum(p.numel() for p in network.parameters())


def device_name(device: str) -> str:
    """The device as the record names it: cuda (NVIDIA H100), cpu (2 threads), mps."""
    if device.startswith("cuda"):
        return f"{device} ({torch.cuda.get_device_name(device)})"
    if device != "cpu":
        return device
    return f"cpu ({plural(torch.get_num_threads(), 'thread')})"
