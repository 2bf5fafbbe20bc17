"""Names of offers, remembered: completion and spelling checks need not import any plugin.

The index lies in the cache. It is valid for as long as the same plugins are installed, with the
same versions and the same files.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from importlib.machinery import PathFinder
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gan_bench.base.escape import plain
from gan_bench.base.home import cache_dir
from gan_bench.contract.errors import GanBenchError, UsageError
from gan_bench.contract.names import beside, did_you_mean, nearest
from gan_bench.data.files.hub import SITES, on_a_site
from gan_bench.run.request import Request

if TYPE_CHECKING:
    from gan_bench.catalogue import Catalogue

GROUP = "gan_bench"  # of the entry points; not imported from the catalogue, which takes a second
INDEX = "names.json"
WORDS = {  # kind as the index has it -> as a user reads it
    "architecture": "architecture",
    "loss": "loss",
    "optimizer": "optimizer",
    "augmentation": "augmentation",
    "remedy": "remedy",
    "dataset": "data set",
    "features": "features net",
    "metric": "metric",
    "preset": "preset",
    "entry": "entry",
    "engine": "engine",
    "tracker": "tracker",
}


def known_names(kind: str) -> list[str]:
    """The names of this kind that were offered when a plugin was last loaded; [] before that."""
    names = _index().get("names", {}).get(kind, [])
    return [name for name in names if isinstance(name, str)]


def catalogue_for(request: Request) -> Catalogue:
    """The catalogue; a misspelt name is answered before anything imports torch."""
    check_spelling(request)
    from gan_bench import catalogue as catalogues

    catalogue = catalogues.load(request.plugins)
    remember(catalogue)
    check_spelling(request)  # the first command on a machine had no names to compare with
    if request.judge:
        from gan_bench.measure.judging.judge_file import with_judge

        return with_judge(catalogue, request.judge)
    return catalogue


def check_spelling(request: Request) -> None:
    """UsageError for a name that no installed plugin offers, where the index can tell.

    It says nothing if the index is old, if a plugin failed to load, or if a file was given with
    --plugin, which may offer the name: then the catalogue has to tell.
    """
    if request.plugins or not _is_sure():
        return
    for kind, names in (
        ("preset", (request.preset,)),
        ("architecture", request.architectures),
        ("loss", request.losses),
        ("optimizer", (request.optimizer,)),
        ("augmentation", request.augment),
        ("features", request.features),
        ("metric", request.metrics),
        ("engine", (request.engine,)),
        ("tracker", request.track),
    ):
        known = known_names(kind)
        for name in names:
            if name and not is_offered(name, kind, known):
                hint = did_you_mean(name, known)
                raise UsageError(f"no {WORDS[kind]} is called {name!r}.{hint}")
    known, data = known_names("dataset"), request.data
    if data and not is_offered(data, "dataset", known) and not on_a_site(data) and _missing(data):
        raise UsageError(unknown_data(data, did_you_mean(data, known, beside(data))))


def check_offered(words: Iterable[str]) -> None:
    """UsageError for a word that is no path, and no name of any kind, where the index can tell."""
    known = sorted({name for kind in WORDS for name in known_names(kind)}) if _is_sure() else []
    for word in words if known else ():
        path = os.sep in word or word.endswith(".py") or not _missing(word)
        if not path and not any(is_offered(word, kind, known_names(kind)) for kind in WORDS):
            raise UsageError(nothing_called(word, known))


def nothing_called(word: str, known: Sequence[str]) -> str:
    """What to say of a word that is no name of any kind."""
    hint = nearest(word, known) or " `gan-bench plugins` lists all names."
    return f"nothing is called {plain(word)!r}.{hint}"


def sure_names(kind: str) -> list[str] | None:
    """All names of this kind; None if the index is old, or a plugin failed to load."""
    return known_names(kind) if _is_sure() else None


def _is_sure() -> bool:
    """Whether a name that is not in the index is offered by nothing that is installed."""
    index = _index()
    key = index.get("key")
    return bool(index.get("complete")) and key is not None and key == _key()


def unknown_data(name: str, hint: str) -> str:
    """What to say of data that are neither a path nor a name."""
    if "://" in name:
        return f"data {plain(name)}: a URL: download it, then give the folder or the zip"
    for prefix, site in SITES.items():
        if name.startswith(prefix):
            return f"data {plain(name)!r}: one of {site} is named {prefix}user/name"
    return f"data {plain(name)}: no such folder or zip, and no data set is called so.{hint}"


def remember(catalogue: Catalogue) -> None:
    """Keep the names of all that is installed. A cache that cannot be written is no error."""
    from gan_bench.results.atomic import make_folder, write_json

    index = {
        "key": _key(),
        # else a name that is missing here may belong to a plugin that failed to load
        "complete": not catalogue.contested
        and not any(each.status == "failed" for each in catalogue.broken),
        "names": {
            kind.__name__.lower(): [
                name for name in catalogue.names(kind) if offers[name][1].distribution
            ]
            for kind, offers in catalogue.offers.items()
        },
    }
    if index == _index():
        return
    try:
        make_folder(cache_dir())
        write_json(cache_dir() / INDEX, index)
    except (GanBenchError, OSError):
        return


def is_offered(name: str, kind: str, known: Sequence[str]) -> bool:
    """Whether the name may be one of these; `distribution:name` is left to the catalogue."""
    lower = [each.lower() for each in known]
    family = kind == "metric" and any(each.startswith(f"{name.lower()}-") for each in lower)
    return ":" in name or name.lower() in lower or family


def _missing(path: str) -> bool:
    try:
        return not Path(os.path.expanduser(path)).exists()
    except (OSError, ValueError):
        return False


def _index() -> dict[str, Any]:
    try:
        index = json.loads((cache_dir() / INDEX).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    known = isinstance(index, dict) and isinstance(index.get("names"), dict)
    return index if known else {}


def _key() -> str | None:
    """A digest of what the names depend on: plugins, versions, files, the allow-list.

    None if the files of a plugin cannot be found without importing it.
    """
    points = sorted(entry_points(group=GROUP), key=lambda point: (point.name, point.value))
    files = [list(_files(point)) for point in points]
    if not all(files):
        return None
    versions = [f"{point.dist.name} {point.dist.version}" if point.dist else "" for point in points]
    origins = [[point.name, point.value] for point in points]
    allowed = os.environ.get("GAN_BENCH_PLUGINS")
    text = json.dumps([sys.version, allowed, origins, versions, files])
    return hashlib.sha256(text.encode()).hexdigest()


def _files(point: EntryPoint) -> Iterator[tuple[str, int, int]]:
    """Name, bytes and time of the plugin's module and, in a package, of the files beside it."""
    origin, is_alone = _find(point.module)
    if origin is None:
        return
    with suppress(OSError):
        for path in [origin] if is_alone else sorted(origin.parent.glob("*.py")):
            about = path.stat()
            yield path.name, about.st_size, about.st_mtime_ns


def _find(module: str) -> tuple[Path | None, bool]:
    """Where a module is, found without importing it, and whether it is in no package."""
    spec, path = None, None
    parts = module.split(".")
    for count in range(1, len(parts) + 1):
        spec = PathFinder.find_spec(".".join(parts[:count]), path)
        if spec is None:
            return None, True
        path = spec.submodule_search_locations
    origin = Path(spec.origin) if spec and spec.origin else None
    return origin, path is None and len(parts) == 1
