"""Which faults a metric may declare on a net: those that it was measured to see there."""

from __future__ import annotations

from gan_bench import Fault

NOT_TRAINED = ("haar-packets", "pixels", "spectrum")
TRAINED = ("efficientnet-lite0", "inception")
JUDGES = ("toonfaces-judge", "mnist-judge", "stacked-mnist-judge")


def claims(net: str, *faults: Fault) -> tuple[Fault, ...]:
    """The faults; on a net of which nothing is known, only repeated images."""
    known = net in (*NOT_TRAINED, *TRAINED, *JUDGES)
    return faults if known else tuple(fault for fault in faults if fault == "repeats")


def sharpness(net: str) -> tuple[Fault, ...]:
    """Blur; and noise on nets of photographs, while a judge does not mind a little noise."""
    return ("blur", "noise") if net in TRAINED else ("blur",)
