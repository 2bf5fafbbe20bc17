"""What weighs most in a score: who says it, and what happens when that fails."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from nets import gap, metric

from gan_bench import GanBenchError, Metric, Samples, Unscorable
from gan_bench.contract.protocol import MetricSpec
from gan_bench.measure.details import LONGEST, details_of

SAMPLES = Samples(real=np.zeros((4, 2)), fake=np.ones((4, 2)))


def details(*metrics: Metric) -> dict[str, str]:
    specs = [MetricSpec(name=m.name, higher_is_better=True, features="eye") for m in metrics]
    return details_of(list(zip(specs, metrics, strict=True)), lambda _: SAMPLES)


def refuse(_: Samples) -> str:
    raise Unscorable("all the same")


def test_a_metric_says_what_weighs_most_in_its_score() -> None:
    seen = metric("seen", gap, detail=lambda samples: f"all {len(samples.fake)} of them")
    assert details(seen, metric("silent", gap)) == {"seen": "all 4 of them"}


def test_a_detail_that_is_refused_is_left_out() -> None:
    assert details(metric("odd", gap, detail=refuse)) == {}


def test_a_detail_is_one_short_line() -> None:
    long = metric("long", gap, detail=lambda _: "two\nlines\t" + "x" * 1000)
    assert details(long)["long"].startswith("two lines xxx")
    assert len(details(long)["long"]) == LONGEST


@pytest.mark.parametrize("detail", [lambda _: 1 / 0, lambda _: 7])
def test_a_detail_that_breaks_is_named(detail: Callable[[Samples], str]) -> None:
    with pytest.raises(GanBenchError, match="the detail of the metric odd failed: "):
        details(metric("odd", gap, detail=detail))
