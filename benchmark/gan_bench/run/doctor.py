"""Is this machine fit to measure? Every check has a status, and the numbers behind it.

What doctor tests is what a bare `run` would use here. It fetches nothing, writes nothing into the
results and trains nothing; it does keep images and features in the cache, as `run` does.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table
from rich.text import Text

from gan_bench.base.escape import plain
from gan_bench.catalogue import Catalogue
from gan_bench.contract.errors import DataError, NotHere, UsageError
from gan_bench.contract.offers import Dataset, Features, Metric
from gan_bench.contract.protocol import Evaluation, MetricSpec, Protocol
from gan_bench.data.cache import Prepared
from gan_bench.data.split import Progress
from gan_bench.measure import corruptions, selftest
from gan_bench.measure.evaluator import Evaluator
from gan_bench.run.machine import (
    Check,
    _sentence,
    device,
    disks,
    guarded,
    memory,
    no_network,
    torchvision,
    versions,
)
from gan_bench.run.plan import Planned, make_plan, pick_device
from gan_bench.run.plan_evaluation import plan_evaluation
from gan_bench.run.request import Request

STYLES = {"ok": "green", "failed": "bold red", "not here": "yellow"}
SCHEMA = 1
FAILED = 4
AGREES = 0.02  # of a feature's deviation: more than arithmetic in another order explains
NAMED = 0.9  # of other real images, at least, a judge must name as the data set does


def examine(
    catalogue: Catalogue,
    results: Path,
    weights: Path | None = None,
    progress: Progress = lambda *_: None,
) -> Iterator[Check]:
    """All checks, in the order in which one fault explains the next."""
    broken = set[str]()
    with no_network():
        for name, check in (
            ("versions", versions),
            ("torchvision", torchvision),
            ("device", device),
            ("memory", memory),
            ("disk", lambda: disks(results)),
            ("plugins", lambda: _plugins(catalogue)),
            ("features", lambda: _nets(catalogue, weights)),
            ("ruler", lambda: _ruler(catalogue, weights, broken, progress)),
        ):
            progress(name, 0, 0)
            for found in guarded(name, check):
                if found.status == "failed":
                    broken.add(found.name)
                yield found


# The offers
def _plugins(catalogue: Catalogue) -> Iterator[Check]:
    for broken in catalogue.broken:
        yield Check(
            name=f"plugin {broken.plugin.name}",
            status="failed",
            detail=str(broken),
            todo=f"mend or uninstall {broken.plugin}",
        )
    makers = {str(plugin) for offers in catalogue.offers.values() for _, plugin in offers.values()}
    count = sum(map(len, catalogue.offers.values()))
    detail = f"{count} offers by {', '.join(sorted(makers)) or 'nobody'}"
    yield Check(name="plugins", status="ok", detail=detail, values={"from": sorted(makers)})


def _nets(catalogue: Catalogue, weights: Path | None) -> Iterator[Check]:
    device = pick_device("auto")
    for net in catalogue.all(Features):
        given = weights if net.takes_weights else None
        name = f"features {net.name}"
        try:
            yield _net(name, net, device, given)
        except NotHere as reason:
            yield Check(name=name, status="not here", detail=str(reason))
        except Exception as error:
            yield Check(name=name, status="failed", detail=_sentence(error))


def _net(name: str, net: Features, device: str, weights: Path | None) -> Check:
    """It loads, and sees an image in the same way whatever stands beside it in a batch."""
    from gan_bench.measure.features import extract_all

    digest = net.digest(weights)
    extract = net.load(device, weights)
    images = corruptions.only_noise((8, 3, 32, 32))
    together = extract_all(extract, images, device)
    apart = np.concatenate(
        [extract_all(extract, part, device) for part in (images[:3], images[3:])]
    )
    gap = float(abs(together - apart).max() / max(float(together.std()), 1e-12))
    right = math.isfinite(gap) and gap <= AGREES
    features = together.shape[1]
    detail = f"{features:,} features, sha256 {digest[:12]}"
    if not right:
        detail += f"; the same image is seen otherwise in another batch: {gap:.2g} deviations"
    return Check(
        name=name,
        status="ok" if right else "failed",
        detail=detail,
        values={
            "sha256": digest,
            "features": features,
            "batch_gap": gap if math.isfinite(gap) else None,
        },
        todo="" if right else f"do not measure with {net.name} on {device}",
    )


# The ruler
@dataclass(frozen=True)
class Subject:
    """What is tested: the plan of a bare `run`, with fewer images and every metric that fits."""

    catalogue: Catalogue
    dataset: Dataset
    prepared: Prepared
    protocol: Protocol
    device: str

    @property
    def other(self) -> np.ndarray:
        """(N, C, H, W) held-out images: what a perfect generator makes."""
        return selftest.material(self.prepared, None).other


def _ruler(
    catalogue: Catalogue, weights: Path | None, broken: set[str], progress: Progress
) -> Iterator[Check]:
    if "torchvision" in broken:  # whatever imports it would fail for that reason alone
        raise UsageError("not tested, for torchvision has to work first")
    started = time.perf_counter()
    planned = _planned(catalogue, weights, progress)
    subject = _subject(catalogue, planned, weights)
    yield _known_answer(subject)
    s = subject
    ruler = Evaluator(catalogue, s.protocol, s.dataset, s.prepared, s.device, weights)
    images = s.dataset.load(None, s.protocol.data.shape[1], False)  # for the labels alone
    yield from _judge(subject, ruler, images.held_out_labels)
    found = selftest.read_all(ruler, s.prepared, selftest.labels_of(images), progress)
    yield _sets(subject, planned, found, time.perf_counter() - started)
    for judged in s.protocol.evaluation.metrics:
        yield from guarded(f"metric {judged.name}", partial(_metric, subject, judged, found))


def _planned(catalogue: Catalogue, weights: Path | None, progress: Progress) -> Planned:
    try:
        return make_plan(Request(weights=weights), catalogue, progress)
    except UsageError:
        if weights is None:
            raise
        return make_plan(Request(), catalogue, progress)  # which has no use for the weights


def _subject(catalogue: Catalogue, planned: Planned, weights: Path | None) -> Subject:
    protocol, prepared = planned.plan.protocol, planned.prepared
    dataset = catalogue.find(Dataset, prepared.data.name)
    n = selftest.count(prepared)
    if n < selftest.FEWEST:
        raise DataError(
            f"{dataset.name} has {len(prepared.held_out)} held-out images, and the test of the "
            f"ruler needs {selftest.FEWEST}"
        )
    evaluation = evaluation_of(catalogue, protocol.evaluation, dataset, n, weights)
    tested = protocol.model_copy(update={"evaluation": evaluation})
    device = planned.plan.cells[0].environment.device
    return Subject(catalogue, dataset, prepared, tested, device)


def evaluation_of(
    catalogue: Catalogue,
    planned: Evaluation,
    dataset: Dataset,
    samples: int,
    weights: Path | None = None,
) -> Evaluation:
    """The planned evaluation, with every metric that suits and reads its features or nets."""
    names = [judged.name for judged in (*planned.metrics, *planned.gauges)]
    names += [
        metric.name
        for metric in catalogue.all(Metric)
        if metric.features in (None, planned.features) and not metric.unsuited(dataset)
    ]
    return plan_evaluation(
        catalogue,
        dataset,
        features=planned.features,
        metrics=tuple(dict.fromkeys(names)),
        samples=samples,
        weights=weights,
        gauges=tuple(gauge.name for gauge in planned.gauges),
    )


def _known_answer(subject: Subject) -> Check:
    """The whole way of an image through the ruler, with a net and a metric seen through.

    The net is the mean of all pixels, the metric the difference of its means, and the answer is
    known from the pixels alone: no plugin has a part in it.
    """
    told, known = selftest.brightness(subject.dataset, subject.prepared, subject.device)
    right = abs(told - known) <= selftest.EXACT
    return Check(
        name="known answer",
        status="ok" if right else "failed",
        detail=f"images brighter by {known:.3f} levels are measured as {told:.3f}",
        values={"known": known, "measured": told},
        todo="" if right else f"do not measure on {subject.device}: take another --device",
    )


def _judge(subject: Subject, ruler: Evaluator, labels: np.ndarray | None) -> Iterator[Check]:
    """The data set knows the modes of its images, the judge has to find them: neither asks."""
    name = subject.dataset.judge
    if name is None or name not in ruler.nets or labels is None:
        return
    share = selftest.named(ruler, name, subject.other, labels[selftest.rows(subject.prepared)])
    right = share >= NAMED
    among = f"{len(subject.other)} held-out images as {subject.dataset.name} does"
    yield Check(
        name=f"judge {name}",
        status="ok" if right else "failed",
        detail=f"names {share:.1%} of {among}",
        values={"named": share, "n": len(subject.other)},
        todo="" if right else "trust no metric that reads modes",
    )


def _sets(subject: Subject, planned: Planned, found: selftest.Readings, seconds: float) -> Check:
    data, evaluation = subject.protocol.data, subject.protocol.evaluation
    missed = list(selftest.verdicts_missed(found))
    names = ", ".join(found.readings)
    told = "; ".join(missed) or f"{names}: measured in {seconds:.0f} s"
    side = data.shape[1]
    return Check(
        name="ruler",
        status="failed" if missed else "ok",
        detail=f"{data.name}, {side} px, n = {evaluation.samples}, {evaluation.features}; {told}",
        values={
            "data": data.name,
            "size": side,
            "n": evaluation.samples,
            "features": evaluation.features,
            "notes": planned.notes,
            "sets": list(found.readings),
            "seconds": round(seconds, 1),
        },
        todo="trust no verdict of a collapse" if missed else "",
    )


def _metric(subject: Subject, judged: MetricSpec, found: selftest.Readings) -> Iterator[Check]:
    evaluation = subject.protocol.evaluation
    metric, plugin = subject.catalogue.offers[Metric][judged.name]
    gauge = next((each for each in evaluation.gauges if each.name == judged.name), None)
    ranks = judged == evaluation.metrics[0]
    wrong = list(selftest.complaints(metric, found, gauge, ranks, evaluation.samples))
    todo = f"do not compare by {judged.name} here, and tell its makers, {plugin}"
    yield Check(
        name=f"metric {judged.name}",
        status="failed" if wrong else "ok",
        detail="; ".join(wrong) or selftest.summary(metric, found),
        values={
            "features": judged.features,
            "higher_is_better": judged.higher_is_better,
            "sees": list(metric.sees),
            "scores": {name: reading.value(metric) for name, reading in found.readings.items()},
        },
        todo=todo if wrong else "",
    )


# What is printed
def verdict(checks: Sequence[Check]) -> str:
    """One sentence: what failed and what to do, or that nothing did."""
    failed = [check for check in checks if check.status == "failed"]
    if not failed:
        away = sum(check.status == "not here" for check in checks)
        rest = f", {away} {'is' if away == 1 else 'are'} not here" if away else ""
        return f"{len(checks) - away} checks are fine{rest}."
    told = "; ".join(f"{check.name} ({check.todo or 'see there'})" for check in failed)
    return plain(f"{len(failed)} of {len(checks)} checks failed: {told}.")


def exit_code(checks: Sequence[Check]) -> int:
    """0, or 4 if any failed. What is not here is no fault."""
    return FAILED if any(check.status == "failed" for check in checks) else 0


def to_json(checks: Sequence[Check]) -> str:
    """One document; its layout is numbered by `schema`."""
    rows = [
        {"name": c.name, "status": c.status, "detail": c.detail, "values": c.values} for c in checks
    ]
    return json.dumps({"schema": SCHEMA, "checks": rows}, indent=2, allow_nan=False) + "\n"


def to_terminal(checks: Sequence[Check], console: Console) -> None:
    """A table that fits 60 columns. Names and reasons are shown as they are, without markup."""
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    table.add_column("check", overflow="fold", max_width=24 if console.width < 100 else None)
    table.add_column("status", no_wrap=True)
    table.add_column("what was found", overflow="fold")
    for check in checks:
        status = Text(check.status, style=STYLES[check.status])
        table.add_row(Text(plain(check.name)), status, Text(plain(check.detail, keep="\n")))
    console.print(table)
    console.print()
    console.print(Text(verdict(checks)))
