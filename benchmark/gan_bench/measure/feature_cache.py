"""What is computed from the real images alone: once for each data set, and kept in the cache."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from zipfile import BadZipFile

import numpy as np

from gan_bench.catalogue import Catalogue
from gan_bench.contract.errors import DataError
from gan_bench.contract.offers import Features, Metric
from gan_bench.contract.protocol import MetricSpec, Protocol
from gan_bench.data.cache import features_folder, locked
from gan_bench.data.rows import Images
from gan_bench.measure.features import Arrays, Extract, extract_all
from gan_bench.results.atomic import write_arrays


class FeatureCache:
    """Features of the real images, and what metrics compute from these."""

    def __init__(self, catalogue: Catalogue, protocol: Protocol) -> None:
        self.catalogue = catalogue
        self.protocol = protocol
        self._in_memory: dict[tuple[str, ...], Arrays] = {}  # of metrics: they ask at every tick

    def features(
        self, net: str, which: str, images: Images, extract: Extract, device: str
    ) -> np.ndarray:
        """(N, F) features of the images that `which` names; DataError unless they are finite."""
        key = [which]
        arrays = self._arrays(net, key, lambda: {"features": extract_all(extract, images, device)})
        features = arrays["features"]
        if not np.isfinite(features).all():
            raise DataError(
                f"{net} gives features of {self.protocol.data.name} that are not finite, so "
                "nothing can be measured with it: choose other --features"
            )
        return features

    def keep_for(
        self, spec: MetricSpec, count: int
    ) -> Callable[[str, Callable[[], Arrays]], Arrays]:
        """`Samples.keep` for this metric, when it is given `count` real images."""
        plugin = self.catalogue.offers[Metric][spec.name][1].sha256
        evaluation = self.protocol.evaluation
        reference = f"{evaluation.real_images} {evaluation.samples}"

        def keep(name: str, make: Callable[[], Arrays]) -> Arrays:
            key = spec.features, reference, name, plugin, str(count)
            if key not in self._in_memory:
                self._in_memory[key] = self._arrays(spec.features, [*key[1:]], make)
            return self._in_memory[key]

        return keep

    def _arrays(self, net: str, key: list[str], make: Callable[[], Arrays]) -> Arrays:
        """Arrays that depend on the real images, the net and the key: read, or made and kept."""
        data, weights = self.protocol.data, self.protocol.evaluation.digests[net]
        # other code of a plugin may compute other features with the same weights
        plugin = self.catalogue.offers[Features][net][1].sha256
        document = json.dumps([data.fingerprint, weights, plugin, *key])
        digest = hashlib.sha256(document.encode()).hexdigest()[:16]
        path = features_folder() / f"{data.name}-{net}-{digest}.npz"
        with locked(path):
            try:
                with np.load(path) as file:
                    return dict(file)
            except (OSError, ValueError, EOFError, BadZipFile):  # not there, or damaged
                write_arrays(path, made := make())
                return made
