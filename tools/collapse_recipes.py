"""The trainings of forced_collapses.py: some collapse, others do not, as a person judged."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from gan_bench.contract.protocol import Schedule

BATCH = 32


@dataclass(frozen=True)
class Recipe:
    """A training, and what a person sees in its last images."""

    architecture: str
    loss: str
    seed: int
    seen: str
    changes: dict[str, Any] = field(default_factory=dict)  # of the schedule

    @property
    def name(self) -> str:
        """`dcgan minimax 1`, and the changes of the schedule."""
        changes = (f"{name} {value:g}" for name, value in self.changes.items())
        return ", ".join([f"{self.architecture} {self.loss} {self.seed}", *changes])

    @property
    def schedule(self) -> Schedule:
        """32 kimg in batches of 32, and these changes."""
        return Schedule(**{"kimg": 32, "batch": BATCH, "ema_kimg": 2, "ticks": 10} | self.changes)


FAST = {"lr_g": 1e-2, "lr_d": 1e-2}
RECIPES = (
    Recipe("dcgan", "non-saturating", 1, "healthy"),
    Recipe("dcgan", "non-saturating", 2, "healthy"),
    Recipe("dcgan", "non-saturating", 3, "healthy"),
    Recipe("dcgan", "non-saturating", 4, "healthy"),
    Recipe("dcgan", "minimax", 1, "healthy"),
    Recipe("dcgan", "non-saturating", 1, "healthy", FAST),
    Recipe("dense-nobn", "non-saturating", 1, "collapsed: one grey face"),
    Recipe("dcgan-tinyd", "non-saturating", 1, "collapsed: one pattern"),
    Recipe("dcgan", "label-smoothing", 1, "healthy"),
    Recipe("dense", "non-saturating", 1, "healthy"),
    Recipe("dcgan", "non-saturating", 1, "healthy", {"lr_g": 5e-2}),
    Recipe("dcgan-nobn", "non-saturating", 1, "collapsed: one yellow grid"),
    Recipe("dense-nobn", "non-saturating", 2, "collapsed: one grey face"),
    Recipe("dense-nobn", "non-saturating", 3, "collapsed: one grey face"),
    Recipe("dcgan-tinyd", "non-saturating", 2, "collapsed: one pattern"),
    Recipe("dense-tinyd", "non-saturating", 1, "collapsed: one pattern, bright or dark"),
    Recipe("dcgan", "non-saturating", 5, "healthy"),
    Recipe("dcgan", "label-smoothing", 2, "healthy"),
    Recipe("dcgan", "label-smoothing", 3, "healthy"),
    Recipe("dcgan", "non-saturating", 2, "healthy", FAST),
    Recipe("dcgan", "non-saturating", 1, "healthy", {"lr_g": 2e-2, "lr_d": 2e-2}),
    Recipe("dcgan", "minimax", 2, "not learned: smudges that differ"),
    Recipe("dcgan-nobn2", "non-saturating", 1, "collapsed: one pattern, its middle varies"),
    Recipe("dcgan", "non-saturating", 3, "healthy", {"lr_g": 5e-3}),
    Recipe("dense-nobn", "minimax", 1, "collapsed: one grey face"),
    Recipe("dcgan", "non-saturating", 6, "healthy"),
    Recipe("dense", "label-smoothing", 2, "healthy"),
    Recipe("dense", "non-saturating", 2, "healthy"),
    Recipe("dense-nobn", "label-smoothing", 1, "collapsed: one grey face"),
    Recipe("dcgan", "label-smoothing", 4, "healthy", {"lr_g": 1e-4, "lr_d": 1e-4}),
)
