"""Would the seeds of a row train faster as one network of many, by vmap, than one by one?

A convolution of several seeds at once is a grouped one. If this ever wins clearly, on a machine
that matters, the seeds of a row should share a process; docs/performance.md has the measurements.
"""

from __future__ import annotations

from copy import deepcopy

import pytest
import torch
from torch import Tensor, nn
from torch.func import functional_call, stack_module_state, vmap
from torch.optim import Adam

from gan_bench import Architecture, Loss, Schedule
from gan_bench.base.precision import computes_bf16
from gan_bench.catalogue import load
from gan_bench.train.pair import build_pair
from loops import Turn, bare
from race import Note, race, times_faster
from test_training_speed import IMAGES

pytestmark = pytest.mark.speed

SIDE, BATCH = 32, 32


class Stacked:
    """One network of several seeds: (S, N, ...) -> (S, N, ...)."""

    def __init__(self, networks: list[nn.Module]) -> None:
        self.form = deepcopy(networks[0]).to("meta")
        self.parameters, self.buffers = stack_module_state(networks)

    def __call__(self, x: Tensor, frozen: bool = False) -> Tensor:
        given = self.parameters
        if frozen:
            given = {name: each.detach() for name, each in given.items()}

        def one(parameters: dict[str, Tensor], buffers: dict[str, Tensor], x: Tensor) -> Tensor:
            return functional_call(self.form, (parameters, buffers), (x,))  # type: ignore[no-any-return]

        return vmap(one, randomness="different")(given, self.buffers, x)


def together(
    arch: Architecture, loss: Loss, seeds: int, half: bool, device: str, steps: int
) -> Turn:
    """The bare loop on all seeds at once; each seed has its own images and z."""
    shape = IMAGES[SIDE].shape[1:]
    pairs = [build_pair(arch, shape, seed) for seed in range(seeds)]
    G, D = (Stacked([pair[k].to(device) for pair in pairs]) for k in (0, 1))
    opt_g, opt_d = (Adam(n.parameters.values(), 2e-4, (0.5, 0.999), fused=True) for n in (G, D))
    data = torch.from_numpy(IMAGES[SIDE]).to(device)
    cast = torch.autocast(device, torch.bfloat16, enabled=half)

    def turn() -> None:
        for _ in range(steps):
            rows = torch.randint(len(data), (seeds, BATCH), device=device)
            x = data[rows].float() / 127.5 - 1
            with cast:
                fake = G(torch.randn(seeds, BATCH, arch.z_dim, device=device))
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


@pytest.mark.parametrize("name", ["dcgan", "dense"])
def test_seeds_as_one_network_against_seeds_one_by_one(name: str, note: Note) -> None:
    device = "cuda" if torch.cuda.is_available() else "cpu"
    known, steps, seeds = load(), 100 if device == "cuda" else 6, 2
    arch, loss = known.find(Architecture, name), known.find(Loss, "non-saturating")
    half = computes_bf16(device)
    schedule = Schedule(kimg=1, batch=BATCH, precision="bf16" if half else "fp32")
    singles = [bare(arch, loss, IMAGES[SIDE], schedule, device, steps) for _ in range(seeds)]

    def one_by_one() -> None:
        for single in singles:
            single()

    stacked = together(arch, loss, seeds, half, device, steps)
    times = race({"one by one": one_by_one, "together": stacked})
    gain = times_faster(times, "together", "one by one")
    what = f"two seeds of {name}, {SIDE} px, as one network (vmap) against one by one, {device}"
    note(what, f"{gain:.2f} x")
    assert gain > 0
