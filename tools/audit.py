"""Measure what every metric sees: `python tools/audit.py`, then `cog -r -I tools docs/audit.md`.

Needs the package (`pip install -e .`). Scores sixteen sets of real images and every corruption of
tests/plugins/corrupted_faces.py by every metric of the catalogue whose net is here, and writes
docs/audit.json, from which docs/audit.md and the test of `sees` are made. Takes half an hour of
one core. The features of EfficientNet-Lite0, a third of that, are kept in the cache.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path

import click
import numpy as np
import torch

from gan_bench import DataError, Dataset, Features, Metric
from gan_bench import catalogue as catalogues
from gan_bench.catalogue import Catalogue
from gan_bench.contract.protocol import MetricSpec
from gan_bench.data.cache import Prepared
from gan_bench.measure.corruptions import Labelled, Material
from gan_bench.measure.evaluator import Evaluator, Measured
from gan_bench.run.plan import make_plan
from gan_bench.run.request import Request

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "plugins"))
import audited
import corrupted_faces

from remembered import remember

SIZE, MOST = 32, audited.SAMPLES  # pixels; images of the largest sets: smaller ones are parts
REAL_SETS = 16
FEATURES = audited.FEATURES
Make = Callable[[], np.ndarray]  # -> (N, C, H, W) uint8


@click.command()
@click.option("--samples", "counts", multiple=True, type=int, default=(512, MOST))
@click.option("--metric", "metrics", multiple=True, help="Measure these, and keep all others.")
def audit(counts: tuple[int, ...], metrics: tuple[str, ...]) -> None:
    """Score real and corrupted faces by every metric, at each number of images."""
    torch.set_num_threads(1)
    known = catalogues.load()
    dataset = known.find(Dataset, "toonfaces")
    chosen = metrics or metrics_of(known, dataset)
    labelled = corrupted_faces.labelled(SIZE)
    for n in counts:
        evaluator, prepared = evaluator_of(known, dataset, chosen, n)
        measured = measure(evaluator, sets(prepared, labelled, n))
        audits = audited.read() if audited.FILE.exists() else {}
        kept = audits.get(str(n), {}) if metrics else {}
        audits[str(n)] = kept | {
            spec.name: outcome(spec, measured) for spec in evaluator.protocol.evaluation.metrics
        }
        audited.write(audits)


def metrics_of(known: Catalogue, dataset: Dataset) -> tuple[str, ...]:
    """The names of all metrics to measure whose nets are here."""
    return tuple(
        metric.name
        for metric in known.all(Metric)
        if audited.counts(metric, known, dataset) and is_here(known, metric.features or FEATURES)
    )


def is_here(known: Catalogue, net: str) -> bool:
    """Whether the weights of the net are here."""
    try:
        known.find(Features, net).digest(None)
    except DataError:
        return False
    return True


def evaluator_of(
    known: Catalogue, dataset: Dataset, metrics: tuple[str, ...], n: int
) -> tuple[Evaluator, Prepared]:
    """The evaluator of a `run` with these metrics on n images; its slow net remembers images."""
    request = Request(
        data=dataset.name,
        size=SIZE,
        samples=n,
        features=(FEATURES,),
        metrics=metrics,
        device="cpu",
    )
    planned = make_plan(request, known)
    evaluator = Evaluator(known, planned.plan.protocol, dataset, planned.prepared, "cpu")
    remember(evaluator)
    return evaluator, planned.prepared


def sets(prepared: Prepared, labelled: Labelled, n: int) -> Iterator[tuple[str, Make]]:
    """Names, and how to draw n images each: the real sets, then the corruptions of another."""
    fresh = partial(corrupted_faces.fresh, n, SIZE, stride=MOST)
    for block in range(REAL_SETS):
        yield real_name(block), partial(fresh, block)
    material = Material(other=fresh(REAL_SETS), train=prepared.train, labelled=labelled)
    for each in corrupted_faces.AUDITED:
        yield each.name, partial(each.make, material)


def real_name(block: int) -> str:
    """The name of a set of real images."""
    return f"real images {block + 1}"


def measure(evaluator: Evaluator, of: Iterator[tuple[str, Make]]) -> dict[str, Measured]:
    """All scores by the names of the sets."""
    measured = dict[str, Measured]()
    for name, make in of:
        measured[name] = evaluator.measure(make(), with_errors=False)
        n = evaluator.protocol.evaluation.samples
        print(f"n = {n:,}: measured {name}", file=sys.stderr, flush=True)
    return measured


def outcome(spec: MetricSpec, measured: Mapping[str, Measured]) -> audited.Audit:
    """What one metric scored."""
    scores = {
        name: each.scores[spec.name].value if spec.name in each.scores else None
        for name, each in measured.items()
    }
    real = (scores.pop(real_name(block)) for block in range(REAL_SETS))
    return audited.Audit(
        features=spec.features,
        higher_is_better=spec.higher_is_better,
        real=tuple(value for value in real if value is not None),
        scores=scores,
    )


if __name__ == "__main__":
    audit()
