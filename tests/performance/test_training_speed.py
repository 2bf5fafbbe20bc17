"""The training loop against the plain one, against itself without a harness, against the metal."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from gan_bench import Architecture, Loss, Schedule
from gan_bench.base.precision import computes_bf16
from gan_bench.catalogue import load
from loops import Product, Turn, bare, flops, ours, plain
from race import Note, noise, race, times_faster

pytestmark = pytest.mark.speed

IMAGES = {
    side: np.random.default_rng(0).integers(0, 256, (2_048, 3, side, side), dtype=np.uint8)
    for side in (32, 64, 128)
}
# side -> batch, and steps of a turn
ON_CPU = {32: (32, 8), 64: (64, 4), 128: (16, 4)}
ON_CUDA = {32: (64, 200), 64: (64, 100), 128: (64, 50)}
DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16}
WORKERS = 2  # of PyTorch's own example
# what must hold: times the plain loop, times the example, share of the ceiling
LEAST: dict[tuple[int, str], tuple[float | None, ...]] = {
    (64, "fp32"): (1.15, None, None),
    (64, "bf16"): (2.0, 2.2, 0.65),
}


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
    given = (dcgan, IMAGES[side], batch, "cpu", steps)
    contestants: dict[str, Turn] = {"plain": plain(*given), "example": plain(*given, WORKERS)}
    ceilings: dict[str, Product] = {}
    for precision, dtype in DTYPES.items():
        if precision == "bf16" and not computes_bf16("cpu"):
            note(f"{where}, bf16", None, "not measured: fp32 is as fast on this CPU")
            continue
        schedule = Schedule(kimg=1, batch=batch, ema_kimg=2, precision=precision)
        contestants[precision] = ours(dcgan, loss, IMAGES[side], schedule, "cpu", steps)
        ceilings[precision] = Product(dtype, "cpu", 4)
    times = race(contestants | {f"{name} ceiling": each for name, each in ceilings.items()})
    work = flops(dcgan, side, batch) * steps
    for precision, ceiling in ceilings.items():
        peak = ceiling.flops / times[f"{precision} ceiling"].median
        share = work / times[precision].median / peak
        over_plain, over_example, part = LEAST.get((side, precision), (None, None, None))
        here = f"{where}, {precision}"
        for other, words, least in (
            ("plain", "the plain loop", over_plain),
            ("example", "the structure of PyTorch's own example", over_example),
        ):
            note(
                f"{here}: against {words}", times_faster(times, precision, other), "{:.2f} x",
                least=least, noise=noise(times, precision, other),
            )  # fmt: skip
        note(
            f"{here}: share of the ceiling of matrix products",
            share, "{:.0%}", beside=f" of {peak / 1e9:.0f} GFLOP/s",
            least=part, noise=noise(times, precision, f"{precision} ceiling"),
        )  # fmt: skip


@pytest.mark.parametrize("side", [32, 64])
def test_the_harness_costs_nearly_nothing(
    side: int, dcgan: Architecture, loss: Loss, note: Note
) -> None:
    batch, steps = ON_CPU[side]
    precision = "bf16" if computes_bf16("cpu") else "fp32"
    schedule = Schedule(kimg=1, batch=batch, ema_kimg=2, precision=precision)
    given = (dcgan, loss, IMAGES[side], schedule, "cpu", steps)
    times = race({"bare": bare(*given), "ours": ours(*given)}, rounds=9)
    note(
        f"dcgan {side} px, CPU, {precision}: time over a bare loop with the same tricks",
        1 / times_faster(times, "ours", "bare"), "{:.3f} x",
        most=1.02 if side == 64 else None, more_is_better=False,
        noise=noise(times, "ours", "bare"),
    )  # fmt: skip


@pytest.mark.parametrize(("side", "least"), [(32, None), (64, 5.0), (128, 2.0)])
def test_training_on_a_gpu_beats_the_plain_loop(
    side: int, least: float | None, dcgan: Architecture, loss: Loss, note: Note
) -> None:
    batch, steps = ON_CUDA[side]
    where = f"dcgan {side} px, batch {batch}, CUDA, bf16"
    if not torch.cuda.is_available():
        note(f"{where}: against the plain loop", None, "not measured: there is no GPU")
        return
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
    spread = {other: noise(times, "ours", other) for other in ("plain", "bare", "ceiling")}
    note(f"{where}: against the plain loop", gain, "{:.2f} x", least=least, noise=spread["plain"])
    what = f"{where}: against a bare loop without a graph"
    note(what, graph, "{:.2f} x", noise=spread["bare"])
    what = f"{where}: share of the ceiling of matrix products"
    note(what, share, "{:.0%}", noise=spread["ceiling"])
