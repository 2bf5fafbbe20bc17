"""The files of weights that the user gave with --feature-weights, and which net reads which."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from gan_bench.catalogue import Catalogue
from gan_bench.contract.errors import UsageError
from gan_bench.contract.offers import Features
from gan_bench.contract.protocol import RunEnvironment


@dataclass(frozen=True)
class Weights:
    """One file for every net that takes weights, and files for single nets, which come first."""

    every: Path | None = None
    by_net: Mapping[str, Path] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return self.every is not None or bool(self.by_net)

    def of(self, net: Features) -> Path | None:
        """The file that this net reads, or None."""
        return self.by_net.get(net.name, self.every) if net.takes_weights else None

    def absolute(self) -> Weights:
        """The same files, for a process that runs in another folder."""
        by_net = {name: path.absolute() for name, path in self.by_net.items()}
        return Weights(self.every and self.every.absolute(), by_net)


NO_WEIGHTS = Weights()


def weights_of(environment: RunEnvironment) -> Weights:
    """The files that a cell was given."""
    every = Path(environment.weights) if environment.weights else None
    return Weights(every, {net: Path(file) for net, file in environment.weights_by_net})


def known_weights(catalogue: Catalogue, weights: Weights) -> Weights:
    """The same with the names as their plugins write them.

    UsageError for a net that does not exist, or that takes no weights.
    """
    by_net: dict[str, Path] = {}
    for name, path in weights.by_net.items():
        net = catalogue.find(Features, name)
        if not net.takes_weights:
            takers = [each.name for each in catalogue.all(Features) if each.takes_weights]
            only = f"only {', '.join(takers)} can" if takers else "no installed net can"
            raise UsageError(
                f"--feature-weights {name}={path}: {net.name} reads no weights from a file; {only}"
            )
        if net.name in by_net:
            raise UsageError(f"--feature-weights gives {net.name} two files: give it one")
        by_net[net.name] = path
    return Weights(weights.every, by_net)


def check_read(catalogue: Catalogue, weights: Weights, nets: Mapping[str, str]) -> None:
    """UsageError for a file that none of these nets reads; `nets` are the digests by name."""
    for name, path in weights.by_net.items():
        if name not in nets:
            raise UsageError(
                f"--feature-weights {name}={path}: no metric of this run reads {name}, only "
                f"{', '.join(nets)}: add --features {name}, or leave the weights out"
            )
    takes = any(
        catalogue.find(Features, net).takes_weights and net not in weights.by_net for net in nets
    )
    if weights.every and not takes:
        raise UsageError(f"--feature-weights: none of {', '.join(nets)} takes weights from a file")
