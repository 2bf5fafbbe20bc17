"""What a training costs: parameters, multiply-accumulates, memory; and the device it ran on."""

from __future__ import annotations

import sys
from collections.abc import Callable

import psutil
import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from gan_bench.base.text import plural
from gan_bench.contract.offers import Shape
from gan_bench.train.pair import Pair


def macs(call: Callable[[Tensor], object], shape: tuple[int, ...], device: str = "cpu") -> int:
    """Multiply-accumulates of a call with zeros of this shape, as torch counts them."""
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        call(torch.zeros(shape, device=device))
    return int(counter.get_total_flops()) // 2  # torch counts the multiplication and the addition


def pair_macs(pair: Pair, z_dim: int, shape: Shape, device: str) -> tuple[int | None, int | None]:
    """Of G and of D, for one image forward in eval mode; None where torch cannot count them."""
    label = torch.zeros(1, dtype=torch.int64, device=device)
    of_g = _counted(pair.G, lambda z: pair.make(z, label), (1, z_dim), device)
    of_d = _counted(pair.D, lambda x: pair.judge(x, label), (1, *shape), device)
    return of_g, of_d


def _counted(
    network: nn.Module, call: Callable[[Tensor], object], shape: tuple[int, ...], device: str
) -> int | None:
    was_training = network.training
    network.eval()
    try:
        return macs(call, shape, device)
    except Exception:  # a finished training must not be lost by it
        return None
    finally:
        network.train(was_training)


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
