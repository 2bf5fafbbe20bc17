"""The states that a training saves, those that it keeps for branches, and the one it begins with.

A branch begins with a state of another cell. What its changes make of that state is here too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gan_bench.contract.schedule import Schedule
from gan_bench.train.checkpoint import Checkpoints
from gan_bench.train.state import Training, full_state

State = dict[str, Any]
OPTIMIZERS = "opt_g", "opt_d"
RATES = "lr_g", "lr_d", "betas", "lr_decay"  # what the groups of an optimizer hold


@dataclass(frozen=True)
class States:
    """The checkpoints of a cell; with `ticks`, the state at every tick stays there as well.

    `origin` gives, on a device, the state that a cell without a checkpoint begins with; None: it
    begins anew.
    """

    checkpoints: Checkpoints
    ticks: Checkpoints | None = None
    origin: Callable[[str], State] | None = None

    @property
    def folders(self) -> list[Path]:
        """Where states are written."""
        return [each.folder for each in (self.checkpoints, self.ticks) if each]

    def save(self, step: int, state: Mapping[str, Any], at_tick: bool) -> None:
        """Write a state. That of a tick is kept first: a killed process writes both again."""
        if self.ticks and at_tick:
            self.ticks.save(step, state)
        self.checkpoints.save(step, state)

    def newest(self, device: str) -> tuple[State | None, list[str]]:
        """The newest good state, or that of the beginning; and notes, as `Checkpoints` has them."""
        state, notes = self.checkpoints.newest(device)
        if state is None and self.origin is not None:
            return self.origin(device), notes
        return state, notes


@dataclass(frozen=True)
class Change:
    """The schedules before and after a branch begins, and whether the loss stays."""

    then: Schedule
    now: Schedule
    same_loss: bool

    def of(self, state: State, training: Training) -> State:
        """The state of the parent, as the training of the branch takes it up.

        `training` is the branch's, before its first step: what is new begins as it is there.
        """
        given = state["training"]
        safe = state["safe"]
        changed = {
            "learned": self._learned(given["learned"], training),
            "step": self._step(given["step"]),
            "row": given["row"] if self._same_steps else full_state(training)["row"],
        }
        if safe:
            safe = {**safe, "state": self._learned(safe["state"], training)}
        return {**state, "training": changed, "safe": safe}

    @property
    def _same_steps(self) -> bool:
        return self.then.shown(1) == self.now.shown(1)

    def _step(self, step: int) -> int:
        """The step at which as many images have been shown, or the next one."""
        return -(-self.then.shown(step) // self.now.shown(1))

    def _learned(self, learned: Mapping[str, Any], training: Training) -> State:
        fresh = full_state(training)["learned"]
        parts = dict(learned)
        for name in OPTIMIZERS:
            parts[name] = self._optimizer(learned[name], fresh[name])
        if self.then.ema_kimg and not self.now.ema_kimg:
            parts["ema"] = parts["G"]  # the G that is measured is then G itself
        if not self.same_loss:
            parts.pop("loss", None)
            parts |= {name: fresh[name] for name in ("loss",) if name in fresh}
        return parts

    def _optimizer(self, kept: State, fresh: State) -> State:
        """Its memory stays while it is the same optimizer; its rates are those of now."""
        if self.then.optimizer != self.now.optimizer:
            return fresh
        if all(getattr(self.then, name) == getattr(self.now, name) for name in RATES):
            return kept
        return {**kept, "param_groups": fresh["param_groups"]}
