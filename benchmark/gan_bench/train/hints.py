"""What to try next: fields of the schedule with other values, as they are typed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from gan_bench.contract.protocol import Schedule

FAR = 2.0  # times the usual rate: a rate that is higher is what to change first
FIXED = {"kimg", "ticks"}  # in a branch: they are those of its parent


@dataclass(frozen=True)
class Hint:
    """One thing to try: these fields with these values; without any, another loss."""

    changes: Mapping[str, float] = field(default_factory=dict)

    def typed(self, branch: bool) -> str:
        """As `run` takes it, or `branch`; both rates are one option if they are equal."""
        changes = dict(self.changes)
        if len(changes) > 1 and len({*changes.values()}) == 1 and {*changes} == {"lr_g", "lr_d"}:
            changes = {"lr": changes["lr_g"]}
        if branch:
            return (
                " ".join(f"--set {n}={v:.6g}" for n, v in changes.items())
                or "another --set loss=NAME"
            )
        # without commas, which no option reads
        options = (f"--{n.replace('_', '-')} {v:.6g}" for n, v in changes.items())
        return " ".join(options) or "another --loss"

    def against(self, other: Hint, schedule: Schedule) -> bool:
        """Whether the other one changes a field of this in the opposite direction."""
        both = self.changes.keys() & other.changes.keys()
        ways = [
            [each.changes[name] > getattr(schedule, name) for each in (self, other)]
            for name in both
        ]
        return any(one != way for one, way in ways)


ANOTHER_LOSS = Hint()


@dataclass(frozen=True)
class Rates:
    """The learning rates of a training beside those that are usual for it, and what follows.

    A rate above the usual one goes back to it before anything else is tried.
    """

    schedule: Schedule
    usual: tuple[float, float] | None = None  # of G and D, those of the preset; None: not known

    def slower(self) -> Hint:
        """Lower rates for both."""
        return Hint({name: self._lower(name) for name in ("lr_g", "lr_d")})

    def slower_d(self) -> Hint:
        """A lower rate for D, and for G if its own is far too high as well."""
        return Hint(self._usual_again() | {"lr_d": self._lower("lr_d")})

    def faster_d(self) -> tuple[Hint, ...]:
        """A D that learns more: by its rate, unless that is high already, or by more steps."""
        steps = Hint({"d_steps": 2 * self.schedule.d_steps})
        rate = self.schedule.lr_d / self._known("lr_d")
        if rate > FAR:
            return Hint(self._usual_again()), steps
        if rate > 1:
            return (steps,)
        higher = 2 * self.schedule.lr_d if rate >= 1 / FAR else self._known("lr_d")
        return Hint({"lr_d": higher}), steps

    def longer(self) -> Hint:
        """Twice the training; or the usual rates first, if one is far above them."""
        return Hint(self._usual_again() or {"kimg": 2 * self.schedule.kimg})

    def _lower(self, name: str) -> float:
        now, usual = float(getattr(self.schedule, name)), self._known(name)
        return usual if now > usual else now / 2

    def _usual_again(self) -> dict[str, float]:
        """The usual values of the rates that are far above them."""
        names = ("lr_g", "lr_d")
        known = {name: self._known(name) for name in names}
        return {n: v for n, v in known.items() if getattr(self.schedule, n) > FAR * v}

    def _known(self, name: str) -> float:
        """The usual rate; the one that is used, if no other is known."""
        if self.usual is None:
            return float(getattr(self.schedule, name))
        return self.usual[name == "lr_d"]


def until(kimg: float) -> Hint:
    """A training of this length."""
    return Hint({"kimg": kimg})
