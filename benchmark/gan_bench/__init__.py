"""gan-bench: which GAN is better, on my images, for the same work?

All that a plugin needs is here: `from gan_bench import Architecture, hookimpl`.
"""

from __future__ import annotations

TYPE_CHECKING = False  # as typing's, which takes longer to import than all that is here
if TYPE_CHECKING:
    from typing import Any

    from gan_bench.contract.errors import (
        DataError,
        GanBenchError,
        NotHere,
        StorageError,
        Unscorable,
        UsageError,
    )
    from gan_bench.contract.hooks import hookimpl
    from gan_bench.contract.offers import (
        Architecture,
        Augmentation,
        Dataset,
        Engine,
        Entry,
        Fault,
        Features,
        Images,
        Influence,
        Loss,
        Metric,
        Optimizer,
        Preset,
        Samples,
        Shape,
    )
    from gan_bench.contract.protocol import Schedule
    from gan_bench.contract.step import Output, Step

__all__ = [
    "Architecture",
    "Augmentation",
    "DataError",
    "Dataset",
    "Engine",
    "Entry",
    "Fault",
    "Features",
    "GanBenchError",
    "Images",
    "Influence",
    "Loss",
    "Metric",
    "NotHere",
    "Optimizer",
    "Output",
    "Preset",
    "Samples",
    "Schedule",
    "Shape",
    "Step",
    "StorageError",
    "Unscorable",
    "UsageError",
    "hookimpl",
]


def __getattr__(name: str) -> Any:
    """Import a name when it is first asked for: `gan-bench --help` must not wait for pydantic."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from gan_bench.contract import errors, hooks, offers, step

    home = next(each for each in (errors, hooks, offers, step) if hasattr(each, name))
    return getattr(home, name)
