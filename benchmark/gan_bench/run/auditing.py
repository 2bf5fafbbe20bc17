"""The audit itself: draw sets, score them by every metric, and keep each part as it is done."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gan_bench.base import rng
from gan_bench.contract.errors import GanBenchError, StorageError
from gan_bench.data.stream import Progress
from gan_bench.measure import graded
from gan_bench.measure.evaluator import Evaluator
from gan_bench.measure.features import Arrays
from gan_bench.measure.graded import Graded
from gan_bench.results.audits import (
    ALARM_SETS,
    BANK_SETS,
    REAL_SETS,
    SIZE_REPEATS,
    SIZES,
    UNIT,
    AuditedMetric,
    Block,
    Score,
    SizeBlock,
    read_block,
    read_sizes,
    write_audit,
    write_block,
)
from gan_bench.results.layout import audit_dir
from gan_bench.results.locks import alone_in, remove_parts
from gan_bench.run.peak import peak_bytes, reset_peak
from gan_bench.run.plan_audit import PlannedAudit

Metrics = Sequence[AuditedMetric]


@dataclass(frozen=True)
class Task:
    """One part of an audit that is to be measured, for all metrics that lack it."""

    part: str  # REAL_SETS, SIZES, or the name of a corruption
    n: int
    metrics: tuple[AuditedMetric, ...]


def audit(planned: PlannedAudit, results: Path, progress: Progress = lambda *_: None) -> Path:
    """Measure what is not measured yet; the folder of the audit."""
    folder = audit_dir(results, planned.audit.sets.slug)
    with alone_in(folder, "auditing"):
        remove_parts(folder)
        write_audit(folder, planned.audit)
        tasks = list(to_do(planned, folder))
        run = _Run(planned, folder)
        for done, task in enumerate(tasks):
            progress(f"{task.part}, n = {task.n:,}: part", done + 1, len(tasks))
            run.measure(task)
    return folder


def to_do(planned: PlannedAudit, folder: Path) -> Iterator[Task]:
    """What is to be measured: the parts of one corruption follow each other."""
    audit = planned.audit
    parts = [REAL_SETS, *(each.name for each in planned.faults)]
    reasons = {each.name: each.why_not for each in audit.faults}
    for part in parts:
        for n in audit.sizes:
            known = (read_block(folder, audit, each, n, part) for each in audit.metrics)
            missing = tuple(each for each, of in zip(audit.metrics, known, strict=True) if not of)
            if missing and n not in reasons.get(part, {}):
                yield Task(part, n, missing)
    for n in audit.bias_sizes:
        missing = tuple(each for each in audit.metrics if not read_sizes(folder, each, n))
        if missing:
            yield Task(SIZES, n, missing)


class _Run:
    """Evaluators by the number of images, and the features of the bank that is in use."""

    def __init__(self, planned: PlannedAudit, folder: Path) -> None:
        self.planned, self.folder = planned, folder
        self.sets, self.pool = planned.audit.sets, planned.pool
        self._evaluators: dict[int, Evaluator] = {}
        self._clean: Arrays = {}
        self._banks: dict[float, Arrays] = {}
        self._banked = ""

    def measure(self, task: Task) -> None:
        """Measure one part and write it, a file for each metric."""
        if task.part == SIZES:
            self._sizes(task)
        else:
            self._scores(task)

    def _evaluator(self, n: int) -> Evaluator:
        if n not in self._evaluators:
            self._evaluators[n] = self.planned.evaluator(self.planned.audit.metrics, n)
        return self._evaluators[n]

    # -- features ---------------------------------------------------------------------------------

    def _features_of(self, images: np.ndarray, nets: set[str], n: int) -> Arrays:
        evaluator = self._evaluator(n)
        specs = [each.spec for each in self.planned.audit.metrics if each.spec.features in nets]
        return evaluator.features(images, specs) if len(images) else {}

    def _clean_features(self, nets: set[str], n: int) -> Arrays:
        """Net -> (P, F) of the clean images, computed when a net is first asked for."""
        if missing := nets - self._clean.keys():
            self._clean |= self._features_of(self.pool.first(self.pool.clean), missing, n)
        return self._clean

    def _bank_features(self, fault: Graded, strength: float, nets: set[str], n: int) -> Arrays:
        """Net -> (B, F) of the bank; those of one corruption are kept until the next."""
        if fault.name != self._banked:
            self._banks, self._banked = {}, fault.name
        known = self._banks.setdefault(strength, {})
        if missing := nets - known.keys():
            known |= self._features_of(fault.bank(self.pool, strength), missing, n)
        return known

    # -- scores -----------------------------------------------------------------------------------

    def _scores(self, task: Task) -> None:
        scoring = _Scoring(self._evaluator(task.n), task.metrics)
        for strength, features in self._drawn(task):
            scoring.add(strength, features)
        for metric in task.metrics:
            write_block(self.folder, metric.spec.name, task.n, task.part, scoring.block(metric))

    def _drawn(self, task: Task) -> Iterator[tuple[float, Arrays]]:
        """The strength and the features of every set: net -> (n, F)."""
        n, nets = task.n, {each.spec.features for each in task.metrics}
        clean = self._clean_features(nets, n)
        if task.part == REAL_SETS:
            for k in range(self.sets.real_sets):
                rows = rng.rows(self.sets.seed, "audit-real", n, self.pool.bank, n, k)
                yield ALARM_SETS, _rows(clean, nets, rows)
            for k in range(self.sets.repeats):  # what the corrupted sets would be without a fault
                yield BANK_SETS, _rows(clean, nets, self._base(n, k, self.pool.bank))
            return
        fault = graded.BY_NAME[task.part]
        for strength in fault.strengths_for(self.pool, n):
            bank = self._bank_features(fault, strength, nets, n)
            size = len(next(iter(bank.values()))) if bank else self.pool.bank
            for k in range(self.sets.repeats):
                of_clean, of_bank = fault.choose(self._base(n, k, size), strength)
                yield strength, _joined(clean, of_clean, bank, of_bank, nets)

    def _base(self, n: int, k: int, of: int) -> np.ndarray:
        """(n,) different rows for the k-th set: the same for every corruption."""
        return rng.rows(self.sets.seed, "audit-set", n, of, n, k)

    # -- sizes ------------------------------------------------------------------------------------

    def _sizes(self, task: Task) -> None:
        n, nets = task.n, {each.spec.features for each in task.metrics}
        name, strength = self.planned.audit.fixed
        clean = self._clean_features(nets, n)
        bank = self._followed(graded.BY_NAME[name], strength, nets)
        size = len(next(iter(bank.values())))
        draws = [rng.rows(self.sets.seed, "audit-size", n, size, n, k) for k in range(SIZE_REPEATS)]
        evaluator, unit = self._evaluator(n), unit_seconds()
        for metric in task.metrics:
            net = {metric.spec.features}
            real = _Scoring(evaluator, [metric])
            corrupted = _Scoring(evaluator, [metric])
            for rows in draws:
                real.add(0, _rows(clean, net, rows))
                corrupted.add(0, _rows(bank, net, rows))
            seconds, memory = cost(evaluator, metric, _rows(clean, net, draws[0]), self.sets.device)
            block = SizeBlock(
                key=metric.key,
                real=real.block(metric).scores[0],
                corrupted=corrupted.block(metric).scores[0],
                seconds=seconds,
                unit=unit,
                memory=memory,
                why_none=real.block(metric).why_none,
            )
            write_block(self.folder, metric.spec.name, n, SIZES, block)

    def _followed(self, fault: Graded, strength: float, nets: set[str]) -> Arrays:
        """The bank of the corruption that is followed, of as many images as its sets need."""
        if self._banked != SIZES:
            self._banks, self._banked = {}, SIZES
        known = self._banks.setdefault(strength, {})
        if missing := nets - known.keys():
            most = max(self.planned.audit.bias_sizes)
            larger = graded.resized(self.pool, self.pool.clean)
            known |= self._features_of(fault.bank(larger, strength), missing, most)
        return known


class _Scoring:
    """The scores of one set after another. A metric that fails is left out from then on."""

    def __init__(self, evaluator: Evaluator, metrics: Metrics) -> None:
        self.evaluator = evaluator
        self.specs = {each.spec.name: each.spec for each in metrics}
        self.scores: dict[str, dict[float, list[Score]]] = {name: {} for name in self.specs}
        self.reasons: dict[str, str] = {}
        self.failed: set[str] = set()

    def add(self, strength: float, features: Arrays) -> None:
        """Score one set by every metric."""
        values = self._values(features)
        for name, scores in self.scores.items():
            scores.setdefault(strength, []).append(values.get(name))

    def _values(self, features: Arrays) -> Mapping[str, float]:
        specs = [spec for name, spec in self.specs.items() if name not in self.failed]
        try:
            values, refused = self.evaluator.outcomes(specs, features)
        except StorageError:
            raise
        except GanBenchError:  # one at a time, to find out which one fails
            values, refused = {}, {}
            for spec in specs:
                self._one(spec.name, features, values, refused)
        for name, why in refused.items():
            self.reasons.setdefault(name, why)
        return values

    def _one(
        self, name: str, features: Arrays, values: dict[str, float], refused: dict[str, str]
    ) -> None:
        try:
            value, why = self.evaluator.outcomes([self.specs[name]], features)
        except StorageError:
            raise
        except GanBenchError as error:
            self.failed.add(name)
            refused[name] = str(error)
        else:
            values.update(value)
            refused.update(why)

    def block(self, metric: AuditedMetric) -> Block:
        """All scores of a metric."""
        scores = self.scores[metric.spec.name]
        return Block(
            key=metric.key,
            strengths=tuple(scores),
            scores=tuple(map(tuple, scores.values())),
            why_none=self.reasons.get(metric.spec.name),
        )


def _rows(features: Arrays, nets: set[str], rows: np.ndarray) -> Arrays:
    return {net: features[net][rows] for net in nets}


def _joined(
    clean: Arrays, of_clean: np.ndarray, bank: Arrays, of_bank: np.ndarray, nets: set[str]
) -> Arrays:
    if not len(of_bank):
        return _rows(clean, nets, of_clean)
    return {net: np.concatenate([clean[net][of_clean], bank[net][of_bank]]) for net in nets}


# -- cost -----------------------------------------------------------------------------------------


def cost(
    evaluator: Evaluator, metric: AuditedMetric, features: Arrays, device: str
) -> tuple[float | None, int | None]:
    """(seconds, bytes at the peak) of one score, without its features; None if it gives none.

    What a metric keeps of the real images is there already. The time is the shortest of several.
    """

    def score() -> bool:
        try:
            return bool(evaluator.outcomes([metric.spec], features)[0])
        except StorageError:
            raise
        except GanBenchError:
            return False

    if not score():
        return None, None
    seconds = _shortest(score, SIZE_REPEATS)
    if not reset_peak(device):
        return seconds, None
    before = peak_bytes(device)
    score()
    return seconds, max(0, peak_bytes(device) - before)


def unit_seconds() -> float:
    """Seconds for the product of two matrices of order UNIT: what a cost is a multiple of."""
    matrix = np.random.default_rng(0).random((UNIT, UNIT))
    return _shortest(lambda: matrix @ matrix, SIZE_REPEATS)


def _shortest(work: Callable[[], object], times: int) -> float:
    seconds = []
    for _ in range(times):
        started = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - started)
    return min(seconds)
