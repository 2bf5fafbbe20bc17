"""Results folders of thousands of cells, laid as fast as a disk takes them: nothing is synced."""

from __future__ import annotations

import io
import json
import math
import os
from collections.abc import Iterable, Sequence
from itertools import product
from pathlib import Path
from random import Random
from typing import Any

from PIL import Image

import records
from gan_bench.contract.protocol import Cell, MetricSpec, Protocol, RunEnvironment
from gan_bench.results.layout import CELL, CURVE, PROTOCOL, RECORD, SAMPLES, SPEED, TICKS

LOOKS = 20  # courses of a training that differ; cells share them as links to one file
METRICS = {  # name -> where better lies, and the net that it reads
    "fd-eye": (False, "eye"),
    "kd-eye": (False, "eye"),
    "precision": (True, "eye"),
    "recall": (True, "eye"),
    "density": (True, "eye"),
    "coverage": (True, "eye"),
    "diversity": (True, "eye"),
    "ndb": (False, "eye"),
    "modes": (True, "judge"),
    "mode-kl": (False, "judge"),
    "copies": (False, "pixels"),
    "fd-ear": (False, "ear"),
}


def protocol(kimg: float = 100, lr: float = 2e-4) -> Protocol:
    """A protocol with twelve metrics; each kimg and lr is another one."""
    nets = sorted({net for _, net in METRICS.values()})
    metrics = [
        MetricSpec(name=name, higher_is_better=up, features=net)
        for name, (up, net) in METRICS.items()
    ]
    under = records.protocol(kimg, tuple(metrics))
    digests = {net: f"{k:02x}" * 32 for k, net in enumerate(nets)}
    return under.model_copy(
        update={
            "schedule": under.schedule.model_copy(update={"lr_g": lr, "lr_d": lr}),
            "evaluation": under.evaluation.model_copy(update={"digests": digests}),
        }
    )


def lay_grid(
    results: Path,
    under: Protocol,
    architectures: Sequence[str],
    losses: Sequence[str],
    seeds: Iterable[int],
) -> Path:
    """Every architecture x loss x seed as a cell that is done; the protocol's folder."""
    root = results / under.slug
    _write(root / PROTOCOL, under.model_dump(mode="json"))
    for (a, architecture), (b, loss), seed in product(
        enumerate(architectures), enumerate(losses), seeds
    ):
        folder = root / architecture / loss / f"seed{seed}"
        cell = Cell(
            architecture=architecture,
            loss=loss,
            seed=seed,
            environment=RunEnvironment(device="cpu", named=True),
        )
        level = 10.0 + 3 * (a // 2) + b  # two beside each other are equals
        _write(folder / CELL, cell.model_dump(mode="json"))
        _write(folder / RECORD, _record(under, cell, level))
        _link(_look(results, (a + 3 * b + seed) % LOOKS, under.schedule.kimg), folder)
    return root


def _record(under: Protocol, cell: Cell, level: float) -> dict[str, Any]:
    random = Random(f"{under.slug} {cell.architecture} {cell.loss} {cell.seed}")
    values = {name: random.gauss(-level if up else level, 2) for name, (up, _) in METRICS.items()}
    values["fd-eye"] = value = random.gauss(level, 1)
    cost = {"train_seconds": random.uniform(80, 100), "images_per_second": 1111.1}
    libraries = ("gan-bench", "torch", "torchvision", "torch-fidelity", "numpy", "scipy", "python")
    record = records.document(cell, under, "finished", values)
    for score in record["scores"].values():
        score["error"] = random.uniform(0.1, 0.4)
    return record | {
        "schema_number": 1,
        "best": {"metric": "fd-eye", "value": value - 0.5, "kimg": 90.0, "final": value + 0.1},
        "diagnosis": "still improving: fd-eye fell from 1,055 to 998; train longer",
        "cost": records.COST | cost,
        "versions": dict.fromkeys(libraries, "1.2.3"),
    }


# The files that a table does not need


def _look(results: Path, k: int, kimg: float) -> Path:
    """The folder with the lines and sample grids of the k-th course."""
    folder = results / ".looks" / f"{kimg:g}-{k}"
    if not folder.is_dir():
        (folder / SAMPLES).mkdir(parents=True)
        _train(folder, k, kimg)
    return folder


def _train(folder: Path, k: int, kimg: float) -> None:
    random, points, ticks = Random(k), 200, 10
    curve, speed, vitals = io.StringIO(), io.StringIO(), io.StringIO()
    for step in range(1, points + 1):
        at, apart = kimg * step / points, 0.3 + 0.02 * k
        point = {
            "step": step,
            "kimg": at,
            "loss_d": 1.3 - apart * step / points + random.gauss(0, 0.1),
            "loss_g": 0.7 + apart * step / points + random.gauss(0, 0.1),
            "real_score": 0.5 + apart / 2 + random.gauss(0, 0.03),
            "fake_score": 0.5 - apart / 2 + random.gauss(0, 0.03),
            "grad_d": random.uniform(1, 6),
            "grad_g": random.uniform(1, 6),
        }
        print(json.dumps(point), file=curve)
        pace = {"kimg": at, "seconds": at * (0.9 + k / 100), "images_per_second": 1111.11}
        print(json.dumps(pace), file=speed)
    for tick in range(1, ticks + 1):
        at, score = kimg * tick / ticks, 10 + k + 90 * math.exp(-tick / 3) + random.gauss(0, 1)
        scores = {"diversity": 0.3, "spread": 0.6, "fd-eye": score}
        line = {"step": tick, "kimg": at, "scores": scores, "verdict": None, "reason": None}
        print(json.dumps(line | {"rollbacks": 0}), file=vitals)
        grid = Image.effect_noise((146, 146), 10 * tick).convert("RGB")
        grid.save(folder / SAMPLES / f"{at:010.3f}.png")
    for name, text in ((CURVE, curve), (SPEED, speed), (TICKS, vitals)):
        (folder / name).write_text(text.getvalue())


def _link(look: Path, folder: Path) -> None:
    (folder / SAMPLES).mkdir()
    for name in os.listdir(look / SAMPLES):
        os.link(look / SAMPLES / name, folder / SAMPLES / name)
    for name in (CURVE, SPEED, TICKS):
        os.link(look / name, folder / name)


def _write(path: Path, document: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, indent=2) + "\n")
