"""The training loop against the plain one, against itself without a harness, against the metal."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from gan_bench import Architecture, Loss, Schedule
from gan_bench.base.precision import computes_bf16
from gan_bench.catalogue import load
from loops import Product, Turn, bare, flops, ours, plain
from race import Note, race, times_faster

pytestmark = pytest.mark.speed

IMAGES = {
    side: np.random.default_rng(0).integers(0, 256, (2_048, 3, side, side), dtype=np.uint8)
    for side in (32, 64, 128)
}
# side -> batch, and steps of a turn
ON_CPU = {32: (32, 8), 64: (64, 4), 128: (16, 4)}
ON_CUDA = {32: (64, 200), 64: (64, 100), 128: (64, 50)}
DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16}
# what must hold: times the plain loop, share of the ceiling
LEAST = {(64, "fp32"): (1.15, 0.0), (64, "bf16"): (2.0, 0.65)}


@pytest.fixture(scope="module")
def dcgan() -> Architecture:
    return load().find(Architecture, "dcgan")


@pytest.fixture(scope="module")
def loss() -> Loss:
    return load().find(Loss, "non-saturating")


@pytest.mark.parametrize("side", ON_CPU)
def test_training_on_a_cpu_beats_the_plain_loop(
    side: int, dcgan: Architecture, loss: Loss, note: Note
) -> None:
    batch, steps = ON_CPU[side]
    where = f"dcgan {side} px, batch {batch}, CPU"
    contestants: dict[str, Turn] = {"plain": plain(dcgan, IMAGES[side], batch, "cpu", steps)}
    ceilings: dict[str, Product] = {}
    for precision, dtype in DTYPES.items():
        if precision == "bf16" and not computes_bf16("cpu"):
            note(f"{where}, bf16", "not measured: this CPU does not compute it itself")
            continue
        schedule = Schedule(kimg=1, batch=batch, ema_kimg=2, precision=precision)
        contestants[precision] = ours(dcgan, loss, IMAGES[side], schedule, "cpu", steps)
        ceilings[precision] = Product(dtype, "cpu", 4)
    times = race(contestants | {f"{name} ceiling": each for name, each in ceilings.items()})
    work = flops(dcgan, side, batch) * steps
    short = []
    for precision, ceiling in ceilings.items():
        gain = times_faster(times, precision, "plain")
        peak = ceiling.flops / times[f"{precision} ceiling"].median
        share = work / times[precision].median / peak
        least, part = LEAST.get((side, precision), (0.0, 0.0))
        here = f"{where}, {precision}"
        note(f"{here}: against the plain loop", f"{gain:.2f} x", at_least(least, " x"))
        note(
            f"{here}: share of the ceiling of matrix products",
            f"{share:.0%} of {peak / 1e9:.0f} GFLOP/s",
            at_least(100 * part, "%"),
        )
        short += [precision] if gain < least or share < part else []
    assert not short


def at_least(value: float, unit: str) -> str:
    return f"≥ {value:g}{unit}" if value else ""


@pytest.mark.parametrize("side", [32, 64])
def test_the_harness_costs_nearly_nothing(
    side: int, dcgan: Architecture, loss: Loss, note: Note
) -> None:
    batch, steps = ON_CPU[side]
    precision = "bf16" if computes_bf16("cpu") else "fp32"
    schedule = Schedule(kimg=1, batch=batch, ema_kimg=2, precision=precision)
    given = (dcgan, loss, IMAGES[side], schedule, "cpu", steps)
    times = race({"bare": bare(*given), "ours": ours(*given)}, rounds=9)
    more = 1 / times_faster(times, "ours", "bare") - 1
    what = f"dcgan {side} px, CPU, {precision}: harness over a bare loop with the same tricks"
    note(what, f"{more:+.1%}", "≤ 2%" if side == 64 else "")
    if side == 64:
        assert more <= 0.02


@pytest.mark.gpu
@pytest.mark.parametrize(("side", "least"), [(32, 0.0), (64, 5.0), (128, 4.0)])
def test_training_on_a_gpu_beats_the_plain_loop(
    side: int, least: float, dcgan: Architecture, loss: Loss, note: Note
) -> None:
    batch, steps = ON_CUDA[side]
    schedule = Schedule(kimg=1, batch=batch, ema_kimg=2, precision="bf16")
    given = (dcgan, loss, IMAGES[side], schedule, "cuda", steps)
    ceiling = Product(torch.bfloat16, "cuda", 50)
    times = race(
        {
            "plain": plain(dcgan, IMAGES[side], batch, "cuda", steps),
            "ours": ours(*given),
            "bare": bare(*given),
            "ceiling": ceiling,
        }
    )
    gain, graph = (times_faster(times, "ours", other) for other in ("plain", "bare"))
    share = flops(dcgan, side, batch) * steps / times["ours"].median
    share /= ceiling.flops / times["ceiling"].median
    where = f"dcgan {side} px, batch {batch}, CUDA, bf16"
    note(f"{where}: against the plain loop", f"{gain:.2f} x", at_least(least, " x"))
    note(f"{where}: against a bare loop without a graph", f"{graph:.2f} x")
    note(f"{where}: share of the ceiling of matrix products", f"{share:.0%}")
    assert gain >= least
