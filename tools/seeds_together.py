"""Would the seeds of a row train faster as one network, by vmap? `python tools/seeds_together.py`.

A convolution of several seeds at once is a grouped one. If this ever wins clearly, on a machine
that matters, the seeds of a row should share a process; docs/performance.md has the measurements.
"""

from __future__ import annotations

import sys
from copy import deepcopy
from functools import partial
from pathlib import Path

import click
import numpy as np
import torch
from torch import Tensor, nn
from torch.func import functional_call, stack_module_state, vmap
from torch.optim import Adam

from gan_bench import Architecture, Loss, Schedule
from gan_bench.base.precision import computes_bf16
from gan_bench.catalogue import load
from gan_bench.train.pair import build_pair

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "performance"))
from loops import Turn, bare
from race import machine, race, times_faster

SIDE, BATCH, SEEDS = 32, 32, 2
IMAGES = np.random.default_rng(0).integers(0, 256, (2_048, 3, SIDE, SIDE), dtype=np.uint8)


class Stacked:
    """One network of several seeds: (S, N, ...) -> (S, N, ...)."""

    def __init__(self, networks: list[nn.Module]) -> None:
        self.form = deepcopy(networks[0]).to("meta")
        self.parameters, self.buffers = stack_module_state(networks)

    def __call__(self, x: Tensor, frozen: bool = False) -> Tensor:
        """With frozen parameters, no gradient reaches them."""
        given = self.parameters
        if frozen:
            given = {name: each.detach() for name, each in given.items()}

        def one(parameters: dict[str, Tensor], buffers: dict[str, Tensor], x: Tensor) -> Tensor:
            output = functional_call(self.form, (parameters, buffers), (x,))
            return output if isinstance(output, Tensor) else output.logits

        return vmap(one, randomness="different")(given, self.buffers, x)


def together(arch: Architecture, loss: Loss, half: bool, device: str, steps: int) -> Turn:
    """The bare loop on all seeds at once; each seed has its own images and z."""
    shape = IMAGES.shape[1:]
    pairs = [build_pair(arch, shape, seed) for seed in range(SEEDS)]
    G, D = (Stacked([getattr(pair, net).to(device) for pair in pairs]) for net in ("G", "D"))
    opt_g, opt_d = (Adam(n.parameters.values(), 2e-4, (0.5, 0.999), fused=True) for n in (G, D))
    data = torch.from_numpy(IMAGES).to(device)
    cast = torch.autocast(device, torch.bfloat16, enabled=half)

    def turn() -> None:
        for _ in range(steps):
            rows = torch.randint(len(data), (SEEDS, BATCH), device=device)
            x = data[rows].float() / 127.5 - 1
            with cast:
                fake = G(torch.randn(SEEDS, BATCH, arch.z_dim, device=device))
                logits = D(x).float(), D(fake.detach()).float()
                loss_d = vmap(loss.d_loss)(*logits).sum()
            opt_d.zero_grad()
            loss_d.backward()
            opt_d.step()
            with cast:
                logits_fake = D(fake, frozen=True).float()
                loss_g = sum(loss.g_loss(None, each) for each in logits_fake)
            opt_g.zero_grad()
            loss_g.backward()  # type: ignore[union-attr]
            opt_g.step()

    return turn


def in_turn(turns: list[Turn]) -> None:
    """Take each turn once."""
    for turn in turns:
        turn()


@click.command()
@click.option("--arch", "names", multiple=True, default=("dcgan", "dense"), show_default=True)
def measure(names: tuple[str, ...]) -> None:
    """How many times faster two seeds are as one network than one by one."""
    device = "cuda" if torch.cuda.is_available() else "cpu"
    known, steps, half = load(), 100 if device == "cuda" else 6, computes_bf16(device)
    loss = known.find(Loss, "non-saturating")
    schedule = Schedule(kimg=1, batch=BATCH, precision="bf16" if half else "fp32")
    print(machine())
    for name in names:
        arch = known.find(Architecture, name)
        singles = [bare(arch, loss, IMAGES, schedule, device, steps) for _ in range(SEEDS)]
        both = together(arch, loss, half, device, steps)
        times = race({"one by one": partial(in_turn, singles), "together": both})
        print(f"{name}, {SIDE} px, {device}: {times_faster(times, 'together', 'one by one'):.2f} x")


if __name__ == "__main__":
    measure()
