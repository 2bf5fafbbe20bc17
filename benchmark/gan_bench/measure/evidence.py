"""The images that a score is made of, as its metric names them, checked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from gan_bench.contract.errors import StorageError, Unscorable, UsageError, sentence
from gan_bench.contract.evidence import Evidence
from gan_bench.contract.offers import Metric, Samples
from gan_bench.contract.protocol import MetricSpec
from gan_bench.results.shown import COLUMNS, LONGEST, MOST, ROWS

LONGEST_HEADING = 60  # characters


@dataclass(frozen=True)
class Evidences:
    """What the metrics show, by metric, and a sentence for each whose evidence is unusable."""

    by_metric: dict[str, Evidence] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def evidence_of(
    metrics: Sequence[tuple[MetricSpec, Metric]],
    samples_of: Callable[[MetricSpec], Samples],
    train: int,
) -> Evidences:
    """The evidence of those metrics that offer some and do not refuse it.

    `train` is the number of training images. A metric that breaks costs a note: a picture is not
    worth the scores.
    """
    by_metric, notes = dict[str, Evidence](), list[str]()
    for spec, metric in metrics:
        if metric.evidence is None:
            continue
        try:
            samples = samples_of(spec)
            by_metric[spec.name] = checked(metric.evidence(samples), len(samples.fake), train)
        except Unscorable:
            continue
        except StorageError:  # `keep` could not write: not the metric's fault
            raise
        except (Exception, SystemExit) as error:
            why = _line(sentence(error), LONGEST)
            notes.append(f"the evidence of the metric {spec.name} failed: {why}")
    return Evidences(by_metric, tuple(notes))


def checked(given: Evidence, generated: int, train: int) -> Evidence:
    """The evidence with its texts in one line each; UsageError if it cannot be drawn.

    `generated` and `train` say how many images of either kind there are.
    """
    if not isinstance(given, Evidence):
        raise UsageError(f"it must be an Evidence, not {given!r:.60}")
    fake = _rows("fake", given.fake, generated)
    training = _rows("train", given.train, train)
    real_modes = _counts("real_modes", given.real_modes)
    fake_modes = _counts("fake_modes", given.fake_modes)
    images = [each for each in (fake, training) if each is not None]
    if len({len(each) for each in images}) > 1:
        raise UsageError("fake and train need equally many rows")
    columns = sum(each.shape[1] for each in images)
    if columns > COLUMNS:
        raise UsageError(f"a picture has at most {COLUMNS} columns, not {columns}")
    if len(given.headings) not in (0, columns):
        raise UsageError(f"it needs a heading for each of {columns} columns, or none")
    modes = [len(each) for each in (real_modes, fake_modes) if each is not None]
    if len(modes) == 1 or len(set(modes)) > 1:
        raise UsageError("real_modes and fake_modes need equally many counts")
    if not images and not modes:
        raise UsageError("it has neither images nor modes")
    return Evidence(
        says=_line(given.says, LONGEST),
        headings=tuple(_line(each, LONGEST_HEADING) for each in given.headings),
        fake=fake,
        train=training,
        real_modes=real_modes,
        fake_modes=fake_modes,
    )


def _rows(name: str, given: np.ndarray | None, count: int) -> np.ndarray | None:
    """(R, n) int64, row numbers of `count` images; None if none are given."""
    if given is None:
        return None
    rows = np.asarray(given)
    if rows.ndim != 2 or rows.dtype.kind not in "iu" or not 0 < len(rows) <= ROWS or not rows.size:
        raise UsageError(
            f"{name} must be row numbers (R, n) of an integer type, with at most {ROWS} rows, not "
            f"{rows.shape} {rows.dtype}"
        )
    if rows.min() < 0 or rows.max() >= count:
        wrong = rows.min() if rows.min() < 0 else rows.max()
        raise UsageError(f"{name} has the row number {wrong}, and there are {count:,} images")
    return rows.astype(np.int64)


def _counts(name: str, given: np.ndarray | None) -> np.ndarray | None:
    """(K,) int64, each 0 or more; None if none are given."""
    if given is None:
        return None
    counts = np.asarray(given)
    if counts.ndim != 1 or counts.dtype.kind not in "iu" or not 0 < len(counts) <= MOST:
        raise UsageError(
            f"{name} must be counts (K,) of an integer type, of at most {MOST:,} modes, not "
            f"{counts.shape} {counts.dtype}"
        )
    if counts.min() < 0:
        raise UsageError(f"{name} has a count of {counts.min()}")
    return counts.astype(np.int64)


def _line(text: str, most: int) -> str:
    return " ".join(text.split())[:most]
