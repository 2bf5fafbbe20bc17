"""What the user asked for, before any name is looked up."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from gan_bench.contract.engine import Resources

if TYPE_CHECKING:
    from gan_bench.contract.protocol import Keep, Preparation, Sides, Split
    from gan_bench.measure.weights import Weights


SEEDS_OF_A_LOOK = 5  # of two rows, the fewest that the first of four looks can tell apart


@dataclass(frozen=True, kw_only=True)
class Request:
    """What the user typed; None and () where nothing was said and the preset decides."""

    architectures: tuple[str, ...] = ()
    losses: tuple[str, ...] = ()
    data: str | None = None
    data_root: Path | None = None
    download: bool = False
    size: int | Sides | None = None
    preparation: Preparation | None = None
    preset: str | None = None
    schedule: Path | None = None  # a TOML file
    recipes: str | None = None
    kimg: float | None = None
    epochs: float | None = None  # passes over the training images, instead of kimg
    batch: int | None = None
    lr: float | None = None  # both lr_g and lr_d
    lr_g: float | None = None
    lr_d: float | None = None
    betas: tuple[float, float] | None = None
    d_steps: int | None = None
    optimizer: str | None = None
    lr_decay: str | None = None
    ema_kimg: float | None = None
    augment: tuple[str, ...] = ()
    ticks: int | None = None
    seeds: int | None = None
    until_decided: float | None = None  # the alpha of the test that adds seeds
    most_seeds: int | None = None  # of a row, with until_decided
    budget: float | None = None  # hours that the whole run may take
    features: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ()
    samples: int | None = None
    reference: Split = "train"
    device: str = "auto"
    precision: str = "auto"
    on_collapse: str | None = None
    engine: str | None = None
    resources: Resources = field(default_factory=Resources)
    plugins: tuple[Path, ...] = ()
    weights: Weights | None = None
    judge: Path | None = None  # its net must be in the catalogue
    max_bad: float = 0.1  # percent
    timeout: float | None = None  # seconds
    keep: Keep = "last"
    keep_ticks: bool = False
    track: tuple[str, ...] = ()

    @property
    def first_seeds(self) -> int:
        """Seeds of each row, as long as no test asks for more."""
        return self.seeds or (SEEDS_OF_A_LOOK if self.until_decided else 1)
