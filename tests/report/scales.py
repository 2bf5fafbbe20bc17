"""Scales written by hand, for tests of what a report shows of them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from gan_bench.contract.protocol import Protocol
from gan_bench.results.layout import SCALE, protocol_dir
from gan_bench.results.records import Score
from gan_bench.results.scale import Scale, Scored, write_scale
from records import PLAIN

Scores = dict[str, float | tuple[float, int]]  # a value, or one with its number of images


def lay_scale(
    results: Path,
    real: Scores,
    noise: Scores | None = None,
    tick: dict[str, float] | None = None,
    under: Protocol = PLAIN,
    colour: Scores | None = None,
    empty_ticks: Mapping[str, dict[str, float]] = {},
) -> Path:
    """The scale of a protocol in its folder; the path of the file."""
    folder = protocol_dir(results, under)
    ends = {"noise": noise, "one colour": colour}
    bad = {
        name: Scored(scores=_scores(scores or {}, under), tick=empty_ticks.get(name, {}))
        for name, scores in ends.items()
        if scores or name in empty_ticks
    }
    scored = Scored(scores=_scores(real, under), tick=tick or {})
    write_scale(folder, Scale(real=scored, bad=bad))
    return folder / SCALE


def _scores(values: Scores, under: Protocol) -> dict[str, Score]:
    metrics = {metric.name: metric for metric in under.evaluation.metrics}
    scores = {}
    for name, given in values.items():
        value, n = given if isinstance(given, tuple) else (given, under.evaluation.samples)
        scores[name] = Score(
            value=value,
            n=n,
            higher_is_better=metrics[name].higher_is_better,
            features=metrics[name].features,
            reference="train",
            reference_n=n,
        )
    return scores
