"""Everything that the installed plugins offer, and which plugins failed to load and why.

Each plugin is loaded on its own: one that raises, exits or misspells a hook is listed with its
error, and the others still load. If two plugins offer the same name, the built-in one gets it.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from importlib.metadata import EntryPoint, entry_points, version
from pathlib import Path
from typing import Any, Literal, TypeVar

import pluggy

from gan_bench.contract.errors import UsageError, sentence
from gan_bench.contract.hooks import Hooks
from gan_bench.contract.names import did_you_mean, normalised, qualified, safe_name
from gan_bench.contract.offers import (
    Architecture,
    Augmentation,
    Dataset,
    Engine,
    Features,
    Loss,
    Metric,
    Optimizer,
    Preset,
)
from gan_bench.contract.usable import check_fields, dangling

Offer = TypeVar("Offer")
Result = TypeVar("Result")
Claim = tuple[Any, "Plugin"]  # an offer and the plugin that makes it
GROUP = "gan_bench"
BUILT_IN = "gan-bench"  # the distribution whose offers win where two have the same name
# Features come before metrics: a metric may exist once for every features net.
KINDS: dict[type[Any], tuple[str, str]] = {
    Architecture: ("architecture", "gan_bench_architectures"),
    Loss: ("loss", "gan_bench_losses"),
    Optimizer: ("optimizer", "gan_bench_optimizers"),
    Augmentation: ("augmentation", "gan_bench_augmentations"),
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
    distribution: str  # "" for a file
    version: str
    load: Callable[[], object]

    def __str__(self) -> str:
        return f"{self.distribution or self.name} {self.version}".strip()

    @property
    def content(self) -> str:
        """The distribution or the file name, and the version: the same on every machine."""
        return f"{self.distribution or Path(self.name).name} {self.version}".strip()

    @property
    def built_in(self) -> bool:
        """Whether it is part of gan-bench."""
        return self.distribution == BUILT_IN


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

    def names(self, kind: type[Any]) -> list[str]:
        """The names offered, in order."""
        return sorted(self.offers[kind])

    def all(self, kind: type[Offer]) -> list[Offer]:
        """The offers of a kind, in order of their names."""
        return [self.offers[kind][name][0] for name in self.names(kind)]

    def instead(self, kind: type[Any], name: str) -> str:
        """What to tell someone who asked for a name that is not there."""
        failed = [each for each in self.broken if each.status == "failed"]
        listed = "".join(f"\nFailed to load: {each}" for each in failed)
        return f"{did_you_mean(name, self.names(kind))}{listed}"


def load(files: Iterable[Path] = ()) -> Catalogue:
    """Ask every installed plugin and the given files for their offers.

    A file that fails raises UsageError, because the user named it; an installed plugin that fails
    is listed in `broken`.
    """
    catalogue = Catalogue()
    hooked = [
        (plugin, hooks)
        for plugin in (*_installed(), *map(_file, files))
        if (hooks := _guarded(catalogue, plugin, partial(_hook, plugin)))
    ]
    for kind in KINDS:
        claims = [claim for each in hooked for claim in _claims(catalogue, kind, *each)]
        _give_names(catalogue, kind, claims)
    _refuse_dangling(catalogue)
    for broken in catalogue.broken:
        if not broken.plugin.distribution:
            raise UsageError(str(broken))
    return catalogue


def _installed() -> Iterator[Plugin]:
    allowed = os.environ.get("GAN_BENCH_PLUGINS")
    listed = re.split(r"[,\s]+", allowed or "")
    names = None if allowed is None else {BUILT_IN, *map(normalised, listed)}
    points = [(_metadata(each, "Name") or "unknown", each) for each in entry_points(group=GROUP)]
    for distribution, point in sorted(points):
        if names is None or normalised(distribution) in names:
            yield Plugin(point.name, distribution, _metadata(point, "Version"), point.load)


def _metadata(point: EntryPoint, field: str) -> str:
    # an interrupted uninstall leaves entry points without the metadata they belong to
    return (point.dist.metadata[field] if point.dist else None) or ""


def _file(path: Path) -> Plugin:
    """A plugin in one file. The bytes that give its digest are the bytes that run."""
    try:
        code = path.read_bytes()
    except OSError as error:
        reason = str(error) if path.is_file() else "no such Python file"

        def fail() -> object:
            raise UsageError(reason)

        return Plugin(str(path), "", "", fail)
    # the digest is its version: another content is another plugin
    digest = hashlib.sha256(code).hexdigest()[:12]
    return Plugin(str(path), "", digest, partial(_run_file, path, code))


def _run_file(path: Path, code: bytes) -> object:
    """The module. Python's own import may take the bytecode of an older file of the same size."""
    spec = importlib.util.spec_from_file_location(f"gan_bench_file_{path.stem}", path)
    if spec is None:
        raise UsageError("no such Python file: its name ends in .py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses and pickling look a module up by its name
    exec(compile(code, str(path), "exec"), module.__dict__)
    return module


def _hook(plugin: Plugin) -> pluggy.HookRelay:
    """A plugin manager of its own for each plugin, so that a fault has one owner."""
    manager = pluggy.PluginManager(GROUP)
    manager.add_hookspecs(Hooks)
    manager.register(plugin.load())
    manager.check_pending()
    if not any(getattr(manager.hook, hook).get_hookimpls() for _, hook in KINDS.values()):
        raise UsageError("it has no @hookimpl function named gan_bench_...")
    return manager.hook


def _claims(
    catalogue: Catalogue, kind: type[Any], plugin: Plugin, hooks: pluggy.HookRelay
) -> Iterator[Claim]:
    """The offers of one kind that a plugin makes; what is wrong with others is listed."""
    extra = {"features": catalogue.names(Features)} if kind is Metric else {}
    for offer in _guarded(catalogue, plugin, lambda: _asked(kind, hooks, extra)) or []:
        if _guarded(catalogue, plugin, partial(_checked, kind, offer)):
            yield offer, plugin


def _asked(kind: type[Any], hooks: pluggy.HookRelay, extra: dict[str, Any]) -> list[object]:
    """What a plugin's hook of this kind returns; a UsageError if that is no list."""
    hook = KINDS[kind][1]
    for answer in (answers := getattr(hooks, hook)(**extra)):
        if not isinstance(answer, list):
            raise UsageError(
                f"{hook} must return a list of {kind.__name__} values, not {type(answer).__name__}"
            )
    return [offer for answer in answers for offer in answer]


def _checked(kind: type[Any], offer: object) -> str:
    """Its name; a UsageError if it is of another kind, or if no run could use it."""
    noun, hook = KINDS[kind]
    if not isinstance(offer, kind):
        raise UsageError(f"{hook} must return {kind.__name__} values, not {type(offer).__name__}")
    name = safe_name(offer.name)
    check_fields(noun, offer)
    return name


def _give_names(catalogue: Catalogue, kind: type[Any], claims: Iterable[Claim]) -> None:
    """Each name goes to the plugin that alone offers it, or to the built-in one of several."""
    by_name: dict[str, list[Claim]] = {}
    for offer, plugin in claims:  # regardless of case: some file systems know no case
        rivals = by_name.setdefault(offer.name.lower(), [])
        if plugin.distribution and plugin.distribution in {each.distribution for _, each in rivals}:
            error = f"it offers the {KINDS[kind][0]} {offer.name!r} twice: rename one"
            catalogue.broken.append(Broken(plugin, error))
        else:
            rivals.append((offer, plugin))
    for rivals in by_name.values():
        winners = rivals if len(rivals) == 1 else [each for each in rivals if each[1].built_in]
        catalogue.offers[kind] |= {claim[0].name: claim for claim in winners}
    for name, rivals in by_name.items():
        if len(rivals) > 1:
            _refuse(catalogue, kind, name, rivals)


def _refuse(catalogue: Catalogue, kind: type[Any], name: str, rivals: list[Claim]) -> None:
    """List the offers that do not get the name, and keep each under its qualified name."""
    refused = [claim for claim in rivals if not claim[1].built_in]
    makers = " and ".join(str(plugin) for _, plugin in rivals)
    text = f"the {KINDS[kind][0]} {name!r} is offered by {makers}"
    ask = " or ".join(f"{plugin.distribution or plugin.name}:{name}" for _, plugin in refused)
    if len(refused) == len(rivals):
        catalogue.contested[kind, name] = f"{text}: ask for {ask}"
    for offer, plugin in refused:
        todo = f"ask for {plugin.distribution}:{name}" if plugin.distribution else "rename it"
        catalogue.broken.append(Broken(plugin, f"{text}: {todo}", "refused"))
        if plugin.distribution:
            _guarded(catalogue, plugin, partial(_keep_qualified, catalogue, kind, offer, plugin))


def _keep_qualified(catalogue: Catalogue, kind: type[Any], offer: Any, plugin: Plugin) -> None:
    name = safe_name(qualified(plugin.distribution, offer.name))
    if name in catalogue.offers[kind]:
        raise UsageError(f"the {KINDS[kind][0]} {name!r} is offered by another plugin")
    catalogue.offers[kind][name] = replace(offer, name=name), plugin


def _refuse_dangling(catalogue: Catalogue) -> None:
    """Take out each offer that names one which nobody offers, and then those that named it."""
    while faults := [
        (kind, name, plugin, fault)
        for kind, offers in catalogue.offers.items()
        for name, (offer, plugin) in offers.items()
        if (fault := dangling(KINDS[kind][0], offer, catalogue.meant))
    ]:
        for kind, name, plugin, fault in faults:
            del catalogue.offers[kind][name]
            catalogue.broken.append(Broken(plugin, fault))


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
