"""Everything that the installed plugins offer, and what failed to load and why.

A plugin is loaded inside its own guard: one that raises, exits or misspells a hook is listed
with its error and takes nothing else down.
"""

from __future__ import annotations

import difflib
import hashlib
import importlib.util
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from importlib.metadata import EntryPoint, entry_points, version
from pathlib import Path
from typing import Any, TypeVar

import pluggy

from gan_bench.contract.errors import UsageError, sentence
from gan_bench.contract.names import safe_name
from gan_bench.contract.offers import (
    Architecture,
    Dataset,
    Engine,
    Features,
    Hooks,
    Loss,
    Metric,
    Preset,
)

Offer = TypeVar("Offer")
Result = TypeVar("Result")
GROUP = "gan_bench"
# Features come before metrics: a metric may exist once for every features net.
KINDS: dict[type[Any], tuple[str, str]] = {
    Architecture: ("architecture", "gan_bench_architectures"),
    Loss: ("loss", "gan_bench_losses"),
    Dataset: ("data set", "gan_bench_datasets"),
    Features: ("features net", "gan_bench_features"),
    Metric: ("metric", "gan_bench_metrics"),
    Preset: ("preset", "gan_bench_presets"),
    Engine: ("engine", "gan_bench_engines"),
}


@dataclass(frozen=True)
class Plugin:
    """Where offers come from: an entry point of an installed distribution, or a file."""

    name: str
    distribution: str
    version: str
    load: Callable[[], object]

    def __str__(self) -> str:
        return f"{self.distribution or self.name} {self.version}".strip()

    @property
    def content(self) -> str:
        """What it is wherever it lies: the distribution or file name, and the version."""
        return f"{self.distribution or Path(self.name).name} {self.version}".strip()


@dataclass(frozen=True)
class Broken:
    """A plugin, or one offer of it, that cannot be used, and why."""

    plugin: Plugin
    error: str

    def __str__(self) -> str:
        plugin = self.plugin
        origin = f" ({plugin})" if plugin.distribution else ""
        return f"plugin {plugin.name}{origin}: {self.error}"


@dataclass
class Catalogue:
    """All offers by kind and name, each with the plugin it came from."""

    offers: dict[type[Any], dict[str, tuple[Any, Plugin]]] = field(
        default_factory=lambda: {kind: {} for kind in KINDS}
    )
    broken: list[Broken] = field(default_factory=list)
    contested: dict[tuple[type[Any], str], str] = field(default_factory=dict)

    def find(self, kind: type[Offer], name: str) -> Offer:
        """The offer of that name, or a UsageError that helps."""
        if (kind, name) in self.contested:
            raise UsageError(self.contested[kind, name])
        if name in self.offers[kind]:
            offer: Offer = self.offers[kind][name][0]
            return offer
        raise UsageError(f"no {KINDS[kind][0]} is called {name!r}.{self.instead(kind, name)}")

    def names(self, kind: type[Any]) -> list[str]:
        """The names offered, in order."""
        return sorted(self.offers[kind])

    def all(self, kind: type[Offer]) -> list[Offer]:
        """The offers of a kind, in order of their names."""
        return [self.offers[kind][name][0] for name in self.names(kind)]

    def instead(self, kind: type[Any], name: str) -> str:
        """What can be said to someone who asked for a name that is not there."""
        near = difflib.get_close_matches(name, self.names(kind), n=1)
        guess = f" Did you mean {near[0]}?" if near else ""
        failed = "".join(f"\nFailed to load: {each}" for each in self.broken)
        installed = ", ".join(self.names(kind)) or "none"
        return f"{guess} Installed: {installed}.{failed}"


def load(files: Iterable[Path] = ()) -> Catalogue:
    """Ask every installed plugin and the given files for their offers.

    A file was asked for by name, so its fault is a UsageError; an installed plugin's is listed.
    """
    catalogue = Catalogue()
    hooked = [*_hook_all(_installed(), catalogue), *_hook_all(map(_file, files), catalogue)]
    for kind in KINDS:
        for plugin, hooks in hooked:
            _collect(catalogue, kind, plugin, hooks)
    for broken in catalogue.broken:
        if not broken.plugin.distribution:
            raise UsageError(str(broken))
    return catalogue


