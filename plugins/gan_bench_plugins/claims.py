"""Which faults a metric may declare on a net: those that it was measured to see there."""

from __future__ import annotations

from gan_bench import Fault

NOT_TRAINED = ("haar-packets", "pixels", "spectrum")
TRAINED = ("efficientnet-lite0", "inception")


def claims(net: str | None, *faults: Fault) -> tuple[Fault, ...]:
    """The faults; on a net of another plugin, of which nothing is known, only repeated images.

    net is None for metrics on whichever net the evaluation has.
    """
    known = net is None or net in (*NOT_TRAINED, *TRAINED) or net.endswith("-judge")
    return faults if known else tuple(fault for fault in faults if fault == "repeats")
