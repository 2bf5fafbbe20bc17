"""Ask the plugins for their offers, and give each name to one of them.

Each plugin is loaded on its own: one that raises, exits or misspells a hook is listed with its
error, and the others still load. If two plugins offer the same name, the built-in one gets it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import pluggy

from gan_bench.catalogue.manners import AT_IMPORT, changed_since, process_wide, restore
from gan_bench.catalogue.offers import KINDS, Broken, Catalogue, Claim
from gan_bench.catalogue.plugin import GROUP, Plugin, from_file, installed
from gan_bench.contract.errors import UsageError, sentence
from gan_bench.contract.hooks import Hooks
from gan_bench.contract.names import qualified, safe_name
from gan_bench.contract.offers import Architecture, Features, Metric
from gan_bench.contract.own_names import check_architecture_name
from gan_bench.contract.usable import check_fields, dangling

Result = TypeVar("Result")


def load(files: Iterable[Path] = ()) -> Catalogue:
    """Ask every installed plugin and the given files for their offers.

    A file that fails raises UsageError, because the user named it; an installed plugin that fails
    is listed in `broken`.
    """
    catalogue = Catalogue()
    hooked = [
        (plugin, hooks)
        for plugin in (*installed(), *map(from_file, files))
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


def load_one(kind: type[Any], name: str, maker: tuple[str, str]) -> Any | None:
    """The offer of that name by the plugin with this key; no other plugin is imported.

    None if that plugin is gone, or offers it no more. Raises what the plugin raises.
    """
    distribution, path = maker
    plugins = installed() if distribution else [from_file(Path(path))]
    for plugin in (plugin for plugin in plugins if plugin.key == maker):
        offers: list[Any] = _asked(kind, _hook(plugin), {})
        for each in offers:
            if isinstance(each, kind) and name in (each.name, qualified(distribution, each.name)):
                return replace(each, name=name)
    return None


def _hook(plugin: Plugin) -> pluggy.HookRelay:
    """A plugin manager of its own for each plugin, so that a fault has one owner."""
    manager = pluggy.PluginManager(GROUP)
    manager.add_hookspecs(Hooks)
    manager.register(_imported(plugin))
    manager.check_pending()
    if not any(getattr(manager.hook, hook).get_hookimpls() for _, hook in KINDS.values()):
        raise UsageError("it has no @hookimpl function named gan_bench_...")
    return manager.hook


def _imported(plugin: Plugin) -> object:
    """Its module; UsageError if the import changed what belongs to the whole process."""
    before = process_wide(AT_IMPORT)
    try:
        module = plugin.load()
    finally:
        changed = changed_since(before)
        restore(before)
    if changed:
        raise UsageError(
            f"its import changes {' and '.join(changed)}: these belong to the whole process; "
            "leave them alone at the top of the file and in what it imports"
        )
    return module


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
    name = _checked_name(kind, offer.name)
    check_fields(noun, offer)
    return name


def _checked_name(kind: type[Any], name: str) -> str:
    """The name, if results can have a folder of it; else a UsageError."""
    return check_architecture_name(name) if kind is Architecture else safe_name(name)


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
    nets = catalogue.names(Features) if kind is Metric else []
    # `--metric` completes the name of a family by the features, so it is no name for another
    for name, own in list(by_name.items()):
        members = [each for net in nets for each in by_name.get(f"{name}-{net.lower()}", [])]
        if others := [each for each in members if not _together(each, own[0])]:
            by_name[name] = [*own, others[0]]
    for name, rivals in by_name.items():
        winners = rivals if len(rivals) == 1 else [each for each in rivals if each[1].built_in]
        own = [each for each in winners if each[0].name.lower() == name]
        catalogue.offers[kind] |= {claim[0].name: claim for claim in own}
    for name, rivals in by_name.items():
        if len(rivals) > 1:
            _refuse(catalogue, kind, name, rivals)


def _together(one: Claim, other: Claim) -> bool:
    """Whether one plugin, or the plugins of one distribution, make both."""
    (_, plugin), (_, second) = one, other
    return plugin is second or plugin.distribution == second.distribution != ""


def _refuse(catalogue: Catalogue, kind: type[Any], name: str, rivals: list[Claim]) -> None:
    """List the offers that do not get the name, and keep each under its qualified name."""
    refused = [each for each in rivals if each[0].name.lower() == name and not each[1].built_in]
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
    name = _checked_name(kind, qualified(plugin.distribution, offer.name))
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
