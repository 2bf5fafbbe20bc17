"""`spread`: how far apart generated images are, beside real ones."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from gan_bench import Metric, Samples, hookimpl
from gan_bench_plugins.preconditions import require_at_least, require_finite, require_variation


def spread(samples: Samples) -> float:
    """sqrt(tr S_y / tr S_x): how far apart generated images are, in units of real ones.

    S_y and S_x are the covariances of generated and of real images. The mean squared distance of
    two images is 2 tr S, so this is the ratio of two root-mean-square distances: 0 for one image
    repeated, about 1 for other real images. Unscorable if real images do not vary.
    """
    real, fake = samples.real, samples.fake
    require_finite(real, fake)
    require_at_least(real, fake, 2)
    require_variation(real, "real")
    traces = [features.var(axis=0, ddof=1, dtype=np.float64).sum() for features in (fake, real)]
    return math.sqrt(traces[0] / traces[1])


@hookimpl
def gan_bench_metrics(features: Sequence[str]) -> list[Metric]:
    """`spread`, on the features `pixels`."""
    return [
        Metric(
            name="spread",
            source="root mean square distance between generated images, over that between real "
            "ones; plain pixels, at most 16 x 16",
            higher_is_better=True,
            compute=spread,
            features="pixels",
            sees=("blur",),
            real=(0.9, 1.1),
            floor=0.2,
        ),
    ]
