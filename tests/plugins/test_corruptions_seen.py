"""Generators of known quality go through whole cells, and are scored in order of their quality.

Each of these architectures has a generator that holds corrupted images and lets z choose one. Its
only parameter changes no image. All the rest is a run as a user starts it. Cells have as many
images as doctor takes; with `-m long` they have as many as the preset quick takes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from statistics import stdev
from typing import get_args

import audited
import corrupted_faces
import numpy as np
import pytest
from audited import FEW, SAMPLES, SEEN, Audit

from few_faces import take_few
from gan_bench import Dataset, Metric
from gan_bench import catalogue as catalogues
from gan_bench.catalogue import Catalogue
from gan_bench.contract.offers import Fault
from gan_bench.data.cache import prepare
from gan_bench.data.source import Source
from gan_bench.measure.corruptions import (
    ONLY_NOISE,
    Corruption,
    blurred,
    copied,
    lost_modes,
    noisy,
    repeated,
)
from gan_bench.measure.selftest import faults_seen
from gan_bench.results.records import Record, read_record
from gan_bench.run.cell import run_cell
from gan_bench.run.folders import folders_of, lay_out
from gan_bench.run.plan import Planned, make_plan
from gan_bench.run.request import Request

SIZE, POOL = 32, 4_096  # of the images; how many z chooses from
CORRUPTIONS = (  # within a fault from the mildest to the strongest
    *map(lost_modes, (100, 10)),
    *map(repeated, (10, 1)),
    blurred(1),
    *(noisy(16), ONLY_NOISE),
    *map(copied, (0.5, 1)),
)
BORDERLINE = (2.5, 10)  # a z between these may be on either side of SEEN in another draw
PERFECT = "perfect"
OWN = ("pixels", "spectrum", "haar-packets")  # read by some metrics only; no preset takes them

ARCHITECTURES = '''
"""An architecture for every file of images."""

from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import nn

from gan_bench import hookimpl
from tiny_plugin import offer


class Chosen(nn.Module):
    """z (N, 6) -> (N, C, H, W): one of the images, chosen by z alone; any is as likely."""

    def __init__(self, path, _):
        super().__init__()
        self.nothing = nn.Parameter(torch.zeros(()))
        self.register_buffer("images", torch.from_numpy(np.load(path)), persistent=False)

    def forward(self, z):
        uniform = torch.special.ndtr(z[:, 0].double())  # of a normal number: 0 to 1
        rows = (uniform * len(self.images)).long().clamp(0, len(self.images) - 1)
        return self.images[rows].float() / 127.5 - 1 + 0 * self.nothing


@hookimpl
def gan_bench_architectures():
    files = sorted(Path(__file__).parent.glob("*.npy"))
    return [offer(path.stem, partial(Chosen, path)) for path in files]
'''


def named(corruption: str) -> str:
    """A corruption's name as a folder's: `50% copies` is `50-copies`."""
    return corruption.replace("% ", "-").replace(",", "").replace(" ", "-")


def plan(plugin: Path, names: list[str], n: int) -> tuple[Planned, Catalogue]:
    """As `gan-bench run --plugin FILE --arch NAME... --metric NAME... --kimg 0.064`.

    Every metric that claims to see a fault, on the preset's features or on what it reads itself.
    """
    known = catalogues.load([plugin])
    dataset, features = known.find(Dataset, "toonfaces"), "efficientnet-lite0"
    metrics = tuple(
        metric.name
        for metric in known.all(Metric)
        if metric.sees
        and metric.features in (None, features, *OWN)
        and not metric.name.endswith(tuple(f"-{net}" for net in OWN))
        and not metric.unsuited(dataset)
    )
    request = Request(
        architectures=tuple(names),
        data=dataset.name,
        size=SIZE,
        kimg=0.064,
        batch=64,  # one update, one look
        features=(features,),
        metrics=metrics,
        samples=n,
        device="cpu",
        plugins=(plugin,),
    )
    return make_plan(request, known), known


@dataclass(frozen=True)
class Outcomes:
    """Records of cells and faults of their images, by architecture; metrics; images of a cell.

    `sees`: the faults that each metric claims to see on its net.
    """

    records: dict[str, Record]
    faults: dict[str, Fault]
    metrics: dict[str, Metric]
    sees: dict[str, tuple[Fault, ...]]
    n: int

    def with_fault(self, fault: Fault) -> list[str]:
        """The perfect generator, then those with that fault, the mildest first."""
        return [PERFECT, *(name for name, its in self.faults.items() if its == fault)]

    def z(self, metric: str, corruption: Corruption, audit: Audit) -> float:
        """How much worse than a perfect generator, in deviations of the audit's real sets.

        Not than these sets: z draws some of the images twice, and whole cells have fewer modes.
        """
        cost, perfect = (self.cost(metric, name) for name in (named(corruption.name), PERFECT))
        return (cost - perfect) / stdev(audit.real)

    def cost(self, metric: str, name: str) -> float:
        """The score where more is worse; a refusal is worse than any number."""
        if metric in self.records[name].unscored:
            return math.inf
        value = self.records[name].scores[metric].value
        return -value if self.metrics[metric].higher_is_better else value


@pytest.fixture(scope="module", params=[FEW, pytest.param(SAMPLES, marks=pytest.mark.long)])
def outcomes(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, faces_home: Path
) -> Outcomes:
    """Every cell, run to its end in this process."""
    folder = tmp_path_factory.mktemp("generators")
    with pytest.MonkeyPatch.context() as patch:
        if request.param == FEW:
            take_few(patch, folder / "home")
        else:
            patch.setenv("GAN_BENCH_HOME", str(faces_home))
        # no errors of sampling: they cost as much again, and order nothing
        patch.setattr("gan_bench.measure.errors.LEAST", request.param + 1)
        return run(folder, request.param)


def run(folder: Path, n: int) -> Outcomes:
    toonfaces = catalogues.load().find(Dataset, "toonfaces")
    train = prepare(Source(toonfaces), SIZE).train
    faces = replace(corrupted_faces.material(POOL, SIZE), train=train)
    np.save(folder / f"{PERFECT}.npy", faces.other)
    for each in CORRUPTIONS:
        np.save(folder / f"{named(each.name)}.npy", each.make(faces))
    (folder / "plugin.py").write_text(ARCHITECTURES)
    faults = {named(each.name): each.fault for each in CORRUPTIONS if each.fault}
    planned, known = plan(folder / "plugin.py", [PERFECT, *faults], n)
    lay_out(planned, folder / "results")
    records = {}
    for where in folders_of(planned, folder / "results"):
        run_cell(where)
        record = read_record(where)
        records[record.architecture] = record
    nets = {spec.name: spec.features for spec in planned.plan.protocol.evaluation.metrics}
    metrics = {name: known.find(Metric, name) for name in nets}
    sees = {name: faults_seen(metrics[name], net) for name, net in nets.items()}
    return Outcomes(records, faults, metrics, sees, n)


def test_no_cell_fails_and_one_repeated_image_is_a_collapse(outcomes: Outcomes) -> None:
    failed = {name: r.reason for name, r in outcomes.records.items() if r.status == "failed"}
    assert failed == {}
    assert outcomes.records[PERFECT].status == "finished"
    assert outcomes.records["1-repeated"].status == "collapsed"


@pytest.mark.parametrize("fault", get_args(Fault))
def test_every_metric_that_claims_to_see_a_fault_scores_it_in_order(
    fault: Fault, outcomes: Outcomes
) -> None:
    claiming = [name for name, sees in outcomes.sees.items() if fault in sees]
    assert claiming
    generators = outcomes.with_fault(fault)
    assert len(generators) > 1
    wrong = [
        f"{name}: {worse} ({outcomes.cost(name, worse):g}) after {better} "
        f"({outcomes.cost(name, better):g})"
        for name in claiming
        for better, worse in pairwise(generators)
        if not _follows(outcomes, name, better, worse)
    ]
    assert wrong == []


@pytest.mark.parametrize(
    "corruption",
    [each for each in CORRUPTIONS if each.fault != "repeats"],  # these depend on which ten images
    ids=lambda each: each.name,
)
def test_a_metric_sees_what_the_audit_says_it_sees_and_nothing_else(
    corruption: Corruption, outcomes: Outcomes
) -> None:
    audits = {
        name: each
        for name, each in audited.read()[str(outcomes.n)].items()
        if name in outcomes.metrics
    }
    clear = {
        name: audit
        for name, audit in audits.items()
        if corruption.name in audit.scores
        and not BORDERLINE[0] < audit.z(corruption.name) < BORDERLINE[1]
    }
    differing = {
        name: (audit.z(corruption.name), z)
        for name, audit in clear.items()
        if ((z := outcomes.z(name, corruption, audit)) >= SEEN)
        != (audit.z(corruption.name) >= SEEN)
    }
    assert differing == {}


def _follows(outcomes: Outcomes, metric: str, better: str, worse: str) -> bool:
    """Worse than real images; of two faulty sets either may be as bad: some scores have a worst."""
    one, other = outcomes.cost(metric, better), outcomes.cost(metric, worse)
    return one < other if better == PERFECT else one <= other


# doctor looks at this with few images, of which none is there twice, as z would have it
@pytest.mark.parametrize("outcomes", [pytest.param(SAMPLES, marks=pytest.mark.long)], indirect=True)
def test_other_real_images_score_as_metrics_promise(outcomes: Outcomes) -> None:
    for name, metric in outcomes.metrics.items():
        if metric.real is not None:
            low, high = metric.real
            assert low <= outcomes.records[PERFECT].scores[name].value <= high, name


def test_only_what_does_not_vary_is_refused(outcomes: Outcomes) -> None:
    refused = {name for name, record in outcomes.records.items() if record.unscored}
    assert refused <= {"1-repeated"}
