"""What all rows of a table share, and what its numbers claim."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from gan_bench.contract.protocol import Protocol
from gan_bench.report.statistics import MIN_SEEDS, least_seeds
from gan_bench.results.records import Record


# What stands around the tables
def protocol_lines(protocol: Protocol, records: Sequence[Record] = ()) -> list[tuple[str, str]]:
    """The protocol block: what all rows of a table share, and where and with what seeds."""
    data, schedule, evaluation = protocol.data, protocol.schedule, protocol.evaluation
    channels, height, width = data.shape
    references = {s.reference_n for r in records for s in r.scores.values()}
    reference = "/".join(f"{n:,}" for n in sorted(references)) or f"up to {evaluation.samples:,}"
    nets = [f"{name} (sha256 {digest[:12]})" for name, digest in evaluation.digests.items()]
    devices = sorted({record.device for record in records if record.device})
    seeds = sorted({record.seed for record in records})
    ema = f"EMA of G with half-life {schedule.ema_kimg:g} kimg" if schedule.ema_kimg else "no EMA"
    lines = [
        (
            "data",
            f"{data.name}, {width} x {height} x {channels}, {data.train:,} training and "
            f"{data.held_out:,} held-out images, fingerprint {data.fingerprint[:12]}",
        ),
        (
            "schedule",
            f"{schedule.kimg:g} kimg = {schedule.updates:,} updates of G, batch {schedule.batch}, "
            f"{schedule.d_steps} D per G, Adam {schedule.lr_g:g}/{schedule.lr_d:g} betas "
            f"{schedule.betas[0]:g} {schedule.betas[1]:g}, {schedule.precision}, {ema}; "
            f"on collapse: {schedule.on_collapse}",
        ),
        (
            "evaluation",
            f"{evaluation.samples:,} generated against {reference} {evaluation.reference} images, "
            f"the first {evaluation.tick_samples:,} of them at {schedule.ticks} ticks; "
            f"features {', '.join(nets)}",
        ),
        ("device", ", ".join(devices) or "none yet"),
        ("seeds", ", ".join(map(str, seeds)) or "none yet"),
    ]
    return [*lines, ("±", _meaning(records))] if records else lines


def _meaning(records: Sequence[Record]) -> str:
    """What the numbers claim, by how many seeds there are."""
    seeds = Counter((record.architecture, record.loss) for record in records)
    most = max(seeds.values())
    if most >= MIN_SEEDS:
        text = (
            "95 % interval of the mean over training seeds (Student's t); rows that share a letter "
            "are not told apart (permutation tests of all pairs, Holm's correction, 5 %)"
        )
        rows = sum(count >= MIN_SEEDS for count in seeds.values())
        few = least_seeds(rows) > most
        return (
            f"{text}; no two of {rows} rows can be under {least_seeds(rows)} seeds" if few else text
        )
    if most > 1:
        return f"none under {MIN_SEEDS} seeds: a range claims nothing about which row is better"
    return (
        "none: one seed is one draw, and the next may rank the rows otherwise; "
        "--seeds 6 gives intervals and ties"
    )
