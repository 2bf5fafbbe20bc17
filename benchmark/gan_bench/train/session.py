"""One training from start to end: what is measured at its ticks, and what a verdict leads to."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from gan_bench.base.text import number
from gan_bench.contract.offers import Loss
from gan_bench.contract.protocol import Evaluation, Schedule
from gan_bench.measure.evaluator import Evaluator
from gan_bench.results.atomic import append_line, make_folder, remove, write_bytes
from gan_bench.results.layout import CURVE, SAMPLES, SPEED, TICKS, sample_grid_path
from gan_bench.results.reading import read_bytes, read_lines
from gan_bench.results.records import Best, Verdict
from gan_bench.train import verdicts
from gan_bench.train.best_tick import BestTick
from gan_bench.train.cost import peak_memory
from gan_bench.train.diagnosis import diagnose
from gan_bench.train.finding import Course
from gan_bench.train.loop import Diverged, Point, Tick, train
from gan_bench.train.samples import GRID, Latents, generate, grid, per_class
from gan_bench.train.saved import States
from gan_bench.train.state import Training, finite, full_state, restore, resume, snapshot
from gan_bench.train.verdicts import Look

ROLLBACKS = 3  # at most; after these a cell goes on as it is
# The files that grow while a cell trains, under the names that checkpoints use
LINES = {"curve": CURVE, "speed": SPEED, "vitals": TICKS}


class Stopped(BaseException):
    """The training was asked to end. The same command goes on from its newest checkpoint."""


class Session:
    """One training, written into the cell's folder while it goes on.

    Wall-clock times go into speed.jsonl only, so that curve.jsonl and vitals.jsonl are the same
    bytes in every run. The full state is saved after every tick. A session that finds a saved
    state goes on from it, and ends in the same bytes as one that was never interrupted.
    """

    def __init__(
        self,
        directory: Path,
        schedule: Schedule,
        evaluation: Evaluation,
        evaluator: Evaluator,
        given: Latents,
        checkpoints: States,
        keep_best: bool = False,
    ) -> None:
        """`schedule` is the cell's own. `given` (M) is what it is measured with.

        A tick uses its first rows.
        """
        self.directory = directory
        self.checkpoints = checkpoints
        self.schedule = schedule
        self.evaluation = evaluation
        self.evaluator = evaluator
        self.given = given
        self.ranking = evaluation.at_ticks
        self.best_tick = BestTick(keep_best)
        self.looks: list[Look] = []  # a rollback drops those after the state it returns to
        self.verdicts: list[Verdict] = []  # all there were
        self.holds: Verdict | None = None  # the verdict on the training as it is now
        self.rollbacks = 0
        self.notes: list[str] = []  # for the record: checkpoints that were damaged
        self.looking = 0.0  # seconds spent on ticks and checkpoints
        self.began = time.perf_counter()
        self._healthy: tuple[dict[str, Any], int] | None = None  # the last healthy state; its looks
        self._saved_step: int | None = None  # of the newest checkpoint
        self._memory = 0.0  # MiB: the most that an earlier process of this cell took

    def follow(
        self,
        training: Training,
        loss: Loss,
        images: np.ndarray,
        seed: int,
        stopping: Callable[[], bool] = lambda: False,
        labels: np.ndarray | None = None,
    ) -> None:
        """Train to the end of the schedule, or to the verdict that ends the training.

        Goes on from the newest checkpoint if there is one. `stopping` is asked at every step; a
        yes saves the state and raises Stopped. A rollback returns to the last healthy state. The
        images shown since then still count, and new images and new z come next.
        """
        schedule, stops = self.schedule, self.schedule.on_collapse == "stop"
        self._begin(training)
        while True:
            if self.holds and self._can_roll_back(training):
                self._roll_back(training)
            given_up = self.holds and (self.holds.kind == "diverged" or stops)
            if given_up or training.step >= schedule.updates:
                return
            try:
                for event in train(training, loss, images, schedule, seed, stopping, labels):
                    if isinstance(event, Point):
                        self._write_point(event)
                        continue
                    with self._not_training():
                        self._look(training, event)
                    self._save(training, at_tick=True)
                    if self.holds and (stops or self._can_roll_back(training)):
                        break
            except Diverged as outcome:
                kimg = schedule.shown(outcome.step or training.step) / 1000
                self._set_verdict(Verdict(kind="diverged", kimg=kimg, reason=str(outcome)))
            if stopping():
                self._save(training)
                raise Stopped(f"stopped at {number(schedule.shown(training.step) / 1000, 6)} kimg")

    # Saved and loaded

    def _begin(self, training: Training) -> None:
        """Load the newest checkpoint, or begin with empty files."""
        # made only here: if a folder disappears later, that is a fault and it is not made again
        for folder in (self.directory / SAMPLES, *self.checkpoints.folders):
            make_folder(folder)
        state, notes = self.checkpoints.newest(training.device)
        if state is not None:
            self._load(training, state)
        else:
            for name in LINES.values():
                remove(self.directory / name)
            self.began = time.perf_counter()
            self._keep_healthy(training)
        self.notes += notes

    def _save(self, training: Training, at_tick: bool = False) -> None:
        """Save the full state, unless it is saved already or holds numbers that are not finite."""
        diverged = self.holds and self.holds.kind == "diverged"
        if training.step == self._saved_step or diverged or not finite(training):
            return
        # These keys are on disks: a checkpoint of an older version must still be resumed.
        state = {
            "training": full_state(training),
            "safe": self._healthy and {"state": self._healthy[0], "looks": self._healthy[1]},
            "course": json.dumps(self._history(training.device)),
            # the lines themselves, not their number: a checkpoint needs no other file to be good
            "lines": {key: self._text(name) for key, name in LINES.items()},
            **self.best_tick.saved(),
        }
        with self._not_training():
            self.checkpoints.save(training.step, state, at_tick)
        self._saved_step = training.step

    def _history(self, device: str) -> dict[str, Any]:
        """All of this session but the networks, as JSON; the keys are on disks too."""
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
        self._saved_step = training.step
        self.best_tick.load(state)
        if state["safe"]:
            self._healthy = state["safe"]["state"], state["safe"]["looks"]
        history = json.loads(state["course"])
        self.looks = [Look(**look) for look in history["looks"]]
        self.verdicts = [Verdict(**verdict) for verdict in history["verdicts"]]
        self.holds = Verdict(**history["holds"]) if history["holds"] else None
        self.rollbacks = history["rollbacks"]
        self.notes = history["notes"]
        self.looking = history["looking"]
        self.began = time.perf_counter() - history["seconds"] - history["looking"]
        self._memory = history["memory"]
        for key, text in state["lines"].items():
            write_bytes(self.directory / LINES[key], text.encode())

    def last_finite(self, training: Training) -> bool:
        """Return a diverged training to its newest checkpoint. False if there is none."""
        if self.holds is None or self.holds.kind != "diverged":
            return True
        state, _ = self.checkpoints.newest(training.device)
        if state is not None:
            resume(training, state["training"])
        return state is not None

    # Time and memory

    @contextmanager
    def _not_training(self) -> Iterator[None]:
        """Count the time of the block as looking."""
        began = time.perf_counter()
        try:
            yield
        finally:
            self.looking += time.perf_counter() - began

    def seconds(self) -> float:
        """Seconds of training so far, in all processes, without looking."""
        return time.perf_counter() - self.began - self.looking

    def memory(self, device: str) -> float:
        """The most memory, in MiB, that any process of this cell took."""
        return max(self._memory, peak_memory(device))

    # At a tick

    def _look(self, training: Training, tick: Tick) -> None:
        """Sample grid, scores, verdict; the state is kept if a rollback may return to it."""
        batch, tick_samples = self.schedule.batch, self.evaluation.tick_samples
        given = self.given
        images = generate(training, given.first(max(GRID, tick_samples)), batch)
        shown = images[:GRID]
        if given.labels is not None:
            shown = per_class(training, given.z, given.labels, batch)
        write_bytes(sample_grid_path(self.directory, tick.kimg), grid(shown))
        self.looks.append(Look(tick.kimg, self.evaluator.look(images[:tick_samples])))
        self.best_tick.look(training, tick.kimg, self.best)
        gauges, counting = self.evaluation.gauges, self._counting()
        if counting:  # else the training is too young for a verdict
            self._set_verdict(verdicts.verdict_at(counting, self.ranking, gauges, tick_samples))
        self._write_tick(tick)
        if verdicts.healthy(counting, self.ranking, gauges):
            self._keep_healthy(training)

    def _counting(self) -> list[Look]:
        return verdicts.counting(self.looks, self.schedule)

    def _set_verdict(self, verdict: Verdict | None) -> None:
        """Let this verdict, or none, hold from now on. One that holds already keeps its date."""
        if verdict and self.holds and self.holds.kind == verdict.kind:
            return
        if verdict:
            self.verdicts.append(verdict)
        self.holds = verdict

    def _keep_healthy(self, training: Training) -> None:
        if self.schedule.on_collapse == "rollback":
            self._healthy = snapshot(training), len(self.looks)
            self.best_tick.keep_healthy()

    def _can_roll_back(self, training: Training) -> bool:
        """Not from the end to the start: a network would be measured that was never trained."""
        looks = self._healthy[1] if self._healthy and self.rollbacks < ROLLBACKS else None
        return looks is not None and (looks > 0 or training.step < self.schedule.updates)

    def _roll_back(self, training: Training) -> None:
        if self._healthy is not None:
            learned, looks = self._healthy
            restore(training, learned)
            self.best_tick.roll_back()
            del self.looks[looks:]
            self.rollbacks += 1
            self.holds = None

    # Lines of files

    def _text(self, name: str) -> str:
        path = self.directory / name
        return read_bytes(path).decode() if path.exists() else ""

    def _write_point(self, point: Point) -> None:
        append_line(self.directory / CURVE, asdict(point))
        seconds = self.seconds()
        rate = self.schedule.shown(point.step) / seconds
        speed = {"seconds": round(seconds, 3), "images_per_second": round(rate, 2)}
        looking = {"tick_seconds": round(self.looking, 3)}  # with those for checkpoints, so far
        append_line(self.directory / SPEED, {"kimg": point.kimg} | speed | looking)

    def _write_tick(self, tick: Tick) -> None:
        row = asdict(tick) | {
            "scores": dict(self.looks[-1].scores),
            "verdict": self.holds.kind if self.holds else None,
            "reason": self.holds.reason if self.holds else None,
            "rollbacks": self.rollbacks,
        }
        append_line(self.directory / TICKS, row)

    # For the record

    def best(self) -> Best | None:
        """The best and the last tick by the metric of the ticks; None if no tick has a score.

        Only looks that count, or all of them in a training that is too short to have any.
        """
        ticks = verdicts.scored(self._counting() or self.looks, self.ranking)
        if not ticks:
            return None
        kimg, value = self.ranking.best(ticks)
        return Best(metric=self.ranking.name, value=value, kimg=kimg, final=ticks[-1].score)

    def diagnosis(
        self, usual_rates: tuple[float, float] | None = None, fork: float | None = None
    ) -> str:
        """What the curve and the scores show, of a branch since its fork, and what to try."""
        course = Course(
            curve=read_lines(self.directory / CURVE),
            looks=(counting := self._counting()),
            young=self.looks[: len(self.looks) - len(counting)],
            metric=self.ranking,
            gauges=self.evaluation.gauges,
            images=self.evaluation.tick_samples,
            schedule=self.schedule,
            verdict=self.holds,
            usual_rates=usual_rates,
            fork=fork,
        )
        return diagnose(course)
