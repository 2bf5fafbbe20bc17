"""The hooks by which plugins hand in their offers."""

from __future__ import annotations

from collections.abc import Sequence

import pluggy

from gan_bench.contract.engine import Engine
from gan_bench.contract.offers import (
    Architecture,
    Augmentation,
    Dataset,
    Entry,
    Features,
    Loss,
    Metric,
    Optimizer,
    Preset,
)
from gan_bench.contract.remedy import Remedy
from gan_bench.contract.tracker import Tracker

hookspec = pluggy.HookspecMarker("gan_bench")
hookimpl = pluggy.HookimplMarker("gan_bench")


class Hooks:
    """The hooks that a plugin may implement. Each returns a list; all are optional."""

    @hookspec
    def gan_bench_architectures(self) -> list[Architecture]:
        """Pairs of networks."""
        raise AssertionError  # pluggy reads the signature and never calls it

    @hookspec
    def gan_bench_losses(self) -> list[Loss]:
        """Losses."""
        raise AssertionError

    @hookspec
    def gan_bench_optimizers(self) -> list[Optimizer]:
        """Optimisers."""
        raise AssertionError

    @hookspec
    def gan_bench_augmentations(self) -> list[Augmentation]:
        """Random changes of the images that D sees."""
        raise AssertionError

    @hookspec
    def gan_bench_remedies(self) -> list[Remedy]:
        """What may save a training that fails."""
        raise AssertionError

    @hookspec
    def gan_bench_datasets(self) -> list[Dataset]:
        """Named data sets."""
        raise AssertionError

    @hookspec
    def gan_bench_features(self) -> list[Features]:
        """Networks that metrics read features of."""
        raise AssertionError

    @hookspec
    def gan_bench_metrics(self, features: Sequence[str]) -> list[Metric]:
        """Metrics; `features` are the names of all installed features nets."""
        raise AssertionError

    @hookspec
    def gan_bench_presets(self) -> list[Preset]:
        """Schedules with all that goes with them."""
        raise AssertionError

    @hookspec
    def gan_bench_entries(self) -> list[Entry]:
        """Generators that were trained elsewhere."""
        raise AssertionError

    @hookspec
    def gan_bench_engines(self) -> list[Engine]:
        """Ways to start cells."""
        raise AssertionError

    @hookspec
    def gan_bench_trackers(self) -> list[Tracker]:
        """Programs that show how cells train."""
        raise AssertionError