def _installed() -> Iterator[Plugin]:
    allowed = os.environ.get("GAN_BENCH_PLUGINS")
    names = None if allowed is None else {"gan-bench", *map(_plain, re.split(r"[,\s]+", allowed))}
    for point in sorted(entry_points(group=GROUP), key=lambda point: (_distribution(point), point)):
        name = _distribution(point)
        if names is None or _plain(name) in names:
            yield Plugin(point.name, name, _version(point), point.load)


def _plain(name: str) -> str:
    """A distribution's name as pip compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _distribution(point: EntryPoint) -> str:
    # an interrupted uninstall leaves entry points without the metadata they belong to
    return (point.dist.metadata["Name"] if point.dist else None) or "unknown"


def _version(point: EntryPoint) -> str:
    return (point.dist.metadata["Version"] if point.dist else None) or ""


def _file(path: Path) -> Plugin:
    return Plugin(str(path), "", _digest(path), lambda: _import_file(path))


def _digest(path: Path) -> str:
    """A file's version: another content is another plugin."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()[:12]
    except OSError:  # told when it is loaded
        return ""


def _import_file(path: Path) -> object:
    spec = importlib.util.spec_from_file_location(f"gan_bench_file_{path.stem}", path)
    if spec is None or spec.loader is None or not path.is_file():
        raise UsageError("no such Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses and pickling look a module up by its name
    spec.loader.exec_module(module)
    return module


def _hook_all(
    plugins: Iterable[Plugin], catalogue: Catalogue
) -> Iterator[tuple[Plugin, pluggy.HookRelay]]:
    for plugin in plugins:
        hooks = _guarded(catalogue, plugin, partial(_hook, plugin))
        if hooks is not None:
            yield plugin, hooks


def _hook(plugin: Plugin) -> pluggy.HookRelay:
    """A plugin manager of its own for each plugin, so that a fault has one owner."""
    manager = pluggy.PluginManager(GROUP)
    manager.add_hookspecs(Hooks)
    manager.register(plugin.load())
    manager.check_pending()
    if not any(caller.get_hookimpls() for caller in _callers(manager.hook)):
        raise UsageError("it has no @hookimpl function named gan_bench_...")
    return manager.hook


def _callers(hooks: pluggy.HookRelay) -> list[pluggy.HookCaller]:
    return [getattr(hooks, hook) for _, hook in KINDS.values()]


def _collect(
    catalogue: Catalogue, kind: type[Any], plugin: Plugin, hooks: pluggy.HookRelay
) -> None:
    extra = {"features": catalogue.names(Features)} if kind is Metric else {}
    offers = _guarded(catalogue, plugin, lambda: _asked(kind, hooks, extra))
    for offer in offers or []:
        _guarded(catalogue, plugin, partial(_add, catalogue, kind, plugin, offer))


def _asked(kind: type[Any], hooks: pluggy.HookRelay, extra: dict[str, Any]) -> list[object]:
    """What a plugin's hook of this kind returns; a UsageError if that is no list."""
    hook = KINDS[kind][1]
    for answer in (answers := getattr(hooks, hook)(**extra)):
        if not isinstance(answer, list):
            raise UsageError(
                f"{hook} must return a list of {kind.__name__} values, not {type(answer).__name__}"
            )
    return [offer for answer in answers for offer in answer]


def _add(catalogue: Catalogue, kind: type[Any], plugin: Plugin, offer: object) -> None:
    what, hook = KINDS[kind]
    if not isinstance(offer, kind):
        raise UsageError(f"{hook} must return {kind.__name__} values, not {type(offer).__name__}")
    name = safe_name(offer.name)
    if name in catalogue.offers[kind]:
        first = catalogue.offers[kind][name][1]
        text = f"the {what} {name!r} is offered by both {first} and {plugin}"
        catalogue.contested[kind, name] = f"{text}: uninstall one, or rename its offer"
        raise UsageError(text)
    catalogue.offers[kind][name] = (offer, plugin)


def _guarded(catalogue: Catalogue, plugin: Plugin, action: Callable[[], Result]) -> Result | None:
    """The action's result; what a plugin raises, `sys.exit` included, is listed instead."""
    try:
        return action()
    except (Exception, SystemExit) as error:  # an interrupt is no fault of the plugin
        catalogue.broken.append(Broken(plugin, sentence(error)))
        return None


def versions() -> dict[str, str]:
    """Versions of what a score depends on, for the record."""
    names = ("gan-bench", "torch", "torchvision", "torch-fidelity", "numpy", "scipy")
    return {name: version(name) for name in names} | {"python": sys.version.split()[0]}
