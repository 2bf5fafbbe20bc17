"""Results folders written by hand, for tests of what is reported about them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageOps

from gan_bench.contract.protocol import (
    Cell,
    Data,
    Evaluation,
    Gauge,
    MetricSpec,
    Protocol,
    RunEnvironment,
    Schedule,
)
from gan_bench.results.atomic import append_line, make_folder, write_json
from gan_bench.results.layout import CELL, CONTACT_SHEET, CURVE, PROTOCOL, cell_dir, protocol_dir
from gan_bench.results.records import Record, write_record

Colour = tuple[int, int, int]
FD = MetricSpec(name="fd-eye", higher_is_better=False, features="eye")
DIVERSITY = MetricSpec(name="diversity", higher_is_better=True, features="eye")


def protocol(kimg: float = 100, metrics: tuple[MetricSpec, ...] = (FD, DIVERSITY)) -> Protocol:
    return Protocol(
        data=Data(name="faces", fingerprint="ab" * 32, shape=(3, 16, 16), train=900, held_out=100),
        schedule=Schedule(kimg=kimg, batch=50, ema_kimg=2),
        evaluation=Evaluation(
            samples=500, features="eye", digests={"eye": "cd" * 32}, metrics=metrics
        ),
    )


PLAIN = protocol()
VARIETY = Gauge(name="diversity", higher_is_better=True, features="eye", floor=0.05)
GAUGED = PLAIN.model_copy(
    update={"evaluation": PLAIN.evaluation.model_copy(update={"gauges": (VARIETY,)})}
)


COST = {
    "train_seconds": 90.0,
    "images_per_second": 1111.1,
    "evaluate_seconds": 5.0,
    "peak_memory_mib": 800.0,
    "g_parameters": 1_200_000,
    "d_parameters": 300_000,
    "g_macs": 2_500_000,
    "d_macs": 1_000_000,
}


def document(cell: Cell, under: Protocol, status: str, scores: dict[str, float]) -> dict[str, Any]:
    """The record of a cell."""
    of = {"n": 500, "reference": "train", "reference_n": 450}
    metrics = {metric.name: metric for metric in under.evaluation.metrics}
    return {
        "architecture": cell.architecture,
        "loss": cell.loss,
        "seed": cell.seed,
        "status": status,
        "scores": {
            name: of
            | {
                "value": value,
                "higher_is_better": metrics[name].higher_is_better,
                "features": metrics[name].features,
            }
            for name, value in scores.items()
        },
        "cost": COST,
        "device": "cpu (2 threads)",
        "ended": "2026-01-01T00:00:00+00:00",
    }


def write_cell(
    results: Path,
    architecture: str,
    loss: str = "hinge",
    seed: int = 0,
    under: Protocol = PLAIN,
    status: str | None = "finished",
    scores: dict[str, float] | None = None,
    **more: Any,
) -> Path:
    """The files of a cell, which has a record unless status is None; its folder."""
    environment = RunEnvironment(device="cpu", named=True)
    cell = Cell(architecture=architecture, loss=loss, seed=seed, environment=environment)
    folder = cell_dir(results, under, cell)
    make_folder(folder)
    write_json(protocol_dir(results, under) / PROTOCOL, under.model_dump(mode="json"))
    write_json(folder / CELL, cell.model_dump(mode="json"))
    if status is not None:
        record = document(cell, under, status, scores or {}) | more
        write_record(folder, Record.model_validate(record))
    return folder


def write_training(
    folder: Path, ticks: int = 4, side: int = 16, colour: int = 0, points: int = 20, width: int = 0
) -> None:
    """A curve, and grids whose images are all of one colour, which tells the tick."""
    for k in range(1, points + 1):
        losses = {"step": k, "kimg": k / 10, "loss_d": 1.0 / k, "loss_g": 0.5 * k}
        append_line(folder / CURVE, losses | {"real_score": 0.9 - k / 100, "fake_score": 0.1})
    for k in range(1, ticks + 1):
        image = np.full((side + 2, (width or side) + 2, 3), 255, np.uint8)
        image[2:, 2:] = (colour, 10 * k, 0)
        grid = np.pad(np.tile(image, (8, 8, 1)), ((0, 2), (0, 2), (0, 0)), constant_values=255)
        path = folder / "samples" / f"{k / 10:010.3f}.png"
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(grid).save(path)


def spread(colours: Sequence[Colour], count: int) -> list[Colour]:
    """So many of them, evenly spread from the first to the last."""
    last = len(colours) - 1
    return [colours[round(last * k / (count - 1))] for k in range(count)]


def write_contact_sheet(protocol_folder: Path) -> list[Colour]:
    """A sheet of 12 x 5 images of one colour each, laid as that of 16 px images; the colours."""
    colours = [(4 * k, 90, 1) for k in range(12 * 5)]
    sheet = Image.new("RGB", (24 + 74 * 12, 123 + 74 * 5), "white")
    for k, colour in enumerate(colours):
        tile = ImageOps.expand(Image.new("RGB", (64, 64), colour), 1, "#cccccc")
        # as a contact sheet has its sample
        sheet.paste(tile, (24 + 74 * (k % 12), 123 + 74 * (k // 12)))
    sheet.save(protocol_folder / CONTACT_SHEET)
    return colours
