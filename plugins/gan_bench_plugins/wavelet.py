"""The Fréchet wavelet distance: `fwd`, and `fwd-fine` of its finest frequencies."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gan_bench import Metric, Samples, Unscorable, hookimpl
from gan_bench_plugins.haar_packets import NAME, PACKETS, band
from gan_bench_plugins.preconditions import require_at_least, require_finite

FINE = PACKETS // 4  # the first packet whose first split is not the mean of neighbouring pixels


def fwd(samples: Samples) -> float:
    """The mean over all 256 packets of their Fréchet distances."""
    return float(packet_distances(samples).mean())


def fwd_fine(samples: Samples) -> float:
    """The mean over the 192 packets of differences between neighbouring pixels."""
    return float(packet_distances(samples)[FINE:].mean())


def fwd_detail(samples: Samples) -> str:
    """The packet with the largest distance, and its share of the sum."""
    return worst_packet(packet_distances(samples), 0)


def fwd_fine_detail(samples: Samples) -> str:
    """The same of the packets of `fwd-fine`."""
    return worst_packet(packet_distances(samples), FINE)


def worst_packet(distances: np.ndarray, first: int) -> str:
    """Of the packets from the `first` on. Unscorable if all distances are 0."""
    compared = distances[first:]
    if not compared.any():
        raise Unscorable("no packet differs from that of the real images")
    worst = int(compared.argmax())
    share = compared[worst] / compared.sum()
    return f"{band(first + worst)} ({100 * share:.3g} % of the distance)"


def packet_distances(samples: Samples) -> np.ndarray:
    """(256,): the Fréchet distance of each packet, computed once for these samples.

    Unscorable for fewer than two images of either kind, or features that are not finite.
    """
    require_finite(samples.real, samples.fake)
    require_at_least(samples.real, samples.fake, 2)
    kept = samples.keep("wavelet.gaussians", lambda: gaussians(samples.real))
    distances: np.ndarray = samples.share(
        "wavelet.distances", lambda: frechet_distances(kept, gaussians(samples.fake))
    )
    return distances


def gaussians(features: np.ndarray) -> dict[str, np.ndarray]:
    """(n, 256 F) -> the means (256, F) and the covariances (256, F, F) of the packets."""
    packets = features.reshape(len(features), PACKETS, -1).transpose(1, 0, 2).astype(np.float64)
    mean = packets.mean(1)
    centred = packets - mean[:, None]
    return {"mean": mean, "covariance": centred.transpose(0, 2, 1) @ centred / (len(features) - 1)}


def frechet_distances(x: dict[str, np.ndarray], y: dict[str, np.ndarray]) -> np.ndarray:
    """(256,): |m_x - m_y|^2 + tr(S_x + S_y - 2 (S_x S_y)^(1/2)) of every packet.

    With R the symmetric root of S_x, the eigenvalues of S_x S_y are those of R S_y R.
    """
    values, vectors = np.linalg.eigh(x["covariance"])
    root = (vectors * np.sqrt(values.clip(min=0))[:, None]) @ vectors.transpose(0, 2, 1)
    eigenvalues = np.linalg.eigvalsh(root @ y["covariance"] @ root)
    traces = np.trace(x["covariance"] + y["covariance"], axis1=1, axis2=2)
    distances = np.square(x["mean"] - y["mean"]).sum(1) + traces
    distances -= 2 * np.sqrt(eigenvalues.clip(min=0)).sum(1)
    return np.asarray(distances.clip(min=0))  # rounding may take equal sets below 0


@hookimpl
def gan_bench_metrics(features: Sequence[str]) -> list[Metric]:
    """`fwd` and `fwd-fine`, on the features `haar-packets`."""
    source = "Veeramacheneni et al. 2025, arXiv 2312.15289: mean Fréchet distance over "
    return [
        Metric(
            name="fwd",
            source=source + "256 Haar wavelet packets",
            higher_is_better=False,
            compute=fwd,
            detail=fwd_detail,
            features=NAME,
            sees=("lost modes", "repeats", "blur"),
        ),
        Metric(
            name="fwd-fine",
            source=source + "the 192 Haar wavelet packets of differences between neighbours",
            higher_is_better=False,
            compute=fwd_fine,
            detail=fwd_fine_detail,
            features=NAME,
            sees=("lost modes", "repeats", "blur", "noise"),
        ),
    ]
