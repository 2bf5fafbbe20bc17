"""gan-bench: which GAN is better, on my images, for the same work?

All that a plugin needs is here: `from gan_bench import Architecture, hookimpl`.
"""

from gan_bench.contract import (
    Architecture,
    DataError,
    Dataset,
    Engine,
    Features,
    GanBenchError,
    Images,
    Loss,
    Metric,
    Preset,
    Samples,
    Shape,
    StorageError,
    UsageError,
    hookimpl,
)
from gan_bench.protocol import Schedule

__all__ = [
    "Architecture",
    "DataError",
    "Dataset",
    "Engine",
    "Features",
    "GanBenchError",
    "Images",
    "Loss",
    "Metric",
    "Preset",
    "Samples",
    "Schedule",
    "Shape",
    "StorageError",
    "UsageError",
    "hookimpl",
]
