"""`modes` and `mode-kl`: the modes that a judge names, on data whose modes are known."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gan_bench import Dataset, Evidence, Fault, Metric, Samples, Unscorable, hookimpl
from gan_bench_plugins.claims import JUDGES

MANY = ("toonfaces-judge", "stacked-mnist-judge")  # judges of hundreds of modes
# Images added to every real count (Jeffreys): a mode may be missing there by chance.
PRIOR = 0.5


def modes_hit(samples: Samples) -> float:
    """How many known modes the M generated images show; a rejected image (-1) shows none."""
    _, fake = _labels(samples)
    return float(len(np.unique(fake[fake >= 0])))


def counts_of_modes(samples: Samples) -> Evidence:
    """How many real and generated images show each mode."""
    real, fake = _labels(samples)
    kinds = _kinds(samples, real, fake)
    counts = _counts(fake, kinds)
    of_none = int((fake < 0).sum())
    return Evidence(
        says=f"{len(fake):,} generated images show {np.count_nonzero(counts):,} of {kinds:,} "
        f"modes; the judge sees no mode in {of_none:,} of them.",
        real_modes=_counts(real, kinds),
        fake_modes=counts,
    )


def mode_kl(samples: Samples) -> float:
    """KL(q || p) = sum q log(q / p) in nats, Metz et al. 2017, appendix on stacked MNIST.

    q is the share of each mode among the generated images and p among the real ones; one more
    term is for images of no mode. Departures: the judge rejects some real images too, so only
    the share that it rejects beyond these counts (see `no_mode_share`), against a real share of
    0; and half an image is added to every real count, since a mode that N real images miss by
    chance would otherwise be infinitely bad. Noise is thus as bad as the rarest mode alone, and
    never better than a collapse: log((N + (K + 1) / 2) / (1 / 2)). Unscorable if the judge
    rejects all real images.
    """
    from scipy.special import rel_entr

    real, fake = _labels(samples)
    kinds = _kinds(samples, real, fake)
    lost = no_mode_share(real, fake)
    real_counts, fake_counts = _counts(real, kinds), _counts(fake, kinds)  # (K,) each
    p = np.append(real_counts, 0) + PRIOR
    q = np.append((1 - lost) * fake_counts / max(1, fake_counts.sum()), lost)
    return float(rel_entr(q, p / p.sum()).sum())


def no_mode_share(real: np.ndarray, fake: np.ndarray) -> float:
    """The share of generated images without a mode, by Abbott's formula (1925).

    The judge rejects a share r of real images and f of generated ones. If it misses faces at
    the rate r wherever there are any, f = e + (1 - e) r, so e = (f - r) / (1 - r).
    """
    r, f = float(np.mean(real < 0)), float(np.mean(fake < 0))
    if r == 1:
        raise Unscorable("The judge knows none of the real images, so it cannot judge others.")
    return max(0.0, (f - r) / (1 - r))


def _kinds(samples: Samples, real: np.ndarray, fake: np.ndarray) -> int:
    """K: the modes of the data set, or those that were seen."""
    return samples.modes or int(max(real.max(), fake.max())) + 1


def _counts(labels: np.ndarray, kinds: int) -> np.ndarray:
    return np.bincount(labels[labels >= 0], minlength=kinds)


def _labels(samples: Samples) -> tuple[np.ndarray, np.ndarray]:
    if samples.real_modes is None or samples.fake_modes is None:
        raise Unscorable("No judge has named the modes of these images.")
    return samples.real_modes, samples.fake_modes


def unsuited(dataset: Dataset) -> str | None:
    """Only a data set with a judge has known modes."""
    return None if dataset.judge else f"the modes of {dataset.name} are not known: it has no judge"


def _hit(judge: str) -> tuple[Fault, ...]:
    """A thousand modes become fewer when images are rejected; ten or so each keep some image."""
    blur: tuple[Fault, ...] = ("blur",) if judge in MANY else ()
    return "lost modes", "repeats", *blur


def _balanced(judge: str) -> tuple[Fault, ...]:
    """Blur is seen where the judge rejects it; those of Gaussians find the place of a spot."""
    blur: tuple[Fault, ...] = ("blur",) if judge in JUDGES else ()
    return "lost modes", "repeats", *blur


@hookimpl
def gan_bench_metrics(features: Sequence[str]) -> list[Metric]:
    """`modes` and `mode-kl`."""
    return [
        Metric(
            name="modes",
            source="Metz et al. 2017, arXiv 1611.02163, stacked MNIST: distinct modes among the M "
            "generated images.",
            higher_is_better=True,
            compute=modes_hit,
            reads_modes=True,
            unsuited=unsuited,
            sees=_hit,
            evidence=counts_of_modes,
        ),
        Metric(
            name="mode-kl",
            source="Metz et al. 2017, arXiv 1611.02163; Srivastava et al. 2017, arXiv 1705.07761: "
            "KL(generated || real) over modes, with rejected images beyond the judge's own misses "
            "as a mode that no real image has, and half an image added to every real count.",
            higher_is_better=False,
            compute=mode_kl,
            reads_modes=True,
            unsuited=unsuited,
            sees=_balanced,
        ),
    ]
