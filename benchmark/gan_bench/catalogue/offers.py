"""The catalogue: all offers by kind and name, and which plugins failed to load and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

from gan_bench.catalogue.plugin import Plugin
from gan_bench.contract.engine import Engine
from gan_bench.contract.errors import UsageError
from gan_bench.contract.names import did_you_mean, normalised, qualified
from gan_bench.contract.offers import (
    Architecture,
    Augmentation,
    Dataset,
    Entry,
    Features,
    Loss,
    Metric,
    Optimizer,
    Preset,
)
from gan_bench.contract.remedy import Remedy
from gan_bench.contract.tracker import Tracker

Offer = TypeVar("Offer")
Claim = tuple[Any, Plugin]  # an offer and the plugin that makes it
# Features come before metrics: a metric may exist once for every features net.
KINDS: dict[type[Any], tuple[str, str]] = {
    Architecture: ("architecture", "gan_bench_architectures"),
    Loss: ("loss", "gan_bench_losses"),
    Optimizer: ("optimizer", "gan_bench_optimizers"),
    Augmentation: ("augmentation", "gan_bench_augmentations"),
    Remedy: ("remedy", "gan_bench_remedies"),
    Dataset: ("data set", "gan_bench_datasets"),
    Features: ("features net", "gan_bench_features"),
    Metric: ("metric", "gan_bench_metrics"),
    Preset: ("preset", "gan_bench_presets"),
    Entry: ("entry", "gan_bench_entries"),
    Engine: ("engine", "gan_bench_engines"),
    Tracker: ("tracker", "gan_bench_trackers"),
}


@dataclass(frozen=True)
class Broken:
    """A plugin that failed to load, or one offer of it that was not taken, and why."""

    plugin: Plugin
    error: str
    status: Literal["failed", "refused"] = "failed"  # refused: another plugin has that name

    def __str__(self) -> str:
        plugin = self.plugin
        origin = f" ({plugin})" if plugin.distribution else ""
        return f"plugin {plugin.name}{origin}: {self.error}"


@dataclass
class Catalogue:
    """All offers by kind and name, each with the plugin it came from.

    An offer whose name belongs to another plugin is kept as `distribution.name`.
    """

    offers: dict[type[Any], dict[str, Claim]] = field(
        default_factory=lambda: {kind: {} for kind in KINDS}
    )
    broken: list[Broken] = field(default_factory=list)
    # lower-case names that no plugin gets, because several offer them, and what a user reads
    contested: dict[tuple[type[Any], str], str] = field(default_factory=dict)

    def find(self, kind: type[Offer], name: str) -> Offer:
        """The offer of that name, in any case, or of `distribution:name`; else a UsageError."""
        canonical = self.canonical(kind, name)
        if canonical is not None:
            offer: Offer = self.offers[kind][canonical][0]
            return offer
        unknown = f"no {KINDS[kind][0]} is called {name!r}.{self.instead(kind, name)}"
        raise UsageError(self.contested.get((kind, name.lower()), unknown))

    def canonical(self, kind: type[Any], name: str) -> str | None:
        """The name as its plugin writes it, for what a user typed; None if nothing has it."""
        offers = self.offers[kind]
        if name in offers:
            return name
        distribution, colon, bare = name.rpartition(":")
        wanted = {name.lower(), qualified(distribution, bare).lower()} if colon else {name.lower()}
        for each in offers:
            if each.lower() in wanted:
                return each
        own = self.canonical(kind, bare) if colon else None  # which may be another plugin's
        maker = offers[own][1].distribution if own else ""
        return own if normalised(maker) == normalised(distribution) else None

    def meant(self, kind: type[Offer], name: str) -> list[Offer]:
        """The offer of that name; of a family of metrics, each one for a features net."""
        nets = self.names(Features) if kind is Metric else []
        names = {self.canonical(kind, each) for each in (name, *(f"{name}-{net}" for net in nets))}
        return [self.offers[kind][each][0] for each in names - {None}]  # type: ignore[index]

    def maker(self, offer: Any) -> Plugin | None:
        """The plugin that made this very offer; None if it is not in this catalogue."""
        held, plugin = self.offers[type(offer)].get(offer.name, (None, None))
        return plugin if held is offer else None

    @property
    def files(self) -> list[str]:
        """The files among the plugins."""
        makers = (plugin for each in self.offers.values() for _, plugin in each.values())
        return list(dict.fromkeys(plugin.name for plugin in makers if not plugin.distribution))

    def beside(self, offer: Any, wanted: type[Offer]) -> list[Offer]:
        """The offers of another kind by the same plugin, and then by its distribution.

        Those of gan-bench itself are many, and each of its plugins stands alone.
        """
        if (plugin := self.maker(offer)) is None:
            return []
        claims = self.offers[wanted].values()
        own = [each for each, maker in claims if maker is plugin]
        shared = plugin.distribution and not plugin.built_in
        others = [
            each
            for each, maker in claims
            if shared and maker is not plugin and maker.distribution == plugin.distribution
        ]
        return own + others

    def names(self, kind: type[Any]) -> list[str]:
        """The names offered, in order."""
        return sorted(self.offers[kind])

    def all(self, kind: type[Offer]) -> list[Offer]:
        """The offers of a kind, in order of their names."""
        return [self.offers[kind][name][0] for name in self.names(kind)]

    def instead(self, kind: type[Any], name: str, paths: Sequence[str] = ()) -> str:
        """What to tell someone who asked for a name that is not there; `paths` may be meant."""
        failed = [each for each in self.broken if each.status == "failed"]
        listed = "".join(f"\nFailed to load: {each}" for each in failed)
        return f"{did_you_mean(name, self.names(kind), paths)}{listed}"
