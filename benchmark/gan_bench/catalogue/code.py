"""The code of a plugin: its files and the SHA-256 of each.

The code is the module of the entry point, and every module of the same distribution that it
imports, directly or through others, in functions too. A change of another file does not change
what the plugin computes, so it does not count. If one of these modules may find files or modules
by other means than an import statement (`__file__`, importlib, exec: see FINDERS), all files of
their packages count, data included.

The same code gives the same digests on every machine and however it was installed: names begin at
the top-level package, the bytes are hashed as they are, and neither caches nor metadata count.
gan_bench itself never counts: it is what all plugins import, and no plugin.
"""

from __future__ import annotations

import ast
import hashlib
import importlib.machinery
import importlib.util
import json
import re
import warnings
from collections.abc import Iterator, Mapping
from functools import cache, lru_cache
from importlib.metadata import Distribution, EntryPoint
from pathlib import Path
from urllib.parse import urlparse
from urllib.request import url2pathname

CORE = __name__.partition(".")[0]
FINDERS = re.compile(
    rb"\b(__file__|__path__|__spec__|__loader__|importlib|pkgutil|runpy|inspect)\b"
    rb"|(?<![\w.])(__import__|exec|eval)\s*\("
)
INSTALLED = {"site-packages", "dist-packages"}
MODULE_ENDS = (".py", *importlib.machinery.EXTENSION_SUFFIXES)
COMPILED = {".pyc", ".pyo"}


def code_of(point: EntryPoint) -> dict[str, str]:
    """File name -> SHA-256 of the code behind an entry point, in order of the names.

    It is empty if the module is in no folder, as in a zip.
    """
    files = _reached(point.module, point.dist)
    if any(FINDERS.search(path.read_bytes()) for path in files.values()):
        packages = {_package_of(name, path) for name, path in files.items()}
        files |= {name: path for package in packages for name, path in _all_files(*package)}
    return {name: _sha256(files[name]) for name in sorted(files)}


def digest_of(files: Mapping[str, str]) -> str:
    """One SHA-256 of all names and digests of files."""
    return hashlib.sha256(json.dumps(sorted(files.items())).encode()).hexdigest()


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _reached(module: str, distribution: Distribution | None) -> dict[str, Path]:
    """File name -> path of the module and of all that it imports from its own distribution."""
    own = {module.partition(".")[0], *_top_level_names(distribution)} - {CORE}
    project = _project(distribution)

    @cache
    def belongs(top: str) -> bool:
        return top in own or (top != CORE and project is not None and _lies_in(top, project))

    files: dict[str, Path] = {}
    waiting, seen = [module], set[str]()
    while waiting:
        name = waiting.pop()
        if name in seen or not belongs(name.partition(".")[0]):
            continue
        seen.add(name)
        waiting.append(name.rpartition(".")[0] or name)  # importing a.b runs a/__init__.py too
        if located := _locate(name):
            files[located[0]] = located[1]
            waiting += _imports(name, located[1])
    return files


def _top_level_names(distribution: Distribution | None) -> set[str]:
    """The first part of the name of each module that was installed or is an entry point."""
    if distribution is None:
        return set()
    points = {point.module.partition(".")[0] for point in distribution.entry_points}
    return points | {path.parts[0].removesuffix(".py") for path in distribution.files or ()}


def _project(distribution: Distribution | None) -> Path | None:
    """The folder that an editable distribution was installed from: its list of files is empty."""
    text = distribution.read_text("direct_url.json") if distribution else None
    try:
        document = json.loads(text or "{}")
        editable = document["dir_info"]["editable"]
        return Path(url2pathname(urlparse(document["url"]).path)).resolve() if editable else None
    except (ValueError, KeyError, TypeError):
        return None


def _lies_in(top: str, project: Path) -> bool:
    """Whether this module is part of a project, and not of a virtual environment inside it."""
    folders = [Path(each).resolve() for each in _folders(top)]
    inside = [each.relative_to(project) for each in folders if each.is_relative_to(project)]
    return any(INSTALLED.isdisjoint(each.parts) for each in inside)


def _folders(top: str) -> list[str]:
    """The folders in which a top-level module or package lies; nothing is imported."""
    try:
        spec = importlib.util.find_spec(top)
    except (ImportError, ValueError):
        return []
    if spec is None:
        return []
    if spec.submodule_search_locations is not None:
        return [str(Path(each).parent) for each in spec.submodule_search_locations]
    return [str(Path(spec.origin).parent)] if spec.origin else []


def _locate(module: str) -> tuple[str, Path] | None:
    """The file of a module as name and path; None if there is none, as of a function's name."""
    parts = module.split(".")
    for folder in _folders(parts[0]):
        for name in ("/".join([*parts, "__init__"]), "/".join(parts)):
            for end in MODULE_ENDS:
                if (path := Path(folder, f"{name}{end}")).is_file():
                    return f"{name}{end}", path
    return None


def _imports(module: str, path: Path) -> tuple[str, ...]:
    """The modules that a file may import, and the names that it takes from them."""
    if path.suffix != ".py":
        return ()
    package = module if path.stem == "__init__" else module.rpartition(".")[0]
    return _imported(path.read_bytes(), package)


@lru_cache(maxsize=1024)  # every cell of a plan asks for the same files
def _imported(source: bytes, package: str) -> tuple[str, ...]:
    try:
        with warnings.catch_warnings(action="ignore"):
            tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError):  # it can be imported by nobody
        return ()
    names = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1]
            base = ".".join([*(above if node.level else []), *filter(None, [node.module])])
            names += [base, *(f"{base}.{alias.name}" for alias in node.names)]
    return tuple(names)


def _package_of(name: str, path: Path) -> tuple[str, Path]:
    """Name and folder of the outermost regular package of a file, else of its top-level folder.

    The folder of a module that is in no package is not its own: then it is the file itself.
    """
    parts = name.split("/")
    folders = [
        (("/".join(parts[:k])), path.parents[len(parts) - 1 - k]) for k in range(1, len(parts))
    ]
    regular = [each for each in folders if (each[1] / "__init__.py").is_file()]
    return [*regular, *folders, (name, path)][0]


def _all_files(name: str, folder: Path) -> Iterator[tuple[str, Path]]:
    """The files of a package; neither caches nor what an editor or a system hides there."""
    if folder.is_file():
        yield name, folder
    for path in folder.rglob("*"):
        inside = path.relative_to(folder)
        hidden = any(part.startswith(".") or part == "__pycache__" for part in inside.parts)
        if path.is_file() and not hidden and path.suffix not in COMPILED:
            yield f"{name}/{inside.as_posix()}", path
