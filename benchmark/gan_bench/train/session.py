"""One training, watched: what is seen at every tick, and what follows from it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from gan_bench.contract.offers import Loss
from gan_bench.contract.protocol import Protocol
from gan_bench.measure.evaluator import Evaluator
from gan_bench.results.atomic import append_line, make_folder, remove, write_bytes
from gan_bench.results.reading import read_bytes, read_lines
from gan_bench.results.records import Best, Verdict
from gan_bench.train import verdicts
from gan_bench.train.checkpoint import Checkpoints
from gan_bench.train.cost import peak_memory
from gan_bench.train.diagnosis import diagnose
from gan_bench.train.loop import Diverged, Point, Tick, Training, train
from gan_bench.train.samples import GRID, generate, grid
from gan_bench.train.state import finite, full_state, restore, resume, snapshot
from gan_bench.train.verdicts import Look

YOUNG = 100  # updates, under which G still is what it began as: there is nothing to lose yet
ROLLBACKS = 3  # at most; after these a cell goes on as it is
SAMPLES = "samples"  # the folder of the sample grids
LINES = ("curve", "speed", "vitals")  # the files that grow while it trains


class Stopped(BaseException):
    """Somebody wished the training to end. It goes on from its newest checkpoint."""


class Session:
    """How one training goes, written into the cell's folder as it goes.

    Wall-clock times go into speed.jsonl, so that curve.jsonl and vitals.jsonl are the same bytes
    in every run. The whole state is on the disk after every tick; a course that finds such a
    state goes on from it, and ends in the same bytes as one that never ended.
    """

    def __init__(
        self,
        directory: Path,
        protocol: Protocol,
        ruler: Evaluator,
        z: np.ndarray,
        checkpoints: Checkpoints,
    ) -> None:
        """`z` (M, z_dim) is the one that the cell is measured with; its first rows are watched."""
        self.directory = directory
        self.checkpoints = checkpoints
        self.protocol = protocol
        self.ruler = ruler
        self.z = z
        self.ranking = protocol.evaluation.metrics[0]
        self.looks: list[Look] = []  # after a rollback: those of the state returned to
        self.verdicts: list[Verdict] = []
        self.holds: Verdict | None = None  # the verdict on the state that the training is in
        self.rollbacks = 0
        self.notes: list[str] = []  # what a reader of the record should know of the way
        self.looking = 0.0  # seconds, with the writing of checkpoints
        self.began = time.perf_counter()
        self._safe: tuple[dict[str, Any], int] | None = None  # the last healthy state, its looks
        self._saved: int | None = None  # the step of the newest checkpoint
        self._memory = 0.0  # MiB, the most that an earlier process of this cell took

    def follow(
        self,
        training: Training,
        loss: Loss,
        images: np.ndarray,
        seed: int,
        stopping: Callable[[], bool] = lambda: False,
    ) -> None:
        """Train to the end of the schedule, or to the verdict that ends it.

        Goes on from the newest checkpoint if there is one. `stopping` is asked at every step: a
        yes saves the state and raises Stopped. A rollback returns to the last healthy state. What
        it throws away stays in the budget, and the images and z that come next are new ones, for
        the step goes on.
        """
        schedule = self.protocol.schedule
        self._begin(training)
        while True:
            if self.holds and self._can_roll_back():
                self._roll_back(training)
            elif self.holds and (self.holds.kind == "diverged" or schedule.on_collapse == "stop"):
                return
            if training.step >= schedule.updates:
                return
            try:
                for event in train(training, loss, images, schedule, seed, stopping):
                    if isinstance(event, Point):
                        self._write_point(event)
                        continue
                    with self._not_training():
                        self._look(training, event)
                    self._save(training)
                    if self.holds and (schedule.on_collapse == "stop" or self._can_roll_back()):
                        break
            except Diverged as outcome:
                kimg = schedule.shown(training.step) / 1000
                self._pronounce(Verdict(kind="diverged", kimg=kimg, reason=str(outcome)))
            if stopping():
                self._save(training)
                raise Stopped(f"stopped at {schedule.shown(training.step) / 1000:.1f} kimg")

    # What is kept for another start

    def _begin(self, training: Training) -> None:
        """At the newest checkpoint, else at the beginning; the files are as they were there."""
        # made once: a folder that is gone later is a fault, and not to be made again
        for folder in (self.directory / SAMPLES, self.checkpoints.folder):
            make_folder(folder)
        state, told = self.checkpoints.newest(training.device)
        if state is not None:
            self._load(training, state)
        else:
            for name in LINES:
                remove(self._file(name))
            self.began = time.perf_counter()
            self._keep(training)
        self.notes += told

    def _save(self, training: Training) -> None:
        """The whole state; not one that is not finite, of which nothing good can come."""
        diverged = self.holds and self.holds.kind == "diverged"
        if training.step == self._saved or diverged or not finite(training):
            return
        state = {
            "training": full_state(training),
            "safe": self._safe and {"state": self._safe[0], "looks": self._safe[1]},
            "course": json.dumps(self._told(training.device)),
            # the lines themselves, not their number: a checkpoint needs no other file to be good
            "lines": {name: self._text(name) for name in LINES},
        }
        with self._not_training():
            self.checkpoints.save(training.step, state)
        self._saved = training.step

    def _told(self, device: str) -> dict[str, Any]:
        """All of the course but what has been learned, as JSON has it."""
        return {
            "looks": [asdict(look) for look in self.looks],
            "verdicts": [verdict.model_dump() for verdict in self.verdicts],
            "holds": self.holds and self.holds.model_dump(),
            "rollbacks": self.rollbacks,
            "notes": self.notes,
            "seconds": self.seconds(),
            "looking": self.looking,
            "memory": self.memory(device),
        }

    def _load(self, training: Training, state: Mapping[str, Any]) -> None:
        resume(training, state["training"])
        self._saved = training.step
        if state["safe"]:
            self._safe = state["safe"]["state"], state["safe"]["looks"]
        told = json.loads(state["course"])
        self.looks = [Look(**look) for look in told["looks"]]
        self.verdicts = [Verdict(**verdict) for verdict in told["verdicts"]]
        self.holds = Verdict(**told["holds"]) if told["holds"] else None
        self.rollbacks = told["rollbacks"]
        self.notes = told["notes"]
        self.looking = told["looking"]
        self.began = time.perf_counter() - told["seconds"] - told["looking"]
        self._memory = told["memory"]
        for name, text in state["lines"].items():
            write_bytes(self._file(name), text.encode())

    def last_finite(self, training: Training) -> bool:
        """After a divergence back to the newest checkpoint; False if there is none."""
        if self.holds is None or self.holds.kind != "diverged":
            return True
        state, _ = self.checkpoints.newest(training.device)
        if state is not None:
            resume(training, state["training"])
        return state is not None

    @contextmanager
    def _not_training(self) -> Iterator[None]:
        began = time.perf_counter()
        try:
            yield
        finally:
            self.looking += time.perf_counter() - began

    def seconds(self) -> float:
        """Spent on training alone, so far."""
        return time.perf_counter() - self.began - self.looking

    def memory(self, device: str) -> float:
        """The most that was taken, in MiB, by any process that trained this cell."""
        return max(self._memory, peak_memory(device))

    # What is seen

    def _look(self, training: Training, tick: Tick) -> None:
        """Sample grid, scores, verdict; a healthy state is kept if it may be returned to."""
        batch, watched = self.protocol.schedule.batch, self.protocol.evaluation.tick_samples
        images = generate(training, self.z[: max(GRID, watched)], batch)
        path = self.directory / SAMPLES / f"{tick.kimg:010.3f}.png"
        write_bytes(path, grid(images[:GRID]))
        self.looks.append(Look(tick.kimg, self.ruler.look(images[:watched])))
        gauges = self.protocol.evaluation.gauges
        if training.step >= YOUNG:
            self._pronounce(verdicts.verdict_at(self.looks, self.ranking, gauges))
        self._write_look(tick)
        if verdicts.healthy(self.looks, self.ranking, gauges):
            self._keep(training)

    def _pronounce(self, verdict: Verdict | None) -> None:
        """From now on this verdict holds, or none; one that goes on holding keeps its date."""
        if verdict and self.holds and self.holds.kind == verdict.kind:
            return
        if verdict:
            self.verdicts.append(verdict)
        self.holds = verdict

    # What follows

    def _keep(self, training: Training) -> None:
        if self.protocol.schedule.on_collapse == "rollback":
            self._safe = snapshot(training), len(self.looks)

    def _can_roll_back(self) -> bool:
        return self._safe is not None and self.rollbacks < ROLLBACKS

    def _roll_back(self, training: Training) -> None:
        if self._safe is not None:
            state, looks = self._safe
            restore(training, state)
            del self.looks[looks:]
            self.rollbacks += 1
            self.holds = None

    # What is written down

    def _file(self, name: str) -> Path:
        return self.directory / f"{name}.jsonl"

    def _text(self, name: str) -> str:
        path = self._file(name)
        return read_bytes(path).decode() if path.exists() else ""

    def _write_point(self, point: Point) -> None:
        append_line(self._file("curve"), asdict(point))
        seconds = self.seconds()
        rate = self.protocol.schedule.shown(point.step) / seconds
        speed = {"seconds": round(seconds, 3), "images_per_second": round(rate, 2)}
        append_line(self._file("speed"), {"kimg": point.kimg} | speed)

    def _write_look(self, tick: Tick) -> None:
        row = asdict(tick) | {
            "scores": dict(self.looks[-1].scores),
            "verdict": self.holds.kind if self.holds else None,
            "reason": self.holds.reason if self.holds else None,
            "rollbacks": self.rollbacks,
        }
        append_line(self._file("vitals"), row)

    # What is left at the end

    def _ranked(self) -> list[tuple[float, float]]:
        """(kimg, score) of the ranking metric at every tick that has one."""
        name = self.ranking.name
        return [(look.kimg, look.scores[name]) for look in self.looks if name in look.scores]

    def best(self) -> Best | None:
        """The best and the last tick by the ranking metric."""
        told = self._ranked()
        if not told:
            return None
        choose = max if self.ranking.higher_is_better else min
        kimg, value = choose(told, key=lambda tick: tick[1])
        return Best(metric=self.ranking.name, value=value, kimg=kimg, final=told[-1][1])

    def diagnosis(self) -> str:
        """One line of plain words about the curves."""
        curve = read_lines(self._file("curve"))
        return diagnose(curve, self._ranked(), self.ranking.higher_is_better, self.ranking.name)
