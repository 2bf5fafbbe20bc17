"""gan-bench: which GAN is better, on my images, for the same work?

All that a plugin needs is here: `from gan_bench import Architecture, hookimpl`.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
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
        NotHere,
        Preset,
        Samples,
        Shape,
        StorageError,
        Unscorable,
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
    "NotHere",
    "Preset",
    "Samples",
    "Schedule",
    "Shape",
    "StorageError",
    "Unscorable",
    "UsageError",
    "hookimpl",
]


def __getattr__(name: str) -> Any:
    """Loaded when first asked for: `gan-bench --help` must not wait for what it does not need."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from gan_bench import contract

    return getattr(contract, name)
