"""Training loops to race against: the plain one of every tutorial, and ours without its harness."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim import Adam
from torch.utils.data import DataLoader, Dataset, TensorDataset

from gan_bench import Architecture, Loss, Schedule
from gan_bench.train.loop import Tick, train
from gan_bench.train.pair import build_pair, output_of
from gan_bench.train.state import begin
from gan_bench_plugins.optimizers import gan_bench_optimizers

Turn = Callable[[], object]


def pair(arch: Architecture, side: int, device: str) -> tuple[nn.Module, nn.Module]:
    """G and D as the seed 0 begins them, in torch's own layout."""
    begun = build_pair(arch, (3, side, side))
    return begun.G.to(device), begun.D.to(device)


def plain(
    arch: Architecture, images: np.ndarray, batch: int, device: str, steps: int, workers: int = 0
) -> Turn:
    """The tutorial: fp32, a DataLoader, D on real and on fake, G through D, `.item()` each step.

    Three backward passes, the third of which computes gradients of D's weights for nothing. torch's
    own settings: on CUDA its convolutions take TF32, and cudnn's algorithms by rule. With workers
    it has the structure of PyTorch's own example of a DCGAN: processes make floats of the images,
    one by one, and fetch ahead.
    """
    G, D = pair(arch, images.shape[-1], device)
    opt_g, opt_d = (Adam(net.parameters(), lr=2e-4, betas=(0.5, 0.999)) for net in (G, D))
    loss = nn.BCEWithLogitsLoss()
    data = (
        _Scaled(images) if workers else TensorDataset(torch.from_numpy(images).float() / 127.5 - 1)
    )
    batches = _endless(
        DataLoader(data, batch_size=batch, shuffle=True, drop_last=True, num_workers=workers)
    )
    ones, zeros = torch.ones(batch, device=device), torch.zeros(batch, device=device)

    @_as_torch_comes()
    def turn() -> list[float]:
        losses = []
        for _ in range(steps):
            x = next(batches).to(device)
            D.zero_grad()
            loss_real = loss(logits(D, x), ones)
            loss_real.backward()
            fake = G(torch.randn(batch, arch.z_dim, device=device))
            loss_fake = loss(logits(D, fake.detach()), zeros)
            loss_fake.backward()
            opt_d.step()
            G.zero_grad()
            loss_g = loss(logits(D, fake), ones)
            loss_g.backward()
            opt_g.step()
            losses += [loss_real.item() + loss_fake.item(), loss_g.item()]
        return losses

    return turn


class _Scaled(Dataset[tuple[Tensor]]):
    """Images (n, C, H, W) uint8, each made a float in [-1, 1] when it is asked for."""

    def __init__(self, images: np.ndarray) -> None:
        self.images = images

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, k: int) -> tuple[Tensor]:
        return (torch.from_numpy(self.images[k]).float() / 127.5 - 1,)


@contextmanager
def _as_torch_comes() -> Iterator[None]:
    """Undo what gan-bench settles for the whole process, as long as the plain loop has its turn."""
    cudnn = torch.backends.cudnn
    conv = cudnn.conv  # type: ignore[attr-defined]
    settled = conv.fp32_precision, cudnn.deterministic
    conv.fp32_precision, cudnn.deterministic = "tf32", False
    try:
        yield
    finally:
        conv.fp32_precision, cudnn.deterministic = settled


def _endless(loader: DataLoader[tuple[Tensor, ...]]) -> Iterator[Tensor]:
    while True:
        for (x,) in loader:
            yield x


def logits(D: nn.Module, images: Tensor) -> Tensor:
    """(N, C, H, W) -> (N, ...) float32."""
    return output_of(D(images)).logits


def ours(
    arch: Architecture, loss: Loss, images: np.ndarray, schedule: Schedule, device: str, steps: int
) -> Turn:
    """The trainer itself, from tick to tick: `schedule` is made so long that it never ends."""
    endless = schedule.model_copy(
        update={"kimg": steps * schedule.batch * 1e5 / 1000, "ticks": 100_000}
    )
    first = gan_bench_optimizers()[0]
    training = begin(arch, images.shape[1:], endless, 0, device, optimizer=first)
    events = train(training, loss, images, endless, 0)

    def turn() -> None:
        next(event for event in events if isinstance(event, Tick))

    return turn


def bare(
    arch: Architecture, loss: Loss, images: np.ndarray, schedule: Schedule, device: str, steps: int
) -> Turn:
    """All that makes ours fast and nothing that makes it safe.

    No streams, norms, scores, curve or check: torch's own random numbers, and the same updates.
    """
    layout = torch.channels_last
    G, D = (net.to(memory_format=layout) for net in pair(arch, images.shape[-1], device))
    ema = deepcopy(G).requires_grad_(False)
    opt_g, opt_d = (Adam(n.parameters(), 2e-4, (0.5, 0.999), fused=True) for n in (G, D))
    data = torch.from_numpy(images).to(device)
    half = torch.autocast(device, torch.bfloat16, enabled=schedule.precision == "bf16")
    batch = schedule.batch

    def turn() -> None:
        for _ in range(steps):
            pixels = data[torch.randint(len(data), (batch,), device=device)]
            x = (pixels.float() / 127.5 - 1).contiguous(memory_format=layout)
            with half:
                fake = G(torch.randn(batch, arch.z_dim, device=device))
                loss_d = loss.d_loss(logits(D, x), logits(D, fake.detach()))
            opt_d.zero_grad()
            loss_d.backward()
            opt_d.step()
            D.requires_grad_(False)
            with half:
                loss_g = loss.g_loss(None, logits(D, fake))
            opt_g.zero_grad()
            loss_g.backward()
            opt_g.step()
            D.requires_grad_(True)
            with torch.no_grad():
                for old, new in zip(
                    ema.state_dict().values(), G.state_dict().values(), strict=True
                ):
                    if old.is_floating_point():
                        old.lerp_(new, 0.01)

    return turn


class Product:
    """The ceiling: products of two square matrices, as fast as this machine has them."""

    def __init__(self, dtype: torch.dtype, device: str, times: int, side: int = 2048) -> None:
        self.flops = 2 * side**3 * times
        self._times = times
        self._factors = [torch.randn(side, side, device=device).to(dtype) for _ in range(2)]

    def __call__(self) -> None:
        for _ in range(self._times):
            torch.mm(*self._factors)


def flops(arch: Architecture, side: int, batch: int) -> int:
    """Floating-point operations of one step, counted by torch, without optimisers."""
    from torch.utils.flop_counter import FlopCounterMode

    G, D = pair(arch, side, "cpu")
    x = torch.zeros(2, 3, side, side)
    with FlopCounterMode(display=False) as counter:
        fake = G(torch.zeros(2, arch.z_dim))
        (logits(D, x).sum() + logits(D, fake.detach()).sum()).backward()
        D.requires_grad_(False)
        logits(D, fake).sum().backward()
    return int(counter.get_total_flops()) * batch // 2
