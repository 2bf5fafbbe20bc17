"""Which installed metrics `doctor` can test on a data set, by the net that they read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from gan_bench.catalogue import Catalogue
from gan_bench.contract.offers import Dataset, Metric
from gan_bench.contract.protocol import Evaluation


@dataclass(frozen=True)
class Tested:
    """Names of metrics. All of them suit the data set."""

    of_the_run: tuple[str, ...]  # those that read the nets of the plan or the judge
    by_net: Mapping[str, tuple[str, ...]]  # those that read another net, by that net
    other_judges: Mapping[str, int]  # judges of other data sets -> how many metrics read them


def metrics_to_test(catalogue: Catalogue, planned: Evaluation, dataset: Dataset) -> Tested:
    """All metrics that suit the data set, except those of judges of other data sets.

    A judge names the modes of its own data set, and nothing is claimed about other images.
    """
    judges = {each.judge for each in catalogue.all(Dataset)} - {dataset.judge, planned.features}
    of_the_run = [spec.name for spec in (*planned.metrics, *planned.gauges)]
    by_net: dict[str, list[str]] = {}
    other_judges = Counter[str]()
    for metric in catalogue.all(Metric):
        net = (metric.reads_modes and dataset.judge) or metric.features or planned.features
        if metric.unsuited(dataset):
            continue
        if net in (*planned.digests, dataset.judge):
            of_the_run.append(metric.name)
        elif net in judges:
            other_judges[net] += 1
        else:
            by_net.setdefault(net, []).append(metric.name)
    return Tested(
        of_the_run=tuple(dict.fromkeys(of_the_run)),
        by_net={net: tuple(names) for net, names in by_net.items()},
        other_judges=other_judges,
    )
