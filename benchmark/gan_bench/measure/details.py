"""What weighs most in a score, in the words of the metric."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from gan_bench.contract.errors import GanBenchError, StorageError, Unscorable, sentence
from gan_bench.contract.offers import Metric, Samples
from gan_bench.contract.protocol import MetricSpec

LONGEST = 200  # characters of a detail that are kept


def details_of(
    metrics: Sequence[tuple[MetricSpec, Metric]], samples_of: Callable[[MetricSpec], Samples]
) -> dict[str, str]:
    """Metric -> its detail in one line, of those that offer one and do not refuse it."""
    details = {}
    for spec, metric in metrics:
        if metric.detail is None:
            continue
        try:
            details[spec.name] = " ".join(metric.detail(samples_of(spec)).split())[:LONGEST]
        except Unscorable:
            continue
        except StorageError:  # `keep` could not write: not the metric's fault
            raise
        except Exception as error:
            why = sentence(error)
            raise GanBenchError(f"the detail of the metric {spec.name} failed: {why}") from error
    return details
